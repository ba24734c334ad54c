using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace AiShell.Engines.Sqlite.Log;

/// <summary>The running checksum of a write-ahead log (sqlite.org/fileformat2.html, 4.2), over pairs of 32-bit words.</summary>
internal struct WalChecksum
{
    private uint _first;
    private uint _second;

    /// <summary>As a header says that it stands after it.</summary>
    public static WalChecksum Read(ReadOnlySpan<byte> header) => new()
    {
        _first = BinaryPrimitives.ReadUInt32BigEndian(header),
        _second = BinaryPrimitives.ReadUInt32BigEndian(header[4..]),
    };

    /// <param name="bytes">A multiple of 8.</param>
    public void Add(ReadOnlySpan<byte> bytes, bool bigEndian)
    {
        ReadOnlySpan<uint> words = MemoryMarshal.Cast<byte, uint>(bytes);
        bool swap = bigEndian == BitConverter.IsLittleEndian;
        (uint first, uint second) = (_first, _second);
        unchecked
        {
            for (int i = 0; i + 1 < words.Length; i += 2)
            {
                first += (swap ? BinaryPrimitives.ReverseEndianness(words[i]) : words[i]) + second;
                second += (swap ? BinaryPrimitives.ReverseEndianness(words[i + 1]) : words[i + 1]) + first;
            }
        }

        (_first, _second) = (first, second);
    }

    /// <summary>As it stands in headers, big-endian.</summary>
    public readonly void CopyTo(Span<byte> header)
    {
        BinaryPrimitives.WriteUInt32BigEndian(header, _first);
        BinaryPrimitives.WriteUInt32BigEndian(header[4..], _second);
    }

    public readonly bool Equals(ReadOnlySpan<byte> header) =>
        BinaryPrimitives.ReadUInt32BigEndian(header) == _first && BinaryPrimitives.ReadUInt32BigEndian(header[4..]) == _second;
}
