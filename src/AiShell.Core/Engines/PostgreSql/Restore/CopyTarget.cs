using System.Collections.Concurrent;
using AiShell.Engines.PostgreSql.Connecting;
using AiShell.Engines.PostgreSql.Schema;
using AiShell.Engines.PostgreSql.Snapshot;
using AiShell.Engines.PostgreSql.Wire;

namespace AiShell.Engines.PostgreSql.Restore;

/// <summary>A restore into a new database beside the target, which takes its name at the end.</summary>
internal sealed class CopyTarget : IRestoreTarget
{
    // Each takes a few locks until the end of its transaction; one that makes large objects has hundreds of them by itself.
    private const int MostTogether = 50;
    private const string LargeObjectKind = "LARGE OBJECT";
    private const int MostAttempts = 5;
    private const string Deadlock = "40P01";

    // The server's own parallel workers take processors from ours, and are worth that only where one of ours is idle.
    private const string WithoutHelpers = "SET max_parallel_maintenance_workers = 0";
    private const string WithHelpers = "SET max_parallel_maintenance_workers TO DEFAULT";

    private readonly BackupContents _contents;
    private readonly TargetOptions _options;
    private readonly StagingDatabase _staging;
    private readonly EntryRunner _runner;
    private readonly TableLoads _loads;
    private readonly Dictionary<int, TableName> _tables = [];
    private readonly CancellationTokenSource _stop = new();

    // Rows and indexes share the workers: a table's indexes are built while other tables are still loaded.
    private readonly SemaphoreSlim _free;
    private DroppedEntries _dropped = DroppedEntries.None;
    private EntryScheduler? _scheduler;
    private Task _postData = Task.CompletedTask;

    // Nothing else in the script could change a row that was counted before.
    private bool _runsQueries;
    private int _disposed;

    private CopyTarget(BackupContents contents, TargetOptions options, StagingDatabase staging)
    {
        _contents = contents;
        _options = options;
        _staging = staging;
        _runner = new EntryRunner(options.KeepOwners);
        _free = new SemaphoreSlim(Workers);
        _loads = new TableLoads(staging, contents.Parts.Where(part => part.Table is { } table && options.Tables.Takes(table)), Workers, options.ScratchDirectory);
    }

    public string? KeptAs => _staging.KeptAs;

    private int Workers => Math.Max(1, _options.Workers);

    public static async Task<IRestoreTarget> OpenAsync(ConnectionSettings settings, BackupContents contents, TargetOptions options, CancellationToken cancellationToken) =>
        new CopyTarget(contents, options, await StagingDatabase.PrepareAsync(settings, options.Workers, LargestTable(contents), cancellationToken));

    public IReadOnlyList<LoadStage> Arrange(IReadOnlyList<BackupPart> parts) =>
    [
        LoadStage.OneAtATime(parts, PartPhase.Globals),
        LoadStage.OneAtATime(parts, PartPhase.PreData),
        LoadStage.OneAtATime(parts, PartPhase.PostData),
        new LoadStage(Workers, _loads.Runs),
    ];

    public Task LoadAsync(BackupPart part, Stream plain, CancellationToken cancellationToken) => part.Phase switch
    {
        PartPhase.Globals => _staging.MakeGlobalsAsync(PartLoading.ReadGlobals(part, plain), cancellationToken),
        PartPhase.PreData => LoadSchemaAsync(part, plain, cancellationToken),
        PartPhase.Data => LoadRowsAsync(part, plain, cancellationToken),
        _ => BeginPostDataAsync(part, plain),
    };

    public async Task<IReadOnlyList<TableDigest>> CompleteAsync(bool fingerprints, CancellationToken cancellationToken)
    {
        await _postData.WaitAsync(cancellationToken);
        ConcurrentBag<TableDigest[]> found = [];
        if (!fingerprints && !_runsQueries)
        {
            found.Add([.. _loads.Counted]);
        }

        HashSet<TableName> known = [.. found.SelectMany(digests => digests).Select(digest => digest.Table)];
        await Parallel.ForEachAsync(
            TableDigests.Batch(_contents.Tables.Where(digest => _options.Tables.Takes(digest.Table) && !known.Contains(digest.Table))),
            new ParallelOptions { MaxDegreeOfParallelism = Workers, CancellationToken = cancellationToken },
            async (batch, token) => found.Add(await _staging.UseAsync(
                batch.Length == 1 ? $"table '{batch[0]}'" : $"tables '{batch[0]}' to '{batch[^1]}'", session => TableDigests.Read(session, batch, fingerprints), token)));
        return [.. found.SelectMany(digests => digests).OrderBy(digest => digest.Table)];
    }

    public async Task PromoteAsync(CancellationToken cancellationToken)
    {
        await _postData.WaitAsync(cancellationToken);
        await _staging.PromoteAsync(_options, cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 1)
        {
            return;
        }

        await _stop.CancelAsync();
        await _postData.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // what failed was told where it was waited for
        await _staging.DisposeAsync();
        _stop.Dispose();
        _free.Dispose();
    }

    private async Task LoadSchemaAsync(BackupPart part, Stream plain, CancellationToken cancellationToken)
    {
        IEnumerable<ScriptEntry> entries = PartLoading.ReadEntries(part, plain);
        if (!_options.Tables.TakesAll)
        {
            ScriptEntry[] all = [.. entries];
            _dropped = DroppedEntries.Find([.. all.Select(EntryLinks.Of)], _options.Tables);
            entries = all;
        }

        List<ScriptEntry> together = [];
        foreach (ScriptEntry entry in entries.Where(entry => !_dropped.Contains(entry.Header.Id)))
        {
            if (together.Count == MostTogether || entry.Header.Kind.StartsWith(LargeObjectKind, StringComparison.Ordinal))
            {
                await RunAsync(together, cancellationToken);
            }

            if (entry.Header.Kind == DatabaseEntry.Kind)
            {
                DatabaseProperties properties = DatabaseEntry.Parse(entry.Sql);
                await _staging.CreateAsync(_options.KeepOwners ? properties : properties with { Tablespace = null }, cancellationToken);
                await RunAsync(entry, cancellationToken);
            }
            else
            {
                together.Add(entry);
            }

            if (entry.Header.Kind == "TABLE")
            {
                _tables[entry.Header.Id] = new TableName(entry.Header.Schema, entry.Header.Name);
            }
        }

        await RunAsync(together, cancellationToken);
    }

    /// <summary>Runs entries in one message, which the server takes as one transaction; when it fails, one by one, to tell which it is.</summary>
    private async Task RunAsync(List<ScriptEntry> together, CancellationToken cancellationToken)
    {
        try
        {
            await _staging.UseAsync($"{together.Count} objects", session => _runner.Run(session, together), cancellationToken);
        }
        catch (AiShellException failure) when (failure.InnerException is ServerError && together.Count > 1)
        {
            foreach (ScriptEntry entry in together)
            {
                await RunAsync(entry, cancellationToken);
            }
        }

        together.Clear();
    }

    private async Task LoadRowsAsync(BackupPart part, Stream plain, CancellationToken cancellationToken)
    {
        if (_postData.IsFaulted)
        {
            await _postData;
        }

        await _free.WaitAsync(cancellationToken);
        try
        {
            await _loads.LoadAsync(part, plain, cancellationToken);
        }
        finally
        {
            _free.Release();
        }

        _scheduler?.LookAgain();
    }

    /// <summary>Only takes the script: its entries run beside the rows, and what is left after them.</summary>
    private Task BeginPostDataAsync(BackupPart part, Stream plain)
    {
        ScriptEntry[] entries = [.. PartLoading.ReadEntries(part, plain)];
        _dropped.AddDependants([.. entries.Select(EntryLinks.Of)]);
        _runsQueries = entries.Any(entry => entry.Header.Kind == SnapshotScripts.RefreshKind);
        _scheduler = new EntryScheduler([.. entries.Where(entry => !_dropped.Contains(entry.Header.Id))], Workers, HasItsRows);
        _postData = _scheduler.RunAsync(RunInTurnAsync, _stop.Token);
        return Task.CompletedTask;
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

    private static bool IsIndex(ScriptEntry entry) => entry.Header.Kind is "INDEX" or "CONSTRAINT";

    private static long LargestTable(BackupContents contents) =>
        contents.Parts.Where(part => part.Table is not null).GroupBy(part => part.Table).Select(table => table.Sum(part => part.PlainBytes)).DefaultIfEmpty().Max();

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
                await _staging.UseAsync(
                    entry.ToString(),
                    session =>
                    {
                        if (IsIndex(entry))
                        {
                            session.Execute(_free.CurrentCount == 0 ? WithoutHelpers : WithHelpers);
                        }

                        _runner.Run(session, entry);
                    },
                    cancellationToken);
                return;
            }
            catch (AiShellException failure) when (attempt < MostAttempts && failure.InnerException is ServerError { SqlState: Deadlock })
            {
                // The other one goes on meanwhile.
            }
        }
    }
}
