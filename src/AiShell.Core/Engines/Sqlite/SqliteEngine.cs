using AiShell.Connections;
using AiShell.Engines.Sqlite.Log;
using AiShell.Engines.Sqlite.Rows;

namespace AiShell.Engines.Sqlite;

/// <summary>SQLite database files, by the bundled library; no sqlite3 program is needed.</summary>
public sealed class SqliteEngine : IDatabaseEngine
{
    private const int DigestReaders = 2;
    private static readonly TimeSpan LockWait = TimeSpan.FromSeconds(10);

    public string Name => "sqlite";

    public EngineCapabilities Capabilities { get; } = new(
        ["sqlite"], [BackupFormat.Sql, BackupFormat.Json, BackupFormat.Csv, BackupFormat.Native])
    {
        Options = EngineOptions.KeepStaging,
    };

    public IChangeLog Log { get; } = new SqliteChangeLog();

    public Task<DatabaseProbe> ProbeAsync(DatabaseAddress address, CancellationToken cancellationToken) =>
        SqliteProbe.RunAsync(address.Database, cancellationToken);

    public async Task<ISnapshot> OpenSnapshotAsync(DatabaseAddress address, SnapshotOptions options, CancellationToken cancellationToken)
    {
        PinnedDatabase database = await PinnedDatabase.PinAsync(
            address.Database, Math.Max(1, options.Workers), options.ScratchDirectory, options.LockWait, cancellationToken);
        try
        {
            return await SqliteErrors.RunAsync(
                address.Database,
                () => options.Format == BackupFormat.Native
                    ? PageSnapshot.OpenAsync(database, options, cancellationToken)
                    : RowSnapshot.OpenAsync(database, options, cancellationToken),
                cancellationToken);
        }
        catch
        {
            await database.DisposeAsync();
            throw;
        }
    }

    public Task<IBackupReader> OpenReaderAsync(BackupContents contents, ReaderOptions options, CancellationToken cancellationToken) =>
        Task.FromResult<IBackupReader>(contents.Format == BackupFormat.Native
            ? new PageBackupReader(contents, options)
            : new RowBackupReader(contents, options));

    public Task<TargetState> InspectTargetAsync(
        DatabaseAddress target, BackupContents contents, TargetOptions options, CancellationToken cancellationToken) =>
        TargetInspection.RunAsync(target.Database, contents, options, cancellationToken);

    public Task<IRestoreTarget> OpenTargetAsync(
        DatabaseAddress target, BackupContents contents, TargetOptions options, CancellationToken cancellationToken) =>
        SqliteTarget.OpenAsync(target.Database, contents, options, cancellationToken);

    public Task<IKeptCopy?> OpenKeptAsync(DatabaseAddress target, CancellationToken cancellationToken) => Task.FromResult(SqliteKeptCopy.Open(target.Database));

    public async Task<IReadOnlyList<TableDigest>> DigestAsync(DatabaseAddress address, CancellationToken cancellationToken)
    {
        string scratch = Directory.CreateTempSubdirectory("ai-shell-digest-").FullName;
        try
        {
            await using PinnedDatabase database = await PinnedDatabase.PinAsync(
                address.Database, DigestReaders, scratch, LockWait, cancellationToken);
            ReaderResult result = await SqliteErrors.RunAsync(
                address.Database, () => DatabaseCheck.ReadTablesAsync(database, _ => true, true, 0, cancellationToken), cancellationToken);
            return result.Tables;
        }
        finally
        {
            Directory.Delete(scratch, recursive: true);
        }
    }

    public Task<IReadOnlyList<string>> FindDifferencesAsync(
        DatabaseAddress address, IReadOnlyList<SampledRow> rows, CancellationToken cancellationToken)
    {
        DatabaseFile.RequireReadable(address.Database);
        return SqliteErrors.RunAsync(
            address.Database, () => SampleComparison.Run(address.Database, rows, LockWait, cancellationToken), cancellationToken);
    }

    public Task<IScratchDatabase> CreateScratchAsync(DatabaseAddress? near, string scratchDirectory, CancellationToken cancellationToken) =>
        Task.FromResult<IScratchDatabase>(new SqliteScratch(scratchDirectory));

    public Task<QueryResult> QueryAsync(
        DatabaseAddress address, string statement, QueryOptions options, CancellationToken cancellationToken) =>
        SqliteQuery.RunAsync(address.Database, statement, options, cancellationToken);

    public ForeignFormat? Recognise(ReadOnlySpan<byte> head) => ForeignSqlite.Recognise(head);

    public async Task<DatabaseAddress> LoadForeignAsync(DatabaseAddress scratch, ForeignFormat format, Stream content, CancellationToken cancellationToken)
    {
        await ForeignSqlite.LoadAsync(scratch.Database, format, content, cancellationToken);
        return scratch;
    }
}
