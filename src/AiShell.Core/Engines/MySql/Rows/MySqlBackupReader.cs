using System.Collections.Concurrent;
using AiShell.Engines.MySql.Schema;

namespace AiShell.Engines.MySql;

/// <summary>Reads a backup's parts without a server: every entry of the scripts, every row's hash.</summary>
internal sealed class MySqlBackupReader(BackupContents contents, ReaderOptions options) : IBackupReader
{
    private readonly ConcurrentDictionary<TableName, TableRows> _tables = new(
        contents.Tables.Select(table => KeyValuePair.Create(table.Table, new TableRows(options.SampleRows))));

    private readonly ConcurrentDictionary<int, ScriptEntryHeader> _entries = new();
    private int _declaredEntries = -1;

    public int Parallelism => options.Workers;

    public Task ReadAsync(BackupPart part, Stream plain, CancellationToken cancellationToken) => Task.Run(
        () =>
        {
            try
            {
                if (part.Phase == PartPhase.Data)
                {
                    ReadRows(part, plain, cancellationToken);
                }
                else
                {
                    ReadScript(part, plain, cancellationToken);
                }
            }
            catch (InvalidDataException damage)
            {
                throw PartDamage.Of(part, damage);
            }
        },
        cancellationToken);

    public Task<ReaderResult> CompleteAsync(CancellationToken cancellationToken)
    {
        RequireSchema();
        return Task.FromResult(new ReaderResult(
            [.. _tables.Select(table => new TableDigest(table.Key, table.Value.Fingerprint)).OrderBy(digest => digest.Table)],
            [.. _tables.SelectMany(table => table.Value.Sample.Rows.Select(row => new SampledRow(table.Key, row)))]));
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private void ReadScript(BackupPart part, Stream plain, CancellationToken cancellationToken)
    {
        bool first = true;
        foreach (ScriptEntry entry in ScriptReader.Read(plain))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if ((first && part.Phase == PartPhase.PreData) != (entry.Header.Kind == DatabaseEntry.Kind))
            {
                throw new InvalidDataException(first ? "it does not begin with the database's properties" : "it has the database's properties twice");
            }

            if (entry.Header.Kind == DatabaseEntry.Kind)
            {
                _declaredEntries = DatabaseEntry.Parse(entry.Sql).Entries;
            }

            if (part.Phase != PartPhase.Globals && !_entries.TryAdd(entry.Header.Id, entry.Header))
            {
                throw new InvalidDataException($"{entry} is there twice");
            }

            first = false;
        }

        if (first)
        {
            throw new InvalidDataException("it is empty");
        }
    }

    private void ReadRows(BackupPart part, Stream plain, CancellationToken cancellationToken)
    {
        RowSample? sample = options.SampleRows > 0 ? new RowSample(options.SampleRows) : null;
        TupleDigester digester = new(sample);
        using RowReader rows = RowFormats.CreateReader(part, plain, options.ScratchDirectory);
        rows.ReadHeader();
        while (rows.ReadRow(digester))
        {
            cancellationToken.ThrowIfCancellationRequested();
        }

        if (digester.Fingerprint.Rows != part.Rows)
        {
            throw new InvalidDataException($"it has {digester.Fingerprint.Rows:N0} rows instead of {part.Rows:N0}");
        }

        TableRows table = _tables.GetOrAdd(part.Table!, _ => new TableRows(options.SampleRows));
        lock (table)
        {
            if (table.Columns is { } columns && !columns.SequenceEqual(rows.Columns))
            {
                throw new InvalidDataException("it has other columns than the table's other parts");
            }

            table.Columns = rows.Columns;
            table.Fingerprint = table.Fingerprint.Add(digester.Fingerprint);
            if (sample is not null)
            {
                table.Sample.Merge(sample);
            }
        }
    }

    /// <summary>No part of the schema is missing, and rows have a table to go to.</summary>
    private void RequireSchema()
    {
        if (_entries.Count != _declaredEntries)
        {
            throw Damage("a part of its schema is missing");
        }

        HashSet<string> declared = [.. _entries.Values.Where(entry => entry.Kind == SchemaScript.Table).Select(entry => entry.Name)];
        if (contents.Scope != BackupScope.DataOnly && _tables.Keys.FirstOrDefault(table => !declared.Contains(table.Name)) is { } stray)
        {
            throw Damage($"it has rows of table '{stray}', but its schema does not make it");
        }
    }

    private static AiShellException Damage(string damage) => new(ErrorKind.Integrity, $"The backup is damaged: {damage}.", "Use another backup ('ai-shell backup list').");

    private sealed class TableRows(int sampleRows)
    {
        public IReadOnlyList<string>? Columns { get; set; }

        public TableFingerprint Fingerprint { get; set; }

        public RowSample Sample { get; } = new(sampleRows);
    }
}
