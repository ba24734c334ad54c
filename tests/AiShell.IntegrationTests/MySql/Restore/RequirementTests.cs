using AiShell.Connections;
using AiShell.Engines;
using AiShell.Engines.MySql;
using AiShell.Testing.Engines;

namespace AiShell.IntegrationTests.MySql.Restore;

/// <summary>What a dry run sees, and what owners, definers and the binary log come to.</summary>
public sealed class RequirementTests(SharedMariaDb shared) : IClassFixture<SharedMariaDb>
{
    private readonly PromotionWorld _world = new(shared.Server, $"r{Guid.NewGuid().ToString("N")[..8]}");
    private readonly MySqlEngine _engine = new();

    private static TargetOptions Options() => new(TableFilter.Everything, false, Replace: false, 2, Path.GetTempPath(), TimeSpan.FromSeconds(5));

    private async Task<DatabaseAddress> UserAsync(string grants)
    {
        string user = $"u{Guid.NewGuid().ToString("N")[..8]}";
        await shared.Server.RunAsync("", $"CREATE USER {user}@'%' IDENTIFIED BY 'x'; {grants.Replace("USER", $"{user}@'%'", StringComparison.Ordinal)}");
        return _world.Address("target") with { UserName = user, Password = "x" };
    }

    [Fact]
    public async Task A_user_of_the_target_alone_is_told_what_to_grant()
    {
        HandMadeBackup backup = await _world.MakeAsync("src");
        DatabaseAddress target = await UserAsync($"GRANT ALL ON `{_world.Address("target").Database}`.* TO USER");

        TargetState state = await _engine.InspectTargetAsync(target, backup.Contents, Options(), default);

        Assert.Contains("CREATE", Assert.Single(state.Obstacles).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_user_with_privileges_on_both_restores()
    {
        HandMadeBackup backup = await _world.MakeAsync("src");
        string name = _world.Address("target").Database;
        DatabaseAddress target = await UserAsync($"GRANT ALL ON `{name}`.* TO USER; GRANT ALL ON `{name.Replace("_", "\\_", StringComparison.Ordinal)}\\_ai\\_shell\\_%`.* TO USER");

        TargetState state = await _engine.InspectTargetAsync(target, backup.Contents, Options(), default);
        Assert.Empty(state.Obstacles);
        Assert.Contains("SUPER", Assert.Single(state.Warnings), StringComparison.Ordinal);
        AiShellException failure = await Assert.ThrowsAsync<AiShellException>(() => backup.RestoreAsync(target, Options()));
        Assert.Contains("log_bin_trust_function_creators", failure.Message, StringComparison.Ordinal);

        await shared.Server.RunAsync("", "SET GLOBAL log_bin_trust_function_creators = 1");
        Assert.Empty((await _engine.InspectTargetAsync(target, backup.Contents, Options(), default)).Warnings);
        await backup.RestoreAsync(target, Options());
        await backup.RestoreAsync(target, Options() with { Replace = true });

        await _world.RequireWholeAsync(name);
        Assert.Equal([name, _world.Address("src").Database], (await _world.DatabasesAsync()).OrderDescending());
    }

    [Theory]
    [InlineData("CREATE VIEW", "views", "GRANT")]
    [InlineData("CREATE ROUTINE", "procedures", "GRANT")]
    [InlineData("EVENT", "events", "GRANT")]
    [InlineData("TRIGGER", "triggers", "GRANT")]
    [InlineData("SUPER", "functions or triggers", "log_bin_trust_function_creators")]
    public async Task What_the_backup_has_and_the_user_may_not_make_is_told_before_anything_is_done(string without, string what, string hint)
    {
        DatabaseAddress source = _world.Address("all");
        await shared.Server.RunAsync("", $"CREATE DATABASE `{source.Database}`");
        await shared.Server.RunAsync(
            source.Database,
            "CREATE TABLE t(a int); CREATE VIEW v AS SELECT a FROM t; CREATE PROCEDURE p() SELECT 1; CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO SELECT 1; CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET @x = 1");
        MemoryBackup backup = await MemoryBackup.MakeAsync(_engine, source, new SnapshotOptions(BackupFormat.Sql, BackupScope.All, TableFilter.Everything, 1, Path.GetTempPath(), 1 << 20, TimeSpan.FromSeconds(5)));
        string[] all =
        [
            "SELECT", "INSERT", "CREATE", "DROP", "ALTER", "INDEX", "REFERENCES", "CREATE VIEW", "SHOW VIEW", "CREATE ROUTINE", "ALTER ROUTINE", "TRIGGER", "EVENT", "LOCK TABLES", "SET user", "SUPER",
        ];
        DatabaseAddress target = await UserAsync($"GRANT {string.Join(", ", all.Except([without]))} ON *.* TO USER");

        TargetState state = await _engine.InspectTargetAsync(target, backup.Contents, Options(), default);
        AiShellException told = Assert.Single(state.Obstacles);
        Assert.Contains(what, told.Message, StringComparison.Ordinal);
        Assert.Contains(hint, told.Hint, StringComparison.Ordinal);
        AiShellException failure = await Assert.ThrowsAsync<AiShellException>(() => backup.RestoreAsync(_engine, target, Options())); // it is true
        Assert.Equal(ErrorKind.Failed, failure.Kind);

        DatabaseAddress permitted = await UserAsync($"GRANT {string.Join(", ", all)} ON *.* TO USER");
        Assert.Empty((await _engine.InspectTargetAsync(permitted, backup.Contents, Options(), default)).Obstacles);
    }

    [Fact]
    public async Task Nobody_without_the_privilege_keeps_a_restore_out_of_the_binary_log()
    {
        HandMadeBackup backup = await _world.MakeAsync("src");
        DatabaseAddress target = await UserAsync("GRANT SELECT, INSERT, CREATE, DROP, ALTER, INDEX, REFERENCES, CREATE VIEW, SHOW VIEW, CREATE ROUTINE, ALTER ROUTINE, TRIGGER, EVENT, LOCK TABLES ON *.* TO USER");

        Assert.Empty((await _engine.InspectTargetAsync(target, backup.Contents, Options(), default)).Obstacles);
        AiShellException obstacle = Assert.Single((await _engine.InspectTargetAsync(target, backup.Contents, Options() with { WithoutBinaryLog = true }, default)).Obstacles);
        Assert.Contains("binary log", obstacle.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_restore_that_is_kept_out_of_the_binary_log_leaves_nothing_there()
    {
        HandMadeBackup backup = await _world.MakeAsync("src");
        string before = await shared.Server.RunAsync("", "SHOW MASTER STATUS");

        await backup.RestoreAsync(_world.Address("target"), Options() with { WithoutBinaryLog = true });
        await backup.RestoreAsync(_world.Address("target"), Options() with { WithoutBinaryLog = true, Replace = true });
        Assert.Equal(before, await shared.Server.RunAsync("", "SHOW MASTER STATUS"));

        await backup.RestoreAsync(_world.Address("target"), Options() with { Replace = true });
        Assert.NotEqual(before, await shared.Server.RunAsync("", "SHOW MASTER STATUS"));
    }

    [Fact]
    public async Task Definers_that_are_missing_or_not_to_be_set_are_told()
    {
        HandMadeBackup backup = await _world.MakeAsync("src");
        BackupContents contents = backup.Contents with { Requires = new Dictionary<string, IReadOnlyList<string>> { ["users"] = ["nobody@localhost"] } };
        DatabaseAddress limited = await UserAsync("GRANT SELECT, INSERT, CREATE, DROP, ALTER, INDEX, REFERENCES, CREATE VIEW, SHOW VIEW, CREATE ROUTINE, ALTER ROUTINE, TRIGGER, EVENT, LOCK TABLES ON *.* TO USER");

        Assert.Contains("no user 'nobody@localhost'", Assert.Single((await _engine.InspectTargetAsync(_world.Address("target"), contents, Options(), default)).Obstacles).Message, StringComparison.Ordinal);
        Assert.Contains("in the name of", Assert.Single((await _engine.InspectTargetAsync(limited, contents, Options(), default)).Obstacles).Message, StringComparison.Ordinal);
        Assert.Empty((await _engine.InspectTargetAsync(limited, contents, Options() with { KeepOwners = false }, default)).Obstacles);
    }

    [Theory]
    [InlineData(null, true, "one@here")]
    [InlineData(null, false, "tester@%")]
    [InlineData("other@there", true, "other@there")]
    public async Task Objects_run_in_the_name_that_is_wanted(string? definer, bool keepOwners, string expected)
    {
        string source = _world.Address("src").Database;
        await shared.Server.RunAsync("", $"CREATE DATABASE `{source}` CHARACTER SET utf8mb4; CREATE USER IF NOT EXISTS one@here; CREATE USER IF NOT EXISTS other@there");
        await shared.Server.RunAsync(source, "CREATE TABLE t(a int)");
        HandMadeBackup backup = new();
        int table = backup.Table("t", "CREATE TABLE `t` (`a` int) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;");
        backup.After("VIEW", "v", "CREATE ALGORITHM=UNDEFINED DEFINER=`one`@`here` SQL SECURITY DEFINER VIEW `v` AS SELECT 'DEFINER=`a`@`b`' AS `x`;", table);
        backup.After("PROCEDURE", "p", "DELIMITER ;;\nCREATE DEFINER=`one`@`here` PROCEDURE `p`() SELECT 1\n;;\nDELIMITER ;");
        backup.After("TRIGGER", "g", "DELIMITER ;;\nCREATE DEFINER=`one`@`here` TRIGGER `g` BEFORE INSERT ON `t` FOR EACH ROW SET NEW.a = 1\n;;\nDELIMITER ;", table);
        backup.After("EVENT", "e", "CREATE DEFINER=`one`@`here` EVENT `e` ON SCHEDULE EVERY 1 DAY DISABLE DO SELECT 1;");
        await backup.Write(_world.Address("src")).RestoreAsync(_world.Address("target"), Options() with { Definer = definer, KeepOwners = keepOwners });

        string target = _world.Address("target").Database;
        Assert.Equal(
            string.Join('\n', Enumerable.Repeat(expected, 4)),
            await shared.Server.RunAsync(
                "",
                $"""
                SELECT DEFINER FROM information_schema.VIEWS WHERE TABLE_SCHEMA = '{target}' UNION ALL SELECT DEFINER FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = '{target}'
                UNION ALL SELECT DEFINER FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = '{target}' UNION ALL SELECT DEFINER FROM information_schema.EVENTS WHERE EVENT_SCHEMA = '{target}'
                """));
        await shared.Server.RunAsync("", "GRANT ALL ON *.* TO one@here, other@there"); // in whose name it runs
        Assert.Equal("DEFINER=`a`@`b`", await shared.Server.RunAsync(target, "SELECT x FROM v"));
    }

    [Fact]
    public async Task A_newer_backup_is_for_those_who_insist()
    {
        HandMadeBackup backup = await _world.MakeAsync("src");
        BackupContents newer = backup.Contents with { EngineVersion = "11.8.2-MariaDB" };

        Assert.Equal(ErrorKind.Refused, Assert.Single((await _engine.InspectTargetAsync(_world.Address("target"), newer, Options(), default)).Obstacles).Kind);
        TargetState forced = await _engine.InspectTargetAsync(_world.Address("target"), newer, Options() with { Replace = true }, default);
        Assert.Empty(forced.Obstacles);
        Assert.Contains(forced.Warnings, warning => warning.Contains("older", StringComparison.Ordinal));
    }
}
