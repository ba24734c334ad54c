using System.Buffers.Binary;
using System.Text;

namespace AiShell.Engines.PostgreSql.Wire;

/// <summary>A message on its way to the server (manual, "Message Formats"): integers are big-endian, texts end with NUL.</summary>
internal sealed class WireBuffer
{
    private byte[] _bytes = new byte[1024];
    private int _messageAt;

    public int Length { get; private set; }

    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, Length);

    public void Clear() => Length = 0;

    /// <summary>Begins a message; <see cref="End"/> fills its length in.</summary>
    public WireBuffer Begin(char type)
    {
        Byte((byte)type);
        return BeginUntyped();
    }

    /// <summary>Begins one of the messages that come before the session has started.</summary>
    public WireBuffer BeginUntyped()
    {
        _messageAt = Length;
        return Int32(0);
    }

    public WireBuffer End()
    {
        BinaryPrimitives.WriteInt32BigEndian(_bytes.AsSpan(_messageAt), Length - _messageAt);
        return this;
    }

    public WireBuffer Byte(byte value)
    {
        Reserve(1)[0] = value;
        Length++;
        return this;
    }

    public WireBuffer Int16(short value)
    {
        BinaryPrimitives.WriteInt16BigEndian(Reserve(2), value);
        Length += 2;
        return this;
    }

    public WireBuffer Int32(int value)
    {
        BinaryPrimitives.WriteInt32BigEndian(Reserve(4), value);
        Length += 4;
        return this;
    }

    public WireBuffer Bytes(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(Reserve(bytes.Length));
        Length += bytes.Length;
        return this;
    }

    /// <exception cref="ArgumentException">The text holds a NUL, at which the server would end it.</exception>
    public WireBuffer Text(string text)
    {
        if (text.Contains('\0', StringComparison.Ordinal))
        {
            throw new ArgumentException("PostgreSQL takes no NUL in a text.", nameof(text));
        }

        return Bytes(Encoding.UTF8.GetBytes(text)).Byte(0);
    }

    private Span<byte> Reserve(int count)
    {
        if (_bytes.Length - Length < count)
        {
            Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, Length + count));
        }

        return _bytes.AsSpan(Length);
    }
}
