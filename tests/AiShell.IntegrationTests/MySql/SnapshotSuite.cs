using AiShell.Connections;
using AiShell.Engines;
using AiShell.Engines.MySql;
using AiShell.Testing.Engines;
using AiShell.Testing.Engines.MySql;

namespace AiShell.IntegrationTests.MySql;

/// <summary>Databases whose snapshots are looked at.</summary>
public abstract class SnapshotSuite(MySqlFamilyServer server) : IAsyncLifetime
{
    private readonly string _scratch = FastFolder.Create("ai-shell-my-scratch-");
    private readonly List<string> _databases = [];

    protected SnapshotSuite(SharedMariaDb shared)
        : this(shared.Server)
    {
    }

    protected MySqlFamilyServer Server { get; } = server;

    protected MySqlEngine Engine { get; } = new();

    protected string Scratch => _scratch;

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        foreach (string database in _databases)
        {
            await Server.RunAsync("", $"DROP DATABASE IF EXISTS {Quote(database)}");
        }

        Directory.Delete(_scratch, recursive: true);
    }

    protected static string Quote(string name) => $"`{name.Replace("`", "``", StringComparison.Ordinal)}`";

    protected async Task<DatabaseAddress> CreateAsync(string script, string? name = null)
    {
        string database = name ?? $"s{Guid.NewGuid():N}";
        _databases.Add(database);
        await Server.RunAsync("", $"CREATE DATABASE {Quote(database)}");
        await Server.RunAsync(database, script);
        return Server.AddressOf(database);
    }

    /// <summary>Of a database that is not there yet.</summary>
    protected DatabaseAddress NewAddress()
    {
        string database = $"s{Guid.NewGuid():N}";
        _databases.Add(database);
        return Server.AddressOf(database);
    }

    protected SnapshotOptions Options(BackupFormat format = BackupFormat.Sql, BackupScope scope = BackupScope.All, TableFilter? tables = null, int workers = 2, long partBytes = 64 << 20) =>
        new(format, scope, tables ?? TableFilter.Everything, workers, _scratch, partBytes, TimeSpan.FromSeconds(10));

    protected Task<MemoryBackup> BackUpAsync(DatabaseAddress source, SnapshotOptions? options = null) => MemoryBackup.MakeAsync(Engine, source, options ?? Options());

    /// <summary>Runs the parts as one script in a new database.</summary>
    protected async Task<string> RestoreByClientAsync(MemoryBackup backup)
    {
        DatabaseAddress copy = await CreateAsync("");
        await Server.RunAsync(copy.Database, backup.Plain, "--comments");
        return copy.Database;
    }

    /// <summary>mariadb-dump names the database where a default names a sequence.</summary>
    protected async Task<string[]> DumpAsync(string database, params string[] options) =>
        (await Server.DumpAsync(database, options)).Replace(database, "(database)", StringComparison.Ordinal).Split('\n');

    /// <summary>CHECKSUM TABLE of all tables of a type; of versioned ones with their history.</summary>
    protected async Task<string> ChecksumsAsync(string database, string type)
    {
        string tables = await Server.RunAsync(
            database,
            $"SET group_concat_max_len = 1000000; SELECT group_concat(concat('`', replace(TABLE_NAME, '`', '``'), '`') ORDER BY TABLE_NAME) FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_TYPE = '{type}'");
        return (await Server.RunAsync(database, $"CHECKSUM TABLE {tables}")).Replace($"{database}.", "", StringComparison.Ordinal);
    }
}
