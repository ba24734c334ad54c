using System.Buffers;
using AiShell.Engines.MySql.Snapshot;
using AiShell.Engines.MySql.Wire;

namespace AiShell.Engines.MySql.Restore;

/// <summary>Rows by INSERT statements of many rows, for servers that do not take LOAD DATA LOCAL.</summary>
internal sealed class InsertLoad : TupleSink, ILoadSink
{
    private const int EnoughForStatement = 1 << 20;

    private readonly MySqlSession _session;
    private readonly byte[] _header;
    private readonly ArrayBufferWriter<byte> _statement = new();
    private long _rows;
    private long _warnings;

    public InsertLoad(MySqlSession session, TableName table, IReadOnlyList<SourceColumn> columns)
    {
        _session = session;
        _header = System.Text.Encoding.UTF8.GetBytes(SqlRowWriter.HeaderOf(table, [.. columns.Select(column => column.Name)]));
    }

    public LoadOutcome Complete()
    {
        Empty();
        Send();
        return new LoadOutcome(_rows, (int)Math.Min(_warnings, ushort.MaxValue));
    }

    protected override void BeforeRow() => Put(_statement.WrittenCount + Buffered == 0 ? _header : ",\n"u8);

    protected override void AfterRow(ReadOnlySpan<byte> rest)
    {
        if (_statement.WrittenCount + Buffered >= EnoughForStatement)
        {
            Empty();
            Send();
        }
    }

    protected override void Leave(ReadOnlySpan<byte> content, int inRow) => _statement.Write(content);

    private void Send()
    {
        if (_statement.WrittenCount == 0)
        {
            return;
        }

        LoadOutcome outcome = _session.Load(_statement.WrittenSpan);
        _rows += outcome.Rows;
        _warnings += outcome.Warnings;
        _statement.ResetWrittenCount();
    }
}
