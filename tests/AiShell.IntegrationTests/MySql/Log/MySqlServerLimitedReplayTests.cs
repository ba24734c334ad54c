using AiShell.Connections;
using AiShell.Engines;
using AiShell.Testing.Engines;
using AiShell.Testing.Engines.MySql;

namespace AiShell.IntegrationTests.MySql.Log;

/// <summary>As <see cref="LimitedReplayTests"/>, a log of MySQL's on a MySQL server that others use.</summary>
public sealed class MySqlServerLimitedReplayTests() : LimitedReplaySuite(Tables)
{
    private const string Tables =
        """
        DROP DATABASE IF EXISTS shop; DROP DATABASE IF EXISTS other; CREATE DATABASE shop; CREATE DATABASE other; CREATE TABLE other.x(i int PRIMARY KEY, v text); INSERT INTO other.x VALUES (1, 'live');
        CREATE TABLE other.m(i int PRIMARY KEY, v text) ENGINE=MyISAM; INSERT INTO other.m VALUES (1, 'live');
        CREATE TABLE shop.t(id int AUTO_INCREMENT PRIMARY KEY, v varchar(200)); INSERT INTO shop.t(v) VALUES ('live'), ('live too');
        CREATE TABLE shop.merged(i int PRIMARY KEY, v text) ENGINE=MERGE UNION=(other.m) INSERT_METHOD=LAST;
        CREATE TABLE shop.parent(id int PRIMARY KEY); CREATE TABLE shop.child(id int PRIMARY KEY, p int, FOREIGN KEY (p) REFERENCES shop.parent(id));
        DELIMITER ;;
        CREATE FUNCTION shop.danger() RETURNS int DETERMINISTIC BEGIN DELETE FROM other.x; RETURN 1; END;;
        DELIMITER ;
        """;

    protected override async Task<MySqlFamilyServer> StartAsync() => await MySqlServer.StartAsync("log-bin-trust-function-creators=ON", "event-scheduler=OFF");

    /// <summary>Also where every account is given all of both databases by a mandatory role.</summary>
    [Fact]
    public async Task What_reaches_out_of_the_copy_ends_the_restore_and_changes_nothing()
    {
        await Server.RunAsync("", "CREATE ROLE everything; GRANT ALL ON shop.* TO everything; GRANT ALL ON other.* TO everything; SET GLOBAL mandatory_roles = 'everything', activate_all_roles_on_login = ON");
        foreach (string script in (string[])
        [
            "USE other; TRUNCATE shop.t",
            "CREATE TABLE y LIKE other.x",
            "CREATE VIEW w AS SELECT * FROM other.x",
            "CREATE VIEW w AS SELECT t.id FROM t JOIN shop.parent USING (id)",
            "CREATE TABLE r(i int PRIMARY KEY, FOREIGN KEY (i) REFERENCES other.x(i))",
            "CREATE TABLE r(i int PRIMARY KEY, FOREIGN KEY (i) REFERENCES shop.t(id))",
            "CREATE TABLE m2(i int PRIMARY KEY, v text) ENGINE=MERGE UNION=(other.m) INSERT_METHOD=LAST; INSERT INTO m2 VALUES (2, 'through')",
            "INSERT INTO merged VALUES (2, 'through')",
            "CREATE VIEW calls AS SELECT danger() AS n",
            "CREATE FUNCTION worse() RETURNS int DETERMINISTIC RETURN danger(); CREATE VIEW calls AS SELECT worse() AS n",
            "RENAME TABLE parent TO other.parent",
            "CREATE TRIGGER shop.tr BEFORE INSERT ON shop.t FOR EACH ROW SET NEW.v = 'x'",
        ])
        {
            await Server.RunAsync("", Tables);
            MemoryChain chain = await ChainAsync($"INSERT INTO shop.t(v) VALUES ('before'); {script}");
            string live = await LiveAsync();

            AiShellException? failure = await Record.ExceptionAsync(() => chain.RestoreAsync(WithoutPrograms, Server.AddressOf("copy"), Replacing)) as AiShellException;

            Assert.True(failure is { Kind: ErrorKind.Refused }, $"{script}: {failure?.Message ?? "it was restored"}");
            Assert.Contains("the transaction ", failure!.Message, StringComparison.Ordinal);
            Assert.Contains("mysql-server", failure.Hint, StringComparison.Ordinal);
            Assert.Equal(live, await LiveAsync());
            Assert.Equal("", await LeftAsync());
        }
    }

    [Fact]
    public async Task What_the_log_has_is_done_and_what_a_body_names_is_kept_and_not_run()
    {
        MemoryChain chain = await ChainAsync(
            """
            CREATE USER app@'%'; GRANT SELECT ON *.* TO app@'%'; CREATE DEFINER=app@'%' VIEW w AS SELECT v FROM t; CREATE DEFINER=app@'%' PROCEDURE p() DELETE FROM other.x; CREATE DEFINER=root@localhost VIEW of_root AS SELECT id FROM t; CREATE DEFINER=gone@nowhere PROCEDURE of_nobody() SELECT 1;
            CREATE TRIGGER tr AFTER INSERT ON t FOR EACH ROW DELETE FROM other.x WHERE i < 0; INSERT INTO t(v) VALUES ('does not fire'); CREATE EVENT e ON SCHEDULE EVERY 1 SECOND DO DELETE FROM other.x WHERE i < 0;
            CREATE TABLE chosen COMMENT 'of a query' SELECT id, v FROM t; UPDATE chosen SET v = 'changed' WHERE id = 1; ALTER TABLE t ADD g varchar(210) AS (concat(v, '!')) STORED, ADD KEY(g);
            SET sql_generate_invisible_primary_key = ON; CREATE TABLE keyless(v int); INSERT INTO keyless VALUES (1), (1); DELETE FROM keyless LIMIT 1; SET sql_generate_invisible_primary_key = OFF;
            SET default_collation_for_utf8mb4 = utf8mb4_general_ci; CREATE TABLE collated(a varchar(10)) CHARACTER SET utf8mb4; SET default_collation_for_utf8mb4 = DEFAULT;
            SET explicit_defaults_for_timestamp = OFF; CREATE TABLE stamped(a timestamp, b timestamp NULL); SET explicit_defaults_for_timestamp = ON;
            """);
        string live = await LiveAsync();
        await Server.RunAsync("", "FLUSH BINARY LOGS");
        string file = (await Server.RunAsync("", "SHOW BINARY LOG STATUS")).Split('\t')[0];

        await chain.RestoreAsync(WithoutPrograms, Server.AddressOf("copy"), Replacing);

        Assert.Equal(live, await LiveAsync());
        Assert.Equal(Lines(await Server.DumpAsync("shop")), Lines((await Server.DumpAsync("copy")).Replace("`copy`", "`shop`", StringComparison.Ordinal)));
        Assert.Equal("copy", await LeftAsync());
        Assert.DoesNotContain("_replay_", await Server.RunAsync("", $"SHOW BINLOG EVENTS IN '{file}'"), StringComparison.Ordinal);

        // What a killed one left goes with its account.
        await Server.RunAsync("", "CREATE DATABASE copy_ai_shell_replay_0000abcd; CREATE USER ai_shell_replay_0000abcd@'%'; GRANT SYSTEM_USER ON *.* TO ai_shell_replay_0000abcd@'%'");
        await chain.RestoreAsync(WithoutPrograms, Server.AddressOf("copy"), Replacing);
        Assert.Equal("copy", await LeftAsync());

        static string[] Lines(string dump) => dump.Replace(" CHARACTER SET utf8mb4 COLLATE", " COLLATE", StringComparison.Ordinal).Split('\n');
    }

    [Theory]
    [InlineData("SET GLOBAL event_scheduler = ON", "event")]
    [InlineData("SET GLOBAL partial_revokes = ON", "partial_revokes")]
    public async Task A_server_that_will_not_do_is_refused_before_anything_is_begun(string setting, string reason)
    {
        MemoryChain chain = await ChainAsync("CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO DELETE FROM other.x; INSERT INTO t(v) VALUES ('x')");
        await Server.RunAsync("", setting);

        AiShellException failure = await Assert.ThrowsAsync<AiShellException>(() => chain.RestoreAsync(WithoutPrograms, Server.AddressOf("copy"), Replacing));

        Assert.Contains(reason, failure.Message, StringComparison.Ordinal);
        Assert.Contains("mysql-server", failure.Hint, StringComparison.Ordinal);
        Assert.Equal("", await LeftAsync());
    }

    /// <summary>Each that is missing is told with its grant, and with exactly those that are told it works.</summary>
    [Fact]
    public async Task The_privileges_that_it_takes_are_told_and_enough()
    {
        await Server.RunAsync("shop", "DROP TABLE merged; DROP FUNCTION danger; CREATE USER maker@'%'");
        MemoryChain chain = await ChainAsync("INSERT INTO t(v) VALUES ('x'); CREATE TABLE later(i int); CREATE DEFINER=maker@'%' VIEW w AS SELECT v FROM t");
        await Server.RunAsync("", "CREATE USER restorer IDENTIFIED BY 'x'; GRANT ALL ON copy.* TO restorer; GRANT ALL ON `copy\\_ai\\_shell\\_%`.* TO restorer; GRANT SHOW_ROUTINE ON *.* TO restorer");
        DatabaseAddress target = Server.AddressOf("copy", "restorer", "x");
        TargetOptions options = Replacing with { KeepOwners = false };

        TargetState state = await WithoutPrograms.InspectTargetAsync(target, chain.Contents, options, default);
        Assert.Contains(state.Warnings, warning => warning.Contains("has no MySQL server of its own", StringComparison.Ordinal));
        foreach (string missing in (string[])["CREATE USER", "REPLICATION_APPLIER", "SESSION_VARIABLES_ADMIN", "GRANT OPTION"])
        {
            Assert.Contains(state.Obstacles, obstacle => obstacle.Message.Contains(missing, StringComparison.Ordinal));
        }

        await Assert.ThrowsAsync<AiShellException>(() => chain.RestoreAsync(WithoutPrograms, target, options));
        Assert.Equal("", await LeftAsync());
        string[] grants = [.. state.Obstacles.Select(obstacle => obstacle.Hint!.Split(';')[0]), .. state.Warnings.Where(warning => warning.Contains("(GRANT ", StringComparison.Ordinal)).Select(warning => warning[(warning.IndexOf("(GRANT ", StringComparison.Ordinal) + 1)..].TrimEnd('.', ')'))];
        foreach (string grant in grants)
        {
            await Server.RunAsync("", grant);
        }

        Assert.Empty((await WithoutPrograms.InspectTargetAsync(target, chain.Contents, options, default)).Obstacles);
        await chain.RestoreAsync(WithoutPrograms, target, options);
        Assert.Equal("copy", await LeftAsync());
        Assert.Equal(await Server.RunAsync("shop", "SELECT * FROM t"), await Server.RunAsync("copy", "SELECT * FROM t"));
    }
}
