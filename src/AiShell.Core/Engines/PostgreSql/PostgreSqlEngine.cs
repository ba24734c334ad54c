using System.Diagnostics;
using System.Globalization;
using AiShell.Configuration;
using AiShell.Connections;
using AiShell.Engines.PostgreSql.Connecting;
using AiShell.Engines.PostgreSql.Restore;
using AiShell.Engines.PostgreSql.Schema;
using AiShell.Engines.PostgreSql.Snapshot;
using AiShell.Engines.PostgreSql.Wire;

namespace AiShell.Engines.PostgreSql;

/// <summary>PostgreSQL servers from version 13 on. Rows go by COPY over a protocol client of our own; the schema is pg_dump's.</summary>
public sealed class PostgreSqlEngine(IEnvironment environment) : IDatabaseEngine
{
    private const int OldestVersion = 130000;

    public PostgreSqlEngine()
        : this(new ProcessEnvironment())
    {
    }

    public string Name => "postgresql";

    public EngineCapabilities Capabilities { get; } = new(["postgresql", "postgres"], [BackupFormat.Sql]);

    public async Task<DatabaseProbe> ProbeAsync(DatabaseAddress address, CancellationToken cancellationToken)
    {
        ConnectionSettings settings = SettingsOf(address);
        (Server server, WireSession session) = await Server.FindAsync(settings, cancellationToken);
        using (session)
        {
            return await ServerErrors.RunAsync(session, $"database '{settings.Database}'", open => Probe(open, server), cancellationToken);
        }
    }

    public async Task<ISnapshot> OpenSnapshotAsync(DatabaseAddress address, SnapshotOptions options, CancellationToken cancellationToken)
    {
        RowFormats.ExtensionOf(options.Format);
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            ExportedSnapshot snapshot = await ExportedSnapshot.OpenAsync(
                SettingsOf(address), table => options.Scope != BackupScope.SchemaOnly && options.Tables.Takes(table), options.LockWait, cancellationToken);
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
        TargetInspection.RunAsync(SettingsOf(target), contents, options, cancellationToken);

    public async Task<IRestoreTarget> OpenTargetAsync(DatabaseAddress target, BackupContents contents, TargetOptions options, CancellationToken cancellationToken)
    {
        ConnectionSettings settings = SettingsOf(target);
        TargetState state = await TargetInspection.RunAsync(settings, contents, options, cancellationToken);
        if (!state.IsEmpty && !options.Replace && !options.IntoExisting)
        {
            throw new AiShellException(ErrorKind.Refused, $"'{target.Display}' is not empty.", "Add --force to replace it, or restore to another database with -d.");
        }

        return await CopyTarget.OpenAsync(settings, contents, options, cancellationToken);
    }

    public async Task<IReadOnlyList<TableDigest>> DigestAsync(DatabaseAddress address, CancellationToken cancellationToken)
    {
        await using ExportedSnapshot snapshot = await ExportedSnapshot.OpenAsync(SettingsOf(address), _ => true, TimeSpan.FromSeconds(10), cancellationToken);
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
        ScratchDatabase.CreateAsync(near, SettingsOf, cancellationToken);

    public Task<QueryResult> QueryAsync(DatabaseAddress address, string statement, QueryOptions options, CancellationToken cancellationToken) =>
        PostgreSqlQuery.RunAsync(SettingsOf(address), statement, options, cancellationToken);

    public ForeignFormat? Recognise(ReadOnlySpan<byte> head) => null;

    public Task LoadForeignAsync(DatabaseAddress scratch, ForeignFormat format, Stream content, CancellationToken cancellationToken) =>
        throw new AiShellException(ErrorKind.Usage, "Foreign PostgreSQL files cannot be imported.", "Restore them with psql or pg_restore, then back the database up.");

    private ConnectionSettings SettingsOf(DatabaseAddress address) => SettingsReader.Read(address, environment);

    private static DatabaseProbe Probe(WireSession session, Server server)
    {
        string?[] row = session.Query(
            """
            SELECT pg_database_size(current_database()), pg_is_in_recovery(), pg_encoding_to_char(encoding), datcollate,
                   (SELECT rolsuper OR pg_has_role(current_user, 'pg_read_all_data', 'USAGE') FROM pg_roles WHERE rolname = current_user)
            FROM pg_database WHERE datname = current_database()
            """)[0];
        List<string> limits = [];
        if (server.Version < OldestVersion)
        {
            limits.Add($"PostgreSQL {server.VersionText} is older than what ai-shell is made for (13).");
        }

        if (row[4] != "t")
        {
            limits.Add("The user is not a member of pg_read_all_data: a backup fails on tables that it may not read.");
        }

        return new DatabaseProbe(
            server.VersionText,
            long.Parse(row[0]!, CultureInfo.InvariantCulture),
            [
                KeyValuePair.Create("encoding", row[2]!),
                KeyValuePair.Create("collation", row[3]!),
                KeyValuePair.Create("role", row[1] == "t" ? "standby" : "primary"),
            ],
            limits);
    }
}
