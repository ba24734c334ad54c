using AiShell.Connections;
using AiShell.Engines;
using AiShell.Testing.Engines;
using AiShell.Testing.Engines.MySql;

namespace AiShell.IntegrationTests.MySql.Log;

/// <summary>A log that is replayed on a server that others use, since this machine has none to start: whatever it contains, nothing but the scratch database is touched.</summary>
public sealed class LimitedReplayTests() : LimitedReplaySuite(Tables)
{
    private const string Tables =
        """
        CREATE DATABASE shop; CREATE DATABASE other; CREATE TABLE other.x(i int PRIMARY KEY, v text); INSERT INTO other.x VALUES (1, 'live');
        CREATE TABLE other.m(i int PRIMARY KEY, v text) ENGINE=MyISAM; INSERT INTO other.m VALUES (1, 'live'); CREATE SEQUENCE other.s;
        CREATE TABLE shop.t(id int AUTO_INCREMENT PRIMARY KEY, v varchar(200)); INSERT INTO shop.t(v) VALUES ('live'), ('live too'); CREATE SEQUENCE shop.s;
        CREATE TABLE shop.merged(i int PRIMARY KEY, v text) ENGINE=MERGE UNION=(other.m) INSERT_METHOD=LAST;
        CREATE TABLE shop.parent(id int PRIMARY KEY); CREATE TABLE shop.child(id int PRIMARY KEY, p int, FOREIGN KEY (p) REFERENCES shop.parent(id));
        DELIMITER ;;
        CREATE FUNCTION shop.danger() RETURNS int DETERMINISTIC BEGIN DELETE FROM other.x; RETURN 1; END;;
        DELIMITER ;
        """;

    protected override async Task<MySqlFamilyServer> StartAsync() => await MariaDbServer.StartAsync("log-bin-trust-function-creators=ON");

    [Theory]
    [InlineData("ALTER TABLE shop.t ADD q int")]
    [InlineData("USE other; ALTER TABLE shop.t ADD q int")]
    [InlineData("USE other; CREATE TABLE shop.k(i int)")]
    [InlineData("USE other; TRUNCATE shop.t")]
    [InlineData("CREATE TABLE y LIKE other.x")]
    [InlineData("CREATE VIEW w AS SELECT * FROM other.x")]
    [InlineData("CREATE VIEW w AS SELECT t.id FROM t JOIN shop.parent USING (id)")]
    [InlineData("CREATE TABLE r(i int PRIMARY KEY, FOREIGN KEY (i) REFERENCES other.x(i))")]
    [InlineData("CREATE TABLE r(i int PRIMARY KEY, FOREIGN KEY (i) REFERENCES shop.t(id))")]
    [InlineData("CREATE TABLE m2(i int PRIMARY KEY, v text) ENGINE=MERGE UNION=(other.m) INSERT_METHOD=LAST; INSERT INTO m2 VALUES (2, 'through')")]
    [InlineData("INSERT INTO merged VALUES (2, 'through')")]
    [InlineData("CREATE TABLE d(i int DEFAULT nextval(shop.s)); INSERT INTO d VALUES ()")]
    [InlineData("CREATE TABLE d(i int DEFAULT nextval(other.s)); INSERT INTO d VALUES ()")]
    [InlineData("CREATE VIEW calls AS SELECT danger() AS n")]
    [InlineData("CREATE FUNCTION worse() RETURNS int DETERMINISTIC RETURN danger(); CREATE VIEW calls AS SELECT worse() AS n")]
    [InlineData("RENAME TABLE parent TO other.parent")]
    [InlineData("DROP DATABASE shop; CREATE DATABASE shop; CREATE TABLE shop.anew(i int)")]
    [InlineData("ALTER DATABASE shop CHARACTER SET latin1")]
    [InlineData("CREATE TRIGGER shop.tr BEFORE INSERT ON shop.t FOR EACH ROW SET NEW.v = 'x'")]
    [InlineData("CREATE PROCEDURE shop.p() DELETE FROM other.x")]
    public async Task What_reaches_out_of_the_copy_ends_the_restore_and_changes_nothing(string script)
    {
        MemoryChain chain = await ChainAsync($"INSERT INTO shop.t(v) VALUES ('before'); {script}");
        string live = await LiveAsync();

        AiShellException failure = await Assert.ThrowsAsync<AiShellException>(() => chain.RestoreAsync(WithoutPrograms, Server.AddressOf("copy"), Replacing));

        Assert.True(failure.Kind == ErrorKind.Refused, failure.Message);
        Assert.Contains("the transaction 0-1-", failure.Message, StringComparison.Ordinal);
        Assert.Contains("mariadb-server", failure.Hint, StringComparison.Ordinal);
        Assert.Equal(live, await LiveAsync());
        Assert.Equal("", await LeftAsync());
    }

    [Fact]
    public async Task What_a_body_names_is_kept_and_not_run()
    {
        MemoryChain chain = await ChainAsync(
            """
            CREATE USER app@'%'; CREATE DEFINER=app@'%' VIEW w AS SELECT v FROM t; CREATE DEFINER=app@'%' PROCEDURE p() DELETE FROM other.x;
            CREATE TRIGGER tr AFTER INSERT ON t FOR EACH ROW DELETE FROM other.x WHERE i < 0; INSERT INTO t(v) VALUES ('fires'); CREATE EVENT e ON SCHEDULE EVERY 1 SECOND DO DELETE FROM other.x WHERE i < 0;
            """);
        string live = await LiveAsync();

        await chain.RestoreAsync(WithoutPrograms, Server.AddressOf("copy"), Replacing);

        Assert.Equal(live, await LiveAsync());
        Assert.Equal(await Server.DumpAsync("shop"), (await Server.DumpAsync("copy")).Replace("`copy`", "`shop`", StringComparison.Ordinal));
        Assert.Equal("copy", await LeftAsync());
    }

    [Theory]
    [InlineData("SET GLOBAL event_scheduler = ON", "event")]
    [InlineData("SET GLOBAL slave_run_triggers_for_rbr = YES", "trigger")]
    [InlineData("GRANT SELECT ON other.* TO PUBLIC", "every account has rights")]
    public async Task A_server_that_would_do_more_than_the_log_says_is_refused(string setting, string reason)
    {
        MemoryChain chain = await ChainAsync("CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO DELETE FROM other.x; INSERT INTO t(v) VALUES ('x')");
        await Server.RunAsync("", setting);

        AiShellException failure = await Assert.ThrowsAsync<AiShellException>(() => chain.RestoreAsync(WithoutPrograms, Server.AddressOf("copy"), Replacing));

        Assert.Contains(reason, failure.Message, StringComparison.Ordinal);
        Assert.Contains("mariadb-server", failure.Hint, StringComparison.Ordinal);
        Assert.Equal("", await LeftAsync());
    }

    [Fact]
    public async Task Events_of_the_base_are_not_made_where_they_would_run()
    {
        await Server.RunAsync("shop", "CREATE EVENT e ON SCHEDULE EVERY 1 SECOND DO DELETE FROM other.x");
        MemoryChain chain = await ChainAsync("INSERT INTO t(v) VALUES ('x')");
        await Server.RunAsync("", "DROP EVENT shop.e; SET GLOBAL event_scheduler = ON");
        string live = await LiveAsync();

        AiShellException failure = await Assert.ThrowsAsync<AiShellException>(() => chain.RestoreAsync(WithoutPrograms, Server.AddressOf("copy"), Replacing));

        Assert.Contains("'e'", failure.Message, StringComparison.Ordinal);
        Assert.Equal(live, await LiveAsync());
        Assert.Equal("", await LeftAsync());
    }

    [Theory]
    [InlineData("CREATE USER")]
    [InlineData("BINLOG REPLAY")]
    [InlineData("BINLOG ADMIN")]
    [InlineData("GRANT OPTION")]
    public async Task A_privilege_that_is_missing_is_told_with_its_grant_before_anything_is_begun(string missing)
    {
        await Server.RunAsync("shop", "DROP TABLE merged"); // takes privileges on another database
        MemoryChain chain = await ChainAsync("INSERT INTO t(v) VALUES ('x'); CREATE TABLE later(i int)");
        string[] everywhere = [.. new[] { "CREATE USER", "BINLOG REPLAY", "BINLOG ADMIN", "SET USER" }.Where(name => name != missing)];
        await Server.RunAsync(
            "",
            $"""
            CREATE USER restorer IDENTIFIED BY 'x'; GRANT ALL ON copy.* TO restorer; GRANT ALL ON `copy\_ai\_shell\_%`.* TO restorer{(missing == "GRANT OPTION" ? "" : " WITH GRANT OPTION")};
            GRANT SELECT ON mysql.proc TO restorer; GRANT {string.Join(", ", everywhere)} ON *.* TO restorer{(missing == "GRANT OPTION" ? "" : " WITH GRANT OPTION")};
            """);
        DatabaseAddress target = Server.AddressOf("copy", "restorer", "x");
        TargetOptions options = Replacing with { KeepOwners = false };

        TargetState state = await WithoutPrograms.InspectTargetAsync(target, chain.Contents, options, default);
        Assert.Contains(state.Warnings, warning => warning.Contains("scratch database", StringComparison.Ordinal));
        Assert.NotEmpty(state.Obstacles);
        AiShellException failure = await Assert.ThrowsAsync<AiShellException>(() => chain.RestoreAsync(WithoutPrograms, target, options));
        Assert.Contains(missing, failure.Message, StringComparison.Ordinal);
        Assert.Equal("", await LeftAsync());

        foreach (AiShellException obstacle in state.Obstacles)
        {
            await Server.RunAsync("", obstacle.Hint!.Split(';')[0]);
        }

        Assert.Empty((await WithoutPrograms.InspectTargetAsync(target, chain.Contents, options, default)).Obstacles);
        await chain.RestoreAsync(WithoutPrograms, target, options);
        Assert.Equal("copy", await LeftAsync());
        Assert.Equal(await Server.RunAsync("shop", "SELECT * FROM t"), await Server.RunAsync("copy", "SELECT * FROM t"));
    }

    [Theory]
    [InlineData("app@%", true, "app@%")]
    [InlineData(null, false, MariaDbServer.User + "@%")]
    [InlineData(null, true, "maker@%")]
    public async Task Objects_of_the_base_and_of_the_log_run_in_the_name_that_was_asked_for(string? definer, bool keepOwners, string owner)
    {
        await Server.RunAsync("shop", "CREATE USER app@'%'; CREATE USER maker@'%'; CREATE DEFINER=maker@'%' VIEW of_base AS SELECT id FROM t");
        MemoryChain chain = await ChainAsync(
            """
            DROP FUNCTION danger; CREATE DEFINER=maker@'%' VIEW of_log AS SELECT v FROM t; CREATE DEFINER=maker@'%' PROCEDURE p() DELETE FROM t;
            CREATE DEFINER=maker@'%' TRIGGER tr AFTER INSERT ON t FOR EACH ROW DELETE FROM parent WHERE id < 0;
            CREATE DEFINER=maker@'%' EVENT e ON SCHEDULE EVERY 1 DAY DO DELETE FROM parent WHERE id < 0;
            """);

        await chain.RestoreAsync(WithoutPrograms, Server.AddressOf("copy"), Replacing with { Definer = definer, KeepOwners = keepOwners });

        Assert.Equal(string.Join('\n', Enumerable.Repeat(owner, 5)), await Server.RunAsync(
            "",
            """
            SELECT DEFINER FROM information_schema.VIEWS WHERE TABLE_SCHEMA = 'copy' UNION ALL SELECT DEFINER FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = 'copy'
            UNION ALL SELECT DEFINER FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = 'copy' UNION ALL SELECT DEFINER FROM information_schema.EVENTS WHERE EVENT_SCHEMA = 'copy'
            """));
        Assert.Equal("copy", await LeftAsync());
    }

    [Theory]
    [InlineData("INSERT INTO t(v) VALUES ('x')", true)]
    [InlineData("CREATE USER maker@'%'; CREATE DEFINER=maker@'%' VIEW w AS SELECT v FROM t", false)]
    public async Task Without_SET_USER_to_give_away_it_is_told_what_the_log_may_not_have(string script, bool works)
    {
        await Server.RunAsync("shop", "DROP TABLE merged; DROP FUNCTION danger");
        MemoryChain chain = await ChainAsync(script);
        await Server.RunAsync(
            "",
            """
            CREATE USER restorer IDENTIFIED BY 'x'; GRANT ALL ON copy.* TO restorer; GRANT ALL ON `copy\_ai\_shell\_%`.* TO restorer WITH GRANT OPTION;
            GRANT SELECT ON mysql.proc TO restorer; GRANT CREATE USER, BINLOG REPLAY, BINLOG ADMIN ON *.* TO restorer WITH GRANT OPTION
            """);
        DatabaseAddress target = Server.AddressOf("copy", "restorer", "x");
        TargetOptions options = Replacing with { KeepOwners = false };

        TargetState state = await WithoutPrograms.InspectTargetAsync(target, chain.Contents, options, default);
        Assert.Empty(state.Obstacles);
        Assert.Contains(state.Warnings, warning => warning.Contains("GRANT SET USER ON *.* TO `restorer`@`%` WITH GRANT OPTION", StringComparison.Ordinal));
        if (works)
        {
            await chain.RestoreAsync(WithoutPrograms, target, options);
            Assert.Equal("copy", await LeftAsync());
            return;
        }

        AiShellException failure = await Assert.ThrowsAsync<AiShellException>(() => chain.RestoreAsync(WithoutPrograms, target, options));
        Assert.Equal(ErrorKind.Refused, failure.Kind);
        Assert.Contains("SET USER", failure.Message, StringComparison.Ordinal);
        Assert.Equal("", await LeftAsync());
    }

    [Fact]
    public async Task What_a_killed_replay_left_goes_with_its_account()
    {
        MemoryChain chain = await ChainAsync("INSERT INTO t(v) VALUES ('x')");
        await Server.RunAsync(
            "",
            """
            CREATE DATABASE copy_ai_shell_replay_0000abcd; CREATE USER ai_shell_replay_0000abcd@'%'; GRANT SET USER ON *.* TO ai_shell_replay_0000abcd@'%';
            CREATE DATABASE copy_ai_shell_replay_0000abcd_ai_shell_new_0000dcba;
            """);

        await chain.RestoreAsync(WithoutPrograms, Server.AddressOf("copy"), Replacing);

        Assert.Equal("copy", await LeftAsync());
    }

    [Fact]
    public async Task Nothing_of_the_scratch_database_is_in_the_binary_log()
    {
        MemoryChain chain = await ChainAsync("INSERT INTO t(v) VALUES ('x'); CREATE TABLE later(i int)");
        await Server.RunAsync("", "FLUSH LOGS");
        string file = (await Server.EndAsync()).File;

        await chain.RestoreAsync(WithoutPrograms, Server.AddressOf("copy"), Replacing);

        Assert.DoesNotContain("_replay_", await Server.RunAsync("", $"SHOW BINLOG EVENTS IN '{file}'"), StringComparison.Ordinal);
    }
}
