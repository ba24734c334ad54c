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

    private readonly BackupContents _contents;
    private readonly TargetOptions _options;
    private readonly StagingDatabase _staging;
    private readonly EntryRunner _runner;
    private readonly Dictionary<TableName, int> _partsOf;
    private HashSet<int> _dropped = [];

    private CopyTarget(BackupContents contents, TargetOptions options, StagingDatabase staging)
    {
        _contents = contents;
        _options = options;
        _staging = staging;
        _runner = new EntryRunner(options.KeepOwners);
        _partsOf = contents.Parts.Where(part => part.Table is not null).GroupBy(part => part.Table!).ToDictionary(table => table.Key, table => table.Count());
    }

    public string? KeptAs => _staging.KeptAs;

    public static async Task<IRestoreTarget> OpenAsync(ConnectionSettings settings, BackupContents contents, TargetOptions options, CancellationToken cancellationToken) =>
        new CopyTarget(contents, options, await StagingDatabase.PrepareAsync(settings, options.Workers, cancellationToken));

    public int ParallelismOf(PartPhase phase) => phase == PartPhase.Data ? Math.Max(1, _options.Workers) : 1;

    public Task LoadAsync(BackupPart part, Stream plain, CancellationToken cancellationToken) => part.Phase switch
    {
        PartPhase.PreData => LoadSchemaAsync(part, plain, cancellationToken),
        PartPhase.Data => _staging.UseAsync(
            $"table '{part.Table}'",
            session =>
            {
                PartLoading.LoadRows(session, part, plain, _options.ScratchDirectory, mayFreeze: _partsOf[part.Table!] == 1);
                return true;
            },
            cancellationToken),
        _ => LoadPostDataAsync(part, plain, cancellationToken),
    };

    public async Task<IReadOnlyList<TableDigest>> CompleteAsync(bool fingerprints, CancellationToken cancellationToken)
    {
        ConcurrentBag<TableDigest[]> found = [];
        await Parallel.ForEachAsync(
            TableDigests.Batch(_contents.Tables.Where(digest => _options.Tables.Takes(digest.Table))),
            new ParallelOptions { MaxDegreeOfParallelism = Math.Max(1, _options.Workers), CancellationToken = cancellationToken },
            async (batch, token) => found.Add(await _staging.UseAsync(
                batch.Length == 1 ? $"table '{batch[0]}'" : $"tables '{batch[0]}' to '{batch[^1]}'", session => TableDigests.Read(session, batch, fingerprints), token)));
        return [.. found.SelectMany(digests => digests).OrderBy(digest => digest.Table)];
    }

    public Task PromoteAsync(CancellationToken cancellationToken) => _staging.PromoteAsync(_options, cancellationToken);

    public ValueTask DisposeAsync() => _staging.DisposeAsync();

    private async Task LoadSchemaAsync(BackupPart part, Stream plain, CancellationToken cancellationToken)
    {
        IEnumerable<ScriptEntry> entries = PartLoading.ReadEntries(part, plain);
        if (!_options.Tables.TakesAll)
        {
            ScriptEntry[] all = [.. entries];
            _dropped = EntrySelection.FindDropped([.. all.Select(EntryLinks.Of)], _options.Tables);
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
                await _staging.CreateAsync(DatabaseEntry.Parse(entry.Sql), cancellationToken);
                await RunAsync(entry, cancellationToken);
            }
            else
            {
                together.Add(entry);
            }
        }

        await RunAsync(together, cancellationToken);
    }

    /// <summary>Runs entries in one message, which the server takes as one transaction; when it fails, one by one, to tell which it is.</summary>
    private async Task RunAsync(List<ScriptEntry> together, CancellationToken cancellationToken)
    {
        try
        {
            await _staging.UseAsync(
                $"{together.Count} objects",
                session =>
                {
                    _runner.Run(session, together);
                    return true;
                },
                cancellationToken);
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

    private Task LoadPostDataAsync(BackupPart part, Stream plain, CancellationToken cancellationToken)
    {
        ScriptEntry[] entries = [.. PartLoading.ReadEntries(part, plain)];
        EntrySelection.AddDependants([.. entries.Select(EntryLinks.Of)], _dropped);
        return new EntryScheduler([.. entries.Where(entry => !_dropped.Contains(entry.Header.Id))], Math.Max(1, _options.Workers)).RunAsync(RunAsync, cancellationToken);
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
                await RunOnceAsync(entry, cancellationToken);
                return;
            }
            catch (AiShellException failure) when (attempt < MostAttempts && failure.InnerException is ServerError { SqlState: Deadlock })
            {
                // The other one goes on meanwhile.
            }
        }
    }

    private Task RunOnceAsync(ScriptEntry entry, CancellationToken cancellationToken) => _staging.UseAsync(
        entry.ToString(),
        session =>
        {
            _runner.Run(session, entry);
            return true;
        },
        cancellationToken);
}
