using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace AiShell.Engines.MySql.Wire;

/// <summary>
/// One LOAD DATA LOCAL INFILE statement whose file is written here (manual, "LOCAL INFILE Request"). One that is not completed leaves the
/// session in the middle of an answer: it must be disposed.
/// </summary>
internal sealed class LocalInfile
{
    private const byte FileRequest = 0xFB;
    private const int BufferBytes = 256 * 1024;

    private readonly MySqlSession _session;
    private readonly byte[] _buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
    private int _used;

    /// <exception cref="ServerError">The statement is refused, for example since the server's local_infile is off.</exception>
    public LocalInfile(MySqlSession session, string statement)
    {
        _session = session;
        session.SendQuery(Encoding.UTF8.GetBytes(statement));
        if (session.BeginAnswer() != FileRequest)
        {
            throw new InvalidDataException("the server does not ask for the rows");
        }

        session.Packets.Skip();
    }

    public void Write(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > _buffer.Length - _used)
        {
            int fits = _buffer.Length - _used;
            bytes[..fits].CopyTo(_buffer.AsSpan(_used));
            _used += fits;
            bytes = bytes[fits..];
            SendBuffer();
        }

        bytes.CopyTo(_buffer.AsSpan(_used));
        _used += bytes.Length;
    }

    public void Write(byte value)
    {
        if (_used == _buffer.Length)
        {
            SendBuffer();
        }

        _buffer[_used++] = value;
    }

    /// <summary>Ends the file.</summary>
    /// <exception cref="ServerError">The server did not take the rows.</exception>
    public LoadOutcome Complete()
    {
        SendBuffer();
        _session.Packets.Send([]);
        ArrayPool<byte>.Shared.Return(_buffer); // with many small tables it would be most of what is allocated
        _session.BeginAnswer();
        return LoadOutcome.Read(new PayloadReader(_session.Packets.ReadRest()));
    }

    /// <summary>An empty packet would be the file's end.</summary>
    private void SendBuffer()
    {
        if (_used > 0)
        {
            _session.Packets.Send(_buffer.AsSpan(0, _used));
            _used = 0;
        }
    }
}

/// <param name="Rows">That are in the table now.</param>
/// <param name="Warnings">What the server changed or left out, as far as it counts (65,535 for more).</param>
internal sealed record LoadOutcome(long Rows, int Warnings)
{
    /// <summary>An OK packet (manual, "OK_Packet").</summary>
    public static LoadOutcome Read(PayloadReader ok)
    {
        ok.ReadByte();
        long rows = (long)ok.ReadLength();
        ok.ReadLength(); // the last AUTO_INCREMENT value
        ok.ReadBytes(sizeof(ushort)); // status
        return new LoadOutcome(rows, BinaryPrimitives.ReadUInt16LittleEndian(ok.ReadBytes(sizeof(ushort))));
    }
}
