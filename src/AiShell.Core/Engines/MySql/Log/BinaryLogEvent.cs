using System.Buffers.Binary;
using System.IO.Hashing;

namespace AiShell.Engines.MySql.Log;

/// <summary>
/// One event of a binary log (manuals, "Binlog Event Header"): 19 bytes of header, a body, and a checksum where the log has them. Made by
/// <see cref="Read"/> only, so it is whole. Valid as long as the memory that it was read from.
/// </summary>
internal readonly struct BinaryLogEvent
{
    public const int HeaderBytes = 19;
    public const int ChecksumBytes = 4;

    private const int LengthOffset = 9;
    private const int FlagsOffset = 17;
    private const ushort InUse = 0x0001;
    private const ushort Artificial = 0x0020;

    private readonly int _bodyEnd;

    private BinaryLogEvent(ReadOnlyMemory<byte> bytes, int bodyEnd)
    {
        Bytes = bytes;
        _bodyEnd = bodyEnd;
    }

    /// <summary>The whole event, as it is in the log.</summary>
    public ReadOnlyMemory<byte> Bytes { get; }

    /// <summary>When the statement began, in seconds since 1970; 0 for what the server makes up for a reader.</summary>
    public uint Second => BinaryPrimitives.ReadUInt32LittleEndian(Bytes.Span);

    public EventType Type => (EventType)Bytes.Span[4];

    public uint ServerId => BinaryPrimitives.ReadUInt32LittleEndian(Bytes.Span[5..]);

    public int Length => Bytes.Length;

    /// <summary>The offset in its file where the event ends, without what does not fit into 32 bits; 0 where it has no place in the file.</summary>
    public uint NextPosition => BinaryPrimitives.ReadUInt32LittleEndian(Bytes.Span[13..]);

    public ushort Flags => FlagsOf(Bytes.Span);

    /// <summary>Made up by the server for a reader; it is in no file.</summary>
    public bool IsArtificial => (Flags & Artificial) != 0;

    public ReadOnlySpan<byte> Body => Bytes.Span[HeaderBytes.._bodyEnd];

    /// <param name="bytes">Exactly one event.</param>
    /// <param name="checksum">What the log's events end with. A Format_description event says it of itself.</param>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Integrity"/>: it is cut short, or not what was written.</exception>
    public static BinaryLogEvent Read(ReadOnlyMemory<byte> bytes, LogChecksum checksum)
    {
        ReadOnlySpan<byte> span = bytes.Span;
        if (span.Length < HeaderBytes || BinaryPrimitives.ReadUInt32LittleEndian(span[LengthOffset..]) != span.Length)
        {
            throw LogDamage.Of($"an event of {span.Length} bytes is not as long as it says");
        }

        bool describesFormat = (EventType)span[4] == EventType.FormatDescription;
        checksum = describesFormat ? FormatDescription.ChecksumOf(span) : checksum;
        int bodyEnd = span.Length - (checksum == LogChecksum.Crc32 || describesFormat ? ChecksumBytes : 0);
        if (bodyEnd < HeaderBytes)
        {
            throw LogDamage.Of($"an event of {span.Length} bytes has no room for its checksum");
        }

        if (checksum == LogChecksum.Crc32 && Crc(span[..bodyEnd]) != BinaryPrimitives.ReadUInt32LittleEndian(span[bodyEnd..]))
        {
            throw LogDamage.Of($"an event of type {span[4]} that ends at {BinaryPrimitives.ReadUInt32LittleEndian(span[13..])} has a wrong checksum");
        }

        return new BinaryLogEvent(bytes, bodyEnd);
    }

    /// <summary>The flag of a file that is still written to is not in the checksum: it is taken back when the file is closed.</summary>
    private static uint Crc(ReadOnlySpan<byte> covered)
    {
        if ((EventType)covered[4] != EventType.FormatDescription || (FlagsOf(covered) & InUse) == 0)
        {
            return Crc32.HashToUInt32(covered);
        }

        byte[] closed = covered.ToArray();
        closed[FlagsOffset] &= unchecked((byte)~InUse);
        return Crc32.HashToUInt32(closed);
    }

    private static ushort FlagsOf(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadUInt16LittleEndian(bytes[FlagsOffset..]);
}

/// <summary>What the events of a log end with (manual, binlog_checksum).</summary>
internal enum LogChecksum : byte
{
    None = 0,
    Crc32 = 1,
}
