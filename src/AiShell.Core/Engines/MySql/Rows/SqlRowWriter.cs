using System.Text;

namespace AiShell.Engines.MySql;

/// <summary>INSERT statements of many rows; a new one each time the current one has reached <see cref="StatementBytes"/>.</summary>
internal sealed class SqlRowWriter(TableName table, IReadOnlyList<string> columns) : TupleSink, IRowWriter
{
    public const int StatementBytes = 1 << 20;

    private const int EnoughToWrite = 128 * 1024;

    private readonly byte[] _header = Encoding.UTF8.GetBytes(HeaderOf(table, columns));
    private Stream _part = Stream.Null;
    private bool _open; // a statement
    private long _start; // of it

    /// <summary>All before the first row.</summary>
    public static string HeaderOf(TableName table, IReadOnlyList<string> columns) =>
        $"{HeaderStart(table)}{string.Join(',', columns.Select(SqlText.Quote))}{HeaderEnd}";

    public static string HeaderStart(TableName table) => $"INSERT INTO {SqlText.Quote(table.Name)} (";

    public const string HeaderEnd = ") VALUES\n";

    public void Begin(Stream part) => _part = part;

    public void Flush() => Empty();

    public void End()
    {
        if (_open)
        {
            Put(";\n"u8);
            _open = false;
        }

        Empty();
    }

    protected override void BeforeRow()
    {
        if (_open)
        {
            Put(",\n"u8);
            return;
        }

        _open = true;
        _start = Position;
        Put(_header);
    }

    protected override void AfterRow(ReadOnlySpan<byte> rest)
    {
        if (Position - _start >= StatementBytes)
        {
            Put(";\n"u8);
            _open = false;
        }

        if (Buffered >= EnoughToWrite)
        {
            Empty();
        }
    }

    protected override void Leave(ReadOnlySpan<byte> content, int inRow) => _part.Write(content);
}
