using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Unicode;

namespace AiShell.Engines.Sqlite.Rows;

/// <summary>
/// Text of UTF-16 databases to UTF-8 and back without loss: an unpaired surrogate is kept as its number's three bytes
/// (WTF-8, https://simonsapin.github.io/wtf-8/), which SQLite's own conversion would garble.
/// </summary>
internal static class Utf16Text
{
    /// <summary>Appends the UTF-8 form of <paramref name="stored"/>, text as it stands in a UTF-16 database.</summary>
    public static void AppendAsUtf8(RowBuffer row, ReadOnlySpan<byte> stored, bool bigEndian)
    {
        int units = stored.Length / 2;
        char[] rented = ArrayPool<char>.Shared.Rent(units);
        Span<char> text = rented.AsSpan(0, units);
        MemoryMarshal.Cast<byte, char>(stored[..(2 * units)]).CopyTo(text);
        if (bigEndian == BitConverter.IsLittleEndian)
        {
            Span<ushort> swapped = MemoryMarshal.Cast<char, ushort>(text);
            BinaryPrimitives.ReverseEndianness(swapped, swapped);
        }

        while (!text.IsEmpty)
        {
            OperationStatus status = Utf8.FromUtf16(text, row.GetSpan(3 * text.Length), out int read, out int written, replaceInvalidSequences: false);
            row.Advance(written);
            text = text[read..];
            if (status != OperationStatus.Done)
            {
                char lone = text[0];
                row.Append([(byte)(0xe0 | (lone >> 12)), (byte)(0x80 | ((lone >> 6) & 0x3f)), (byte)(0x80 | (lone & 0x3f))]);
                text = text[1..];
            }
        }

        ArrayPool<char>.Shared.Return(rented);
    }

    /// <summary>The other way round: bytes as a UTF-16 database stores them.</summary>
    public static byte[] ToStored(ReadOnlySpan<byte> wtf8, bool bigEndian)
    {
        ArrayBufferWriter<byte> stored = new(2 * wtf8.Length + 2);
        Encoding utf16 = bigEndian ? Encoding.BigEndianUnicode : Encoding.Unicode;
        while (!wtf8.IsEmpty)
        {
            int valid = ValidPrefix(wtf8);
            utf16.GetBytes(Encoding.UTF8.GetString(wtf8[..valid]), stored);
            wtf8 = wtf8[valid..];
            if (wtf8.Length >= 3)
            {
                int lone = ((wtf8[0] & 0xf) << 12) | ((wtf8[1] & 0x3f) << 6) | (wtf8[2] & 0x3f);
                (byte high, byte low) = ((byte)(lone >> 8), (byte)lone);
                stored.Write(bigEndian ? [high, low] : [low, high]);
                wtf8 = wtf8[3..];
            }
            else if (!wtf8.IsEmpty)
            {
                throw new FormatException("A text of a UTF-16 database ends within a character.");
            }
        }

        return stored.WrittenSpan.ToArray();
    }

    private static int ValidPrefix(ReadOnlySpan<byte> wtf8)
    {
        int valid = 0;
        while (valid < wtf8.Length && Rune.DecodeFromUtf8(wtf8[valid..], out _, out int consumed) == OperationStatus.Done)
        {
            valid += consumed;
        }

        return valid;
    }
}
