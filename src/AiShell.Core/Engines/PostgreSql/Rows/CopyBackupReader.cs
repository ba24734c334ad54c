using System.Collections.Concurrent;
using AiShell.Engines.PostgreSql.Schema;
using AiShell.Engines.PostgreSql.Snapshot;

namespace AiShell.Engines.PostgreSql;

/// <summary>Reads a backup's parts without a server: every entry of the scripts, every row's hash.</summary>
internal sealed class CopyBackupReader(BackupContents contents, ReaderOptions options) : IBackupReader
{
    private readonly TablesRead _tables = new(contents, options.SampleRows);

    private readonly ConcurrentDictionary<int, ScriptEntryHeader> _entries = new();

    public int Parallelism => options.Workers;

    public Task ReadAsync(BackupPart part, Stream plain, CancellationToken cancellationToken) => Task.Run(
        () =>
        {
            try
            {
                if (part.Phase == PartPhase.Globals)
                {
                    ReadGlobals(plain);
                }
                else if (part.Phase == PartPhase.Data)
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
        RequireDeclared();
        return Task.FromResult(_tables.ToResult());
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private void ReadGlobals(Stream plain)
    {
        IReadOnlyDictionary<string, IReadOnlyList<string>> found = GlobalsScript.Read(plain).Names;
        if (found.Any(kind => !kind.Value.SequenceEqual(contents.Globals.GetValueOrDefault(kind.Key) ?? [])))
        {
            throw new InvalidDataException("it has other roles or tablespaces than the manifest says");
        }
    }

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

            if (first && part.Phase == PartPhase.PreData)
            {
                DatabaseEntry.Parse(entry.Sql);
            }

            if (!_entries.TryAdd(entry.Header.Id, entry.Header))
            {
                throw new InvalidDataException($"{entry} is there twice");
            }

            first = false;
        }

        if (first && part.Phase == PartPhase.PreData)
        {
            throw new InvalidDataException("it is empty");
        }
    }

    private void ReadRows(BackupPart part, Stream plain, CancellationToken cancellationToken)
    {
        RowSample sample = new(options.SampleRows);
        RowDigester digester = new(sample, options.SampleRows > 0);
        using RowReader rows = RowFormats.CreateReader(part, plain, options.ScratchDirectory);
        rows.ReadHeader();
        rows.ReadRows(lines =>
        {
            cancellationToken.ThrowIfCancellationRequested();
            digester.Take(lines);
        });
        digester.Complete();
        _tables.Add(part, rows.Columns, digester.Fingerprint, sample);
    }

    /// <summary>Rows need a table to go to: one that the schema makes, or one that comes with an extension, or the one that large objects are rows of.</summary>
    private void RequireDeclared()
    {
        if (contents.Scope == BackupScope.DataOnly || _entries.Values.Any(entry => entry.Kind == "EXTENSION"))
        {
            return;
        }

        HashSet<TableName> declared = [.. _entries.Values.Where(entry => entry.Kind == "TABLE").Select(entry => new TableName(entry.Schema, entry.Name))];
        if (_tables.Tables.FirstOrDefault(table => table != LargeObjects.Table && !declared.Contains(table)) is { } stray)
        {
            throw new AiShellException(
                ErrorKind.Integrity, $"The backup is damaged: it has rows of table '{stray}', but its schema does not make it.", "Use another backup ('ai-shell backup list').");
        }
    }
}
