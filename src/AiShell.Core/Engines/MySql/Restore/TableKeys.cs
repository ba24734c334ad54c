using System.Collections.Concurrent;
using AiShell.Engines.MySql.Schema;

namespace AiShell.Engines.MySql.Restore;

/// <summary>
/// The keys of a restore's tables: a table's are made when its last row is there, for rows that come into sorted trees cost several times as
/// much, and beside the rows of other tables, which do not keep all processors busy. Where there are few rows a statement of its own costs
/// more than that, and the table has its keys from the start.
/// </summary>
/// <param name="parts">The data parts that will come.</param>
/// <param name="workers">How many tables' keys are made at once.</param>
/// <param name="run">Runs an entry on a session of its own.</param>
internal sealed class TableKeys(IEnumerable<BackupPart> parts, int workers, Func<ScriptEntry, CancellationToken, Task> run) : IAsyncDisposable
{
    private const long FewBytes = 256 * 1024;

    private readonly ConcurrentDictionary<TableName, int> _partsLeft = new(parts.GroupBy(part => part.Table!).Select(table => KeyValuePair.Create(table.Key, table.Count())));
    private readonly Dictionary<TableName, long> _bytes = parts.GroupBy(part => part.Table!).ToDictionary(table => table.Key, table => table.Sum(part => part.PlainBytes));
    private readonly ConcurrentDictionary<TableName, ScriptEntry> _waiting = new();
    private readonly ConcurrentBag<Task> _made = [];
    private readonly SemaphoreSlim _free = new(workers);
    private readonly CancellationTokenSource _stop = new();

    /// <summary>Before the tables are made.</summary>
    /// <param name="entries">Of them those that are keys; a table has one entry.</param>
    public void Add(IEnumerable<ScriptEntry> entries)
    {
        foreach (ScriptEntry entry in entries.Where(entry => entry.Header.Kind == SchemaScript.Keys))
        {
            _waiting[new TableName("", entry.Header.Name)] = entry;
        }
    }

    /// <summary>What makes a table: with its keys where it gets few rows or none; they do not wait any more then.</summary>
    public ScriptEntry MakeWith(ScriptEntry table)
    {
        TableName name = new("", table.Header.Name);
        if (_bytes.GetValueOrDefault(name) > FewBytes
            || !_waiting.TryGetValue(name, out ScriptEntry? keys)
            || ScriptStatements.Split(table.Sql).ToArray() is not [var create]
            || ScriptStatements.Split(keys.Sql).ToArray() is not [var alter]
            || TableScript.WithKeys(create, alter) is not { } both)
        {
            return table;
        }

        _waiting.TryRemove(name, out _);
        return table with { Sql = $"{both};\n" };
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

    /// <summary>After the last row: waits for all keys, then makes what asks for them.</summary>
    /// <param name="foreignKeys">One entry each.</param>
    public async Task CompleteAsync(IEnumerable<ScriptEntry> foreignKeys, CancellationToken cancellationToken)
    {
        foreach (TableName table in _waiting.Keys)
        {
            Begin(table);
        }

        await Task.WhenAll(_made).WaitAsync(cancellationToken);
        foreach (ScriptEntry entry in foreignKeys)
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
