using AiShell.Configuration;
using AiShell.Connections;
using AiShell.Engines.MySql.Connecting;
using AiShell.Engines.MySql.Foreign;
using AiShell.Engines.MySql.Log;
using AiShell.Engines.MySql.Restore;
using AiShell.Engines.MySql.Snapshot;
using AiShell.Engines.MySql.Wire;

namespace AiShell.Engines.MySql;

/// <summary>MySQL from 5.7 and MariaDB from 10.4 on, without a client program.</summary>
public sealed class MySqlEngine(IEnvironment environment) : IDatabaseEngine
{
    public MySqlEngine()
        : this(new ProcessEnvironment())
    {
    }

    public string Name => "mysql";

    public IChangeLog Log => field ??= new MySqlChangeLog(SettingsOf);

    public EngineCapabilities Capabilities { get; } = new(["mysql", "mariadb"], [BackupFormat.Sql, BackupFormat.Json, BackupFormat.Csv])
    {
        Options = EngineOptions.Globals | EngineOptions.History | EngineOptions.NoLock | EngineOptions.NoBinaryLog | EngineOptions.Definer | EngineOptions.KeepStaging,
    };

    public Task<DatabaseProbe> ProbeAsync(DatabaseAddress address, CancellationToken cancellationToken) => MySqlProbe.RunAsync(SettingsOf(address), cancellationToken);

    public Task<ISnapshot> OpenSnapshotAsync(DatabaseAddress address, SnapshotOptions options, CancellationToken cancellationToken) =>
        MySqlSnapshot.OpenAsync(SettingsOf(address), options, cancellationToken);

    public Task<IBackupReader> OpenReaderAsync(BackupContents contents, ReaderOptions options, CancellationToken cancellationToken) =>
        Task.FromResult<IBackupReader>(new MySqlBackupReader(contents, options));

    public Task<TargetState> InspectTargetAsync(DatabaseAddress target, BackupContents contents, TargetOptions options, CancellationToken cancellationToken) =>
        TargetInspection.RunAsync(SettingsOf(target), contents, options, new ServerPrograms(environment), cancellationToken);

    public Task<IRestoreTarget> OpenTargetAsync(DatabaseAddress target, BackupContents contents, TargetOptions options, CancellationToken cancellationToken) =>
        contents.HasLinks
            ? Task.FromResult<IRestoreTarget>(new ReplayTarget(SettingsOf(target), contents, options, address => SettingsReader.Read(address, environment), new ServerPrograms(environment)))
            : OpenTargetAsync(SettingsOf(target), contents, options, cancellationToken);

    public Task<IKeptCopy?> OpenKeptAsync(DatabaseAddress target, CancellationToken cancellationToken)
    {
        ConnectionSettings settings = SettingsOf(target);
        return MySqlKeptCopy.OpenAsync(
            settings,
            (contents, options, start) => new ReplayTarget(settings, contents, options, address => SettingsReader.Read(address, environment), new ServerPrograms(environment)) { Start = start },
            cancellationToken);
    }

    /// <summary>Without a log.</summary>
    internal static Task<IRestoreTarget> OpenTargetAsync(ConnectionSettings settings, BackupContents contents, TargetOptions options, CancellationToken cancellationToken) =>
        options.IntoExisting ? TablesTarget.OpenAsync(settings, contents, options, cancellationToken) : DatabaseTarget.OpenAsync(settings, contents, options, cancellationToken);

    public async Task<IReadOnlyList<TableDigest>> DigestAsync(DatabaseAddress address, CancellationToken cancellationToken)
    {
        ConnectionSettings settings = SettingsOf(address);
        using MySqlSession session = await Server.OpenAsync(settings, cancellationToken);
        return await ServerErrors.RunAsync(session, $"database '{settings.Database}'", open => TableDigests.ReadAll(open, settings.Database, cancellationToken), cancellationToken);
    }

    public async Task<IReadOnlyList<string>> FindDifferencesAsync(DatabaseAddress address, IReadOnlyList<SampledRow> rows, CancellationToken cancellationToken)
    {
        ConnectionSettings settings = SettingsOf(address);
        using MySqlSession session = await Server.OpenAsync(settings, cancellationToken);
        return await ServerErrors.RunAsync(session, $"database '{settings.Database}'", open => SampleComparison.Run(open, settings.Database, rows, cancellationToken), cancellationToken);
    }

    public Task<IScratchDatabase> CreateScratchAsync(DatabaseAddress? near, string scratchDirectory, CancellationToken cancellationToken) =>
        ScratchDatabase.CreateAsync(near?.Engine == Name ? near : null, address => SettingsReader.Read(address, environment), new ServerPrograms(environment), cancellationToken);

    public Task<QueryResult> QueryAsync(DatabaseAddress address, string statement, QueryOptions options, CancellationToken cancellationToken) =>
        MySqlQuery.RunAsync(SettingsOf(address), statement, options, cancellationToken);

    public ForeignFormat? Recognise(ReadOnlySpan<byte> head) => ForeignMySql.Recognise(head);

    public async Task<DatabaseAddress> LoadForeignAsync(DatabaseAddress scratch, ForeignFormat format, Stream content, CancellationToken cancellationToken) =>
        scratch with { Database = await new ForeignLoad(new ServerPrograms(environment), SettingsOf(scratch), PrivateServer.Owns(scratch)).RunAsync(content, cancellationToken) };

    private ConnectionSettings SettingsOf(DatabaseAddress address)
    {
        ConnectionSettings settings = SettingsReader.Read(address, environment);
        return settings.Database.Length > 0 ? settings : throw new AiShellException(
            ErrorKind.Usage, $"'{address.Display}' names no database.", "Write it behind the host: mysql://user@host/database.");
    }
}
