using System.Buffers.Binary;
using System.Globalization;

namespace AiShell.Engines.PostgreSql.Wire;

/// <summary>Rows on their way into COPY … FROM STDIN. Messages may cut the rows anywhere.</summary>
internal sealed class CopyIn(WireSession session)
{
    private const int HeaderBytes = 5;
    private const int MessageBytes = 128 * 1024;

    private readonly byte[] _message = NewMessage();
    private int _used = HeaderBytes;

    public void Write(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            if (_used == _message.Length)
            {
                Flush();
            }

            int count = Math.Min(bytes.Length, _message.Length - _used);
            bytes[..count].CopyTo(_message.AsSpan(_used));
            _used += count;
            bytes = bytes[count..];
        }
    }

    /// <summary>Ends it well; returns how many rows the server has taken.</summary>
    /// <exception cref="ServerError">It did not take them; none is in the table.</exception>
    public long Complete()
    {
        Flush();
        session.SendRaw([(byte)'c', 0, 0, 0, 4]);
        string tag = session.ReadResult(null);
        return long.Parse(tag.AsSpan(tag.LastIndexOf(' ') + 1), NumberStyles.None, CultureInfo.InvariantCulture);
    }

    private void Flush()
    {
        if (_used > HeaderBytes)
        {
            BinaryPrimitives.WriteInt32BigEndian(_message.AsSpan(1), _used - 1);
            session.SendRaw(_message.AsSpan(0, _used));
            _used = HeaderBytes;
        }
    }

    private static byte[] NewMessage()
    {
        byte[] message = new byte[HeaderBytes + MessageBytes];
        message[0] = (byte)'d';
        return message;
    }
}
