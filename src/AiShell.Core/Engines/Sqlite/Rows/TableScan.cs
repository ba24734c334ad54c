using System.Text;
using Microsoft.Data.Sqlite;

namespace AiShell.Engines.Sqlite.Rows;

/// <summary>
/// Reads rows by a statement, whose values SQLite has read, converted and, for columns added later, made up from their defaults.
/// Disposed before its connection is.
/// </summary>
internal sealed unsafe class TableScan : IRowScan
{
    private readonly NativeStatement _statement;
    private readonly RowBuffer _row = new();
    private readonly int _columns;
    private readonly bool _utf16;
    private readonly bool _bigEndian;

    /// <param name="range">Null for all rows; only for tables that have a <see cref="SqliteTable.RowidName"/>.</param>
    public TableScan(SqliteConnection connection, SqliteSchema schema, SqliteTable table, RowidRange? range = null)
    {
        _utf16 = schema.IsUtf16;
        _bigEndian = schema.Encoding == "UTF-16be";
        StringBuilder sql = new("SELECT ");
        sql.AppendJoin(',', table.RowColumns.Select(SqlName.Quote)).Append(" FROM main.").Append(SqlName.Quote(table.Name.Name));

        // NOT INDEXED: a covering index would give the same rows in another order, and stale ones if it is damaged.
        sql.Append(" NOT INDEXED");
        if (range is RowidRange some)
        {
            string rowid = SqlName.Quote(table.RowidName ?? throw new ArgumentException("A table without rowids has no ranges.", nameof(range)));
            sql.Append(" WHERE ").Append(rowid).Append(" BETWEEN ?1 AND ?2 ORDER BY ").Append(rowid);
        }

        _statement = new NativeStatement(connection, sql.ToString());
        _columns = NativeSqlite.ColumnCount(_statement.Handle);
        if (range is RowidRange bounds)
        {
            _statement.Check(NativeSqlite.BindInteger(_statement.Handle, 1, bounds.First));
            _statement.Check(NativeSqlite.BindInteger(_statement.Handle, 2, bounds.Last));
        }
    }

    public ReadOnlySpan<byte> Row => _row.Row;

    public bool Next()
    {
        if (!_statement.Step())
        {
            return false;
        }

        nint statement = _statement.Handle;
        _row.Clear();
        for (int column = 0; column < _columns; column++)
        {
            switch (NativeSqlite.ColumnType(statement, column))
            {
                case NativeSqlite.TypeInteger:
                    _row.AddInteger(NativeSqlite.ColumnInteger(statement, column));
                    break;
                case NativeSqlite.TypeReal:
                    _row.AddReal(NativeSqlite.ColumnReal(statement, column));
                    break;
                case NativeSqlite.TypeText when _utf16:
                    _row.BeginBytes(ValueKind.Text);
                    Utf16Text.AppendAsUtf8(_row, ReadBytes(statement, column), _bigEndian);
                    _row.EndBytes();
                    break;
                case NativeSqlite.TypeText:
                    _row.AddBytes(ValueKind.Text, ReadBytes(statement, column));
                    break;
                case NativeSqlite.TypeBlob:
                    _row.AddBytes(ValueKind.Blob, ReadBytes(statement, column));
                    break;
                default:
                    _row.AddNull();
                    break;
            }
        }

        return true;
    }

    public void Dispose() => _statement.Dispose();

    private static ReadOnlySpan<byte> ReadBytes(nint statement, int column)
    {
        // Both must be read, in this order: the pointer settles in which encoding the length is given.
        byte* bytes = NativeSqlite.ColumnBlob(statement, column);
        return new ReadOnlySpan<byte>(bytes, NativeSqlite.ColumnBytes(statement, column));
    }
}

/// <summary>Rowids, both ends included.</summary>
internal readonly record struct RowidRange(long First, long Last);
