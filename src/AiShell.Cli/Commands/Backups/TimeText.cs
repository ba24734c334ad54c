using System.Globalization;
using AiShell.Configuration;

namespace AiShell.Cli.Commands.Backups;

/// <summary>Moments as people type them: ISO 8601, <c>yyyy-MM-dd[ HH:mm[:ss[.ffffff]]]</c> (local time without an offset), or an age such as <c>7d</c>.</summary>
internal static class TimeText
{
    private static readonly string[] Formats =
    [
        "yyyy-MM-dd",
        "yyyy-MM-dd HH:mm", "yyyy-MM-dd HH:mm:ss", "yyyy-MM-dd HH:mm:ss.FFFFFFF",
        "yyyy-MM-dd'T'HH:mm", "yyyy-MM-dd'T'HH:mm:ss", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFF",
        "yyyy-MM-dd HH:mmK", "yyyy-MM-dd HH:mm:ssK", "yyyy-MM-dd HH:mm:ss.FFFFFFFK",
        "yyyy-MM-dd'T'HH:mmK", "yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK",
    ];

    /// <param name="option">For the error: <c>--after</c>.</param>
    /// <returns>Null for null.</returns>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Usage"/>: not a moment.</exception>
    public static DateTimeOffset? Parse(string? text, string option, TimeProvider clock)
    {
        if (text is null)
        {
            return null;
        }

        if (DateTimeOffset.TryParseExact(text.Trim(), Formats, CultureInfo.InvariantCulture, DateTimeStyles.AssumeLocal, out DateTimeOffset time))
        {
            return time;
        }

        return text.Length > 1 && char.IsAsciiLetter(text[^1]) && SettingText.TryDuration(text, out TimeSpan age) && age < TimeSpan.FromDays(36500)
            ? clock.GetUtcNow() - age
            : throw new AiShellException(
                ErrorKind.Usage,
                $"'{text}' from {option} is not a time.",
                "Write it like 2026-11-23, '2026-11-23 14:30:00', 2026-11-23T14:30:00Z, or as an age: 7d, 12h.");
    }
}
