using System.Buffers.Binary;

namespace AiShell.Engines.Sqlite.Log;

/// <summary>
/// Changed pages as SQLite's own write-ahead log (sqlite.org/fileformat2.html, 4), so that SQLite itself can replay them: laid beside the database as its
/// <c>-wal</c> file, they are recovered when it is opened.
/// </summary>
internal static class WalFile
{
    public const string Extension = "wal";
    public const int HeaderBytes = 32;
    public const int FrameHeaderBytes = 24;
    public const uint LittleEndianMagic = 0x377f0682;
    public const uint BigEndianMagic = 0x377f0683;
    public const uint Version = 3007000;

    /// <summary>What a log begins with, where its checksum is right; null for anything else.</summary>
    /// <param name="header">The first <see cref="HeaderBytes"/>.</param>
    public static WalHeader? ReadHeader(ReadOnlySpan<byte> header)
    {
        uint magic = BinaryPrimitives.ReadUInt32BigEndian(header);
        WalChecksum checksum = default;
        checksum.Add(header[..24], magic == BigEndianMagic);
        return magic is LittleEndianMagic or BigEndianMagic && checksum.Equals(header[24..])
            ? new WalHeader(magic == BigEndianMagic, BinaryPrimitives.ReadInt32BigEndian(header[8..]), BinaryPrimitives.ReadUInt64BigEndian(header[16..]), checksum)
            : null;
    }
}

/// <param name="BigEndian">How checksums read what they add up.</param>
/// <param name="Checksum">From which the first frame's goes on.</param>
internal readonly record struct WalHeader(bool BigEndian, int PageSize, ulong Salts, WalChecksum Checksum);

/// <summary>Writes one log: a header, then frames.</summary>
internal sealed class WalWriter(Stream stream, int pageSize)
{
    private readonly byte[] _salts = Guid.NewGuid().ToByteArray()[..8];
    private readonly byte[] _header = new byte[WalFile.HeaderBytes];
    private WalChecksum _checksum;
    private bool _begun;

    /// <param name="committedPages">Of the page that ends a transaction: how many pages the database has then; else 0.</param>
    public void Write(uint page, ReadOnlySpan<byte> image, uint committedPages)
    {
        if (!_begun)
        {
            WriteHeader();
            _begun = true;
        }

        Span<byte> frame = _header.AsSpan(0, WalFile.FrameHeaderBytes);
        BinaryPrimitives.WriteUInt32BigEndian(frame, page);
        BinaryPrimitives.WriteUInt32BigEndian(frame[4..], committedPages);
        _salts.CopyTo(frame[8..]);
        _checksum.Add(frame[..8], bigEndian: !BitConverter.IsLittleEndian);
        _checksum.Add(image, bigEndian: !BitConverter.IsLittleEndian);
        _checksum.CopyTo(frame[16..]);
        stream.Write(frame);
        stream.Write(image);
    }

    private void WriteHeader()
    {
        BinaryPrimitives.WriteUInt32BigEndian(_header, BitConverter.IsLittleEndian ? WalFile.LittleEndianMagic : WalFile.BigEndianMagic);
        BinaryPrimitives.WriteUInt32BigEndian(_header.AsSpan(4), WalFile.Version);
        BinaryPrimitives.WriteInt32BigEndian(_header.AsSpan(8), pageSize);
        BinaryPrimitives.WriteUInt32BigEndian(_header.AsSpan(12), 0);
        _salts.CopyTo(_header, 16);
        _checksum.Add(_header.AsSpan(0, 24), bigEndian: !BitConverter.IsLittleEndian);
        _checksum.CopyTo(_header.AsSpan(24));
        stream.Write(_header);
    }
}
