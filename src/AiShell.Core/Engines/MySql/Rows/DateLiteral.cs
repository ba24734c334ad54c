using System.Buffers.Binary;
using System.Buffers.Text;

namespace AiShell.Engines.MySql;

/// <summary>Dates and times of the binary protocol as the server prints them (manual, "Binary Protocol Value").</summary>
internal static class DateLiteral
{
    public const int Longest = 32;

    private const int MostFraction = 6;

    public static int WriteDate(ReadOnlySpan<byte> value, Span<byte> text)
    {
        int year = value.Length >= 2 ? BinaryPrimitives.ReadUInt16LittleEndian(value) : 0;
        Digits(text, year, 4);
        text[4] = (byte)'-';
        Digits(text[5..], At(value, 2), 2);
        text[7] = (byte)'-';
        Digits(text[8..], At(value, 3), 2);
        return 10;
    }

    /// <param name="fraction">Digits after the second.</param>
    public static int WriteDateTime(ReadOnlySpan<byte> value, int fraction, Span<byte> text)
    {
        WriteDate(value, text);
        text[10] = (byte)' ';
        Digits(text[11..], At(value, 4), 2);
        return 13 + WriteMinutes(At(value, 5), At(value, 6), value.Length >= 11 ? BinaryPrimitives.ReadInt32LittleEndian(value[7..]) : 0, fraction, text[13..]);
    }

    public static int WriteTime(ReadOnlySpan<byte> value, int fraction, Span<byte> text)
    {
        int used = 0;
        if (At(value, 0) != 0)
        {
            text[used++] = (byte)'-';
        }

        int days = value.Length >= 5 ? BinaryPrimitives.ReadInt32LittleEndian(value[1..]) : 0;
        Utf8Formatter.TryFormat((days * 24) + At(value, 5), text[used..], out int written, new System.Buffers.StandardFormat('D', 2));
        used += written;
        return used + WriteMinutes(At(value, 6), At(value, 7), value.Length >= 12 ? BinaryPrimitives.ReadInt32LittleEndian(value[8..]) : 0, fraction, text[used..]);
    }

    private static int WriteMinutes(int minutes, int seconds, int microseconds, int fraction, Span<byte> text)
    {
        text[0] = (byte)':';
        Digits(text[1..], minutes, 2);
        text[3] = (byte)':';
        Digits(text[4..], seconds, 2);
        if (fraction == 0)
        {
            return 6;
        }

        text[6] = (byte)'.';
        Digits(text[7..], microseconds, MostFraction);
        return 7 + fraction;
    }

    private static int At(ReadOnlySpan<byte> value, int index) => index < value.Length ? value[index] : 0;

    private static void Digits(Span<byte> text, int number, int count)
    {
        for (int at = count - 1; at >= 0; at--)
        {
            text[at] = (byte)('0' + (number % 10));
            number /= 10;
        }
    }
}
