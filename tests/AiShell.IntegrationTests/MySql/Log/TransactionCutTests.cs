using System.Globalization;
using System.Text.RegularExpressions;
using AiShell.Engines.MySql.Log;
using AiShell.Engines.MySql.Snapshot;

namespace AiShell.IntegrationTests.MySql.Log;

/// <summary>Where transactions begin and end, compared with what mariadb-binlog prints of the same file.</summary>
public sealed partial class TransactionCutTests(SharedMariaDb shared) : IClassFixture<SharedMariaDb>
{
    private const string Script =
        """
        CREATE TABLE t(id int PRIMARY KEY, v varchar(100)); CREATE TABLE m(id int) ENGINE=MyISAM; INSERT INTO t VALUES (1, 'x');
        BEGIN; INSERT INTO t VALUES (2, 'x'); INSERT INTO m VALUES (2); SAVEPOINT s; INSERT INTO t VALUES (3, 'z'); INSERT INTO m VALUES (3); ROLLBACK TO s; COMMIT;
        BEGIN; INSERT INTO t VALUES (9, 'x'); INSERT INTO m VALUES (9); ROLLBACK;
        BEGIN; INSERT INTO t VALUES (5, 'x'); SAVEPOINT a; INSERT INTO t VALUES (6, 'x'); ROLLBACK TO a; RELEASE SAVEPOINT a; INSERT INTO t VALUES (7, 'commit'); COMMIT;
        CREATE TABLE copy AS SELECT * FROM t; CREATE OR REPLACE TABLE copy SELECT id FROM t; CREATE TABLE empty_copy LIKE t;
        CREATE TEMPORARY TABLE tmp(id int); INSERT INTO tmp VALUES (1); INSERT INTO t SELECT id + 100, 'tmp' FROM tmp; DROP TEMPORARY TABLE tmp;
        XA START 'x1'; INSERT INTO t VALUES (50, 'xa'); XA END 'x1'; XA PREPARE 'x1';
        """;

    private const string SecondScript =
        """
        XA COMMIT 'x1'; XA START 'x2', 'b'; INSERT INTO t VALUES (51, 'xa'); XA END 'x2', 'b'; XA PREPARE 'x2', 'b'; XA ROLLBACK 'x2', 'b';
        XA START 'x3'; INSERT INTO t VALUES (52, 'xa'); XA END 'x3'; XA COMMIT 'x3' ONE PHASE;
        TRUNCATE m; FLUSH TABLES; ANALYZE TABLE t; OPTIMIZE TABLE t; GRANT SELECT ON *.* TO reader@'%' IDENTIFIED BY 'x'; SET PASSWORD FOR reader@'%' = PASSWORD('y');
        CREATE SEQUENCE sq; SELECT NEXTVAL(sq); CREATE VIEW w AS SELECT * FROM t; /*!40000 ALTER TABLE t DISABLE KEYS */; ALTER TABLE t ADD COLUMN c int, ALGORITHM=INPLACE;
        CREATE FUNCTION f() RETURNS int DETERMINISTIC RETURN 1; CREATE TRIGGER trg BEFORE INSERT ON m FOR EACH ROW SET @a = 'INSERT INTO x SELECT 1'; RENAME TABLE copy TO kept;
        CREATE TABLE child(id int, FOREIGN KEY (id) REFERENCES t(id) ON DELETE CASCADE); INSERT INTO child VALUES (1); DELETE FROM t WHERE id = 1; REPLACE INTO t(id, v) VALUES (2, 'r');
        SET STATEMENT lock_wait_timeout = 5 FOR ALTER TABLE t COMMENT = 'it''s'; COMMIT; BEGIN; COMMIT; DROP TABLE child, kept; DROP TABLE IF EXISTS never_there; DROP USER reader@'%';
        """;

    [Fact]
    public async Task Cuts_are_where_the_stock_program_sees_them()
    {
        BinaryLogPosition first = await shared.Server.RotateAsync();
        await shared.Server.RunAsync("", "CREATE DATABASE cut; CREATE DATABASE nothing");
        await shared.Server.RunAsync("cut", Script);
        await shared.Server.RunAsync("cut", SecondScript);
        await shared.Server.RunAsync("nothing", "INSERT INTO cut.t(id, v) VALUES (70, 'from elsewhere'); FLUSH LOGS");

        LogCopy copy = shared.Server.Copy(LogServer.Beginning(first.File));

        (string, long, long)[] expected = Printed(await LogServer.PrintAsync(Path.Combine(shared.Server.DataFolder, first.File)));
        Assert.True(expected.Length > 40);
        Assert.Equal(expected, copy.Transactions.Select(one => (one.Gtid, one.Start, one.End)));
        Assert.All(copy.Transactions, one => Assert.Empty(one.Inexact));
        Assert.Equal(["cut"], copy.Transactions[^1].Databases);
        Assert.Equal(["nothing"], copy.Transactions[1].Databases);
        LoggedTransaction[] distributed = [.. copy.Transactions.Where(one => one.Xa != XaPart.None)];
        Assert.Equal([XaPart.Prepared, XaPart.Completed, XaPart.Prepared, XaPart.Completed], distributed.Select(one => one.Xa));
        Assert.All(distributed, one => Assert.Equal(["cut"], one.Databases));
        Assert.Contains(copy.Transactions, one => one.HasDefinition);
        Assert.Contains(copy.Transactions, one => !one.HasDefinition);
    }

    [Theory]
    [InlineData("INSERT INTO t VALUES (60, 'stmt')", "INSERT INTO t")]
    [InlineData("BEGIN; UPDATE t SET v = 'x'; COMMIT", "UPDATE t")]
    [InlineData("/* mine */ DELETE FROM t WHERE id = 1", "DELETE")]
    [InlineData("REPLACE INTO t VALUES (1, @q)", "UserVariable")]
    [InlineData("UPDATE t SET v = rand()", "RandomSeed")]
    [InlineData("INSERT INTO numbered(v) VALUES (1)", "IntegerVariable")]
    [InlineData("INSERT INTO m VALUES (1)", "INSERT INTO m")]
    [InlineData("CREATE TABLE selected AS SELECT * FROM t", "CREATE TABLE selected")]
    [InlineData("LOAD DATA LOCAL INFILE '/etc/hostname' IGNORE INTO TABLE t", "LOAD DATA")]
    [InlineData("SELECT changing()", "SELECT")]
    [InlineData("CALL doing()", "INSERT INTO t")]
    [InlineData("SET STATEMENT lock_wait_timeout = 5 FOR INSERT INTO t VALUES (61, 'stmt')", "INSERT INTO t")]
    public async Task Changes_written_as_statements_are_told_with_their_position(string statements, string told)
    {
        string database = $"d{Guid.NewGuid():N}";
        await shared.Server.RunAsync("", $"CREATE DATABASE {database}; SET GLOBAL log_bin_trust_function_creators = 1");
        await shared.Server.RunAsync(
            database,
            """
            CREATE TABLE t(id int PRIMARY KEY, v varchar(100)); CREATE TABLE m(id int) ENGINE=MyISAM; CREATE TABLE numbered(id int AUTO_INCREMENT PRIMARY KEY, v int); INSERT INTO t VALUES (1, 'x');
            CREATE PROCEDURE doing() INSERT INTO t VALUES (9, 'called');
            DELIMITER ;;
            CREATE FUNCTION changing() RETURNS int BEGIN INSERT INTO t VALUES (8, 'called'); RETURN 1; END;;
            DELIMITER ;
            """);
        BinaryLogPosition before = await shared.Server.RotateAsync();

        await shared.Server.RunAsync(database, System.Text.Encoding.UTF8.GetBytes($"SET binlog_format = STATEMENT; {statements}"), "--local-infile=1");
        await shared.Server.RunAsync(database, "INSERT INTO t VALUES (100, 'rows')");
        LogCopy copy = shared.Server.Copy(LogServer.Beginning(before.File));

        LoggedTransaction inexact = Assert.Single(copy.Transactions, one => one.Inexact.Count > 0);
        InexactChange change = Assert.Single(inexact.Inexact, one => one.What.Contains(told, StringComparison.Ordinal));
        Assert.InRange(change.Offset, inexact.Start, inexact.End - 1);
        Assert.Contains($"# at {change.Offset}\n", await LogServer.PrintAsync(Path.Combine(shared.Server.DataFolder, before.File)), StringComparison.Ordinal);
        Assert.Contains(database, inexact.Databases);
        Assert.Empty(copy.Transactions[^1].Inexact);
    }

    [Fact]
    public async Task A_log_that_is_read_from_within_a_transaction_is_an_error()
    {
        BinaryLogPosition before = await shared.Server.RotateAsync();
        await shared.Server.RunAsync("", "CREATE DATABASE within; CREATE TABLE within.t(id int); INSERT INTO within.t VALUES (1)");
        LoggedTransaction last = shared.Server.Copy(LogServer.Beginning(before.File)).Transactions[^1];
        const int GtidEventBytes = 42;

        AiShellException failure = Assert.Throws<AiShellException>(() => shared.Server.Copy(LogServer.At(last.File, last.Start + GtidEventBytes)));

        Assert.Equal(ErrorKind.Integrity, failure.Kind);
        Assert.Contains("belongs to no transaction", failure.Message, StringComparison.Ordinal);
    }

    /// <summary>Each GTID, where it begins, and where the last event ends before the next one or before what belongs to no transaction.</summary>
    private static (string Gtid, long Start, long End)[] Printed(string text)
    {
        List<(string Gtid, long Start, long End)> transactions = [];
        bool within = false;
        foreach (Match line in Line().Matches(text))
        {
            long end = long.Parse(line.Groups["end"].Value, CultureInfo.InvariantCulture);
            string what = line.Groups["what"].Value;
            if (what.StartsWith("GTID ", StringComparison.Ordinal))
            {
                transactions.Add((what.Split(' ')[1], long.Parse(line.Groups["start"].Value, CultureInfo.InvariantCulture), end));
                within = true;
            }
            else if (what.StartsWith("Rotate", StringComparison.Ordinal) || what.StartsWith("Stop", StringComparison.Ordinal) || what.StartsWith("Binlog checkpoint", StringComparison.Ordinal))
            {
                within = false;
            }
            else if (within)
            {
                transactions[^1] = transactions[^1] with { End = end };
            }
        }

        return [.. transactions];
    }

    [GeneratedRegex(@"^# at (?<start>\d+)\n#.* end_log_pos (?<end>\d+) (CRC32 0x[0-9a-f]+ )?\t?(?<what>[^\n]*)$", RegexOptions.Multiline)]
    private static partial Regex Line();
}
