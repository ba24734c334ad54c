using System.Collections.Concurrent;

namespace AiShell.Engines;

/// <summary>What a reader finds in the rows of a backup's tables, part by part; parts may come in any order and at once.</summary>
internal sealed class TablesRead(BackupContents contents, int sampleRows)
{
    private readonly ConcurrentDictionary<TableName, Rows> _tables = new(contents.Tables.Select(table => KeyValuePair.Create(table.Table, new Rows(sampleRows))));

    public IEnumerable<TableName> Tables => _tables.Keys;

    /// <summary>Adds a whole part of rows.</summary>
    /// <param name="columns">As the part names them.</param>
    /// <param name="sample">Of the part's rows; null for none.</param>
    /// <exception cref="InvalidDataException">It has not the rows that it should have, or other columns than the table's other parts.</exception>
    public void Add(BackupPart part, IReadOnlyList<string> columns, TableFingerprint found, RowSample? sample)
    {
        if (found.Rows != part.Rows)
        {
            throw new InvalidDataException($"it has {found.Rows:N0} rows instead of {part.Rows:N0}");
        }

        Rows table = _tables.GetOrAdd(part.Table!, _ => new Rows(sampleRows));
        lock (table)
        {
            if (table.Columns is { } others && !others.SequenceEqual(columns))
            {
                throw new InvalidDataException("it has other columns than the table's other parts");
            }

            table.Columns = columns;
            table.Fingerprint = table.Fingerprint.Add(found);
            if (sample is not null)
            {
                table.Sample.Merge(sample);
            }
        }
    }

    public ReaderResult ToResult() => new(
        [.. _tables.Select(table => new TableDigest(table.Key, table.Value.Fingerprint)).OrderBy(digest => digest.Table)],
        [.. _tables.SelectMany(table => table.Value.Sample.Rows.Select(row => new SampledRow(table.Key, row)))]);

    private sealed class Rows(int sampleRows)
    {
        public IReadOnlyList<string>? Columns { get; set; }

        public TableFingerprint Fingerprint { get; set; }

        public RowSample Sample { get; } = new(sampleRows);
    }
}
