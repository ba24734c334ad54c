namespace AiShell.Configuration;

/// <summary>One configurable value: its names and how its text is checked.</summary>
/// <param name="Name">As in config.yaml and in <c>backup config</c>.</param>
/// <param name="Aliases">Other names that mean the same.</param>
/// <param name="EnvironmentNames">Variables that set it; the first that is set counts.</param>
/// <param name="Expected">What a good value looks like, for the error.</param>
/// <param name="IsValid">Whether a text is a good value.</param>
public sealed record SettingKey(
    string Name,
    IReadOnlyList<string> Aliases,
    IReadOnlyList<string> EnvironmentNames,
    string Description,
    string Expected,
    Func<string, bool> IsValid)
{
    public static readonly SettingKey BackupDirectory = new(
        "backupDir", ["repository"], ["AI_SHELL_BACKUP_DIR", "AI_SHELL_REPOSITORY"],
        "Where backups are kept", "a folder, for example /mnt/backups", text => text.Trim().Length > 0);

    public static readonly SettingKey RetentionDays = new(
        "retentionDays", [], ["AI_SHELL_RETENTION_DAYS"],
        "Days that a backup is kept; 0 for ever", "a whole number from 0 to 36500", text => SettingText.IsWhole(text, 0, 36500));

    public static readonly SettingKey MaxBackups = new(
        "maxBackups", [], ["AI_SHELL_MAX_BACKUPS"],
        "Backups kept of each database; 0 for any number", "a whole number from 0 to 1000000", text => SettingText.IsWhole(text, 0, 1_000_000));

    public static readonly SettingKey Compression = new(
        "compression", [], [], "Compression of new backups", "gzip, bzip2, zstd or none", text => text is "gzip" or "bzip2" or "zstd" or "none");

    public static readonly SettingKey Format = new(
        "format", [], [], "Format of new backups", "sql, json, csv or native", text => text is "sql" or "json" or "csv" or "native");

    public static readonly SettingKey Level = new(
        "level", [], [], "Compression level; default is the compression's own", "default, or a level that the compression has: gzip 1 to 9, bzip2 1 to 9, zstd 1 to 19",
        text => text == "default" || SettingText.IsWhole(text, 1, 19));

    public static readonly SettingKey Jobs = new(
        "jobs", [], [], "Parts worked on at once", "auto, or a whole number from 1 to 256",
        text => text == "auto" || SettingText.IsWhole(text, 1, 256));

    public static readonly SettingKey LockWait = new(
        "lockWait", [], [], "How long to wait for a locked database", "a duration such as 30s or 5m, up to 24h",
        text => SettingText.TryDuration(text, out TimeSpan wait) && wait <= TimeSpan.FromDays(1));

    /// <summary>In the order they are shown.</summary>
    public static readonly IReadOnlyList<SettingKey> All =
        [BackupDirectory, RetentionDays, MaxBackups, Compression, Format, Level, Jobs, LockWait];

    /// <summary>The key of that name or alias, in any case; null where there is none.</summary>
    public static SettingKey? Find(string name) =>
        All.FirstOrDefault(key => key.Names.Contains(name, StringComparer.OrdinalIgnoreCase));

    /// <exception cref="AiShellException"><see cref="ErrorKind.Usage"/>: no such key.</exception>
    public static SettingKey Named(string name) =>
        Find(name) ?? throw new AiShellException(
            ErrorKind.Usage,
            $"There is no setting '{name}'.",
            $"The settings are {string.Join(", ", All.Select(key => key.Name))}.");

    public IEnumerable<string> Names => Aliases.Prepend(Name);

    /// <exception cref="AiShellException"><see cref="ErrorKind.Usage"/>, naming key, value and source.</exception>
    public void Check(string text, string source)
    {
        if (!IsValid(text))
        {
            throw new AiShellException(
                ErrorKind.Usage,
                $"The setting {Name} has the value '{text}' from {source}, which is not valid.",
                $"It takes {Expected}.");
        }
    }
}
