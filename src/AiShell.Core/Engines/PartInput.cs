namespace AiShell.Engines;

/// <summary>A buffer behind a stream that parsers look into; it knows how far they are.</summary>
internal sealed class PartInput(Stream stream)
{
    private const int BufferBytes = 128 * 1024;

    private readonly byte[] _buffer = new byte[BufferBytes];
    private int _position;
    private int _end;
    private long _dropped;
    private bool _ended;

    /// <summary>Bytes consumed so far.</summary>
    public long Offset => _dropped + _position;

    /// <summary>What is in the buffer, not consumed.</summary>
    public ReadOnlySpan<byte> Window => _buffer.AsSpan(_position, _end - _position);

    /// <summary>True at the end of the stream.</summary>
    public bool AtEnd => _position == _end && !Require(1);

    /// <summary>The next byte, or -1 at the end.</summary>
    public int Peek() => _position < _end || Require(1) ? _buffer[_position] : -1;

    public void Advance(int bytes) => _position += bytes;

    /// <summary>Reads on until <see cref="Window"/> has so many bytes; false if the stream ends before.</summary>
    public bool Require(int bytes)
    {
        while (_end - _position < bytes)
        {
            if (_ended)
            {
                return false;
            }

            if (_buffer.Length - _position < bytes || _position == _end)
            {
                Window.CopyTo(_buffer);
                _dropped += _position;
                _end -= _position;
                _position = 0;
            }

            int read = stream.Read(_buffer, _end, _buffer.Length - _end);
            _ended = read == 0;
            _end += read;
        }

        return true;
    }

    public void Expect(byte value)
    {
        if (!Accept(value))
        {
            throw new FormatException($"'{(char)value}' is expected");
        }
    }

    public bool Accept(byte value)
    {
        if (Peek() != value)
        {
            return false;
        }

        _position++;
        return true;
    }

    public void Expect(ReadOnlySpan<byte> text)
    {
        if (!Accept(text))
        {
            throw new FormatException($"'{System.Text.Encoding.UTF8.GetString(text)}' is expected");
        }
    }

    public bool Accept(ReadOnlySpan<byte> text)
    {
        if (!Require(text.Length) || !Window.StartsWith(text))
        {
            return false;
        }

        _position += text.Length;
        return true;
    }
}
