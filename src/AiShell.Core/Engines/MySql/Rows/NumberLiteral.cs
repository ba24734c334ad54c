using System.Buffers;

namespace AiShell.Engines.MySql;

/// <summary>The one form of a number in a part: <c>-12</c>, <c>0.50</c>, <c>1.5e-7</c>; the minus zero of floats is <c>-0e0</c>.</summary>
internal static class NumberLiteral
{
    public const int Longest = 128;

    private static readonly SearchValues<byte> Bytes = SearchValues.Create("0123456789-.e"u8);
    private static readonly SearchValues<byte> Digits = SearchValues.Create("0123456789"u8);

    /// <exception cref="FormatException">There is none.</exception>
    public static void Read(PartInput input, IRowSink sink)
    {
        int end = EndOf(input.Window);
        if (end < 0)
        {
            input.Require(Longest);
            end = EndOf(input.Window) is >= 0 and var found ? found : input.Window.Length;
        }

        ReadOnlySpan<byte> literal = input.Window[..end];
        if (literal.Length > Longest || !IsOne(literal))
        {
            throw new FormatException("a number is not written so");
        }

        sink.Number(literal);
        input.Advance(end);
    }

    public static bool IsOne(ReadOnlySpan<byte> literal)
    {
        if (literal.SequenceEqual("-0e0"u8))
        {
            return true;
        }

        ReadOnlySpan<byte> rest = literal is [(byte)'-', ..] ? literal[1..] : literal;
        int whole = CountDigits(rest);
        if (whole == 0 || (whole > 1 && rest[0] == '0'))
        {
            return false;
        }

        rest = rest[whole..];
        if (rest is [(byte)'.', ..])
        {
            int fraction = CountDigits(rest[1..]);
            if (fraction == 0)
            {
                return false;
            }

            rest = rest[(1 + fraction)..];
        }

        if (rest is not [(byte)'e', ..])
        {
            return rest.IsEmpty && !literal.SequenceEqual("-0"u8);
        }

        rest = rest is [_, (byte)'-', ..] ? rest[2..] : rest[1..];
        return rest is [not (byte)'0', ..] && CountDigits(rest) == rest.Length;
    }

    private static int EndOf(ReadOnlySpan<byte> window) => window.IndexOfAnyExcept(Bytes);

    private static int CountDigits(ReadOnlySpan<byte> value) => value.IndexOfAnyExcept(Digits) is var end && end >= 0 ? end : value.Length;
}
