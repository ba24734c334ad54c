using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;

namespace AiShell.Engines.Sqlite.Rows;

/// <summary>
/// Reads a backup in one of the row formats without restoring it: every data part is parsed and digested, the schema
/// parts are run in memory, and the two are compared. Bytes that no part should have are errors.
/// </summary>
internal sealed class RowBackupReader(BackupContents contents, ReaderOptions options) : IBackupReader
{
    private const int RowsBetweenCancellationChecks = 4096;

    private readonly ConcurrentDictionary<TableName, TableRows> _tables = new();
    private readonly ConcurrentDictionary<int, byte[]> _schemaParts = new();

    public int Parallelism => options.Workers;

    public Task ReadAsync(BackupPart part, Stream plain, CancellationToken cancellationToken) => part.Phase == PartPhase.Data
        ? Task.Run(() => ReadRows(part, plain, cancellationToken), cancellationToken)
        : KeepSchemaAsync(part, plain, cancellationToken);

    public Task<ReaderResult> CompleteAsync(CancellationToken cancellationToken) => Task.Run(
        () =>
        {
            CheckSchema(cancellationToken);
            IEnumerable<TableName> names = contents.Tables.Select(table => table.Table).Union(_tables.Keys);
            return new ReaderResult(
                [.. names.Select(name => new TableDigest(name, _tables.TryGetValue(name, out TableRows? rows) ? rows.Fingerprint : TableFingerprint.Empty))],
                [.. _tables.SelectMany(table => table.Value.Sample.Rows.Select(row => new SampledRow(table.Key, row)))]);
        },
        cancellationToken);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private void ReadRows(BackupPart part, Stream plain, CancellationToken cancellationToken)
    {
        RowReader reader = RowReader.Create(part, plain);
        RowBuffer row = new();
        RowSample sample = new(options.SampleRows);
        TableFingerprint fingerprint = TableFingerprint.Empty;
        try
        {
            while (reader.Next(row))
            {
                fingerprint = fingerprint.Add(row.Row);
                sample.Offer(row.Row);
                if (fingerprint.Rows % RowsBetweenCancellationChecks == 0)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                }
            }
        }
        catch (FormatException failure)
        {
            throw PartFailure.Damaged(part, fingerprint.Rows, reader.Offset, failure);
        }

        if (fingerprint.Rows != part.Rows)
        {
            throw PartFailure.Damaged(part, fingerprint.Rows, reader.Offset, new FormatException($"it has {fingerprint.Rows:N0} rows instead of {part.Rows:N0}"));
        }

        TableRows table = _tables.GetOrAdd(part.Table!, _ => new TableRows(options.SampleRows));
        lock (table)
        {
            if (table.Columns is { } columns && !columns.SequenceEqual(reader.Columns))
            {
                throw PartFailure.Damaged(part, 0, 0, new FormatException("it has other columns than the table's other parts"));
            }

            table.Columns = reader.Columns.Count > 0 ? reader.Columns : table.Columns;
            table.Fingerprint = table.Fingerprint.Add(fingerprint);
            table.Sample.Merge(sample);
        }
    }

    private async Task KeepSchemaAsync(BackupPart part, Stream plain, CancellationToken cancellationToken)
    {
        using MemoryStream kept = new();
        await plain.CopyToAsync(kept, cancellationToken);
        _schemaParts[part.Index] = kept.ToArray();
    }

    private void CheckSchema(CancellationToken cancellationToken)
    {
        if (contents.Scope == BackupScope.DataOnly)
        {
            return; // its statements need tables that it does not make
        }

        using SqliteConnection memory = new("Data Source=:memory:;Pooling=False");
        memory.Open();
        LoadingConnection.Prepare(memory);
        foreach ((int index, byte[] script) in _schemaParts.OrderBy(part => part.Key))
        {
            try
            {
                using MemoryStream stream = new(script);
                SqlScript.Run(memory, stream, cancellationToken);
            }
            catch (AiShellException failure)
            {
                throw PartFailure.Damaged(contents.Parts[index], 0, 0, failure);
            }
        }

        SqliteSchema schema = SqliteSchema.Read(memory);
        foreach ((TableName name, TableRows rows) in _tables)
        {
            SqliteTable table = schema.Find(name.Name)
                ?? throw new AiShellException(ErrorKind.Integrity, $"The backup is damaged: it has rows of table '{name}', but its schema does not declare it.");
            if (rows.Columns is { } columns && !columns.SequenceEqual(table.RowColumns))
            {
                throw new AiShellException(ErrorKind.Integrity, $"The backup is damaged: the rows of table '{name}' do not have the columns of its schema.");
            }
        }
    }

    private sealed class TableRows(int sampleRows)
    {
        public IReadOnlyList<string>? Columns { get; set; }

        public TableFingerprint Fingerprint { get; set; }

        public RowSample Sample { get; } = new(sampleRows);
    }
}
