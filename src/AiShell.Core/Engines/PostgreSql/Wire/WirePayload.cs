using System.Buffers.Binary;
using System.Text;

namespace AiShell.Engines.PostgreSql.Wire;

/// <summary>Takes a message's payload apart from its front (manual, "Message Formats"). What it should hold and does not is no message of the protocol.</summary>
internal ref struct WirePayload(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> _left = bytes;

    public readonly bool IsEmpty => _left.IsEmpty;

    public byte Byte() => Bytes(1)[0];

    public short Int16() => BinaryPrimitives.ReadInt16BigEndian(Bytes(sizeof(short)));

    public int Int32() => BinaryPrimitives.ReadInt32BigEndian(Bytes(sizeof(int)));

    public uint UInt32() => BinaryPrimitives.ReadUInt32BigEndian(Bytes(sizeof(uint)));

    public ReadOnlySpan<byte> Rest() => Bytes(_left.Length);

    /// <exception cref="InvalidDataException">There are fewer.</exception>
    public ReadOnlySpan<byte> Bytes(int count)
    {
        if (count < 0 || count > _left.Length)
        {
            throw new InvalidDataException("A message of the server is shorter than its fields.");
        }

        ReadOnlySpan<byte> taken = _left[..count];
        _left = _left[count..];
        return taken;
    }

    /// <summary>A text up to its NUL.</summary>
    public string Text()
    {
        string text = Encoding.UTF8.GetString(Bytes(_left.IndexOf((byte)0)));
        Bytes(1);
        return text;
    }
}
