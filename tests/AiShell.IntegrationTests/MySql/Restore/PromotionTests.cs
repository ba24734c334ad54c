using AiShell.Connections;
using AiShell.Engines;
using AiShell.Engines.MySql;
using AiShell.Testing.Engines;
using AiShell.Testing.Engines.MySql;

namespace AiShell.IntegrationTests.MySql.Restore;

public sealed class PromotionTests(SharedMariaDb shared) : PromotionSuite(shared.Server), IClassFixture<SharedMariaDb>;

[Collection(OnMySql.Name)]
public sealed class MySqlServerPromotionTests(SharedMySql shared) : PromotionSuite(shared.Server);

public abstract class PromotionSuite(MySqlFamilyServer server)
{
    private static TargetOptions Options(bool replace = false, bool keepOld = false) =>
        new(TableFilter.Everything, IntoExisting: false, replace, 2, Path.GetTempPath(), TimeSpan.FromSeconds(20)) { KeepOld = keepOld };

    private readonly PromotionWorld _world = new(server, $"p{Guid.NewGuid().ToString("N")[..8]}");

    private DatabaseAddress Address(string suffix) => _world.Address(suffix);

    [Fact]
    public async Task A_missing_target_is_made_with_everything()
    {
        HandMadeBackup backup = await _world.MakeAsync("src");
        DatabaseAddress target = Address("new");

        TargetState state = await new MySqlEngine().InspectTargetAsync(target, backup.Contents, Options(), default);
        Assert.Null(await backup.RestoreAsync(target, Options()));

        Assert.Equal((false, true), (state.Exists, state.IsEmpty));
        await _world.RequireWholeAsync(target.Database);
        Assert.Equal([target.Database, _world.Address("src").Database], await _world.DatabasesAsync());
    }

    [Fact]
    public async Task A_standing_target_with_triggers_and_the_same_keys_is_replaced_and_kept_where_that_is_wanted()
    {
        HandMadeBackup backup = await _world.MakeAsync("src");
        DatabaseAddress target = Address("old");
        await backup.RestoreAsync(target, Options());
        await server.RunAsync(target.Database, "CREATE TABLE extra(x int); CREATE VIEW only_old AS SELECT * FROM extra; INSERT INTO parent VALUES (77, 'old')");

        AiShellException refusal = await Assert.ThrowsAsync<AiShellException>(() => backup.RestoreAsync(target, Options()));
        Assert.Equal(ErrorKind.Refused, refusal.Kind);
        string kept = (await backup.RestoreAsync(target, Options(replace: true, keepOld: true)))!;

        await _world.RequireWholeAsync(target.Database);
        Assert.Equal("", await server.RunAsync(target.Database, "SHOW TABLES LIKE 'extra'"));
        Assert.Equal("", await server.RunAsync(target.Database, "SHOW TABLES LIKE 'only_old'"));
        Assert.Equal("OLD", await server.RunAsync(kept, "SELECT code FROM parent WHERE id = 77"));
        Assert.Equal("upper", await server.RunAsync("", $"SELECT TRIGGER_NAME FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = '{kept}'"));
        Assert.Equal("A", await server.RunAsync(kept, "SELECT code FROM pairs WHERE id = 1"));
        Assert.Equal([target.Database, kept, _world.Address("src").Database], await _world.DatabasesAsync());

        await backup.RestoreAsync(target, Options(replace: true));
        Assert.Equal([target.Database, kept, _world.Address("src").Database], await _world.DatabasesAsync());
    }

    [Fact]
    public async Task An_event_runs_from_the_promotion_on_and_not_before()
    {
        DatabaseAddress source = Address("src");
        DatabaseAddress target = Address("new");
        await server.RunAsync("", $"SET GLOBAL event_scheduler = OFF; CREATE DATABASE {source.Database}");
        await server.RunAsync(source.Database, "CREATE TABLE ticks(at timestamp(6)); INSERT INTO ticks VALUES (now(6)); CREATE EVENT tick ON SCHEDULE EVERY 1 SECOND DO INSERT INTO ticks VALUES (now(6))");
        MySqlEngine engine = new();
        MemoryBackup backup = await MemoryBackup.MakeAsync(
            engine, source, new SnapshotOptions(BackupFormat.Sql, BackupScope.All, TableFilter.Everything, 1, Path.GetTempPath(), 1 << 20, TimeSpan.FromSeconds(5)));
        await server.RunAsync(source.Database, "DROP EVENT tick; SET GLOBAL event_scheduler = ON");
        try
        {
            await using IRestoreTarget open = await engine.OpenTargetAsync(target, backup.Contents, Options(), default);
            await backup.LoadAsync(open, TableFilter.Everything);
            await open.CompleteAsync(fingerprints: true, default);
            await Task.Delay(TimeSpan.FromSeconds(2.5)); // what is tested is that nothing happens meanwhile
            string copy = Assert.Single(await _world.DatabasesAsync(), name => name.Contains("_ai_shell_new_", StringComparison.Ordinal));
            Assert.Equal("0\t1", await server.RunAsync(copy, "SELECT (SELECT count(*) FROM information_schema.EVENTS WHERE EVENT_SCHEMA = DATABASE()), (SELECT count(*) FROM ticks)"));

            await open.PromoteAsync(default);
            for (int tries = 0; await server.RunAsync(target.Database, "SELECT count(*) > 1 FROM ticks") == "0"; tries++)
            {
                Assert.True(tries < 600, "The event does not run.");
                await Task.Delay(100);
            }
        }
        finally
        {
            await server.RunAsync("", $"SET GLOBAL event_scheduler = OFF; DROP DATABASE IF EXISTS {target.Database}");
        }
    }
}
