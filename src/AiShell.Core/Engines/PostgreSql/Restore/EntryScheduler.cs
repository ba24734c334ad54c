using AiShell.Engines.PostgreSql.Snapshot;

namespace AiShell.Engines.PostgreSql.Restore;

/// <summary>
/// Runs the entries of the script after the rows on several sessions: each when what it needs is there, and never two that
/// want the same table for themselves, nor one that would wait for a table which another has for itself. Index builds come first, for
/// they are what takes long.
/// </summary>
/// <param name="mayStart">Whether the rows that an entry needs are there; asked again after each <see cref="LookAgain"/>.</param>
internal sealed class EntryScheduler(IReadOnlyList<ScriptEntry> entries, int workers, Func<ScriptEntry, bool> mayStart)
{
    private readonly HashSet<int> _waiting = [.. entries.Select(entry => entry.Header.Id)];
    private readonly List<(int Place, ScriptEntry Entry)> _withoutRows = [.. entries.Index()];
    private readonly List<(int Place, ScriptEntry Entry)> _pending = [];
    private readonly HashSet<int> _locked = [];
    private TaskCompletionSource _changed = NewSignal();
    private volatile int _left = entries.Count;

    /// <summary>As many entries wait to be begun as there are workers.</summary>
    public bool KeepsAllBusy => _left >= workers;

    /// <summary>More rows are there than before.</summary>
    public void LookAgain() => Volatile.Read(ref _changed).TrySetResult();

    public async Task RunAsync(Func<ScriptEntry, CancellationToken, Task> run, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Dictionary<Task, ScriptEntry> running = [];
        try
        {
            while (_withoutRows.Count > 0 || _pending.Count > 0 || running.Count > 0)
            {
                stop.Token.ThrowIfCancellationRequested();
                TaskCompletionSource changed = NewSignal();
                Volatile.Write(ref _changed, changed); // before looking, so that nothing is missed
                TakeThoseWithRows();
                while (running.Count < workers && TakeReady() is { } ready)
                {
                    running.Add(run(ready, stop.Token), ready);
                }

                if (running.Count == 0 && _withoutRows.Count == 0)
                {
                    throw new AiShellException(ErrorKind.Integrity, $"The backup's script has a circle of {_pending.Count} objects, '{_pending[0].Entry}' among them.", "Use another backup ('ai-shell backup list').");
                }

                Task done = await Task.WhenAny(_withoutRows.Count > 0 ? running.Keys.Append(changed.Task.WaitAsync(stop.Token)) : running.Keys);
                await done;
                if (running.Remove(done, out ScriptEntry? finished))
                {
                    _waiting.Remove(finished.Header.Id);
                    _locked.ExceptWith(finished.Header.Locks);
                }
            }
        }
        catch
        {
            await stop.CancelAsync();
            await Task.WhenAll(running.Keys).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw;
        }
    }

    private void TakeThoseWithRows()
    {
        int before = _pending.Count;
        _pending.AddRange(_withoutRows.Where(waiting => mayStart(waiting.Entry)));
        if (_pending.Count > before)
        {
            HashSet<int> taken = [.. _pending.Skip(before).Select(waiting => waiting.Place)];
            _withoutRows.RemoveAll(waiting => taken.Contains(waiting.Place));
            _pending.Sort((one, other) => one.Place.CompareTo(other.Place));
        }
    }

    /// <summary>In the script's order; grants and what follows them wait for everything before them.</summary>
    private ScriptEntry? TakeReady()
    {
        for (int at = 0; at < _pending.Count; at++)
        {
            ScriptEntry entry = _pending[at].Entry;
            bool inOrder = IsOrdered(entry);
            if (inOrder && at > 0)
            {
                return null; // the order of grants, event triggers and the database's own settings is the script's
            }

            if ((!inOrder || _waiting.Count == _pending.Count) && !entry.Header.Needs.Any(id => _waiting.Contains(id) || _locked.Contains(id)) && !entry.Header.Locks.Any(_locked.Contains))
            {
                _pending.RemoveAt(at);
                _left = _pending.Count + _withoutRows.Count;
                _locked.UnionWith(entry.Header.Locks);
                return entry;
            }
        }

        return null;
    }

    private static bool IsOrdered(ScriptEntry entry) => entry.Header.Kind is "ACL" or "DEFAULT ACL" or "EVENT TRIGGER" or DatabaseSettings.Kind;

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
