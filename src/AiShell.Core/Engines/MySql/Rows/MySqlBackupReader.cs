using System.Collections.Concurrent;
using AiShell.Engines.MySql.Log;
using AiShell.Engines.MySql.Schema;
using AiShell.Engines.MySql.Snapshot;

namespace AiShell.Engines.MySql;

/// <summary>Reads a backup's parts without a server: every entry of the scripts, every row's hash.</summary>
internal sealed class MySqlBackupReader(BackupContents contents, ReaderOptions options) : IBackupReader
{
    private readonly TablesRead _tables = new(contents, options.SampleRows);

    private readonly ConcurrentDictionary<int, ScriptEntryHeader> _entries = new();
    private int _declaredEntries = -1;
    private DatabaseProperties? _properties;
    private LoggedParts? _log;

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

    /// <summary>That it is whole and follows what is before it; what it makes of the rows only a server can tell.</summary>
    public Task ApplyAsync(LinkPart part, Stream plain, CancellationToken cancellationToken) => Task.Run(
        () =>
        {
            _log ??= LoggedParts.After(_properties);
            _log.Read(part, plain, _ => { }, _ => cancellationToken.ThrowIfCancellationRequested());
        },
        cancellationToken);

    public Task<ReaderResult> CompleteAsync(CancellationToken cancellationToken)
    {
        RequireSchema();
        return Task.FromResult(contents.HasLinks ? new ReaderResult([], []) : _tables.ToResult());
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
                _properties = DatabaseEntry.Parse(entry.Sql);
                _declaredEntries = _properties.Entries;
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

        _tables.Add(part, rows.Columns, digester.Fingerprint, sample);
    }

    /// <summary>No part of the schema is missing, and rows have a table to go to.</summary>
    private void RequireSchema()
    {
        if (_entries.Count != _declaredEntries)
        {
            throw Damage("a part of its schema is missing");
        }

        HashSet<string> declared = [.. _entries.Values.Where(entry => entry.Kind == SchemaScript.Table).Select(entry => entry.Name)];
        if (contents.Scope != BackupScope.DataOnly && _tables.Tables.FirstOrDefault(table => !declared.Contains(table.Name)) is { } stray)
        {
            throw Damage($"it has rows of table '{stray}', but its schema does not make it");
        }
    }

    private static AiShellException Damage(string damage) => new(ErrorKind.Integrity, $"The backup is damaged: {damage}.", "Use another backup ('ai-shell backup list').");
}
