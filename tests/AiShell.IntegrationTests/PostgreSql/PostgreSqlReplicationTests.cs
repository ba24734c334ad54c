using AiShell.Connections;
using AiShell.Engines;
using AiShell.Engines.PostgreSql;
using AiShell.Testing.Engines;
using AiShell.Testing.Engines.PostgreSql;

namespace AiShell.IntegrationTests.PostgreSql;

/// <summary>Databases that are tied to something outside them: a tablespace, a publisher.</summary>
public sealed class PostgreSqlReplicationTests : IAsyncLifetime
{
    private const string Slots = "SELECT string_agg(slot_name, ',' ORDER BY slot_name) FROM pg_replication_slots";

    private readonly string _space = Path.Combine(Path.GetTempPath(), $"ai-shell-space-{Guid.NewGuid():N}");
    private readonly string _scratch = FastFolder.Create("ai-shell-pg-scratch-");
    private readonly PostgreSqlEngine _engine = new();
    private PostgreSqlServer _server = null!;

    public async Task InitializeAsync()
    {
        _server = await PostgreSqlServer.StartAsync("wal_level = logical", "max_logical_replication_workers = 4");
        Directory.CreateDirectory(_space);
        await CliWrap.Cli.Wrap("chown").WithArguments([PostgreSqlServer.User, _space]).ExecuteAsync();
    }

    public async Task DisposeAsync()
    {
        await _server.DisposeAsync(); // with its databases, some of which cannot be dropped
        Directory.Delete(_space, recursive: true);
        Directory.Delete(_scratch, recursive: true);
    }

    [Fact]
    public async Task The_databases_own_tablespace_is_kept_needed_and_left_out_without_owners()
    {
        await _server.RunAsync("postgres", $"CREATE TABLESPACE fast LOCATION '{_space}'");
        await _server.RunAsync("postgres", "CREATE DATABASE source TEMPLATE template0 TABLESPACE fast");
        await _server.RunAsync("source", "CREATE TABLE t(a int); CREATE TABLE elsewhere(a int) TABLESPACE pg_default; INSERT INTO t VALUES (1)");
        MemoryBackup backup = await BackUpAsync("source");
        Assert.Contains("fast", backup.Contents.Requires["tablespaces"]);

        await backup.RestoreAsync(_engine, _server.AddressOf("kept"), Options());
        await backup.RestoreAsync(_engine, _server.AddressOf("bare"), Options() with { KeepOwners = false });

        const string Places = "SELECT datname, spcname FROM pg_database d JOIN pg_tablespace t ON t.oid = dattablespace WHERE datname IN ('kept', 'bare') ORDER BY 1";
        Assert.Equal("bare|pg_default\nkept|fast", await _server.RunAsync("postgres", Places));
        Assert.Equal(await _server.DumpAsync("source"), await _server.DumpAsync("kept"));
        await _server.RunAsync("postgres", "ALTER TABLESPACE fast RENAME TO faster");
        TargetState state = await _engine.InspectTargetAsync(_server.AddressOf("new"), backup.Contents, Options(), default);
        Assert.Contains("no tablespace 'fast'", Assert.Single(state.Obstacles).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_database_with_a_subscription_is_copied_and_never_replaced_and_its_publisher_is_left_alone()
    {
        await SubscribeAsync();
        DatabaseAddress shop = _server.AddressOf("shop");
        MemoryBackup backup = await BackUpAsync("shop");

        AiShellException busy = await Assert.ThrowsAsync<AiShellException>(() => backup.RestoreAsync(_engine, shop, Options(replace: true)));
        Assert.Equal(ErrorKind.Refused, busy.Kind);
        Assert.Contains("'news'", busy.Message, StringComparison.Ordinal);
        Assert.NotEmpty((await _engine.InspectTargetAsync(shop, backup.Contents, Options(replace: true) with { KeepOld = true }, default)).Obstacles);

        await backup.RestoreAsync(_engine, _server.AddressOf("copy"), Options());
        Assert.Equal("news|f|news_slot", await _server.RunAsync("copy", "SELECT subname, subenabled, subslotname FROM pg_subscription s JOIN pg_database d ON d.oid = subdbid WHERE datname = 'copy'"));
        await using (IScratchDatabase scratch = await _engine.CreateScratchAsync(shop, _scratch, default))
        {
            await backup.RestoreAsync(_engine, scratch.Address, Options(replace: true) with { KeepOwners = false });
        }

        ReadOnlyMemory<byte> last = "-- ai-shell {\"id\":99999,\"kind\":\"ACL\",\"schema\":\"\",\"name\":\"last\",\"needs\":[],\"locks\":[],\"bytes\":10,\"ownerBytes\":0}\nSELECT x;\n"u8.ToArray();
        MemoryBackup damaged = backup.WithPart(backup.Contents.Parts.Count - 1, part => [.. part, .. last.Span]);
        AiShellException failure = await Assert.ThrowsAsync<AiShellException>(() => damaged.RestoreAsync(_engine, _server.AddressOf("failed"), Options()));
        Assert.Contains("ACL last", failure.Message, StringComparison.Ordinal);
        Assert.Equal("copy,postgres,publisher,shop", await _server.RunAsync("postgres", "SELECT string_agg(datname, ',' ORDER BY datname) FROM pg_database WHERE NOT datistemplate"));
        Assert.Equal("news_slot", await _server.RunAsync("postgres", Slots));

        await _server.RunAsync("shop", "ALTER SUBSCRIPTION news DISABLE");
        await UntilAsync("SELECT count(*) FROM pg_stat_activity WHERE datname = 'shop'", "0");
        await Assert.ThrowsAsync<AiShellException>(() => backup.RestoreAsync(_engine, shop, Options(replace: true)));
        await backup.RestoreAsync(_engine, shop, Options(replace: true) with { KeepOld = true });
        Assert.Equal("1", await _server.RunAsync("shop", "SELECT a FROM item"));
    }

    [Fact]
    public async Task A_backup_by_another_than_a_superuser_says_that_it_has_no_subscriptions()
    {
        await SubscribeAsync();
        await _server.RunAsync("shop", "CREATE ROLE saver LOGIN PASSWORD 'x'; GRANT pg_read_all_data TO saver");
        SnapshotOptions options = new(BackupFormat.Sql, BackupScope.All, TableFilter.Everything, 2, _scratch, 1 << 20, TimeSpan.FromSeconds(5));
        await using (ISnapshot snapshot = await _engine.OpenSnapshotAsync(_server.AddressOf("shop", "saver", "x"), options, default))
        {
            Assert.Contains("'news'", Assert.Single(snapshot.Warnings), StringComparison.Ordinal);
        }

        await using ISnapshot whole = await _engine.OpenSnapshotAsync(_server.AddressOf("shop"), options, default);
        Assert.Empty(whole.Warnings);
    }

    private async Task SubscribeAsync()
    {
        await _server.RunAsync("postgres", "CREATE DATABASE publisher TEMPLATE template0");
        await _server.RunAsync("postgres", "CREATE DATABASE shop TEMPLATE template0");
        await _server.RunAsync("publisher", "CREATE TABLE item(a int PRIMARY KEY); INSERT INTO item VALUES (1); CREATE PUBLICATION news FOR TABLE item");
        await _server.RunAsync("publisher", "SELECT pg_create_logical_replication_slot('news_slot', 'pgoutput')"); // a subscription on the same server cannot make it
        string connection = $"host=127.0.0.1 port={_server.Port} user={PostgreSqlServer.User} password=''{PostgreSqlServer.Password}'' dbname=publisher";
        await _server.RunAsync(
            "shop", $"CREATE TABLE item(a int PRIMARY KEY); CREATE SUBSCRIPTION news CONNECTION '{connection}' PUBLICATION news WITH (create_slot = false, slot_name = 'news_slot')");
        await UntilAsync("SELECT count(*) FROM item", "1", "shop");
    }

    private async Task UntilAsync(string query, string answer, string database = "postgres")
    {
        for (int tries = 0; await _server.RunAsync(database, query) != answer; tries++)
        {
            Assert.True(tries < 1200, $"Never so: {query} is {answer}.");
            await Task.Delay(50);
        }
    }

    private TargetOptions Options(bool replace = false) => new(TableFilter.Everything, IntoExisting: false, replace, 2, _scratch, TimeSpan.FromSeconds(5));

    private Task<MemoryBackup> BackUpAsync(string database) => MemoryBackup.MakeAsync(
        _engine,
        _server.AddressOf(database),
        new SnapshotOptions(BackupFormat.Sql, BackupScope.All, TableFilter.Everything, 2, _scratch, 1 << 20, TimeSpan.FromSeconds(5)));
}
