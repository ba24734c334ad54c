using System.Globalization;
using System.Security.Cryptography;
using System.Text.RegularExpressions;

namespace AiShell.Repository;

/// <summary>
/// A backup's name: <c>backup-&lt;yyyyMMddHHmmss&gt;-&lt;6 letters or digits&gt;</c>, the time in UTC, so that ids sort by age.
/// </summary>
public static partial class BackupId
{
    private const string Alphabet = "abcdefghijkmnpqrstuvwxyz23456789";

    public static string Create(DateTimeOffset now) =>
        $"backup-{now.UtcDateTime.ToString("yyyyMMddHHmmss", CultureInfo.InvariantCulture)}-{RandomNumberGenerator.GetString(Alphabet, 6)}";

    /// <summary>The beginning that says when it was made; sorts by age.</summary>
    internal static ReadOnlySpan<char> SecondOf(string id) => id.AsSpan(0, Math.Min(id.Length, "backup-yyyyMMddHHmmss".Length));

    public static bool IsValid(string text) => Pattern().IsMatch(text);

    [GeneratedRegex("^backup-[0-9]{14}-[a-z0-9]{6}$", RegexOptions.CultureInvariant)]
    private static partial Regex Pattern();
}
