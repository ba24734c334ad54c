using Microsoft.Data.Sqlite;

namespace AiShell.Engines.Sqlite.Rows;

/// <summary>
/// Reads the rows of a table straight from the leaves of its b-tree (https://sqlite.org/fileformat2.html, 1.6 and 2.1), many pages at
/// once: measured several times as fast as a statement, whose every value is a call into SQLite and whose every page a call into the system.
/// What it does not know (generated columns, rows from before a column was added) it leaves to <see cref="TableScan"/>; that the two
/// agree is tested on random databases, and by every deep verification and restore with fingerprints, which read by statements.
/// </summary>
internal sealed class PageScan : IRowScan
{
    private readonly SqliteConnection _connection;
    private readonly SqliteSchema _schema;
    private readonly SqliteTable _table;
    private readonly RowidRange _range;
    private readonly LeafPages _leaves;
    private readonly RecordReader _records;
    private readonly RowBuffer _row = new();
    private int _cell;
    private int _cells;
    private long? _last;
    private TableScan? _rest;

    private PageScan(SqliteConnection connection, PageReader readPages, SqliteSchema schema, SqliteTable table, RowidRange range)
    {
        _connection = connection;
        _schema = schema;
        _table = table;
        _range = range;
        _leaves = new LeafPages(readPages, schema.PageSizeBytes, (uint)table.RootPage, range);
        _records = new RecordReader(readPages, schema, table);
    }

    public ReadOnlySpan<byte> Row => _rest is null ? _row.Row : _rest.Row;

    /// <summary>A scan of the pages where the table allows it, by a statement otherwise.</summary>
    /// <param name="connection">Within the pinned view that <paramref name="readPages"/> reads.</param>
    /// <param name="range">Null for all rows.</param>
    public static IRowScan Open(SqliteConnection connection, PageReader readPages, SqliteSchema schema, SqliteTable table, RowidRange? range = null) =>
        table.IsWithoutRowid || table.IsVirtual || table.Columns.Any(column => column.IsGenerated)
            ? new TableScan(connection, schema, table, range)
            : new PageScan(connection, readPages, schema, table, range ?? new RowidRange(long.MinValue, long.MaxValue));

    public bool Next()
    {
        if (_rest is not null)
        {
            return _rest.Next();
        }

        while (true)
        {
            while (_cell == _cells)
            {
                if (!_leaves.Next())
                {
                    return false;
                }

                _cell = 0;
                _cells = LeafPages.CellCount(_leaves.Page);
            }

            ReadOnlySpan<byte> cell = LeafPages.Cell(_leaves.Page, LeafPages.LeafHeaderBytes, _cell++);
            cell = cell[Varint.Read(cell, out ulong payloadBytes)..];
            cell = cell[Varint.Read(cell, out ulong rowidBits)..];
            long rowid = (long)rowidBits;
            RequireAscending(rowid);
            if (rowid < _range.First)
            {
                continue;
            }

            if (rowid > _range.Last)
            {
                return false;
            }

            if (_records.Read(cell, payloadBytes, rowid, _row))
            {
                return true;
            }

            if (_table.RowidName is null)
            {
                throw new AiShellException(
                    ErrorKind.Failed, $"Rows of table '{_table.Name}' are from before a column was added, and no name is left for its rowid.", "Run VACUUM on the database, then try again.");
            }

            // A row from before a column was added: the column's default is SQLite's to give, from here on.
            _rest = new TableScan(_connection, _schema, _table, _range with { First = rowid });
            return _rest.Next();
        }
    }

    public void Dispose() => _rest?.Dispose();

    /// <summary>In a sound tree they do; in one with a circle the scan would not end.</summary>
    private void RequireAscending(long rowid)
    {
        if (_last is { } last && rowid <= last)
        {
            throw LeafPages.Damaged();
        }

        _last = rowid;
    }
}
