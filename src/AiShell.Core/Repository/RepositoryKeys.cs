using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using AiShell.Engines;

namespace AiShell.Repository;

/// <summary>Every name in the store, in one place (docs/format.md, "Layout").</summary>
internal static class RepositoryKeys
{
    public const string Repository = "repository.json";
    public const string Backups = "backups/";
    public const string Logs = "logs/";
    public const string Locks = "locks/";
    public const string ManifestName = "manifest.json";
    public const string Globals = "globals.sql";
    public const string Index = "index.";

    /// <summary>A file name may have 255 bytes; what is longer is cut and made unique by a digest.</summary>
    private const int LongestSegment = 200;

    public static string BackupFolder(string database, string id) => $"{Backups}{Encode(database)}/{id}/";

    public static string Manifest(string database, string id) => BackupFolder(database, id) + ManifestName;

    /// <summary>
    /// The part's path inside its backup's folder. The number makes the listing's order the restore order. The server's own things
    /// lie beside the parts, which one after the other are the database's script, and so does what only the next increment asks for.
    /// </summary>
    public static string PartPath(SnapshotStep step, int cut, string codecExtension) => step.Phase switch
    {
        PartPhase.Globals => $"{Globals}{codecExtension}",
        PartPhase.Index => $"{Index}{step.Extension}{codecExtension}",
        _ => string.Create(CultureInfo.InvariantCulture, $"parts/{step.Index + 1:D5}-{Cut(Encode(step.Label), 60)}.{cut:D4}.{step.Extension}{codecExtension}"),
    };

    /// <summary>Whether a manifest's path is one that <see cref="PartPath"/> may have made: it stays in its folder.</summary>
    public static bool IsPartPath(string path) => path.Split('/') switch
    {
        [var name] => (name.StartsWith(Globals, StringComparison.Ordinal) || name.StartsWith(Index, StringComparison.Ordinal)) && !name.Contains('\\', StringComparison.Ordinal),
        ["parts", var name] => name is not ("" or "." or "..") && !name.Contains('\\', StringComparison.Ordinal),
        _ => false,
    };

    /// <summary>
    /// Percent-encodes every UTF-8 byte outside <c>[A-Za-z0-9._-]</c>, and the dots of a name of dots only, so that no
    /// name leaves its folder. A name whose encoding is longer than 200 characters keeps its beginning, followed by
    /// <c>%-</c> (which no encoding contains) and 32 hexadecimal digits of its SHA-256.
    /// </summary>
    public static string Encode(string name)
    {
        bool onlyDots = name.AsSpan().IndexOfAnyExcept('.') < 0;
        var encoded = new StringBuilder(name.Length);
        foreach (byte value in Encoding.UTF8.GetBytes(name))
        {
            char letter = (char)value;
            bool plain = char.IsAsciiLetterOrDigit(letter) || letter is '_' or '-' || (letter == '.' && !onlyDots);
            _ = plain ? encoded.Append(letter) : encoded.Append('%').Append(value.ToString("X2", CultureInfo.InvariantCulture));
        }

        if (encoded.Length == 0)
        {
            return "%";
        }

        return encoded.Length <= LongestSegment
            ? encoded.ToString()
            : $"{Cut(encoded.ToString(), LongestSegment - 34)}%-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(name)))[..32]}";
    }

    /// <summary>Splits <c>backups/&lt;database&gt;/&lt;id&gt;/&lt;path&gt;</c>; null where the key is no such thing.</summary>
    public static (string DatabaseFolder, string Id, string Path)? SplitBackupKey(string key)
    {
        string[] segments = key.Split('/', 4);
        return segments is ["backups", var folder, var id, var path] && BackupId.IsValid(id) ? (folder, id, path) : null;
    }

    public static string LogFolder(string databaseFolder) => $"{Logs}{databaseFolder}/";

    public static string TimelineFolder(string databaseFolder, int timeline) => string.Create(CultureInfo.InvariantCulture, $"{LogFolder(databaseFolder)}{timeline}/");

    public static string SegmentFolder(string databaseFolder, int timeline, long number) =>
        string.Create(CultureInfo.InvariantCulture, $"{TimelineFolder(databaseFolder, timeline)}{number:D12}/");

    private static string Cut(string encoded, int length)
    {
        if (encoded.Length <= length)
        {
            return encoded;
        }

        // Not in the middle of an escape.
        int escape = encoded.LastIndexOf('%', length - 1, Math.Min(length, 2));
        return encoded[..(escape >= 0 ? escape : length)];
    }
}
