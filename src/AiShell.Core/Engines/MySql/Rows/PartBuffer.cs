namespace AiShell.Engines.MySql;

/// <summary>A buffer before a part's stream.</summary>
internal sealed class PartBuffer
{
    private readonly byte[] _buffer = new byte[256 * 1024];
    private Stream _part = Stream.Null;
    private int _used;

    public void Begin(Stream part) => _part = part;

    public void Put(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > _buffer.Length - _used)
        {
            Empty();
            if (bytes.Length > _buffer.Length)
            {
                _part.Write(bytes);
                return;
            }
        }

        bytes.CopyTo(_buffer.AsSpan(_used));
        _used += bytes.Length;
    }

    /// <summary>Room for so many bytes, a small number; <see cref="Advance"/> tells how many were taken.</summary>
    public Span<byte> Reserve(int bytes)
    {
        if (bytes > _buffer.Length - _used)
        {
            Empty();
        }

        return _buffer.AsSpan(_used, bytes);
    }

    public void Advance(int bytes) => _used += bytes;

    public void Empty()
    {
        _part.Write(_buffer.AsSpan(0, _used));
        _used = 0;
    }
}
