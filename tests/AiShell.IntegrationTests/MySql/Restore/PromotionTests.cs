using AiShell.Connections;
using AiShell.Engines;
using AiShell.Engines.MySql;

namespace AiShell.IntegrationTests.MySql.Restore;

public sealed class PromotionTests(SharedMariaDb shared) : IClassFixture<SharedMariaDb>
{
    private static TargetOptions Options(bool replace = false, bool keepOld = false) =>
        new(TableFilter.Everything, IntoExisting: false, replace, 2, Path.GetTempPath(), TimeSpan.FromSeconds(20)) { KeepOld = keepOld };

    private readonly PromotionWorld _world = new(shared.Server, $"p{Guid.NewGuid().ToString("N")[..8]}");

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
        await shared.Server.RunAsync(target.Database, "CREATE TABLE extra(x int); CREATE VIEW only_old AS SELECT * FROM extra; INSERT INTO parent VALUES (77, 'old')");

        AiShellException refusal = await Assert.ThrowsAsync<AiShellException>(() => backup.RestoreAsync(target, Options()));
        Assert.Equal(ErrorKind.Refused, refusal.Kind);
        string kept = (await backup.RestoreAsync(target, Options(replace: true, keepOld: true)))!;

        await _world.RequireWholeAsync(target.Database);
        Assert.Equal("", await shared.Server.RunAsync(target.Database, "SHOW TABLES LIKE 'extra'"));
        Assert.Equal("", await shared.Server.RunAsync(target.Database, "SHOW TABLES LIKE 'only_old'"));
        Assert.Equal("OLD", await shared.Server.RunAsync(kept, "SELECT code FROM parent WHERE id = 77"));
        Assert.Equal("upper", await shared.Server.RunAsync("", $"SELECT TRIGGER_NAME FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = '{kept}'"));
        Assert.Equal("A", await shared.Server.RunAsync(kept, "SELECT code FROM pairs WHERE id = 1"));
        Assert.Equal([target.Database, kept, _world.Address("src").Database], await _world.DatabasesAsync());

        await backup.RestoreAsync(target, Options(replace: true));
        Assert.Equal([target.Database, kept, _world.Address("src").Database], await _world.DatabasesAsync());
    }
}
