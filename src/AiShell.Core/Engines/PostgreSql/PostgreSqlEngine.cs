using System.Diagnostics;
using AiShell.Configuration;
using AiShell.Connections;
using AiShell.Engines.PostgreSql.Connecting;
using AiShell.Engines.PostgreSql.Foreign;
using AiShell.Engines.PostgreSql.Restore;
using AiShell.Engines.PostgreSql.Schema;
using AiShell.Engines.PostgreSql.Snapshot;
using AiShell.Engines.PostgreSql.Wire;

namespace AiShell.Engines.PostgreSql;

/// <summary>PostgreSQL servers from version 13 on. Rows go by COPY over a protocol client of our own; the schema is pg_dump's.</summary>
public sealed class PostgreSqlEngine(IEnvironment environment) : IDatabaseEngine
{
    public PostgreSqlEngine()
        : this(new ProcessEnvironment())
    {
    }

    public string Name => "postgresql";

    public EngineCapabilities Capabilities { get; } = new(["postgresql", "postgres"], [BackupFormat.Sql, BackupFormat.Json, BackupFormat.Csv]) { Options = EngineOptions.Globals };

    public Task<DatabaseProbe> ProbeAsync(DatabaseAddress address, CancellationToken cancellationToken) =>
        PostgreSqlProbe.RunAsync(SettingsOf(address), new ServerTools(environment), cancellationToken);

    public async Task<ISnapshot> OpenSnapshotAsync(DatabaseAddress address, SnapshotOptions options, CancellationToken cancellationToken)
    {
        RowFormats.ExtensionOf(options.Format);
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            ExportedSnapshot snapshot = await ExportedSnapshot.OpenAsync(
                SettingsOf(address), table => options.Scope != BackupScope.SchemaOnly && options.Tables.Takes(table), options.Scope != BackupScope.DataOnly, options.LockWait, cancellationToken);
            try
            {
                return await CopySnapshot.OpenAsync(snapshot, new ServerTools(environment), options, cancellationToken);
            }
            catch (AiShellException failure) when (failure.Kind == ErrorKind.Busy && Stopwatch.GetElapsedTime(start) < options.LockWait)
            {
                // Somebody came to lock a table for himself after we had it, and pg_dump would wait behind him, and he for us: he goes first.
            }
        }
    }

    public Task<IBackupReader> OpenReaderAsync(BackupContents contents, ReaderOptions options, CancellationToken cancellationToken) =>
        Task.FromResult<IBackupReader>(new CopyBackupReader(contents, options));

    public Task<TargetState> InspectTargetAsync(DatabaseAddress target, BackupContents contents, TargetOptions options, CancellationToken cancellationToken) =>
        TargetInspection.RunAsync(TargetSettingsOf(target), contents, options, cancellationToken);

    public async Task<IRestoreTarget> OpenTargetAsync(DatabaseAddress target, BackupContents contents, TargetOptions options, CancellationToken cancellationToken)
    {
        ConnectionSettings settings = TargetSettingsOf(target);
        TargetState state = await TargetInspection.RunAsync(settings, contents, options, cancellationToken);
        if (state.Obstacles is [var obstacle, ..])
        {
            throw obstacle;
        }

        if (options.IntoExisting)
        {
            return await ExistingTarget.OpenAsync(settings, contents, options, cancellationToken);
        }

        if (!state.IsEmpty && !options.Replace)
        {
            throw new AiShellException(ErrorKind.Refused, $"'{target.Display}' is not empty.", "Add --force to replace it, or restore to another database with -d.");
        }

        return await CopyTarget.OpenAsync(settings, contents, options, cancellationToken);
    }

    public async Task<IReadOnlyList<TableDigest>> DigestAsync(DatabaseAddress address, CancellationToken cancellationToken)
    {
        await using ExportedSnapshot snapshot = await ExportedSnapshot.OpenAsync(SettingsOf(address), _ => true, withSchema: false, TimeSpan.FromSeconds(10), cancellationToken);
        List<TableDigest> digests = [];
        foreach (SourceTable table in snapshot.Catalogue.Tables)
        {
            digests.Add(new TableDigest(table.Name, await snapshot.ReadTableAsync(
                table.Name,
                session => ServerErrors.RunAsync(session, $"table '{table.Name}'", open => TableDigests.Read(open, table.Name, fingerprints: true), cancellationToken),
                cancellationToken)));
        }

        return [.. digests.OrderBy(digest => digest.Table)];
    }

    public async Task<IReadOnlyList<string>> FindDifferencesAsync(DatabaseAddress address, IReadOnlyList<SampledRow> rows, CancellationToken cancellationToken)
    {
        ConnectionSettings settings = SettingsOf(address);
        (_, WireSession session) = await Server.FindAsync(settings, cancellationToken);
        using (session)
        {
            return await ServerErrors.RunAsync(session, $"database '{settings.Database}'", open => SampleComparison.Run(open, rows, cancellationToken), cancellationToken);
        }
    }

    public Task<IScratchDatabase> CreateScratchAsync(DatabaseAddress? near, string scratchDirectory, CancellationToken cancellationToken) =>
        ScratchDatabase.CreateAsync(near?.Engine == Name ? near : null, TargetSettingsOf, new ServerTools(environment), cancellationToken);

    public Task<QueryResult> QueryAsync(DatabaseAddress address, string statement, QueryOptions options, CancellationToken cancellationToken) =>
        PostgreSqlQuery.RunAsync(SettingsOf(address) with { DeniedHint = ServerErrors.QueryDenied }, statement, options, cancellationToken);

    public ForeignFormat? Recognise(ReadOnlySpan<byte> head) => ForeignPostgreSql.Recognise(head);

    public async Task<DatabaseAddress> LoadForeignAsync(DatabaseAddress scratch, ForeignFormat format, Stream content, CancellationToken cancellationToken)
    {
        await new ForeignLoad(new ServerTools(environment), SettingsOf(scratch), PrivateServer.Owns(scratch)).RunAsync(format, content, cancellationToken);
        return scratch;
    }

    private ConnectionSettings SettingsOf(DatabaseAddress address) => SettingsReader.Read(address, environment);

    private ConnectionSettings TargetSettingsOf(DatabaseAddress address) => SettingsOf(address) with { DeniedHint = ServerErrors.RestoreDenied };
}
