using System.Buffers.Binary;
using System.Text;

namespace AiShell.Engines.MySql.Log;

/// <summary>Takes an event's body apart from its beginning, and never reads beyond its end.</summary>
/// <exception cref="AiShellException"><see cref="ErrorKind.Integrity"/>, of every method: the body is too short.</exception>
internal ref struct BodyReader(BinaryLogEvent from)
{
    private readonly EventType _type = from.Type;
    private readonly uint _end = from.NextPosition;
    private ReadOnlySpan<byte> _rest = from.Body;

    public readonly int Left => _rest.Length;

    public byte Byte() => Bytes(1)[0];

    public ushort UInt16() => BinaryPrimitives.ReadUInt16LittleEndian(Bytes(sizeof(ushort)));

    public uint UInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Bytes(sizeof(uint)));

    public ulong UInt64() => BinaryPrimitives.ReadUInt64LittleEndian(Bytes(sizeof(ulong)));

    public ulong UInt56()
    {
        Span<byte> whole = stackalloc byte[sizeof(ulong)];
        whole.Clear();
        Bytes(7).CopyTo(whole);
        return BinaryPrimitives.ReadUInt64LittleEndian(whole);
    }

    /// <summary>An integer of MySQL's serialization (manual, "Serialization Library"): as many one bits, from the lowest on, as bytes follow the first.</summary>
    public ulong SerializedInteger()
    {
        int more = System.Numerics.BitOperations.TrailingZeroCount((uint)~Peek() | 0x100u);
        ReadOnlySpan<byte> bytes = Bytes(more + 1);
        Span<byte> whole = stackalloc byte[16];
        whole.Clear();
        bytes.CopyTo(whole);
        UInt128 value = BinaryPrimitives.ReadUInt128LittleEndian(whole);
        return (ulong)(value >> Math.Min(more + 1, 8));
    }

    public string Utf8(int length) => Encoding.UTF8.GetString(Bytes(length));

    public ReadOnlySpan<byte> Rest() => Bytes(_rest.Length);

    public void Skip(int count) => Bytes(count);

    public ReadOnlySpan<byte> Bytes(int count)
    {
        if (count < 0 || count > _rest.Length)
        {
            throw LogDamage.Of($"the event of type {(byte)_type} that ends at {_end} is too short for what it says");
        }

        ReadOnlySpan<byte> bytes = _rest[..count];
        _rest = _rest[count..];
        return bytes;
    }

    private readonly byte Peek() => _rest.Length > 0 ? _rest[0] : throw LogDamage.Of($"the event of type {(byte)_type} that ends at {_end} is too short for what it says");
}
