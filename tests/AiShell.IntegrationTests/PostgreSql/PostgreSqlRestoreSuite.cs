using AiShell.Configuration;
using AiShell.Connections;
using AiShell.Engines;
using AiShell.Engines.PostgreSql.Connecting;
using AiShell.Engines.PostgreSql.Wire;
using AiShell.Testing.Engines;
using AiShell.Testing.Engines.PostgreSql;

namespace AiShell.IntegrationTests.PostgreSql;

/// <summary>What tests of PostgreSQL restores share: databases made by a script, backups of them, their whole content.</summary>
public abstract class PostgreSqlRestoreSuite : IAsyncLifetime
{
    private readonly PostgreSqlServer? _given;

    /// <param name="shared">Null for a server of the test's own, which it may stop.</param>
    protected PostgreSqlRestoreSuite(SharedServer? shared) => _given = shared?.Server;

    protected PostgreSqlServer Server => _given ?? Own!;

    protected PostgreSqlFixture Fixture { get; private set; } = null!;

    private PostgreSqlServer? Own { get; set; }

    protected IDatabaseEngine Engine => Fixture.Engine;

    public async Task InitializeAsync()
    {
        Own = _given is null ? await PostgreSqlServer.StartAsync() : null;
        Fixture = new PostgreSqlFixture(Server);
    }

    public async Task DisposeAsync()
    {
        await Fixture.DisposeAsync();
        if (Own is not null)
        {
            await Own.DisposeAsync();
        }
    }

    protected TargetOptions Options(bool replace = false, bool intoExisting = false, string? tables = null, double lockWaitSeconds = 5) =>
        new(new TableFilter(tables?.Split(',') ?? [], []), intoExisting, replace, 2, Fixture.ScratchDirectory, TimeSpan.FromSeconds(lockWaitSeconds));

    protected async Task<DatabaseAddress> CreateAsync(string name, params string[] scripts)
    {
        DatabaseAddress address = await Fixture.CreateEmptyAsync(name);
        foreach (string script in scripts)
        {
            await Server.RunAsync(address.Database, script);
        }

        return address;
    }

    protected Task<MemoryBackup> BackUpAsync(DatabaseAddress address, BackupScope scope = BackupScope.All) => MemoryBackup.MakeAsync(
        Engine,
        address,
        new SnapshotOptions(BackupFormat.Sql, scope, TableFilter.Everything, 2, Fixture.ScratchDirectory, 1 << 20, TimeSpan.FromSeconds(5)));

    /// <summary>Everything in a database, by pg_dump; rows in a fixed order.</summary>
    protected async Task<string> ContentAsync(DatabaseAddress address, params string[] options) =>
        string.Join('\n', (await Server.DumpAsync(address.Database, ["--inserts", .. options])).Split('\n').Select(line => line.TrimEnd()).Where(line => line.Length > 0 && !line.StartsWith("--", StringComparison.Ordinal)).Order(StringComparer.Ordinal));

    protected static async Task<AiShellException> FailsAsync(ErrorKind kind, Func<Task> work)
    {
        AiShellException failure = await Assert.ThrowsAsync<AiShellException>(work);
        Assert.True(kind == failure.Kind, $"Expected {kind}, got {failure.Kind}: {failure.Message}");
        return failure;
    }

    /// <summary>A session of somebody else's.</summary>
    internal async Task<WireSession> ConnectAsync(DatabaseAddress address)
    {
        (_, WireSession session) = await Connecting.FindAsync(address);
        return session;
    }

    private static class Connecting
    {
        public static Task<(Server Server, WireSession Session)> FindAsync(DatabaseAddress address) =>
            AiShell.Engines.PostgreSql.Connecting.Server.FindAsync(SettingsReader.Read(address, new ProcessEnvironment()), default);
    }
}
