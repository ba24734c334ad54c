using System.Globalization;
using System.Security.Cryptography;
using AiShell.Engines.MySql.Wire;

namespace AiShell.Engines.MySql.Restore;

/// <summary>Names for databases that stand beside a target for a while. A name has 64 characters at most, and its folder 255 bytes.</summary>
internal static class TargetNames
{
    /// <summary>A copy that is being filled; of no worth once its restore is gone.</summary>
    public const string New = "new";

    /// <summary>Where a replaced database's tables go to be dropped.</summary>
    public const string Old = "old";

    /// <summary>Where a replaced database is kept.</summary>
    public const string Kept = "kept";

    /// <summary>A copy that shall stay when its restore is gone, so that it can be brought further; before it is noted there (<see cref="KeptNote"/>) it is as a <see cref="New"/> one.</summary>
    public const string Copy = "copy";

    /// <summary>For a test restore.</summary>
    public const string Test = "test";

    /// <summary>Where a log is replayed, with an account of the same number.</summary>
    public const string Replay = "replay";

    private const int Longest = 64;
    private const int LongestFolder = 255;
    private const int EncodedCharacter = 5; // @00e9 (manual, "Mapping of Identifiers to File Names")
    private const int NumberDigits = 8;

    public static uint NewNumber() => BitConverter.ToUInt32(RandomNumberGenerator.GetBytes(4));

    /// <summary>The target's name, cut where need be, what it is for, and a number.</summary>
    public static string Beside(string target, string purpose, uint number)
    {
        string tail = Tail(purpose, number);
        string head = target;
        while (head.Length + tail.Length > Longest || FolderBytes(head) + tail.Length > LongestFolder)
        {
            head = head[..^1];
        }

        return head + tail;
    }

    /// <summary>
    /// The number in the name of a database that goes with its restore (<see cref="New"/>, <see cref="Old"/>), keeps what was replaced
    /// (<see cref="Kept"/>) or what shall be brought further (<see cref="Copy"/>), or goes with its test or its replay (<see cref="Test"/>, <see cref="Replay"/>, and what a restore to these makes beside them); null for any other name.
    /// </summary>
    public static (string Purpose, uint Number)? Parse(string name, string target)
    {
        if (name.Length <= NumberDigits || !uint.TryParse(name.AsSpan(name.Length - NumberDigits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint number))
        {
            return null;
        }

        foreach (string purpose in new[] { New, Old, Kept, Copy, Test, Replay })
        {
            if (IsSame(name, Beside(target, purpose, number)))
            {
                return (purpose, number);
            }
        }

        return IsBesideScratch(name, target, number, Test) || IsBesideScratch(name, target, number, Replay) ? (name.Contains($"_{Old}_", StringComparison.Ordinal) ? Old : New, number) : null;
    }

    /// <summary>What a test's database stands beside; of any other name, the name.</summary>
    public static string RootOf(string name)
    {
        string tail = Tail(Test, 0)[..^NumberDigits];
        int at = name.Length - NumberDigits - tail.Length;
        return at > 0 && name.AsSpan(at).StartsWith(tail, StringComparison.Ordinal) && name[^NumberDigits..].All(char.IsAsciiHexDigitLower) ? name[..at] : name;
    }

    public static void Drop(MySqlSession admin, string name) => admin.Execute($"DROP DATABASE IF EXISTS {SqlText.Quote(name)}");

    /// <summary>Servers with lower_case_table_names keep names in lower case.</summary>
    private static bool IsSame(string name, string expected) => string.Equals(name, expected, StringComparison.OrdinalIgnoreCase);

    private static string Tail(string purpose, uint number) => string.Create(CultureInfo.InvariantCulture, $"_ai_shell_{purpose}_{number:x8}");

    private static int FolderBytes(string name) => name.Sum(letter => char.IsAsciiLetterOrDigit(letter) || letter == '_' ? 1 : EncodedCharacter);

    /// <summary>Which test or replay it was, nobody knows: its own number is in the middle of the name, and cut where the target's name is long.</summary>
    private static bool IsBesideScratch(string name, string target, uint number, string scratch)
    {
        string first = Beside(target, scratch, 0)[..^NumberDigits];
        string head = name[..^Math.Min(name.Length, Tail(New, number).Length)];
        string digits = head.StartsWith(first, StringComparison.OrdinalIgnoreCase) ? head[first.Length..] : "";
        return digits.Length <= NumberDigits && digits.All(char.IsAsciiHexDigitLower)
            && new[] { New, Old }.Any(purpose => IsSame(name, Beside(first + digits.PadRight(NumberDigits, '0'), purpose, number)));
    }
}
