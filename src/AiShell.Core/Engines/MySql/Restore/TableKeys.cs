using System.Collections.Concurrent;
using AiShell.Engines.MySql.Schema;

namespace AiShell.Engines.MySql.Restore;

/// <summary>
/// The keys of a restore's tables: a table's are made when its last row is there, for rows that come into sorted trees cost several times as
/// much, and beside the rows of other tables, which do not keep all processors busy.
/// </summary>
/// <param name="parts">The data parts that will come.</param>
/// <param name="workers">How many tables' keys are made at once.</param>
/// <param name="run">Runs an entry on a session of its own.</param>
internal sealed class TableKeys(IEnumerable<BackupPart> parts, int workers, Func<ScriptEntry, CancellationToken, Task> run) : IAsyncDisposable
{
    private readonly ConcurrentDictionary<TableName, int> _partsLeft = new(parts.GroupBy(part => part.Table!).Select(table => KeyValuePair.Create(table.Key, table.Count())));
    private readonly ConcurrentDictionary<TableName, ScriptEntry> _waiting = new();
    private readonly List<ScriptEntry> _foreign = [];
    private readonly ConcurrentBag<Task> _made = [];
    private readonly SemaphoreSlim _free = new(workers);
    private readonly CancellationTokenSource _stop = new();

    /// <summary>Before the first row.</summary>
    /// <param name="entries">Of them those that are keys; a table has one entry, and one for each foreign key.</param>
    public void Add(IEnumerable<ScriptEntry> entries)
    {
        foreach (ScriptEntry entry in entries)
        {
            if (entry.Header.Kind == SchemaScript.Keys)
            {
                _waiting[new TableName("", entry.Header.Name)] = entry;
            }
            else if (entry.Header.Kind == SchemaScript.ForeignKey)
            {
                _foreign.Add(entry);
            }
        }
    }

    /// <exception cref="AiShellException">Keys could not be made; no more rows need to come.</exception>
    public async Task ThrowIfFailedAsync()
    {
        if (_made.FirstOrDefault(made => made.IsFaulted) is { } failed)
        {
            await failed;
        }
    }

    /// <summary>A part of the table is loaded.</summary>
    public void PartIsThere(TableName table)
    {
        if (_partsLeft.AddOrUpdate(table, 0, (_, left) => left - 1) == 0)
        {
            Begin(table);
        }
    }

    /// <summary>After the last row: waits for all keys, then makes what only asks for them.</summary>
    public async Task CompleteAsync(CancellationToken cancellationToken)
    {
        foreach (TableName table in _waiting.Keys)
        {
            Begin(table);
        }

        await Task.WhenAll(_made).WaitAsync(cancellationToken);
        foreach (ScriptEntry entry in _foreign)
        {
            await run(entry, cancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_made).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // what failed was told where it was waited for
        _stop.Dispose();
        _free.Dispose();
    }

    private void Begin(TableName table)
    {
        if (_waiting.TryRemove(table, out ScriptEntry? entry))
        {
            _made.Add(MakeAsync(entry));
        }
    }

    private async Task MakeAsync(ScriptEntry entry)
    {
        await _free.WaitAsync(_stop.Token);
        try
        {
            await run(entry, _stop.Token);
        }
        finally
        {
            _free.Release();
        }
    }
}
