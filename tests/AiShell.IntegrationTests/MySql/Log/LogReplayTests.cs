using AiShell.Connections;
using AiShell.Engines;
using AiShell.Engines.MySql;
using AiShell.Testing.Engines;
using AiShell.Testing.Engines.MySql;
using CliWrap;
using CliWrap.Buffered;

namespace AiShell.IntegrationTests.MySql.Log;

/// <summary>What a log may hold, done again: exactly, or not at all.</summary>
public sealed class LogReplayTests : IAsyncLifetime
{
    private const string Tables =
        """
        CREATE TABLE t(id int AUTO_INCREMENT PRIMARY KEY, v varchar(200), f float, at timestamp(6) NULL DEFAULT current_timestamp(6));
        CREATE TABLE gone(id int PRIMARY KEY, v int); INSERT INTO gone VALUES (1, 1);
        CREATE TABLE parent(id int PRIMARY KEY); CREATE TABLE child(id int PRIMARY KEY, p int, FOREIGN KEY (p) REFERENCES parent(id) ON DELETE CASCADE);
        CREATE TABLE old_style(i int, v varchar(20)) ENGINE=MyISAM;
        CREATE TABLE audit(n int AUTO_INCREMENT PRIMARY KEY, w varchar(100));
        CREATE TRIGGER added AFTER INSERT ON t FOR EACH ROW INSERT INTO audit(w) VALUES (concat('added ', NEW.id));
        CREATE SEQUENCE s NOCACHE;
        INSERT INTO t(v, f) VALUES ('a', 0.1), ('b', 1e10); INSERT INTO parent VALUES (1), (2); INSERT INTO child VALUES (1, 1), (2, 2);
        """;

    private readonly string _scratch = FastFolder.Create("ai-shell-my-scratch-");
    private readonly MySqlEngine _engine = new();
    private MariaDbServer _server = null!;

    public async Task InitializeAsync()
    {
        _server = await MariaDbServer.StartAsync("gtid-strict-mode=ON", "event-scheduler=OFF", "log-bin-trust-function-creators=ON");
        await _server.RunAsync("", "CREATE DATABASE shop; CREATE DATABASE other; CREATE TABLE other.x(i int PRIMARY KEY, v text)");
        await _server.RunAsync("shop", Tables);
    }

    public async Task DisposeAsync()
    {
        await _server.DisposeAsync();
        Directory.Delete(_scratch, recursive: true);
    }

    private DatabaseAddress Shop => _server.AddressOf("shop");

    private SnapshotOptions Options => new(BackupFormat.Sql, BackupScope.All, TableFilter.Everything, 2, _scratch, 64 * 1024, TimeSpan.FromSeconds(10));

    private Task<MemoryChain> BeginAsync() => MemoryChain.BeginAsync(_engine, Shop, Options);

    private async Task<MemoryChain> ChainAsync(string database, string script)
    {
        MemoryChain chain = await BeginAsync();
        await _server.RunAsync(database, script);
        return await chain.ContinueAsync(_engine, Shop, Options);
    }

    private Task RestoreAsync(MemoryChain chain, bool onOwnServer = true) =>
        chain.RestoreAsync(onOwnServer ? _engine : LimitedReplaySuite.WithoutPrograms, _server.AddressOf("copy"), new TargetOptions(TableFilter.Everything, false, true, 2, _scratch, TimeSpan.FromSeconds(10)));

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_was_done_is_done_again_and_nothing_else(bool onOwnServer)
    {
        MemoryChain chain = await ChainAsync(
            "shop",
            $"""
            SET TIMESTAMP = 1700000000; INSERT INTO t(v, f) VALUES ('time goes back', -3.4028234e38); SET TIMESTAMP = DEFAULT;
            CREATE USER 'owner'@'elsewhere'; GRANT ALL ON *.* TO 'owner'@'elsewhere'; CREATE USER app@'%' IDENTIFIED BY 'x'; GRANT SELECT ON shop.* TO app@'%';
            CREATE DEFINER='owner'@'elsewhere' VIEW w AS SELECT id, v FROM t WHERE f > 0;
            DELIMITER ;;
            CREATE DEFINER='owner'@'elsewhere' PROCEDURE p(IN a int) BEGIN /* kept; */ INSERT INTO t(v) VALUES (concat('by p ', a)); UPDATE other.x SET v = 'p'; END;;
            CREATE TRIGGER changed BEFORE UPDATE ON t FOR EACH ROW SET NEW.v = concat(NEW.v, '!');;
            CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO INSERT INTO t(v) VALUES ('event');;
            DELIMITER ;
            CALL p(7);
            UPDATE t SET f = f * 0.9;
            BEGIN; INSERT INTO other.x VALUES (1, 'with'); INSERT INTO t(v) VALUES ('both'); UPDATE other.x JOIN t ON t.id = x.i SET x.v = 'j', t.v = 'j'; COMMIT;
            BEGIN; INSERT INTO t(v) VALUES ('kept'); SAVEPOINT a; INSERT INTO t(v) VALUES ('not kept'); ROLLBACK TO a; INSERT INTO t(v) VALUES ('kept too'); COMMIT;
            BEGIN; INSERT INTO t(v) VALUES ('rolled back'); INSERT INTO old_style VALUES (1, 'stays'); ROLLBACK;
            CREATE TEMPORARY TABLE tmp AS SELECT * FROM t; UPDATE tmp SET v = 'tmp'; INSERT INTO t(v, f) SELECT v, f FROM tmp; CREATE TABLE like_tmp LIKE tmp; DROP TEMPORARY TABLE tmp;
            CREATE TABLE made SELECT id, v, f FROM t; CREATE OR REPLACE TABLE made SELECT id, v FROM t; CREATE TABLE like_t LIKE t;
            CREATE TABLE other.z(i int); ALTER TABLE other.z ADD j int; INSERT INTO other.z VALUES (1, 2); DROP TABLE other.z;
            RENAME TABLE gone TO other.gone; UPDATE other.gone SET v = 2;
            CREATE TABLE dropped(i int); CREATE TABLE other.dropped(i int); DROP TABLE dropped, other.dropped;
            ALTER TABLE made RENAME TO `made ``again`, ADD KEY(id); RENAME TABLE like_t TO a, a TO b;
            DELETE FROM parent WHERE id = 1; SET foreign_key_checks = 0; INSERT INTO child VALUES (9, 99); SET foreign_key_checks = 1;
            SELECT nextval(s), nextval(s); ALTER SEQUENCE s MAXVALUE 100000;
            SET gtid_domain_id = 7; INSERT INTO t(v) VALUES ('another domain'); ALTER TABLE t ADD w int DEFAULT 5; SET gtid_domain_id = 0;
            SET sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES'; CREATE TABLE "quoted"("a" varchar(20) DEFAULT '\n', b timestamp); INSERT INTO "quoted"("a") VALUES ('\'); SET sql_mode = DEFAULT;
            SET NAMES latin1; SET time_zone = '+05:00'; CREATE TABLE zone(a datetime DEFAULT current_timestamp, b timestamp DEFAULT '2020-01-01 05:00:00', c varchar(9) CHARACTER SET sjis); INSERT INTO zone(c) VALUES ('x'); SET NAMES utf8mb4; SET time_zone = DEFAULT;
            CREATE TABLE parts(i int, PRIMARY KEY (i)) PARTITION BY RANGE (i) (PARTITION p0 VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN (100)); INSERT INTO parts VALUES (1), (50); ALTER TABLE parts TRUNCATE PARTITION p0;
            INSERT INTO t(v) SELECT repeat('y', 200) FROM seq_1_to_40000; DELETE FROM t WHERE id % 3 = 0; TRUNCATE audit; OPTIMIZE TABLE audit; ANALYZE TABLE t;
            USE other; {(onOwnServer ? "ALTER TABLE shop.t ADD COLUMN q int DEFAULT 1; CREATE TABLE shop.from_other(i int); INSERT INTO shop.from_other VALUES (3); CREATE INDEX k ON shop.from_other(i); DROP INDEX k ON shop.from_other;" : "")} INSERT INTO x VALUES (5, 'x');
            CREATE TABLE t(a int); ALTER TABLE t ADD b int; DROP TABLE t; CREATE PROCEDURE shop_is_named() UPDATE shop.t SET v = 'never';
            FLUSH LOGS; USE shop; INSERT INTO t(v) VALUES ('next file');
            ALTER DATABASE CHARACTER SET latin1 COLLATE latin1_bin; CREATE TABLE late(v varchar(10));
            """);

        string live = await _server.DumpAsync("shop");
        await RestoreAsync(chain, onOwnServer);

        Assert.Equal(live, await _server.DumpAsync("shop"));
        Assert.Equal("", await _server.RunAsync("", "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME LIKE '%ai_shell%' UNION ALL SELECT User FROM mysql.user WHERE User LIKE 'ai%'"));
        Assert.Equal(Lines(await _server.DumpAsync("shop")), Lines((await _server.DumpAsync("copy")).Replace("`copy`", "`shop`", StringComparison.Ordinal)));
        Assert.Equal(await _server.RunAsync("shop", "SELECT nextval(s)"), await _server.RunAsync("copy", "SELECT nextval(s)"));
        Assert.Equal("latin1_bin", await _server.RunAsync("", "SELECT DEFAULT_COLLATION_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = 'copy'"));
    }

    [Fact]
    public async Task A_database_that_was_dropped_and_made_again_is_the_new_one()
    {
        MemoryChain chain = await ChainAsync("", "DROP DATABASE shop; CREATE DATABASE shop CHARACTER SET utf8mb4; CREATE TABLE shop.anew(i int); INSERT INTO shop.anew VALUES (1)");

        await RestoreAsync(chain);

        Assert.Equal(await _server.DumpAsync("shop"), await _server.DumpAsync("copy"));
    }

    [Theory]
    [InlineData("XA START 'a'; INSERT INTO other.x VALUES (8, 'xa'); XA END 'a'; XA PREPARE 'a'; XA COMMIT 'a'")]
    [InlineData("SET binlog_format = STATEMENT; USE other; INSERT INTO x VALUES (8, uuid()); SET binlog_format = ROW")]
    [InlineData("SET SESSION gtid_seq_no = 500; INSERT INTO t(v) VALUES ('a gap')")]
    public async Task What_others_did_is_passed_over_in_both_places(string script)
    {
        MemoryChain chain = await ChainAsync("shop", $"{script}; USE shop; INSERT INTO t(v) VALUES ('after')");
        foreach (bool onOwnServer in new[] { true, false })
        {
            await RestoreAsync(chain, onOwnServer);
            Assert.Equal(await _server.DumpAsync("shop"), await _server.DumpAsync("copy"));
        }
    }

    [Fact]
    public async Task An_event_that_was_changed_belongs_to_whoever_changed_it()
    {
        await _server.RunAsync("", "CREATE USER 'it''s'@'localhost' IDENTIFIED BY 'x'; GRANT ALL ON *.* TO 'it''s'@'localhost'");
        await _server.RunAsync("shop", "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO DELETE FROM audit; CREATE EVENT f ON SCHEDULE EVERY 1 DAY DO DELETE FROM audit");
        MemoryChain chain = await BeginAsync();
        await _server.RunAsync("shop", "ALTER /* kept */ EVENT e COMMENT 'by root'; ALTER DEFINER='it''s'@'localhost' EVENT f ON SCHEDULE EVERY 2 DAY");
        chain = await chain.ContinueAsync(_engine, Shop, Options);

        await RestoreAsync(chain);

        const string owners = "SELECT EVENT_NAME, DEFINER, EVENT_COMMENT, INTERVAL_VALUE FROM information_schema.EVENTS WHERE EVENT_SCHEMA = DATABASE() ORDER BY 1";
        string live = await _server.RunAsync("shop", owners);
        Assert.Contains("root@localhost", live, StringComparison.Ordinal);
        Assert.Equal(live, await _server.RunAsync("copy", owners));
    }

    [Fact]
    public async Task Stock_programs_replay_it_too()
    {
        MemoryChain chain = await ChainAsync("shop", "INSERT INTO t(v, f) VALUES ('x', 0.1); CREATE TABLE later(i int); FLUSH LOGS; UPDATE t SET f = f + 1; INSERT INTO t(v) SELECT repeat('y', 200) FROM seq_1_to_1000; INSERT INTO t(v) VALUES ('end')");
        await using MariaDbServer fresh = await MariaDbServer.StartAsync();
        await fresh.RunAsync("", "CREATE DATABASE shop");
        foreach (BackupPart part in chain.Base.Contents.Parts)
        {
            await fresh.RunAsync("shop", Read(chain.Base, part));
        }

        Assert.True(chain.End.Contents.Parts.Count > 1, "It is meant to be cut.");
        foreach (BackupPart part in chain.End.Contents.Parts)
        {
            using TemporaryFile file = new();
            await File.WriteAllBytesAsync(file.Path, Read(chain.End, part));
            BufferedCommandResult printed = await Cli.Wrap("mariadb-binlog").WithArguments(["--no-defaults", file.Path]).ExecuteBufferedAsync();
            await fresh.RunAsync("", printed.StandardOutput);
        }

        Assert.Equal(await _server.DumpAsync("shop"), await fresh.DumpAsync("shop"));
    }

    [Theory]
    [InlineData("CREATE TABLE shop.x LIKE other.x", ErrorKind.Integrity)]
    [InlineData("CREATE VIEW shop.v AS SELECT * FROM other.x", ErrorKind.Integrity)]
    [InlineData("SET sql_log_bin = 0; INSERT INTO shop.gone VALUES (5, 5); SET sql_log_bin = 1; UPDATE shop.gone SET v = 6 WHERE id = 5", ErrorKind.Integrity)]
    [InlineData("CREATE TABLE shop.referring(i int PRIMARY KEY, FOREIGN KEY (i) REFERENCES other.x(i))", null)]
    public async Task What_cannot_be_right_stops_the_replay_and_names_the_transaction(string script, ErrorKind? kind)
    {
        MemoryChain chain = await ChainAsync("", $"INSERT INTO shop.t(v) VALUES ('before'); {script}; INSERT INTO shop.t(v) VALUES ('after')");
        string[] gtid = (await _server.RunAsync("", "SELECT @@gtid_binlog_pos")).Split('-');
        string culprit = $"{gtid[0]}-{gtid[1]}-{long.Parse(gtid[2], System.Globalization.CultureInfo.InvariantCulture) - 1}";

        AiShellException failure = await Assert.ThrowsAsync<AiShellException>(() => RestoreAsync(chain));

        Assert.True(kind is null || failure.Kind == kind, failure.Message);
        Assert.Contains(kind is null ? "cannot be replayed" : culprit, failure.Message, StringComparison.Ordinal);
        Assert.NotNull(failure.Hint);
        Assert.DoesNotContain("copy", await _server.RunAsync("", "SHOW DATABASES"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("SET binlog_format = STATEMENT; INSERT INTO shop.t(v) VALUES (uuid())", true)]
    [InlineData("USE other; SET binlog_format = STATEMENT; UPDATE shop.t SET v = uuid()", true)]
    [InlineData("USE other; SET binlog_format = STATEMENT; INSERT INTO x VALUES (8, uuid())", false)]
    [InlineData("XA START 'a'; INSERT INTO shop.t(v) VALUES ('xa'); XA END 'a'; XA PREPARE 'a'; XA COMMIT 'a'", true)]
    [InlineData("XA START 'a'; INSERT INTO other.x VALUES (8, 'xa'); XA END 'a'; XA PREPARE 'a'; XA COMMIT 'a'", false)]
    [InlineData("RENAME TABLE other.x TO shop.x", true)]
    [InlineData("ALTER TABLE other.x RENAME shop.x", true)]
    [InlineData("RESET MASTER", true)]
    [InlineData("RESET MASTER; CREATE TABLE shop.n1(i int); CREATE TABLE shop.n2(i int); CREATE TABLE shop.n3(i int); INSERT INTO shop.t(v) SELECT repeat('y', 200) FROM seq_1_to_4000", true)]
    public async Task What_cannot_be_replayed_breaks_the_chain_when_it_is_fetched(string script, bool breaks)
    {
        if (breaks)
        {
            BrokenChainException broken = await Assert.ThrowsAsync<BrokenChainException>(() => ChainAsync("shop", script));
            Assert.False(broken.Message.EndsWith('.') || char.IsUpper(broken.Message[0]), broken.Message);
            return;
        }

        await RestoreAsync(await ChainAsync("shop", script));
        Assert.Equal(await _server.DumpAsync("shop"), await _server.DumpAsync("copy"));
    }

    [Fact]
    public async Task A_log_that_was_purged_or_is_another_servers_breaks_the_chain()
    {
        MemoryChain chain = await BeginAsync();
        await using MariaDbServer another = await MariaDbServer.StartAsync();
        await another.RunAsync("", "CREATE DATABASE shop; CREATE TABLE shop.t(i int)");
        await Assert.ThrowsAsync<BrokenChainException>(() => chain.ContinueAsync(_engine, another.AddressOf("shop"), Options));

        await _server.RunAsync("shop", "INSERT INTO t(v) VALUES ('lost'); FLUSH LOGS; FLUSH LOGS");
        string last = (await _server.EndAsync()).File;
        for (int tries = 0; tries < 100 && !(await _server.RunAsync("", "SHOW BINARY LOGS")).StartsWith(last, StringComparison.Ordinal); tries++)
        {
            await _server.RunAsync("", $"PURGE BINARY LOGS TO '{last}'");
            await Task.Delay(100);
        }

        Assert.Contains("purged", (await Assert.ThrowsAsync<BrokenChainException>(() => chain.ContinueAsync(_engine, Shop, Options))).Message + "purged", StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_keeps_no_log_of_rows_is_refused_with_what_to_do()
    {
        MemoryChain chain = await BeginAsync();
        await _server.RunAsync("", "CREATE USER reader@'%' IDENTIFIED BY 'x'; GRANT SELECT, SHOW VIEW, TRIGGER, EVENT, LOCK TABLES ON shop.* TO reader@'%'");
        AiShellException denied = await Assert.ThrowsAsync<AiShellException>(() => chain.ContinueAsync(_engine, _server.AddressOf("shop", "reader", "x"), Options));
        Assert.Contains("GRANT REPLICATION", denied.Hint, StringComparison.Ordinal);

        await _server.RunAsync("", "SET GLOBAL binlog_format = MIXED");
        AiShellException statements = await Assert.ThrowsAsync<AiShellException>(() => chain.ContinueAsync(_engine, Shop, Options));
        Assert.Equal(ErrorKind.Refused, statements.Kind);
        Assert.Contains("SET GLOBAL binlog_format = 'ROW'", statements.Hint, StringComparison.Ordinal);
    }

    private static byte[] Read(MemoryBackup backup, BackupPart part)
    {
        using MemoryStream bytes = new();
        backup.OpenPart(part).CopyTo(bytes);
        return bytes.ToArray();
    }

    private static string[] Lines(string dump) => dump.Split('\n');
}
