using System.Collections.Concurrent;
using AiShell.Engines.PostgreSql.Connecting;
using AiShell.Engines.PostgreSql.Schema;
using AiShell.Engines.PostgreSql.Snapshot;

namespace AiShell.Engines.PostgreSql.Restore;

/// <summary>A restore into a new database beside the target, which takes its name at the end.</summary>
internal sealed class CopyTarget : IRestoreTarget
{
    private readonly BackupContents _contents;
    private readonly TargetOptions _options;
    private readonly StagingDatabase _staging;
    private readonly EntryRunner _runner;
    private readonly Dictionary<TableName, int> _partsOf;
    private DroppedEntries _dropped = DroppedEntries.None;

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
        PartPhase.Globals => _staging.MakeGlobalsAsync(PartLoading.ReadGlobals(part, plain), cancellationToken),
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
        ConcurrentBag<TableDigest> found = [];
        await Parallel.ForEachAsync(
            _contents.Tables.Select(digest => digest.Table).Where(_options.Tables.Takes),
            new ParallelOptions { MaxDegreeOfParallelism = Math.Max(1, _options.Workers), CancellationToken = cancellationToken },
            async (table, token) => found.Add(new TableDigest(
                table, await _staging.UseAsync($"table '{table}'", session => TableDigests.Read(session, table, fingerprints), token))));
        return [.. found.OrderBy(digest => digest.Table)];
    }

    public Task PromoteAsync(CancellationToken cancellationToken) => _staging.PromoteAsync(_options, cancellationToken);

    public ValueTask DisposeAsync() => _staging.DisposeAsync();

    private async Task LoadSchemaAsync(BackupPart part, Stream plain, CancellationToken cancellationToken)
    {
        IEnumerable<ScriptEntry> entries = PartLoading.ReadEntries(part, plain);
        if (!_options.Tables.TakesAll)
        {
            ScriptEntry[] all = [.. entries];
            _dropped = DroppedEntries.Find([.. all.Select(EntryLinks.Of)], _options.Tables);
            entries = all;
        }

        foreach (ScriptEntry entry in entries.Where(entry => !_dropped.Contains(entry.Header.Id)))
        {
            if (entry.Header.Kind == DatabaseEntry.Kind)
            {
                DatabaseProperties properties = DatabaseEntry.Parse(entry.Sql);
                await _staging.CreateAsync(_options.KeepOwners ? properties : properties with { Tablespace = null }, cancellationToken);
            }

            await RunAsync(entry, cancellationToken);
        }
    }

    private Task LoadPostDataAsync(BackupPart part, Stream plain, CancellationToken cancellationToken)
    {
        ScriptEntry[] entries = [.. PartLoading.ReadEntries(part, plain)];
        _dropped.AddDependants([.. entries.Select(EntryLinks.Of)]);
        return new EntryScheduler([.. entries.Where(entry => !_dropped.Contains(entry.Header.Id))], Math.Max(1, _options.Workers)).RunAsync(RunAsync, cancellationToken);
    }

    private Task RunAsync(ScriptEntry entry, CancellationToken cancellationToken) => _staging.UseAsync(
        entry.ToString(),
        session =>
        {
            _runner.Run(session, entry);
            return true;
        },
        cancellationToken);
}
