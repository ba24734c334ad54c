using System.Buffers.Binary;
using System.Net.Sockets;

namespace AiShell.Engines.PostgreSql.Wire;

/// <summary>
/// Takes messages out of the byte stream from the server: a type, a length that counts itself, a payload. Messages that
/// fit the buffer are seen where they arrived, without a copy.
/// </summary>
internal sealed class WireReader(Stream stream)
{
    public const int HeaderBytes = 5;

    private const int UsualBytes = 256 * 1024;

    // A read that brought less than this had the server wake us for next to nothing.
    private const int WorthWaking = 96 * 1024;

    // Errors, row descriptions and catalogue rows; COPY rows of any size are read in pieces.
    private const int LargestInSession = 1 << 30;

    // What is not a PostgreSQL server at all shows here, before its bytes are taken for a length.
    private const int LargestAtStart = 64 * 1024;

    private int _largest = LargestAtStart;

    private byte[] _buffer = new byte[UsualBytes];
    private int _start;
    private int _end;
    private int _lastRead = WorthWaking;
    private bool _inBulk;

    /// <summary>What has arrived and was not consumed. Writable: COPY rows are moved together in place.</summary>
    public Span<byte> Available => _buffer.AsSpan(_start, _end - _start);

    public int Capacity => _buffer.Length;

    public void Consume(int count) => _start += count;

    /// <summary>
    /// Much is to come without a pause, or no longer. A server writes 8 KB at a time; on the same machine each of these wakes a reader that waits, which costs both
    /// more than the bytes do (docs/postgresql.md, "Speed"). So a reader that is faster than the server lets some gather. Under TLS a read ends with its record, however
    /// much has gathered.
    /// </summary>
    public void ReadInBulk(bool much)
    {
        _inBulk = much && stream is NetworkStream;
        _lastRead = WorthWaking;
    }

    /// <summary>Waits for more bytes, so that at least <paramref name="count"/> are <see cref="Available"/>.</summary>
    /// <exception cref="EndOfStreamException">The server closed the connection.</exception>
    public void Require(int count)
    {
        if (_end - _start >= count)
        {
            return;
        }

        if (_buffer.Length - _start < count)
        {
            MakeRoom(count);
        }

        do
        {
            if (_inBulk && _lastRead < WorthWaking)
            {
                ShortPause.Take();
            }

            int read = _lastRead = stream.Read(_buffer, _end, _buffer.Length - _end);
            if (read == 0)
            {
                throw new EndOfStreamException("The server closed the connection.");
            }

            _end += read;
        }
        while (_end - _start < count);
    }

    /// <summary>The next message's type and the bytes of its payload; nothing is consumed.</summary>
    public (char Type, int PayloadBytes) Peek()
    {
        Require(HeaderBytes);
        ReadOnlySpan<byte> header = Available;
        int length = BinaryPrimitives.ReadInt32BigEndian(header[1..]) - 4;
        char type = (char)header[0];
        return length >= 0 && (length <= _largest || type == 'd') ? (type, length) : throw NotTheProtocol(type);
    }

    /// <summary>From here on messages may be large: the server is one.</summary>
    public void Trust() => _largest = LargestInSession;

    /// <summary>Consumes the next message; the payload is valid until the next call.</summary>
    public ReadOnlySpan<byte> Read(out char type)
    {
        (type, int bytes) = Peek();
        if (bytes > _largest)
        {
            throw NotTheProtocol(type);
        }

        Require(HeaderBytes + bytes);
        ReadOnlySpan<byte> payload = Available.Slice(HeaderBytes, bytes);
        Consume(HeaderBytes + bytes);
        return payload;
    }

    public static InvalidDataException NotTheProtocol(char type) =>
        new($"The server's message {(char.IsAsciiLetterOrDigit(type) ? $"'{type}'" : $"0x{(int)type:x2}")} is not one of PostgreSQL's protocol at this point.");

    private void MakeRoom(int count)
    {
        byte[] target = count <= _buffer.Length ? _buffer : new byte[count];
        Available.CopyTo(target);
        _end -= _start;
        _start = 0;
        _buffer = target;
    }
}
