using System.Collections.Concurrent;
using AiShell.Engines.PostgreSql.Connecting;
using AiShell.Engines.PostgreSql.Schema;

namespace AiShell.Engines.PostgreSql.Restore;

/// <summary>A restore into a new database beside the target, which takes its name at the end.</summary>
internal sealed class CopyTarget : IRestoreTarget
{
    private readonly BackupContents _contents;
    private readonly TargetOptions _options;
    private readonly StagingDatabase _staging;
    private readonly EntryRunner _runner;
    private readonly SchemaLoad _schema;
    private readonly TableLoads _loads;
    private readonly SemaphoreSlim _free;
    private PostDataRun? _postData;
    private int _disposed;

    private CopyTarget(BackupContents contents, TargetOptions options, StagingDatabase staging)
    {
        _contents = contents;
        _options = options;
        _staging = staging;
        _runner = new EntryRunner(options.KeepOwners);
        _schema = new SchemaLoad(staging, _runner, options);
        _free = new SemaphoreSlim(Workers);
        _loads = new TableLoads(staging, contents.Parts.Where(part => part.Table is { } table && options.Tables.Takes(table)), Workers, options.ScratchDirectory);
    }

    public string? KeptAs => _staging.KeptAs;

    private int Workers => Math.Max(1, _options.Workers);

    private Task PostDataCompletion => _postData?.Completion ?? Task.CompletedTask;

    public static async Task<IRestoreTarget> OpenAsync(ConnectionSettings settings, BackupContents contents, TargetOptions options, CancellationToken cancellationToken) =>
        new CopyTarget(contents, options, await StagingDatabase.PrepareAsync(settings, options.Workers, LargestTable(contents), cancellationToken));

    /// <summary>The script after the rows comes before them, for it runs beside them.</summary>
    public IReadOnlyList<LoadStage> Arrange(IReadOnlyList<BackupPart> parts) =>
    [
        LoadStage.OneAtATime(parts, PartPhase.Globals),
        LoadStage.OneAtATime(parts, PartPhase.PreData),
        LoadStage.OneAtATime(parts, PartPhase.PostData),
        new LoadStage(Workers, _loads.Runs),
    ];

    public Task LoadAsync(BackupPart part, Stream plain, CancellationToken cancellationToken)
    {
        switch (part.Phase)
        {
            case PartPhase.Globals:
                return _staging.MakeGlobalsAsync(PartLoading.ReadGlobals(part, plain), cancellationToken);
            case PartPhase.PreData:
                return _schema.RunAsync(part, plain, cancellationToken);
            case PartPhase.Data:
                return LoadRowsAsync(part, plain, cancellationToken);
            default:
                _postData = BeginPostData(part, plain);
                return Task.CompletedTask;
        }
    }

    public async Task<IReadOnlyList<TableDigest>> CompleteAsync(bool fingerprints, CancellationToken cancellationToken)
    {
        await PostDataCompletion.WaitAsync(cancellationToken);
        bool counted = !fingerprints && _postData is not { MayChangeRows: true };
        ConcurrentBag<TableDigest> found = [.. counted ? _loads.Counted : []];
        HashSet<TableName> known = [.. found.Select(digest => digest.Table)];
        await Parallel.ForEachAsync(
            TableDigests.Batch(_contents.Tables.Where(digest => _options.Tables.Takes(digest.Table) && !known.Contains(digest.Table))),
            new ParallelOptions { MaxDegreeOfParallelism = Workers, CancellationToken = cancellationToken },
            async (batch, token) =>
            {
                string subject = batch.Length == 1 ? $"table '{batch[0]}'" : $"tables '{batch[0]}' to '{batch[^1]}'";
                foreach (TableDigest digest in await _staging.UseAsync(subject, session => TableDigests.Read(session, batch, fingerprints), token))
                {
                    found.Add(digest);
                }
            });
        return [.. found.OrderBy(digest => digest.Table)];
    }

    public async Task PromoteAsync(CancellationToken cancellationToken)
    {
        await PostDataCompletion.WaitAsync(cancellationToken);
        await _staging.PromoteAsync(_options, cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 1)
        {
            return;
        }

        if (_postData is not null)
        {
            await _postData.DisposeAsync();
        }

        await _staging.DisposeAsync();
        _free.Dispose();
    }

    private async Task LoadRowsAsync(BackupPart part, Stream plain, CancellationToken cancellationToken)
    {
        if (PostDataCompletion.IsFaulted)
        {
            await PostDataCompletion;
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

        _postData?.LookAgain();
    }

    private PostDataRun BeginPostData(BackupPart part, Stream plain)
    {
        ScriptEntry[] entries = [.. PartLoading.ReadEntries(part, plain)];
        _schema.Dropped.AddDependants([.. entries.Select(EntryLinks.Of)]);
        return new PostDataRun([.. entries.Where(entry => !_schema.Dropped.Contains(entry.Header.Id))], Workers, _free, _staging, _runner, _loads, _schema.Tables);
    }

    private static long LargestTable(BackupContents contents) =>
        contents.Parts.Where(part => part.Table is not null).GroupBy(part => part.Table).Select(table => table.Sum(part => part.PlainBytes)).DefaultIfEmpty().Max();
}
