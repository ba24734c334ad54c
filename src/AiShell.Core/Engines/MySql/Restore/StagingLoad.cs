using System.Collections.Concurrent;
using AiShell.Engines.MySql.Schema;
using AiShell.Engines.MySql.Snapshot;
using AiShell.Engines.MySql.Wire;

namespace AiShell.Engines.MySql.Restore;

/// <summary>Fills a staging schema: tables, rows, keys, and what says that they are right.</summary>
internal sealed class StagingLoad : IAsyncDisposable
{
    private readonly StagingSchema _staging;
    private readonly BackupContents _contents;
    private readonly TargetOptions _options;
    private readonly ConcurrentDictionary<TableName, LoadedTable> _tables = new();
    private readonly ConcurrentDictionary<TableName, bool> _doubtful = new();
    private readonly Definers _definers;

    public StagingLoad(StagingSchema staging, BackupContents contents, TargetOptions options)
    {
        _staging = staging;
        _contents = contents;
        _options = options;
        _definers = Definers.Of(options);
        Keys = new TableKeys(contents.Parts.Where(part => part.Table is { } table && options.Tables.Takes(table)), Workers, RunAsync);
    }

    public TableKeys Keys { get; }

    /// <summary>The rows of system-versioned tables come with the time in which they were current.</summary>
    public bool History { get; set; }

    public int Workers => Math.Max(1, _options.Workers);

    /// <summary>
    /// The scripts come before the rows, for keys are made beside them, the later one first, for some keys are made with their tables. A session's server and its client wait for one another for a part of their time: twice the sessions fill the processors.
    /// </summary>
    public IReadOnlyList<LoadStage> Arrange(IReadOnlyList<BackupPart> parts) =>
    [
        LoadStage.OneAtATime(parts, PartPhase.Globals),
        LoadStage.OneAtATime(parts, PartPhase.PostData),
        LoadStage.OneAtATime(parts, PartPhase.PreData),
        new LoadStage(
            Workers == 1 ? 1 : 2 * Workers,
            LoadOrder.Runs(parts.Where(part => part.Phase == PartPhase.Data), Workers)),
    ];

    /// <summary>The statements of an entry, in the name of the account that is wanted.</summary>
    public IEnumerable<string> StatementsOf(ScriptEntry entry) => ScriptStatements.Split(entry.Sql).Select(statement => _definers.Rewrite(entry.Header.Kind, statement));

    public Task RunAsync(ScriptEntry entry, CancellationToken cancellationToken) => RunAsync(entry.ToString(), StatementsOf(entry), cancellationToken);

    public Task MakeTableAsync(ScriptEntry entry, CancellationToken cancellationToken) => RunAsync(Keys.MakeWith(entry), cancellationToken);

    public Task RunAsync(string subject, IEnumerable<string> statements, CancellationToken cancellationToken) => _staging.UseAsync(
        subject,
        session =>
        {
            foreach (string statement in statements)
            {
                session.Execute(statement);
            }
        },
        cancellationToken);

    public async Task LoadRowsAsync(BackupPart part, Stream plain, CancellationToken cancellationToken)
    {
        await Keys.ThrowIfFailedAsync();
        bool exact = await _staging.UseAsync(
            $"table '{part.Table}'",
            session =>
            {
                if (History)
                {
                    session.Execute("SET SESSION system_versioning_insert_history = 1");
                }

                return PartLoading.LoadRows(session, part, plain, TableOf(session, part.Table!).Columns, _options.ScratchDirectory, _staging.TakesLocalFiles && _contents.Scope == BackupScope.All);
            },
            cancellationToken);
        if (!exact)
        {
            _doubtful.TryAdd(part.Table!, true);
        }

        Keys.PartIsThere(part.Table!);
    }

    /// <summary>Reads the restored tables back. One that the server warned about is fingerprinted in any case: it may have changed a value.</summary>
    public async Task<IReadOnlyList<TableDigest>> ReadBackAsync(bool fingerprints, CancellationToken cancellationToken)
    {
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
                        ErrorKind.Failed,
                        $"The server changed values on their way into table '{expected.Table}'.",
                        "Its columns take other values than the backup has: restore to a server of the same kind and version, and the table with its schema.");
                }

                found.Add(new TableDigest(expected.Table, fingerprints ? read : new TableFingerprint(read.Rows, 0)));
            },
            cancellationToken);
        return [.. found.OrderBy(digest => digest.Table)];
    }

    /// <summary>The server, told to load rows without checks, never makes them good.</summary>
    /// <returns>What does not agree, one sentence each key.</returns>
    public async Task<IReadOnlyList<string>> FindOrphansAsync(IEnumerable<ForeignKey> keys, CancellationToken cancellationToken)
    {
        ConcurrentBag<string> found = [];
        await EachAsync(
            keys,
            async (key, token) =>
            {
                if (await _staging.UseAsync($"foreign key '{key.Name}'", session => session.Scalar(key.FirstOrphanStatement), token) is { } orphan)
                {
                    found.Add($"table '{key.Table}' has {orphan}, which its foreign key '{key.Name}' does not find in '{key.Referenced}'");
                }
            },
            cancellationToken);
        return [.. found.Order(StringComparer.Ordinal)];
    }

    public Task EachAsync<T>(IEnumerable<T> items, Func<T, CancellationToken, Task> work, CancellationToken cancellationToken) => Parallel.ForEachAsync(
        items, new ParallelOptions { MaxDegreeOfParallelism = Workers, CancellationToken = cancellationToken }, async (item, token) => await work(item, token));

    public ValueTask DisposeAsync() => Keys.DisposeAsync();

    private Task<TableFingerprint> ReadAsync(TableName table, bool fingerprint, CancellationToken cancellationToken) => _staging.UseAsync(
        $"table '{table}'",
        session =>
        {
            LoadedTable loaded = TableOf(session, table);
            if (!fingerprint)
            {
                return new TableFingerprint(TableDigests.Count(session, table, loaded.Period), 0);
            }

            RowSelect.Prepare(session);
            TableFingerprint read = TableDigests.Read(session, table, loaded.Columns, loaded.Period);
            session.Execute("SET NAMES utf8mb4");
            return read;
        },
        cancellationToken);

    private LoadedTable TableOf(MySqlSession session, TableName table) => _tables.GetOrAdd(table, name =>
    {
        IReadOnlyList<SourceColumn> period = History ? TableColumns.ReadPeriod(session, _staging.Name, name) : [];
        return new LoadedTable([.. TableColumns.Read(session, _staging.Name, name), .. period], period.Count > 0 ? RowHistory.Period : "");
    });

    /// <param name="Columns">Those that take values.</param>
    /// <param name="Period">What follows its name in a SELECT of all its rows.</param>
    private sealed record LoadedTable(IReadOnlyList<SourceColumn> Columns, string Period);
}
