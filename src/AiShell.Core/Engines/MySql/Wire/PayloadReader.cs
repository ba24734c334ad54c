using System.Buffers.Binary;

namespace AiShell.Engines.MySql.Wire;

/// <summary>Takes a small payload apart (manual, "Basic Data Types" of the protocol).</summary>
internal sealed class PayloadReader(byte[] payload)
{
    private int _position;

    public int Peek() => payload[_position];

    public byte ReadByte() => payload[_position++];

    /// <summary>One byte less, and null.</summary>
    public byte[]? Drop()
    {
        _position++;
        return null;
    }

    /// <summary>A length-encoded integer.</summary>
    public ulong ReadLength()
    {
        byte first = payload[_position++];
        int bytes = first switch { < 0xFB => 0, 0xFC => 2, 0xFD => 3, 0xFE => 8, _ => throw new InvalidDataException("a length is not one") };
        if (bytes == 0)
        {
            return first;
        }

        Span<byte> whole = stackalloc byte[8];
        whole.Clear();
        payload.AsSpan(_position, bytes).CopyTo(whole);
        _position += bytes;
        return BinaryPrimitives.ReadUInt64LittleEndian(whole);
    }

    public byte[] ReadBytes(int count)
    {
        byte[] bytes = payload.AsSpan(_position, count).ToArray();
        _position += count;
        return bytes;
    }
}
