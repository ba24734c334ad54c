using System.Globalization;
using System.Numerics;
using System.Text;

namespace AiShell.Engines.MySql.Snapshot;

/// <summary>A column of a key whose values can be searched without being read.</summary>
internal abstract record KeyColumn(string Name)
{
    /// <summary>Null for a type whose order is not that of its literals (ENUM, SET), or not known.</summary>
    public static KeyColumn? Of(SourceColumn column) => column.BaseType switch
    {
        "tinyint" or "smallint" or "mediumint" or "int" or "bigint" or "year" => new NumberKey(column.Name),
        "decimal" => new NumberKey(column.Name),
        "date" or "datetime" or "timestamp" => new DateKey(column.Name),
        "char" or "varchar" when column.RawCharacterSet is null => new TextKey(column.Name, column.CharacterSet == "latin1"),
        "binary" or "varbinary" => new BytesKey(column.Name),
        "uuid" => new UuidKey(column.Name),
        _ => null,
    };

    /// <summary>A value as UTF-8.</summary>
    public virtual string Shown(string expression) => expression;

    /// <summary>The largest value found, as a literal, that is not too large.</summary>
    /// <param name="least">Of all values, as the server prints it; never too large.</param>
    /// <param name="fits">Whether a literal is not too large: true up to some value, then false.</param>
    public abstract string Search(string least, string most, Func<string, bool> fits);

    /// <summary>The largest number from low to high, both included, that fits; low is known to.</summary>
    protected static BigInteger Bisect(BigInteger low, BigInteger high, Func<BigInteger, bool> fits)
    {
        while (low < high)
        {
            BigInteger middle = low + ((high - low + 1) / 2);
            (low, high) = fits(middle) ? (middle, high) : (low, middle - 1);
        }

        return low;
    }
}

internal sealed record NumberKey(string Name) : KeyColumn(Name)
{
    public override string Search(string least, string most, Func<string, bool> fits) =>
        Bisect(Floor(least), Floor(most), number => fits(number.ToString(CultureInfo.InvariantCulture))).ToString(CultureInfo.InvariantCulture);

    private static BigInteger Floor(string number) => BigInteger.Parse(number.Split('.')[0], CultureInfo.InvariantCulture);
}

/// <summary>To the second. What is no real date is left to the ends.</summary>
internal sealed record DateKey(string Name) : KeyColumn(Name)
{
    private const long TicksPerSecond = TimeSpan.TicksPerSecond;

    public override string Search(string least, string most, Func<string, bool> fits)
    {
        long low = Ticks(least, DateTime.MinValue) / TicksPerSecond;
        long high = Ticks(most, DateTime.MaxValue) / TicksPerSecond;
        return Literal((long)Bisect(low, Math.Max(low, high), second => fits(Literal((long)second))));
    }

    private static long Ticks(string text, DateTime otherwise) =>
        (DateTime.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.None, out DateTime date) ? date : otherwise).Ticks;

    private static string Literal(long second) => $"'{new DateTime(second * TicksPerSecond, DateTimeKind.Unspecified).ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture)}'";
}

/// <summary>Letter by letter, of those that most keys are made of, in an order that is right in most collations.</summary>
/// <param name="IsLatin">The column is latin1, to which the server makes other text only where it is ASCII.</param>
internal sealed record TextKey(string Name, bool IsLatin) : KeyColumn(Name)
{
    private const int MostLetters = 24;
    private const string Letters = " -_.:/0123456789abcdefghijklmnopqrstuvwxyz~";
    private const string CasedLetters = " -./0123456789:ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~";

    public override string Shown(string expression) => $"CONVERT({expression} USING utf8mb4)";

    public override string Search(string least, string most, Func<string, bool> fits)
    {
        string start = SharedStart(least, most);
        start = fits(Literal(start)) ? start : "";

        // Where upper and lower case are not told apart, both lists are in order; elsewhere only the second is.
        string found = "";
        foreach (string letters in new[] { Letters, CasedLetters })
        {
            string text = Spell(start, letters, fits);
            found = found.Length == 0 || fits(Literal(text)) ? text : found;
        }

        return Literal(found.Length > 0 ? found : least);
    }

    private string Literal(string text) =>
        !IsLatin || Ascii.IsValid(text) ? SqlText.Literal(text) : $"_latin1 0x{Convert.ToHexString(Encoding.Latin1.GetBytes(text))}";

    private static string SharedStart(string one, string other)
    {
        int length = one.AsSpan().CommonPrefixLength(other);
        return one[..(length > 0 && char.IsHighSurrogate(one[length - 1]) ? length - 1 : length)];
    }

    private string Spell(string start, string letters, Func<string, bool> fits)
    {
        StringBuilder text = new(start);
        while (text.Length < start.Length + MostLetters)
        {
            int letter = (int)Bisect(-1, letters.Length - 1, at => fits(Literal($"{text}{letters[(int)at]}")));
            if (letter < 0)
            {
                break;
            }

            text.Append(letters[letter]);
        }

        return text.ToString();
    }
}

/// <summary>Byte by byte.</summary>
internal sealed record BytesKey(string Name) : KeyColumn(Name)
{
    private const int MostBytes = 8;

    public override string Search(string least, string most, Func<string, bool> fits) =>
        Literal(Bisect(0, (BigInteger.One << (8 * MostBytes)) - 1, number => fits(Literal(number))));

    private static string Literal(BigInteger number) => $"0x{(ulong)number:X16}";
}

/// <summary>In the order in which the server sorts most of them: the last group first, so that those made at one place are together.</summary>
internal sealed record UuidKey(string Name) : KeyColumn(Name)
{
    private const int Bits = 48 + 14 + 12 + 16 + 32; // all but version and variant

    public override string Search(string least, string most, Func<string, bool> fits) =>
        Literal(Bisect(0, (BigInteger.One << Bits) - 1, number => fits(Literal(number))));

    private static string Literal(BigInteger number)
    {
        ulong low = Take(32);
        ulong middle = Take(16);
        ulong high = Take(12);
        ulong clock = Take(14);
        return $"'{low:x8}-{middle:x4}-1{high:x3}-{0x8000 | clock:x4}-{Take(48):x12}'";

        ulong Take(int bits)
        {
            ulong taken = (ulong)(number & ((BigInteger.One << bits) - 1));
            number >>= bits;
            return taken;
        }
    }
}
