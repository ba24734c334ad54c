using System.Text;

namespace AiShell.Engines.Sqlite.Rows;

/// <summary>
/// INSERT statements of many rows each. A statement is closed before it grows long: SQLite reads a whole statement
/// before it runs it, and a statement longer than 1,000,000,000 bytes not at all (https://sqlite.org/limits.html).
/// </summary>
internal sealed class SqlRowFormat : RowFormat
{
    /// <summary>SQLite's SQLITE_MAX_SQL_LENGTH, as the stock shell and the bundled library are built.</summary>
    public const long LongestStatement = 1_000_000_000;

    private const int RowsPerStatement = 500;
    private const int BytesPerStatement = 64 * 1024;

    private readonly RowOutput _output;
    private readonly SqliteTable _table;
    private readonly byte[] _insert;
    private readonly SqlLiterals _literals;
    private int _rows;
    private long _statementAt;

    private readonly long _longestStatement;

    public SqlRowFormat(RowOutput output, SqliteSchema schema, SqliteTable table, long longestStatement = LongestStatement)
    {
        _longestStatement = longestStatement;
        _output = output;
        _table = table;
        _literals = new SqlLiterals(output, schema.Encoding);
        _insert = Encoding.UTF8.GetBytes(
            $"INSERT INTO {SqlName.Quote(table.Name.Name)}({string.Join(',', table.RowColumns.Select(SqlName.Quote))}) VALUES\n");
    }

    public override void BeginPart() => _rows = 0;

    public override void WriteRow(ReadOnlySpan<byte> canonical)
    {
        if (_rows == RowsPerStatement || (_rows > 0 && _output.Position - _statementAt + canonical.Length > BytesPerStatement))
        {
            EndPart();
        }

        if (_rows++ == 0)
        {
            _statementAt = _output.Position;
            _output.Write(_insert);
        }
        else
        {
            _output.Write(",\n"u8);
        }

        byte separator = (byte)'(';
        CanonicalValues values = new(canonical);
        while (values.Next())
        {
            _output.Write(separator);
            separator = (byte)',';
            _literals.Write(in values);
        }

        _output.Write((byte)')');
        if (_output.Position - _statementAt >= _longestStatement)
        {
            throw new AiShellException(
                ErrorKind.Failed,
                $"A row of table '{_table.Name.Name}' holds {canonical.Length:N0} bytes, too much for one SQL statement ({_longestStatement:N0}).",
                "Back this database up with --format native (or json).");
        }
    }

    public override void EndPart()
    {
        if (_rows > 0)
        {
            _output.Write(";\n"u8);
            _rows = 0;
        }
    }
}
