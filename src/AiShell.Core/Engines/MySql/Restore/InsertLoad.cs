using System.Text;
using AiShell.Engines.MySql.Snapshot;
using AiShell.Engines.MySql.Wire;

namespace AiShell.Engines.MySql.Restore;

/// <summary>
/// Rows by INSERT statements of many rows, for servers that do not take LOAD DATA LOCAL. No statement is longer than the server takes. One
/// of a single long row leaves packet by packet, so that it need not fit into memory.
/// </summary>
internal sealed class InsertLoad : TupleSink, ILoadSink
{
    private const int EnoughForStatement = 1 << 20;

    private readonly MySqlSession _session;
    private readonly TableName _table;
    private readonly byte[] _header;
    private readonly long _largestPacket;
    private byte[] _held = new byte[64 * 1024];
    private int _length; // of the statement, what is held
    private long _sent; // of it before that
    private int _rowStart; // in what is held, of the last row with what separates it
    private long _rows;
    private long _warnings;

    public InsertLoad(MySqlSession session, TableName table, IReadOnlyList<SourceColumn> columns)
    {
        _session = session;
        _table = table;
        _largestPacket = session.LargestPacket;
        _header = [.. session.QueryHead, .. Encoding.UTF8.GetBytes(SqlRowWriter.HeaderOf(table, [.. columns.Select(column => column.Name)]))];
    }

    private static ReadOnlySpan<byte> Separator => ",\n"u8;

    private bool IsEmpty => _sent + _length + Buffered == 0;

    private ReadOnlySpan<byte> Held => _held.AsSpan(0, _length);

    /// <summary>A row is longer than a statement that the server takes.</summary>
    public static AiShellException TooLarge(TableName table, long largestPacket) => new(
        ErrorKind.Failed,
        FormattableString.Invariant($"Table '{table}' has a row that the server does not take in a statement: max_allowed_packet is {largestPacket:N0}."),
        "Raise the server's max_allowed_packet (1073741824 at most), or, unless the backup is of rows alone, SET GLOBAL local_infile = ON there.");

    public LoadOutcome Complete()
    {
        Empty();
        Send();
        return new LoadOutcome(_rows, (int)Math.Min(_warnings, ushort.MaxValue));
    }

    protected override void BeforeRow()
    {
        _rowStart = _length + Buffered;
        Put(IsEmpty ? _header : Separator);
    }

    protected override void AfterRow(ReadOnlySpan<byte> rest)
    {
        if (_sent > 0 || _length + Buffered >= Math.Min(EnoughForStatement, _largestPacket))
        {
            Empty();
            Shorten();
            Send();
        }
    }

    protected override void Leave(ReadOnlySpan<byte> content, int inRow)
    {
        if (content.Length > _held.Length - _length)
        {
            Array.Resize(ref _held, Math.Max(2 * _held.Length, _length + content.Length));
        }

        content.CopyTo(_held.AsSpan(_length));
        _length += content.Length;
        if (inRow > 0)
        {
            Shorten();
        }
    }

    /// <summary>Where the last row makes the statement too long, or longer than a packet, the others go before it, and what fills packets goes.</summary>
    private void Shorten()
    {
        if (_rowStart > 0 && _length >= Math.Min(_largestPacket, PacketStream.MostInPacket))
        {
            SendOthers();
        }

        if (_sent + _length >= _largestPacket)
        {
            throw TooLarge(_table, _largestPacket);
        }

        while (_length >= PacketStream.MostInPacket)
        {
            Begin();
            _session.Packets.SendFull(Held[..PacketStream.MostInPacket]);
            _sent += PacketStream.MostInPacket;
            Keep(0, Held[PacketStream.MostInPacket..]);
        }
    }

    private void SendOthers()
    {
        Begin();
        _session.Packets.Send(Held[.._rowStart]);
        TakeOutcome();
        Keep(_header.Length, Held[(_rowStart + Separator.Length)..]); // behind the header, which is there
        _rowStart = 0;
    }

    private void Send()
    {
        if (IsEmpty)
        {
            return;
        }

        Begin();
        _session.Packets.Send(Held);
        TakeOutcome();
        _length = 0;
        _sent = 0;
    }

    private void Begin()
    {
        if (_sent == 0)
        {
            _session.Packets.StartCommand();
        }
    }

    private void Keep(int at, ReadOnlySpan<byte> rest)
    {
        rest.CopyTo(_held.AsSpan(at));
        _length = at + rest.Length;
    }

    private void TakeOutcome()
    {
        LoadOutcome outcome = _session.ReadOutcome();
        _rows += outcome.Rows;
        _warnings += outcome.Warnings;
    }
}
