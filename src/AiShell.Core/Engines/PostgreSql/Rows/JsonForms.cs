using System.Buffers;

namespace AiShell.Engines.PostgreSql;

/// <summary>How values of a type are written in JSON where they can be.</summary>
internal enum JsonForm
{
    Text,
    Number,
    Boolean,
    Document,
}

/// <summary>By the numbers of built-in types, which are fixed (pg_type.dat), and by what JSON's grammar allows (RFC 8259).</summary>
internal static class JsonForms
{
    private static readonly SearchValues<byte> Digits = SearchValues.Create("0123456789"u8);

    private static readonly SearchValues<byte> Structure = SearchValues.Create("\"{}[]"u8);

    public static JsonForm Of(uint type) => type switch
    {
        16 => JsonForm.Boolean,
        20 or 21 or 23 or 26 or 700 or 701 or 1700 => JsonForm.Number,
        114 or 3802 => JsonForm.Document,
        _ => JsonForm.Text,
    };

    /// <summary>Not <c>NaN</c>, not <c>Infinity</c>; the digits may be any number.</summary>
    public static bool IsNumber(ReadOnlySpan<byte> value)
    {
        value = value is [(byte)'-', ..] ? value[1..] : value;
        int whole = CountDigits(value);
        if (whole == 0 || (whole > 1 && value[0] == '0'))
        {
            return false;
        }

        value = value[whole..];
        if (value is [(byte)'.', ..])
        {
            int fraction = CountDigits(value[1..]);
            if (fraction == 0)
            {
                return false;
            }

            value = value[(1 + fraction)..];
        }

        if (value is not [(byte)'e' or (byte)'E', ..])
        {
            return value.IsEmpty;
        }

        value = value is [_, (byte)'+' or (byte)'-', ..] ? value[2..] : value[1..];
        return !value.IsEmpty && CountDigits(value) == value.Length;
    }

    /// <summary>An object or array, which no other value begins like, without the line breaks that json keeps; it ends with its last bracket and not before.</summary>
    public static bool IsOneLineDocument(ReadOnlySpan<byte> value)
    {
        if (value is not [(byte)'{' or (byte)'[', ..] || value.ContainsAny((byte)'\n', (byte)'\r'))
        {
            return false;
        }

        int depth = 0;
        while (true)
        {
            int at = value.IndexOfAny(Structure);
            if (at < 0)
            {
                return false;
            }

            byte found = value[at];
            value = value[(at + 1)..];
            depth += found is (byte)'{' or (byte)'[' ? 1 : found == '"' ? 0 : -1;
            if (depth == 0)
            {
                return value.IsEmpty;
            }

            if (found == '"' && !PassString(ref value))
            {
                return false;
            }
        }
    }

    private static bool PassString(ref ReadOnlySpan<byte> value)
    {
        for (int at = value.IndexOfAny((byte)'"', (byte)'\\'); at >= 0; at = value.IndexOfAny((byte)'"', (byte)'\\'))
        {
            bool isEnd = value[at] == '"';
            if (!isEnd && at + 1 == value.Length)
            {
                return false;
            }

            value = value[(at + (isEnd ? 1 : 2))..];
            if (isEnd)
            {
                return true;
            }
        }

        return false;
    }

    private static int CountDigits(ReadOnlySpan<byte> value) => value.IndexOfAnyExcept(Digits) is var end && end >= 0 ? end : value.Length;
}
