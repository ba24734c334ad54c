using AiShell.Engines.PostgreSql.Snapshot;
using AiShell.Engines.PostgreSql.Wire;

namespace AiShell.Engines.PostgreSql.Restore;

/// <summary>The script after the rows, which runs beside them as far as it can: a table's indexes are built while other tables are still loaded.</summary>
internal sealed class PostDataRun : IAsyncDisposable
{
    private const int MostAttempts = 5;
    private const string Deadlock = "40P01";

    // A build has a helper only where it may use twice this (manual, max_parallel_maintenance_workers).
    private const int HelperMegabytes = 32;

    private readonly StagingDatabase _staging;
    private readonly EntryRunner _runner;
    private readonly TableLoads _loads;
    private readonly IReadOnlyDictionary<int, TableName> _tables;
    private readonly SemaphoreSlim _free;
    private readonly CancellationTokenSource _stop = new();
    private readonly EntryScheduler _scheduler;

    /// <summary>Begins at once.</summary>
    /// <param name="tables">Tables by the entries that made them.</param>
    /// <param name="free">The workers, shared with the rows.</param>
    public PostDataRun(
        ScriptEntry[] entries, int workers, SemaphoreSlim free, StagingDatabase staging, EntryRunner runner, TableLoads loads, IReadOnlyDictionary<int, TableName> tables)
    {
        _staging = staging;
        _runner = runner;
        _loads = loads;
        _tables = tables;
        _free = free;
        MayChangeRows = entries.Any(entry => entry.Header.Kind == SnapshotScripts.RefreshKind);
        _scheduler = new EntryScheduler(entries, workers, HasItsRows);
        Completion = _scheduler.RunAsync(RunInTurnAsync, _stop.Token);
    }

    /// <summary>A materialized view's query may call any function; nothing else in the script could change a row.</summary>
    public bool MayChangeRows { get; }

    /// <exception cref="AiShellException">An entry failed; no other is begun.</exception>
    public Task Completion { get; }

    /// <summary>More rows are there than before.</summary>
    public void LookAgain() => _scheduler.LookAgain();

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Completion.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // what failed was told where it was waited for
        _stop.Dispose();
    }

    /// <summary>An index needs the rows of its table; what else there is may look at any.</summary>
    private bool HasItsRows(ScriptEntry entry)
    {
        if (!IsIndex(entry))
        {
            return _loads.HasAll;
        }

        TableName[] needed = [.. entry.Header.Needs.Where(_tables.ContainsKey).Select(id => _tables[id])];
        return needed.Length > 0 ? needed.All(_loads.Has) : _loads.HasAll;
    }

    private async Task RunInTurnAsync(ScriptEntry entry, CancellationToken cancellationToken)
    {
        await _free.WaitAsync(cancellationToken);
        try
        {
            await RunAsync(entry, cancellationToken);
        }
        finally
        {
            _free.Release();
        }
    }

    /// <summary>
    /// What an entry locks beyond the tables that it names (partitions, their indexes) is the server's to know: two that meet there are
    /// told of a deadlock, and the one that was rolled back runs again.
    /// </summary>
    private async Task RunAsync(ScriptEntry entry, CancellationToken cancellationToken)
    {
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                await _staging.UseAsync(entry.ToString(), session => Run(session, entry), cancellationToken);
                return;
            }
            catch (AiShellException failure) when (attempt < MostAttempts && failure.InnerException is ServerError { SqlState: Deadlock })
            {
                // The other one goes on meanwhile.
            }
        }
    }

    private void Run(WireSession session, ScriptEntry entry)
    {
        if (IsIndex(entry))
        {
            // The server's own parallel workers take processors from ours, and are worth that only where one of ours is idle or about to be.
            bool helpers = _free.CurrentCount > 0 || !_scheduler.KeepsAllBusy;
            session.Execute(helpers
                ? $"SET max_parallel_maintenance_workers TO DEFAULT; SET maintenance_work_mem = '{Math.Max(_staging.MaintenanceMegabytes, 2 * HelperMegabytes)}MB'"
                : $"SET max_parallel_maintenance_workers = 0; SET maintenance_work_mem = '{_staging.MaintenanceMegabytes}MB'");
        }

        _runner.Run(session, entry);
    }

    private static bool IsIndex(ScriptEntry entry) => entry.Header.Kind is "INDEX" or "CONSTRAINT";
}
