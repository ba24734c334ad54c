using System.CommandLine;
using AiShell.Configuration;
using AiShell.Engines;

namespace AiShell.Cli.Commands;

/// <summary>Options that several commands share, with the same names and meaning everywhere.</summary>
internal static class CommonOptions
{
    public static Option<string> Database(string description = "A connection's name, name/other-database, a URL, or a SQLite file") =>
        new("--database", "-d") { Description = description, HelpName = "db" };

    public static Option<string> Jobs() => new("--jobs") { Description = "Parts worked on at once", HelpName = "n" };

    public static Option<string> LockWait() => new("--lock-wait") { Description = "How long to wait for a lock: 30s, 5m", HelpName = "duration" };

    public static Option<string> Compression() =>
        new("--compression", "-c") { Description = "gzip, bzip2, zstd or none", HelpName = "codec" };

    public static Option<string> Level() => new("--level") { Description = "Compression level: gzip 1 to 9, bzip2 1 to 9, zstd 1 to 19", HelpName = "n" };

    public static Option<string> Tables() => new("--tables") { Description = "Only these tables: names or globs, separated by commas", HelpName = "a,b*" };

    public static Option<string> ExcludeTables() => new("--exclude-tables") { Description = "Not these tables: names or globs, separated by commas", HelpName = "c" };

    public static TableFilter FilterOf(string? include, string? exclude) => new(Split(include), Split(exclude));

    private static string[] Split(string? list) => list?.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) ?? [];

    /// <returns>Null for null.</returns>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Usage"/>: not a length of time.</exception>
    public static TimeSpan? DurationOf(string? text, string option) =>
        text is null ? null
        : SettingText.TryDuration(text, out TimeSpan duration) && duration > TimeSpan.Zero ? duration
        : throw new AiShellException(ErrorKind.Usage, $"'{text}' from {option} is not a duration.", "Write it like 7d, 36h or 5s.");
}
