using System.Collections.Concurrent;
using AiShell.Engines.MySql.Connecting;
using AiShell.Engines.MySql.Schema;
using AiShell.Engines.MySql.Snapshot;
using AiShell.Engines.MySql.Wire;

namespace AiShell.Engines.MySql.Restore;

/// <summary>A restore into a new database beside the target, whose tables move into it at the end.</summary>
internal sealed class SchemaTarget : IRestoreTarget
{
    private readonly BackupContents _contents;
    private readonly TargetOptions _options;
    private readonly StagingSchema _staging;
    private readonly RestoreScript _script;
    private readonly ConcurrentDictionary<TableName, IReadOnlyList<SourceColumn>> _columns = new();
    private readonly ConcurrentDictionary<TableName, bool> _doubtful = new();
    private int _disposed;

    private SchemaTarget(BackupContents contents, TargetOptions options, StagingSchema staging)
    {
        _contents = contents;
        _options = options;
        _staging = staging;
        _script = new RestoreScript(options.Tables);
    }

    public string? KeptAs { get; private set; }

    private int Workers => Math.Max(1, _options.Workers);

    public static async Task<IRestoreTarget> OpenAsync(ConnectionSettings settings, BackupContents contents, TargetOptions options, CancellationToken cancellationToken) =>
        new SchemaTarget(contents, options, await StagingSchema.PrepareAsync(settings, options, cancellationToken));

    public IReadOnlyList<LoadStage> Arrange(IReadOnlyList<BackupPart> parts) => LoadStage.ByPhase(parts, Workers);

    public Task LoadAsync(BackupPart part, Stream plain, CancellationToken cancellationToken) => part.Phase switch
    {
        PartPhase.PreData => MakeTablesAsync(part, plain, cancellationToken),
        PartPhase.Data => LoadRowsAsync(part, plain, cancellationToken),
        PartPhase.PostData => MakeObjectsAsync(part, plain, cancellationToken),
        _ => throw new NotImplementedException(),
    };

    public async Task<IReadOnlyList<TableDigest>> CompleteAsync(bool fingerprints, CancellationToken cancellationToken)
    {
        await CheckForeignKeysAsync(cancellationToken);
        ConcurrentBag<TableDigest> found = [];
        await EachAsync(
            _contents.Tables.Where(digest => _options.Tables.Takes(digest.Table)),
            async (expected, token) =>
            {
                bool doubtful = _doubtful.ContainsKey(expected.Table);
                TableFingerprint read = await ReadAsync(expected.Table, fingerprints || doubtful, token);
                if (doubtful && read != expected.Fingerprint)
                {
                    throw new AiShellException(
                        ErrorKind.Failed, $"The server changed values on their way into table '{expected.Table}'.", "It may be older than the backup's or set up otherwise; restore to a server of the same kind and version.");
                }

                found.Add(new TableDigest(expected.Table, fingerprints ? read : new TableFingerprint(read.Rows, 0)));
            },
            cancellationToken);
        return [.. found.OrderBy(digest => digest.Table)];
    }

    public async Task PromoteAsync(CancellationToken cancellationToken) => KeptAs = await _staging.PromoteAsync(
        session =>
        {
            IReadOnlyList<string> standing = DatabaseListing.Exists(session, _staging.Target) ? DatabaseListing.Read(session, _staging.Target) : [];
            return !_options.Replace && standing.Count > 0
                ? throw new AiShellException(
                    ErrorKind.Refused, $"The database '{_staging.Target}' is not empty: it has {string.Join(", ", standing.Take(3))}.", "Add --force to replace it, or restore to another name with -d.")
                : PromotionPlanner.ForDatabase(session, _staging, _script, keepOld: _options.KeepOld && standing.Count > 0);
        },
        cancellationToken);

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            await _staging.DisposeAsync();
        }
    }

    private async Task MakeTablesAsync(BackupPart part, Stream plain, CancellationToken cancellationToken)
    {
        foreach (ScriptEntry entry in PartLoading.ReadEntries(part, plain))
        {
            if (entry.Header.Kind == EntryKinds.Database)
            {
                _script.Defaults = DatabaseDefaults.Parse(entry.Sql);
                await _staging.CreateAsync(_script.Defaults, cancellationToken);
            }
            else if (_script.Takes(entry))
            {
                await RunAsync(entry, cancellationToken);
            }
        }
    }

    private async Task LoadRowsAsync(BackupPart part, Stream plain, CancellationToken cancellationToken)
    {
        bool exact = await _staging.UseAsync(
            $"table '{part.Table}'",
            session =>
            {
                IReadOnlyList<SourceColumn> columns = _columns.GetOrAdd(part.Table!, table => TableColumns.Read(session, _staging.Name, table));
                return PartLoading.LoadRows(session, part, plain, columns, _options.ScratchDirectory, _staging.TakesLocalFiles && columns.Count > 0);
            },
            cancellationToken);
        if (!exact)
        {
            _doubtful.TryAdd(part.Table!, true);
        }
    }

    /// <summary>Everything is made here, to see that it can be; what cannot move with the tables is made again in the target.</summary>
    private async Task MakeObjectsAsync(BackupPart part, Stream plain, CancellationToken cancellationToken)
    {
        ScriptEntry[] entries = [.. PartLoading.ReadEntries(part, plain).Where(_script.Takes)];
        _script.Later.AddRange(entries);
        await EachAsync(entries.Where(entry => entry.Header.Kind == EntryKinds.Keys), RunAsync, cancellationToken);
        foreach (ScriptEntry entry in entries.Where(entry => entry.Header.Kind is not (EntryKinds.Keys or EntryKinds.Event)))
        {
            await RunAsync(entry, cancellationToken);
        }
    }

    private async Task CheckForeignKeysAsync(CancellationToken cancellationToken)
    {
        IReadOnlyList<ForeignKey> keys = await _staging.UseAsync("foreign keys", session => ForeignKey.Of(session, _staging.Name), cancellationToken);
        await EachAsync(
            keys,
            async (key, token) =>
            {
                if (await _staging.UseAsync($"table '{key.Table}'", session => session.Scalar(key.FirstOrphanStatement), token) is { } orphan)
                {
                    throw new AiShellException(
                        ErrorKind.Integrity, $"Rows of table '{key.Table}' do not agree with its foreign key '{key.Name}': {orphan} is not in '{key.Referenced}'.", "The backup's source had such rows too, or the backup is damaged.");
                }
            },
            cancellationToken);
    }

    private async Task<TableFingerprint> ReadAsync(TableName table, bool fingerprint, CancellationToken cancellationToken) => await _staging.UseAsync(
        $"table '{table}'",
        session =>
        {
            if (!fingerprint)
            {
                return new TableFingerprint(TableDigests.Count(session, table), 0);
            }

            RowSelect.Prepare(session);
            return TableDigests.Read(session, table, _columns.GetOrAdd(table, name => TableColumns.Read(session, _staging.Name, name)));
        },
        cancellationToken);

    private async Task RunAsync(ScriptEntry entry, CancellationToken cancellationToken) => await _staging.UseAsync(
        entry.ToString(),
        session =>
        {
            foreach (string statement in ScriptStatements.Split(entry.Sql))
            {
                session.Execute(statement);
            }
        },
        cancellationToken);

    private Task EachAsync<T>(IEnumerable<T> items, Func<T, CancellationToken, Task> work, CancellationToken cancellationToken) => Parallel.ForEachAsync(
        items,
        new ParallelOptions { MaxDegreeOfParallelism = Workers, CancellationToken = cancellationToken },
        async (item, token) => await work(item, token));
}
