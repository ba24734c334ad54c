using System.Buffers.Binary;

namespace AiShell.Engines.MySql.Wire;

/// <summary>
/// Packets of the client/server protocol (manual, "MySQL Packets"): a payload of 16 MB - 1 bytes goes on in the next packet. A payload
/// is read piece by piece, so that none has to fit into memory.
/// </summary>
internal sealed class PacketStream(Stream stream)
{
    public const int MostInPacket = 0xFFFFFF;

    private const int HeaderBytes = 4;

    private readonly byte[] _buffer = new byte[256 * 1024];
    private int _position;
    private int _end;
    private int _left;
    private bool _continues;
    private byte _sequence;

    /// <summary>Bytes of the payload that are in the buffer, contiguous. Never more than is left of the payload.</summary>
    public ReadOnlySpan<byte> Window => _buffer.AsSpan(_position, Math.Min(_left, _end - _position));

    /// <summary>No byte of the payload is left.</summary>
    public bool AtEnd => _left == 0 && !NextPart();

    /// <summary>The whole rest of the payload is in <see cref="Window"/>.</summary>
    public bool IsWhole => !_continues && _end - _position >= _left;

    /// <summary>Bytes left in this packet; the payload is longer if it <see cref="_continues"/>.</summary>
    public int LeftInPacket => _left;

    /// <summary>Reads the header of the next payload; the one before is read to its end. <see cref="Window"/> has at least one byte unless it is empty.</summary>
    public void Begin()
    {
        Skip();
        ReadHeader();
        FillPacket();
    }

    /// <summary>So many bytes of the window are used up.</summary>
    public void Advance(int bytes)
    {
        _position += bytes;
        _left -= bytes;
    }

    /// <summary>Makes the window longer, or begin at the payload's next part; false at the payload's end.</summary>
    public bool Fill()
    {
        if (_left == 0)
        {
            return NextPart();
        }

        if (_end - _position >= Math.Min(_left, _buffer.Length))
        {
            return false;
        }

        Receive(Math.Min(_left, _end - _position + 1));
        return true;
    }

    /// <summary>Reads what is left of the payload away.</summary>
    public void Skip()
    {
        do
        {
            while (_left > 0)
            {
                if (_end == _position)
                {
                    Receive(1);
                }

                Advance(Math.Min(_left, _end - _position));
            }
        }
        while (NextPart());
    }

    /// <summary>The whole rest of a payload of which it is known that it is small.</summary>
    public byte[] ReadRest()
    {
        using MemoryStream rest = new();
        while (!AtEnd)
        {
            if (Window.IsEmpty)
            {
                Receive(1);
            }

            rest.Write(Window);
            Advance(Window.Length);
        }

        return rest.ToArray();
    }

    /// <summary>Begins a new exchange: the next payload that is sent is a command.</summary>
    public void StartCommand() => _sequence = 0;

    public void Send(ReadOnlySpan<byte> payload)
    {
        while (payload.Length >= MostInPacket)
        {
            SendFull(payload[..MostInPacket]);
            payload = payload[MostInPacket..];
        }

        SendPacket(payload);
        stream.Flush();
    }

    /// <summary>A part of a payload that goes on: as much as is in a packet.</summary>
    public void SendFull(ReadOnlySpan<byte> part)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(part.Length, MostInPacket);
        SendPacket(part);
    }

    private void SendPacket(ReadOnlySpan<byte> content)
    {
        Span<byte> header = stackalloc byte[HeaderBytes];
        BinaryPrimitives.WriteInt32LittleEndian(header, content.Length);
        header[3] = _sequence++;
        Write(header);
        Write(content);
    }

    private void Write(ReadOnlySpan<byte> bytes)
    {
        try
        {
            stream.Write(bytes);
        }
        catch (Exception failure) when (failure is IOException or ObjectDisposedException)
        {
            throw new ConnectionBroken(failure.Message, failure);
        }
    }

    private bool NextPart()
    {
        if (!_continues)
        {
            return false;
        }

        ReadHeader();
        return _left > 0;
    }

    private void ReadHeader()
    {
        while (_end - _position < HeaderBytes)
        {
            Receive(HeaderBytes);
        }

        int header = BinaryPrimitives.ReadInt32LittleEndian(_buffer.AsSpan(_position));
        _position += HeaderBytes;
        _left = header & 0xFFFFFF;
        _continues = _left == MostInPacket;
        _sequence = (byte)((header >>> 24) + 1);
    }

    /// <summary>A packet that fits is brought whole, so that whoever reads it can mostly work on one span.</summary>
    private void FillPacket()
    {
        if (_left <= _buffer.Length)
        {
            Receive(_left);
        }
        else if (_end == _position)
        {
            Receive(1);
        }
    }

    /// <summary>Until so many bytes are in the buffer.</summary>
    private void Receive(int wanted)
    {
        if (_end - _position >= wanted)
        {
            return;
        }

        if (_buffer.Length - _position < wanted || _position == _end)
        {
            _buffer.AsSpan(_position, _end - _position).CopyTo(_buffer);
            _end -= _position;
            _position = 0;
        }

        while (_end - _position < wanted)
        {
            int read;
            try
            {
                read = stream.Read(_buffer, _end, _buffer.Length - _end);
            }
            catch (Exception failure) when (failure is IOException or ObjectDisposedException)
            {
                throw new ConnectionBroken(failure.Message, failure);
            }

            _end += read > 0 ? read : throw new ConnectionBroken("the server closed it");
        }
    }
}
