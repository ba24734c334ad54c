using System.Buffers;

namespace AiShell.Engines.Sqlite.Rows;

/// <summary>A buffer in front of a stream that formats write bytes into; values of any size pass through it in pieces.</summary>
internal sealed class RowOutput(Stream stream, int bufferBytes = RowOutput.UsualBytes) : IBufferWriter<byte>
{
    public const int UsualBytes = 64 * 1024;

    private const int SmallestBytes = 512;

    private readonly byte[] _buffer = new byte[Math.Max(bufferBytes, SmallestBytes)];
    private byte[]? _oversize;
    private int _used;
    private long _flushed;

    /// <summary>Bytes written so far.</summary>
    public long Position => _flushed + _used;

    /// <summary>Those that have reached the stream.</summary>
    public long Flushed => _flushed;

    public void Write(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > _buffer.Length - _used)
        {
            Flush();
            if (bytes.Length >= _buffer.Length)
            {
                stream.Write(bytes);
                _flushed += bytes.Length;
                return;
            }
        }

        bytes.CopyTo(_buffer.AsSpan(_used));
        _used += bytes.Length;
    }

    public void Write(byte value)
    {
        if (_used == _buffer.Length)
        {
            Flush();
        }

        _buffer[_used++] = value;
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        if (_buffer.Length - _used < Math.Max(sizeHint, 1))
        {
            Flush();
            if (sizeHint > _buffer.Length)
            {
                return _oversize = new byte[sizeHint];
            }
        }

        return _buffer.AsSpan(_used);
    }

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        int length = GetSpan(sizeHint).Length;
        return _oversize ?? _buffer.AsMemory(_used, length);
    }

    public void Advance(int count)
    {
        if (_oversize is byte[] written)
        {
            _oversize = null;
            stream.Write(written, 0, count);
            _flushed += count;
            return;
        }

        _used += count;
    }

    public void Flush()
    {
        if (_used > 0)
        {
            stream.Write(_buffer, 0, _used);
            _flushed += _used;
            _used = 0;
        }
    }
}
