using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using AiShell.Engines.PostgreSql.Connecting;
using AiShell.Engines.PostgreSql.Wire;

namespace AiShell.Engines.PostgreSql.Restore;

/// <summary>Names for databases that stand beside a target for a while. PostgreSQL cuts names after 63 bytes.</summary>
internal static class TargetNames
{
    /// <summary>A copy that is being filled; of no worth once its restore is gone.</summary>
    public const string New = "new";

    /// <summary>A database that was replaced by consent and is about to be dropped.</summary>
    public const string Old = "old";

    /// <summary>A database that was replaced and is not to be dropped by itself.</summary>
    public const string Kept = "kept";

    /// <summary>For a test restore.</summary>
    public const string Test = "test";

    private const int LongestBytes = 63;
    private const int NumberDigits = 8;

    public static uint NewNumber() => BitConverter.ToUInt32(RandomNumberGenerator.GetBytes(4));

    /// <summary>The target's name, cut where need be, what it is for, and a number.</summary>
    public static string Beside(string target, string purpose, uint number)
    {
        string tail = Tail(purpose, number);
        return Head(target, tail.Length) + tail;
    }

    /// <summary>
    /// The number in the name of a database that goes with its restore (<see cref="New"/>, <see cref="Old"/>) or its test (<see cref="Test"/>, and
    /// what the test's restore makes beside that); null for any other name.
    /// </summary>
    public static uint? NumberOf(string name, string target) =>
        name.Length > NumberDigits
        && uint.TryParse(name.AsSpan(name.Length - NumberDigits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint number)
        && (name == Beside(target, New, number) || name == Beside(target, Old, number) || name == Beside(target, Test, number) || IsBesideTest(name, target, number))
            ? number : null;

    /// <summary>As <see cref="Drop"/>, for a copy that was made of a backup, also one with subscriptions.</summary>
    public static void DropCopy(Server server, WireSession admin, string name)
    {
        if (Subscriptions.Of(admin, name).Count > 0)
        {
            using WireSession session = server.OpenAsync(CancellationToken.None, name).GetAwaiter().GetResult();
            Subscriptions.DropOfCopy(session);
        }

        Drop(admin, name);
    }

    /// <summary>Drops a database with all its sessions, also one that is marked as a template.</summary>
    public static void Drop(WireSession admin, string name)
    {
        if (admin.Scalar("SELECT 1 FROM pg_database WHERE datname = $1 AND datistemplate", name) is not null)
        {
            admin.Execute($"ALTER DATABASE {SqlText.Quote(name)} IS_TEMPLATE false");
        }

        admin.Execute($"DROP DATABASE IF EXISTS {SqlText.Quote(name)} WITH (FORCE)");
    }

    private static string Tail(string purpose, uint number) => string.Create(CultureInfo.InvariantCulture, $"_ai_shell_{purpose}_{number:x8}");

    /// <summary>Which test it was, nobody knows: its own number is in the middle of the name, and cut where the target's name is long.</summary>
    private static bool IsBesideTest(string name, string target, uint number)
    {
        string test = Beside(target, Test, 0)[..^NumberDigits];
        string head = name[..^Math.Min(name.Length, Tail(New, number).Length)];
        string digits = head.StartsWith(test, StringComparison.Ordinal) ? head[test.Length..] : "";
        return digits.Length <= NumberDigits && digits.All(char.IsAsciiHexDigitLower)
            && (name == Beside(test + digits.PadRight(NumberDigits, '0'), New, number) || name == Beside(test + digits.PadRight(NumberDigits, '0'), Old, number));
    }

    private static string Head(string target, int tailBytes)
    {
        string head = target;
        while (Encoding.UTF8.GetByteCount(head) + tailBytes > LongestBytes)
        {
            head = head[..^(char.IsLowSurrogate(head[^1]) ? 2 : 1)];
        }

        return head;
    }
}
