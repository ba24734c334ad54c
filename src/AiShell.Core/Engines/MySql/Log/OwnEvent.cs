using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;

namespace AiShell.Engines.MySql.Log;

/// <summary>Events that are altered, or made, here.</summary>
internal static class OwnEvent
{
    /// <summary>Writes the checksum of an event.</summary>
    public static void Seal(Span<byte> bytes, LogChecksum checksum)
    {
        if (checksum == LogChecksum.Crc32)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(bytes[^BinaryLogEvent.ChecksumBytes..], Crc32.HashToUInt32(bytes[..^BinaryLogEvent.ChecksumBytes]));
        }
    }

    /// <summary>The event that says which file goes on, as a server sends it to a replica.</summary>
    public static byte[] Rotation(string file, long offset, LogChecksum checksum)
    {
        const ushort Artificial = 0x0020;
        byte[] name = Encoding.UTF8.GetBytes(file);
        byte[] bytes = new byte[BinaryLogEvent.HeaderBytes + sizeof(ulong) + name.Length + (checksum == LogChecksum.Crc32 ? BinaryLogEvent.ChecksumBytes : 0)];
        bytes[4] = (byte)EventType.Rotate;
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(9), bytes.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(17), Artificial);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(BinaryLogEvent.HeaderBytes), offset);
        name.CopyTo(bytes, BinaryLogEvent.HeaderBytes + sizeof(ulong));
        Seal(bytes, checksum);
        return bytes;
    }

    /// <summary>The description of the format, of a file that is closed and whose events end with what is said.</summary>
    public static byte[] Description(ReadOnlySpan<byte> from, LogChecksum checksum)
    {
        const int FlagsOffset = 17;
        byte[] bytes = from.ToArray();
        bytes[FlagsOffset] = 0;
        bytes[FlagsOffset + 1] = 0;
        bytes[^(BinaryLogEvent.ChecksumBytes + 1)] = (byte)checksum;
        Seal(bytes, LogChecksum.Crc32);
        return bytes;
    }

    /// <summary>The event without a checksum.</summary>
    public static byte[] WithoutChecksum(BinaryLogEvent from)
    {
        byte[] bytes = from.Bytes[..(BinaryLogEvent.HeaderBytes + from.Body.Length)].ToArray();
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(9), bytes.Length);
        return bytes;
    }

    /// <summary>A Table_map event of a database's, as one of another's: a table of the same name in it. Without a checksum.</summary>
    public static byte[] TableIn(string database, BinaryLogEvent from)
    {
        const int NameOffset = BinaryLogEvent.HeaderBytes + 8; // after the table's number and flags
        byte[] bytes = WithoutChecksum(from);
        byte[] name = Encoding.UTF8.GetBytes(database);
        byte[] moved = [.. bytes[..NameOffset], checked((byte)name.Length), .. name, .. bytes[(NameOffset + 1 + bytes[NameOffset])..]];
        BinaryPrimitives.WriteInt32LittleEndian(moved.AsSpan(9), moved.Length);
        return moved;
    }
}
