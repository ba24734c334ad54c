using System.Buffers.Text;
using System.Globalization;

namespace AiShell.Engines.Sqlite.Rows;

/// <summary>
/// REALs as SQL, bit-exact. The shortest decimal that names a double is not always enough: SQLite before 3.43 computes a
/// literal's value in 80-bit arithmetic and rounds it a second time to 64 bits, and near the middle between two doubles it
/// then takes the wrong one (measured on 3.40.1: 1 in 25,000 everyday values, more at large exponents). So a decimal is
/// written only if it is far enough from any middle; otherwise the value is written as its integer significand times or
/// divided by powers of two, operations that IEEE 754 does without rounding.
/// </summary>
internal static class RealLiteral
{
    /// <summary>For 2^-1074: a significand and 21 factors.</summary>
    public const int LongestBytes = 512;

    private const int SignificandBits = 53;
    private const long PowerStep = 1L << SignificandBits;

    private static readonly double[] PowersOfTen =
        [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22];

    /// <summary>Returns the number of bytes written; at least <see cref="LongestBytes"/> must be there.</summary>
    public static int Format(double value, Span<byte> target)
    {
        if (double.IsInfinity(value))
        {
            return Append(target, value > 0 ? "9e999"u8 : "-9e999"u8);
        }

        int written = FormatShortest(value, target);
        return IsSafe(Math.Abs(value), target[..written]) ? written : FormatExact(value, target);
    }

    /// <summary>The shortest decimal that names this double and no other, always with a point or an exponent.</summary>
    public static int FormatShortest(double value, Span<byte> target)
    {
        value.TryFormat(target, out int written, "R", CultureInfo.InvariantCulture);
        return target[..written].IndexOfAny((byte)'.', (byte)'E') >= 0 ? written : written + Append(target[written..], ".0"u8);
    }

    /// <summary>The value of what <see cref="Format"/> wrote.</summary>
    /// <exception cref="FormatException">It is not of that form.</exception>
    public static double Parse(ReadOnlySpan<byte> text)
    {
        if (text.EndsWith("9e999"u8))
        {
            return text.SequenceEqual("9e999"u8) ? double.PositiveInfinity
                : text.SequenceEqual("-9e999"u8) ? double.NegativeInfinity
                : throw NotANumber(text);
        }

        int end = text.IndexOfAny((byte)'*', (byte)'/');
        double value = ParseDecimal(end < 0 ? text : text[..end]);
        while (end >= 0)
        {
            byte operation = text[end];
            text = text[(end + 1)..];
            end = text.IndexOfAny((byte)'*', (byte)'/');
            double power = ParseDecimal(end < 0 ? text : text[..end]);
            value = operation == (byte)'*' ? value * power : value / power;
        }

        return value;
    }

    /// <exception cref="FormatException">It is not a finite decimal number.</exception>
    public static double ParseDecimal(ReadOnlySpan<byte> text) =>
        Utf8Parser.TryParse(text, out double value, out int used) && used == text.Length && double.IsFinite(value)
            ? value
            : throw NotANumber(text);

    private static FormatException NotANumber(ReadOnlySpan<byte> text) =>
        new($"'{System.Text.Encoding.UTF8.GetString(text[..Math.Min(text.Length, 40)])}' is no value");

    /// <summary>How far the decimal is from the double that it names, in units of half the distance to the next one, stays clear of 1.</summary>
    private static bool IsSafe(double value, ReadOnlySpan<byte> text)
    {
        if (value == 0)
        {
            return true;
        }

        (ulong digits, int exponent) = Split(text);
        if (Math.Abs(exponent) >= PowersOfTen.Length)
        {
            return false; // powers of ten beyond 10^22 are not doubles themselves
        }

        double power = PowersOfTen[Math.Abs(exponent)];
        double high = digits;
        double low = (long)digits - (long)high;
        double product = high * power;
        double distance = exponent < 0
            ? (low - Math.FusedMultiplyAdd(value, power, -high)) / power
            : product - value + Math.FusedMultiplyAdd(high, power, -product) + (low * power);
        if ((BitConverter.DoubleToInt64Bits(value) << 12) == 0)
        {
            return distance == 0; // a power of two has neighbours at two distances
        }

        return Math.Abs(distance) < 0.499 * (Math.BitIncrement(value) - value);
    }

    private static (ulong Digits, int Exponent) Split(ReadOnlySpan<byte> text)
    {
        ulong digits = 0;
        int exponent = 0;
        bool fraction = false;
        for (int at = 0; at < text.Length; at++)
        {
            switch (text[at])
            {
                case (byte)'-':
                    break;
                case (byte)'.':
                    fraction = true;
                    break;
                case (byte)'E':
                    _ = Utf8Parser.TryParse(text[(at + (text[at + 1] == (byte)'+' ? 2 : 1))..], out int power, out _);
                    return Trim(digits, exponent + power);
                case byte digit:
                    digits = (10 * digits) + digit - '0';
                    exponent -= fraction ? 1 : 0;
                    break;
            }
        }

        return Trim(digits, exponent);
    }

    private static (ulong Digits, int Exponent) Trim(ulong digits, int exponent)
    {
        while (digits % 10 == 0)
        {
            digits /= 10;
            exponent++;
        }

        return (digits, exponent);
    }

    private static int FormatExact(double value, Span<byte> target)
    {
        long bits = BitConverter.DoubleToInt64Bits(value);
        int biased = (int)((bits >> 52) & 0x7ff);
        long significand = (bits & 0xfffffffffffff) | (biased == 0 ? 0 : 1L << 52);
        int exponent = Math.Max(biased, 1) - 1075;
        int zeros = (int)long.TrailingZeroCount(significand);
        Utf8Formatter.TryFormat(bits < 0 ? -(significand >> zeros) : significand >> zeros, target, out int written);
        exponent += zeros;
        if (exponent == 0)
        {
            return written + Append(target[written..], ".0"u8);
        }

        for (int left = Math.Abs(exponent); left > 0; left -= SignificandBits)
        {
            target[written++] = exponent < 0 ? (byte)'/' : (byte)'*';
            Utf8Formatter.TryFormat(1L << Math.Min(left, SignificandBits), target[written..], out int digits);
            written += digits;
            written += Append(target[written..], ".0"u8);
        }

        return written;
    }

    private static int Append(Span<byte> target, ReadOnlySpan<byte> text)
    {
        text.CopyTo(target);
        return text.Length;
    }
}
