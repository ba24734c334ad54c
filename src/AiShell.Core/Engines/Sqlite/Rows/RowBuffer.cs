using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace AiShell.Engines.Sqlite.Rows;

/// <summary>One row in canonical encoding, built value by value; reused for row after row.</summary>
internal sealed class RowBuffer
{
    private const int UsualBytes = 16 * 1024;

    private byte[] _bytes = new byte[UsualBytes];
    private int _used;
    private int _lengthAt;

    public ReadOnlySpan<byte> Row => _bytes.AsSpan(0, _used);

    public int Count { get; private set; }

    public void Clear()
    {
        _used = 0;
        Count = 0;
        if (_bytes.Length > 1024 * UsualBytes)
        {
            _bytes = new byte[UsualBytes]; // one giant value does not stay in memory for the rest of the table
        }
    }

    public void AddNull()
    {
        Reserve(1);
        _bytes[_used++] = (byte)ValueKind.Null;
        Count++;
    }

    public void AddInteger(long value) => AddNumber(ValueKind.Integer, value);

    public void AddReal(double value) => AddNumber(ValueKind.Real, BitConverter.DoubleToInt64Bits(value));

    public void AddBytes(ValueKind kind, ReadOnlySpan<byte> bytes)
    {
        BeginBytes(kind);
        Append(bytes);
        EndBytes();
    }

    /// <summary>Begins a TEXT or BLOB whose bytes come by <see cref="Append"/>, until <see cref="EndBytes"/>.</summary>
    public void BeginBytes(ValueKind kind)
    {
        Reserve(5);
        _bytes[_used] = (byte)kind;
        _lengthAt = _used + 1;
        _used += 5;
        Count++;
    }

    public void Append(ReadOnlySpan<byte> bytes)
    {
        Reserve(bytes.Length);
        bytes.CopyTo(_bytes.AsSpan(_used));
        _used += bytes.Length;
    }

    /// <summary>Room to write at least so many bytes; <see cref="Advance"/> says how many there were.</summary>
    public Span<byte> GetSpan(int bytes)
    {
        Reserve(bytes);
        return _bytes.AsSpan(_used);
    }

    public void Advance(int bytes) => _used += bytes;

    public void EndBytes() => BinaryPrimitives.WriteInt32BigEndian(_bytes.AsSpan(_lengthAt), _used - _lengthAt - 4);

    private void AddNumber(ValueKind kind, long bits)
    {
        Reserve(9);
        _bytes[_used] = (byte)kind;
        BinaryPrimitives.WriteInt64BigEndian(_bytes.AsSpan(_used + 1), bits);
        _used += 9;
        Count++;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Reserve(int bytes)
    {
        if (_bytes.Length - _used < bytes)
        {
            Grow(bytes);
        }
    }

    private void Grow(int bytes)
    {
        long wanted = Math.Max((long)_used + bytes, Math.Min(2L * _bytes.Length, Array.MaxLength));
        if (wanted > Array.MaxLength)
        {
            throw new AiShellException(ErrorKind.Failed, "A row is larger than 2 GB.", "Use --format native for this database.");
        }

        Array.Resize(ref _bytes, (int)wanted);
    }
}
