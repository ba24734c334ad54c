using System.Buffers.Binary;
using System.Text;

namespace AiShell.Engines.MySql.Wire;

/// <summary>
/// The rows of one SELECT in the binary protocol (manual, "Binary Protocol Resultset"): prepared, executed, streamed. Until they
/// are read to their end the session can do nothing else; whoever stops before closes it.
/// </summary>
internal sealed class BinaryRows
{
    private const byte ComStatementPrepare = 0x16;
    private const byte ComStatementExecute = 0x17;
    private const byte ComStatementClose = 0x19;

    private readonly MySqlSession _session;
    private readonly byte[] _statement;
    private bool _ended;

    /// <exception cref="ServerError">The server refused it.</exception>
    /// <exception cref="ConnectionBroken">The connection ended.</exception>
    public BinaryRows(MySqlSession session, string select)
    {
        _session = session;
        Send([ComStatementPrepare, .. Encoding.UTF8.GetBytes(select)]);
        session.BeginAnswer();
        byte[] prepared = Packets.ReadRest();
        _statement = prepared[1..5];
        Columns = ReadDefinitions(BinaryPrimitives.ReadUInt16LittleEndian(prepared.AsSpan(5)));
        try
        {
            Execute();
        }
        catch (ServerError)
        {
            Close();
            throw;
        }
    }

    /// <summary>What the values of a row are.</summary>
    public IReadOnlyList<WireColumn> Columns { get; private set; }

    public PacketStream Packets => _session.Packets;

    /// <summary>Begins the next row, whose payload is then read from <see cref="Packets"/>; false at the end.</summary>
    public bool Next()
    {
        if (_ended)
        {
            return false;
        }

        if (!_session.IsEndOfRows(_session.BeginAnswer()))
        {
            return true;
        }

        Packets.Skip();
        _ended = true;
        Close();
        return false;
    }

    private void Execute()
    {
        byte[] command = [ComStatementExecute, .. _statement, 0, 1, 0, 0, 0]; // no cursor, once
        Send(command);
        _session.BeginAnswer();
        PayloadReader header = new(Packets.ReadRest());
        int columns = (int)header.ReadLength();
        if (!_session.Login.CachedMetadata || header.ReadByte() != 0)
        {
            Columns = ReadDefinitions(columns);
        }
        else if (!_session.Login.DeprecateEof)
        {
            SkipPacket();
        }
    }

    private WireColumn[] ReadDefinitions(int columns)
    {
        WireColumn[] definitions = new WireColumn[columns];
        for (int column = 0; column < columns; column++)
        {
            _session.BeginAnswer();
            definitions[column] = WireColumn.Of(Packets.ReadRest());
        }

        if (!_session.Login.DeprecateEof)
        {
            SkipPacket();
        }

        return definitions;
    }

    private void SkipPacket()
    {
        _session.BeginAnswer();
        Packets.Skip();
    }

    private void Close() => Send([ComStatementClose, .. _statement]); // it has no answer

    private void Send(byte[] command)
    {
        Packets.StartCommand();
        Packets.Send(command);
    }
}

/// <summary>How a value is laid out in a row (manual, "Column Definition").</summary>
internal readonly record struct WireColumn(WireType Type, bool IsUnsigned)
{
    private const int UnsignedFlag = 0x20;

    /// <summary>Type, flags, decimals and two empty bytes are the definition's last.</summary>
    public static WireColumn Of(ReadOnlySpan<byte> definition) =>
        new((WireType)definition[^6], (BinaryPrimitives.ReadUInt16LittleEndian(definition[^5..]) & UnsignedFlag) != 0);
}

internal enum WireType : byte
{
    Decimal = 0,
    Tiny = 1,
    Short = 2,
    Long = 3,
    Float = 4,
    Double = 5,
    Null = 6,
    Timestamp = 7,
    LongLong = 8,
    Int24 = 9,
    Date = 10,
    Time = 11,
    DateTime = 12,
    Year = 13,
    VarChar = 15,
    Bit = 16,
    Vector = 242,
    Json = 245,
    NewDecimal = 246,
    Enum = 247,
    Set = 248,
    TinyBlob = 249,
    MediumBlob = 250,
    LongBlob = 251,
    Blob = 252,
    VarString = 253,
    String = 254,
    Geometry = 255,
}
