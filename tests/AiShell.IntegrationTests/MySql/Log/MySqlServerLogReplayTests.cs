using AiShell.Connections;
using AiShell.Engines;
using AiShell.Engines.MySql;
using AiShell.Testing.Engines;
using AiShell.Testing.Engines.MySql;
using CliWrap;
using CliWrap.Buffered;

namespace AiShell.IntegrationTests.MySql.Log;

/// <summary>What a log of MySQL's may hold, done again: exactly, or not at all.</summary>
public sealed class MySqlServerLogReplayTests : IAsyncLifetime
{
    private const string Tables =
        """
        CREATE TABLE t(id int AUTO_INCREMENT PRIMARY KEY, v varchar(200), f float, at timestamp(6) NULL DEFAULT current_timestamp(6));
        CREATE TABLE gone(id int PRIMARY KEY, v int); INSERT INTO gone VALUES (1, 1);
        CREATE TABLE parent(id int PRIMARY KEY); CREATE TABLE child(id int PRIMARY KEY, p int, FOREIGN KEY (p) REFERENCES parent(id) ON DELETE CASCADE ON UPDATE CASCADE);
        CREATE TABLE old_style(i int, v varchar(20)) ENGINE=MyISAM;
        CREATE TABLE doc(id int PRIMARY KEY, d json, g varchar(20) AS (d->>'$.name') STORED, KEY of_name((upper(g))));
        CREATE TABLE audit(n int AUTO_INCREMENT PRIMARY KEY, w varchar(100));
        CREATE TRIGGER added AFTER INSERT ON t FOR EACH ROW INSERT INTO audit(w) VALUES (concat('added ', NEW.id));
        INSERT INTO t(v, f) VALUES ('a', 0.1), ('b', 1e10); INSERT INTO parent VALUES (1), (2), (3); INSERT INTO child VALUES (1, 1), (2, 2), (3, 3);
        INSERT INTO doc(id, d) VALUES (1, '{"name": "a", "list": [1, 2, 3], "text": "0123456789012345678901234567890123456789"}'), (2, '{"name": "b"}');
        """;

    private readonly string _scratch = FastFolder.Create("ai-shell-my-scratch-");
    private readonly MySqlEngine _engine = new(MySqlPrograms.OfMySql);
    private MySqlServer _server = null!;

    public async Task InitializeAsync()
    {
        _server = await MySqlServer.StartAsync("event-scheduler=OFF", "log-bin-trust-function-creators=ON");
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

    private Task RestoreAsync(MemoryChain chain) =>
        chain.RestoreAsync(_engine, _server.AddressOf("copy"), new TargetOptions(TableFilter.Everything, false, true, 2, _scratch, TimeSpan.FromSeconds(10)));

    private async Task RequireSameAsync() => Assert.Equal(await LinesAsync("shop"), await LinesAsync("copy"));

    /// <summary>Whether a column's character set is said beside its collation, which tells it, depends on how the table was made.</summary>
    private async Task<string[]> LinesAsync(string database) =>
        (await _server.DumpAsync(database)).Replace($"`{database}`", "`shop`", StringComparison.Ordinal).Replace(" CHARACTER SET utf8mb4 COLLATE", " COLLATE", StringComparison.Ordinal).Replace(" CHARACTER SET latin1 COLLATE", " COLLATE", StringComparison.Ordinal).Split('\n');

    [Fact]
    public async Task What_was_done_is_done_again_and_nothing_else()
    {
        MemoryChain chain = await ChainAsync(
            "shop",
            """
            SET TIMESTAMP = 1700000000; INSERT INTO t(v, f) VALUES ('time goes back', -3.4028234e38); SET TIMESTAMP = DEFAULT;
            CREATE USER 'owner'@'elsewhere' IDENTIFIED BY 'x'; GRANT ALL ON *.* TO 'owner'@'elsewhere'; CREATE USER app@'%' IDENTIFIED BY 'x'; GRANT SELECT ON shop.* TO app@'%';
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
            SET gtid_next = AUTOMATIC; INSERT INTO old_style VALUES (1, 'stays'), (2, 'goes'); DELETE FROM old_style WHERE i = 2;
            CREATE TEMPORARY TABLE tmp AS SELECT * FROM t; UPDATE tmp SET v = 'tmp'; INSERT INTO t(v, f) SELECT v, f FROM tmp; DROP TEMPORARY TABLE tmp;
            CREATE TABLE made SELECT id, v, f FROM t; CREATE TABLE like_t LIKE t; CREATE TABLE begun AS SELECT 'start transaction' AS `START TRANSACTION`; CREATE TABLE chosen(p int, PRIMARY KEY (p)) COMMENT 'start transaction' ROW_FORMAT DYNAMIC PARTITION BY HASH (p) PARTITIONS 2 SELECT 7 AS p, 'x' AS v;
            CREATE TABLE other.z(i int); ALTER TABLE other.z ADD j int; INSERT INTO other.z VALUES (1, 2); DROP TABLE other.z;
            RENAME TABLE gone TO other.gone; UPDATE other.gone SET v = 2;
            CREATE TABLE dropped(i int); CREATE TABLE other.dropped(i int); DROP TABLE dropped, other.dropped;
            ALTER TABLE made RENAME TO `made ``again`, ADD KEY(id); RENAME TABLE like_t TO a, a TO b;
            DELETE FROM parent WHERE id = 1; UPDATE parent SET id = 20 WHERE id = 2; SET foreign_key_checks = 0; INSERT INTO child VALUES (9, 99); DELETE FROM parent WHERE id = 3; SET foreign_key_checks = 1;
            SET binlog_row_value_options = 'PARTIAL_JSON', binlog_row_image = MINIMAL; UPDATE doc SET d = json_set(d, '$.name', 'c', '$.list[1]', 5) WHERE id = 1; UPDATE doc SET d = json_remove(d, '$.list') WHERE id = 1; SET binlog_row_value_options = '', binlog_row_image = NOBLOB; UPDATE doc SET d = '[]' WHERE id = 2; SET binlog_row_image = FULL;
            SET sql_generate_invisible_primary_key = ON; CREATE TABLE keyless(v int); INSERT INTO keyless VALUES (1), (1); DELETE FROM keyless LIMIT 1; CREATE TABLE keyless_copy AS SELECT * FROM keyless; SET sql_generate_invisible_primary_key = OFF;
            ALTER TABLE t ADD hidden int INVISIBLE DEFAULT 7, ADD CONSTRAINT positive CHECK (v <> 'forbidden'), ADD INDEX unseen(f) INVISIBLE; ALTER TABLE t ALTER CHECK positive NOT ENFORCED, ALTER INDEX unseen VISIBLE; ALTER TABLE t RENAME COLUMN hidden TO seen, RENAME INDEX unseen TO found;
            SET gtid_next = 'automatic:tagged'; INSERT INTO t(v) VALUES ('tagged'); ALTER TABLE t ADD w int DEFAULT 5; SET gtid_next = 'automatic';
            SET gtid_next = '11111111-2222-3333-4444-555555555555:9'; INSERT INTO t(v) VALUES ('of another'); SET gtid_next = 'automatic';
            SET sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES'; CREATE TABLE "quoted"("a" varchar(20) DEFAULT '\n', b timestamp); INSERT INTO "quoted"("a") VALUES ('\'); SET sql_mode = DEFAULT;
            SET explicit_defaults_for_timestamp = OFF; CREATE TABLE stamped(a timestamp, b timestamp NULL); SET explicit_defaults_for_timestamp = ON;
            SET default_collation_for_utf8mb4 = utf8mb4_general_ci; CREATE TABLE collated(a varchar(10)) CHARACTER SET utf8mb4; SET default_collation_for_utf8mb4 = DEFAULT;
            SET NAMES latin1; SET time_zone = '+05:00'; CREATE TABLE zone(a datetime DEFAULT current_timestamp, b timestamp DEFAULT '2020-01-01 05:00:00', c varchar(9) CHARACTER SET sjis); INSERT INTO zone(c) VALUES ('x'); SET NAMES utf8mb4; SET time_zone = DEFAULT;
            CREATE TABLE parts(i int, PRIMARY KEY (i)) PARTITION BY RANGE (i) (PARTITION p0 VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN (100)); INSERT INTO parts VALUES (1), (50); ALTER TABLE parts TRUNCATE PARTITION p0;
            SET cte_max_recursion_depth = 100000; INSERT INTO t(v) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40000) SELECT repeat('y', 200) FROM n; DELETE FROM t WHERE id % 3 = 0; TRUNCATE audit; OPTIMIZE TABLE audit; ANALYZE TABLE t UPDATE HISTOGRAM ON v;
            USE other; ALTER TABLE shop.t ADD COLUMN q int DEFAULT 1; CREATE TABLE shop.from_other(i int); INSERT INTO shop.from_other VALUES (3); CREATE INDEX k ON shop.from_other(i); DROP INDEX k ON shop.from_other; INSERT INTO x VALUES (5, 'x');
            CREATE TABLE t(a int); ALTER TABLE t ADD b int; DROP TABLE t; CREATE PROCEDURE shop_is_named() UPDATE shop.t SET v = 'never';
            FLUSH LOGS; USE shop; INSERT INTO t(v) VALUES ('next file');
            ALTER DATABASE CHARACTER SET latin1 COLLATE latin1_bin; CREATE TABLE late(v varchar(10));
            """);

        string live = await _server.DumpAsync("shop");
        await RestoreAsync(chain);

        Assert.Equal(live, await _server.DumpAsync("shop"));
        Assert.Equal("", await _server.RunAsync("", "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME LIKE '%ai_shell%' UNION ALL SELECT User FROM mysql.user WHERE User LIKE 'ai%'"));
        await RequireSameAsync();
        Assert.Equal("latin1_bin", await _server.RunAsync("", "SELECT DEFAULT_COLLATION_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = 'copy'"));
    }

    [Fact]
    public async Task What_a_foreign_key_does_is_done_once_whoever_does_it()
    {
        // Until MySQL 9.5, and with this setting, InnoDB does it and the log does not have it; later ones log it.
        _server.AddSettings("innodb-native-foreign-keys=ON", "gtid-mode=OFF", "enforce-gtid-consistency=OFF");
        await _server.StopAsync();
        await _server.StartAgainAsync();
        MemoryChain chain = await ChainAsync("shop", "CREATE TABLE log_of_child(n int AUTO_INCREMENT PRIMARY KEY, id int); DELETE FROM parent WHERE id = 1; UPDATE parent SET id = 20 WHERE id = 2; REPLACE INTO parent VALUES (3); INSERT INTO t(v) VALUES ('after')");

        await RestoreAsync(chain);

        await RequireSameAsync();
        Assert.Equal("2\t20", await _server.RunAsync("copy", "SELECT * FROM child"));
    }

    [Fact]
    public async Task A_database_that_was_dropped_and_made_again_is_the_new_one()
    {
        MemoryChain chain = await ChainAsync("", "DROP DATABASE shop; CREATE DATABASE shop CHARACTER SET utf8mb4; CREATE TABLE shop.anew(i int); INSERT INTO shop.anew VALUES (1)");

        await RestoreAsync(chain);

        await RequireSameAsync();
    }

    [Fact]
    public async Task What_others_did_is_passed_over()
    {
        MemoryChain chain = await ChainAsync(
            "shop",
            """
            XA START 'a'; INSERT INTO other.x VALUES (8, 'xa'); XA END 'a'; XA PREPARE 'a'; XA COMMIT 'a';
            USE other; SET binlog_format = STATEMENT; INSERT INTO x VALUES (9, uuid()); SET binlog_format = ROW; USE shop; INSERT INTO t(v) VALUES ('after')
            """);

        await RestoreAsync(chain);

        await RequireSameAsync();
    }

    [Fact]
    public async Task Stock_programs_replay_it_too()
    {
        MemoryChain chain = await ChainAsync("shop", "INSERT INTO t(v, f) VALUES ('x', 0.1); CREATE TABLE later(i int); FLUSH LOGS; UPDATE t SET f = f + 1; INSERT INTO t(v) SELECT repeat('y', 200) FROM information_schema.COLLATIONS; INSERT INTO t(v) VALUES ('end')");
        await using MySqlServer fresh = await MySqlServer.StartAsync();
        await fresh.RunAsync("", "CREATE DATABASE shop");
        foreach (BackupPart part in chain.Base.Contents.Parts)
        {
            await fresh.RunAsync("shop", Read(chain.Base, part));
        }

        foreach (BackupPart part in chain.End.Contents.Parts)
        {
            using TemporaryFile file = new();
            await File.WriteAllBytesAsync(file.Path, Read(chain.End, part));
            BufferedCommandResult printed = await Cli.Wrap(MySqlServer.ProgramOf("mysqlbinlog")).WithArguments(["--no-defaults", file.Path]).ExecuteBufferedAsync();
            await fresh.RunAsync("", printed.StandardOutput);
        }

        Assert.Equal(await _server.DumpAsync("shop"), await fresh.DumpAsync("shop"));
    }

    [Theory]
    [InlineData("CREATE TABLE shop.x LIKE other.x")]
    [InlineData("CREATE VIEW shop.v AS SELECT * FROM other.x")]
    [InlineData("SET sql_log_bin = 0; INSERT INTO shop.gone VALUES (5, 5); SET sql_log_bin = 1; UPDATE shop.gone SET v = 6 WHERE id = 5")]
    [InlineData("CREATE TABLE shop.referring(i int PRIMARY KEY, FOREIGN KEY (i) REFERENCES other.x(i))", false)]
    public async Task What_cannot_be_right_stops_the_replay_and_names_the_transaction(string script, bool atOnce = true)
    {
        MemoryChain chain = await ChainAsync("", $"INSERT INTO shop.t(v) VALUES ('before'); {script}; INSERT INTO shop.t(v) VALUES ('after')");
        string[] gtid = (await _server.RunAsync("", "SELECT @@gtid_executed")).Split(':', '-');
        string culprit = $"{string.Join('-', gtid[..5])}:{long.Parse(gtid[^1], System.Globalization.CultureInfo.InvariantCulture) - 1}";

        AiShellException failure = await Assert.ThrowsAsync<AiShellException>(() => RestoreAsync(chain));

        Assert.Contains("cannot be replayed", failure.Message, StringComparison.Ordinal);
        Assert.Contains(atOnce ? culprit : "", failure.Message, StringComparison.Ordinal);
        Assert.NotNull(failure.Hint);
        Assert.DoesNotContain("copy", await _server.RunAsync("", "SHOW DATABASES"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_cannot_be_replayed_breaks_the_chain_when_it_is_fetched()
    {
        foreach (string script in new[]
        {
            "SET binlog_format = STATEMENT; INSERT INTO shop.t(v) VALUES (uuid()); SET binlog_format = ROW",
            "USE other; SET binlog_format = STATEMENT; UPDATE shop.t SET v = uuid() ORDER BY id LIMIT 1; SET binlog_format = ROW",
            "XA START 'a'; INSERT INTO shop.t(v) VALUES ('xa'); XA END 'a'; XA PREPARE 'a'; XA COMMIT 'a'",
            "RENAME TABLE other.x TO shop.x",
            "ALTER TABLE shop.x RENAME other.x; ALTER TABLE other.x RENAME shop.x",
            "RESET BINARY LOGS AND GTIDS",
            "DO sleep(1); RESET BINARY LOGS AND GTIDS; CREATE TABLE shop.n1(i int); INSERT INTO shop.t(v) SELECT repeat('y', 200) FROM information_schema.COLLATIONS",
        })
        {
            BrokenChainException broken = await Assert.ThrowsAsync<BrokenChainException>(() => ChainAsync("shop", script));
            Assert.False(broken.Message.EndsWith('.') || char.IsUpper(broken.Message[0]), broken.Message);
        }
    }

    [Theory]
    [InlineData("ON")]
    [InlineData("OFF")]
    public async Task A_log_that_was_purged_or_is_another_servers_breaks_the_chain(string gtidMode)
    {
        _server.AddSettings($"gtid-mode={gtidMode}", $"enforce-gtid-consistency={gtidMode}");
        await _server.StopAsync();
        await _server.StartAgainAsync();
        MemoryChain chain = await BeginAsync();
        await using MySqlServer another = await MySqlServer.StartAsync();
        await another.RunAsync("", "CREATE DATABASE shop; CREATE TABLE shop.t(i int); FLUSH LOGS; FLUSH LOGS; DROP TABLE shop.t");
        Assert.Contains("it is of the server", (await Assert.ThrowsAsync<BrokenChainException>(() => chain.ContinueAsync(_engine, another.AddressOf("shop"), Options))).Message, StringComparison.Ordinal);

        await _server.RunAsync("shop", "INSERT INTO t(v) VALUES ('lost'); FLUSH LOGS; FLUSH LOGS");
        await _server.RunAsync("", $"PURGE BINARY LOGS TO '{(await _server.EndAsync()).File}'");

        Assert.Contains("the oldest that is still there", (await Assert.ThrowsAsync<BrokenChainException>(() => chain.ContinueAsync(_engine, Shop, Options))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_keeps_no_log_of_rows_is_refused_with_what_to_do()
    {
        MemoryChain chain = await BeginAsync();
        await _server.RunAsync("", "CREATE USER reader@'%' IDENTIFIED BY 'x'; GRANT SELECT, SHOW VIEW, TRIGGER, EVENT, LOCK TABLES ON shop.* TO reader@'%'");
        AiShellException denied = await Assert.ThrowsAsync<AiShellException>(() => chain.ContinueAsync(_engine, _server.AddressOf("shop", "reader", "x"), Options));
        Assert.Contains("GRANT REPLICATION", denied.Hint, StringComparison.Ordinal);

        await _server.RunAsync("", "SET GLOBAL binlog_transaction_compression = ON");
        AiShellException compressed = await Assert.ThrowsAsync<AiShellException>(() => chain.ContinueAsync(_engine, Shop, Options));
        Assert.Contains("SET GLOBAL binlog_transaction_compression = OFF", compressed.Hint, StringComparison.Ordinal);

        await _server.RunAsync("", "SET GLOBAL binlog_transaction_compression = OFF; SET GLOBAL binlog_format = MIXED");
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
}
