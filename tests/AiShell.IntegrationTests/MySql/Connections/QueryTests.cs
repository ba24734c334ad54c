using AiShell.Engines;
using AiShell.Testing.Engines.MySql;

namespace AiShell.IntegrationTests.MySql.Connections;

public sealed class QueryTests(SharedMariaDb shared) : IClassFixture<SharedMariaDb>, IAsyncLifetime, IDisposable
{
    private readonly Surroundings _user = new();

    private string Url => $"mysql://{MariaDbServer.User}:{Uri.EscapeDataString(MariaDbServer.Password)}@127.0.0.1:{shared.Server.Port}/notes";

    private string Wrote => Path.Combine(shared.Server.DataFolder, "wrote");

    public async Task InitializeAsync() => await shared.Server.RunAsync(
        "",
        """
        CREATE OR REPLACE DATABASE notes;
        USE notes;
        CREATE TABLE note(id int PRIMARY KEY, text text);
        CREATE TABLE old(id int) ENGINE = MyISAM;
        INSERT INTO note VALUES (1, 'one'), (2, NULL);
        CREATE SEQUENCE counter;
        DELIMITER ;;
        CREATE FUNCTION scribble() RETURNS int DETERMINISTIC BEGIN INSERT INTO note VALUES (9, 'scribbled'); RETURN 9; END;;
        CREATE FUNCTION scrawl() RETURNS int DETERMINISTIC BEGIN INSERT INTO old VALUES (9); RETURN 9; END;;
        CREATE PROCEDURE work() BEGIN SELECT 1; COMMIT; SET TRANSACTION READ WRITE; INSERT INTO note VALUES (9, 'worked'); SELECT 2; INSERT INTO note VALUES (10, 'worked'); END;;
        DELIMITER ;
        """);

    public Task DisposeAsync() => Task.CompletedTask;

    public void Dispose() => _user.Dispose();

    [Theory]
    [InlineData("INSERT INTO note VALUES (3, 'three')")]
    [InlineData("/* SELECT */ UPDATE note SET text = 'x'")]
    [InlineData("SELECT scribble()")]
    [InlineData("SELECT scrawl()")]
    [InlineData("WITH x AS (SELECT scribble() AS y) SELECT * FROM x")]
    [InlineData("CALL work()")]
    [InlineData("SELECT nextval(counter)")]
    [InlineData("SELECT NEXT VALUE FOR counter")]
    [InlineData("SELECT setval(counter, 50)")]
    [InlineData("EXPLAIN SELECT setval(counter, 50)")]
    [InlineData("SELECT * FROM note INTO OUTFILE 'wrote'")]
    [InlineData("SELECT * FROM note INTO/**/DUMPFILE 'wrote'")]
    [InlineData("SELECT * FROM note /*! INTO OUTFILE 'wrote' */")]
    [InlineData("SELECT * FROM note /*M!100100 INTO OUTFILE 'wrote' */")]
    [InlineData("SELECT '\\' INTO OUTFILE 'wrote' -- '")]
    [InlineData("SELECT '\\\\' INTO OUTFILE 'wrote'")]
    [InlineData("SELECT '\\'', 1 INTO OUTFILE 'wrote' -- '")]
    [InlineData("SELECT 1 AS \"a\" INTO OUTFILE 'wrote'")]
    [InlineData("SELECT 1 --2 INTO OUTFILE 'wrote'")]
    [InlineData("(SELECT 1) UNION (SELECT 2) INTO OUTFILE 'wrote'")]
    [InlineData("SELECT * FROM note FOR UPDATE")]
    [InlineData("SELECT * FROM note LOCK IN SHARE MODE")]
    [InlineData("SELECT get_lock('x', 1)")]
    [InlineData("ANALYZE DELETE FROM note")]
    [InlineData("CREATE TABLE other(x int)")]
    [InlineData("CREATE TEMPORARY TABLE other(x int)")]
    [InlineData("DROP TABLE note")]
    [InlineData("TRUNCATE note")]
    [InlineData("BEGIN NOT ATOMIC DELETE FROM note; END")]
    [InlineData("EXECUTE IMMEDIATE 'DELETE FROM note'")]
    [InlineData("LOAD DATA INFILE 'x' INTO TABLE note")]
    [InlineData("COMMIT")]
    [InlineData("SET GLOBAL read_only = 1")]
    [InlineData("LOCK TABLES note READ")]
    [InlineData("SELECT 1; DELETE FROM note")]
    [InlineData("HANDLER note OPEN")]
    [InlineData("")]
    [InlineData("-- nothing")]
    public async Task Nothing_writes_unless_it_may(string statement)
    {
        AiShellException failure = await Assert.ThrowsAsync<AiShellException>(() => _user.QueryAsync(Url, statement));
        Assert.True(failure.Kind == ErrorKind.Refused, failure.Message);
        Assert.Equal("1\tone\n2\tNULL", await shared.Server.RunAsync("notes", "SELECT * FROM note ORDER BY 1"));
        Assert.Equal("", await shared.Server.RunAsync("notes", "SELECT * FROM old"));
        Assert.Equal("1", await shared.Server.RunAsync("notes", "SELECT nextval(counter)"));
        Assert.False(File.Exists(Path.Combine(shared.Server.DataFolder, "notes", "wrote")));
        Assert.False(File.Exists(Wrote));
    }

    [Theory]
    [InlineData("SELECT 'FOR UPDATE; INTO OUTFILE', `id` AS `OUTFILE` FROM note")]
    [InlineData("  # how many\n -- are there\n /* now */ (SELECT count(*) FROM note);")]
    [InlineData("SHOW TABLES")]
    [InlineData("DESCRIBE note")]
    [InlineData("EXPLAIN SELECT * FROM note")]
    [InlineData("VALUES (1), (2)")]
    [InlineData("WITH x AS (SELECT 1) SELECT * FROM x ;  ")]
    [InlineData("SELECT 1--1")]
    public async Task What_reads_is_let_in(string statement)
    {
        Assert.NotEmpty((await _user.QueryAsync(Url, statement)).Rows);
        Assert.Equal("2", await shared.Server.RunAsync("notes", "SELECT count(*) FROM note"));
    }

    [Theory]
    [InlineData("SELECT 1; DELETE FROM note")]
    [InlineData("SELECT 1; COMMIT; DELETE FROM note")]
    [InlineData("DELETE FROM note WHERE id = 7; DELETE FROM note")]
    public async Task Only_one_statement_is_taken(string statements)
    {
        AiShellException failure = await Assert.ThrowsAsync<AiShellException>(() => _user.QueryAsync(Url, statements, write: true));
        Assert.Contains("one statement", failure.Hint, StringComparison.Ordinal);
        Assert.Equal("2", await shared.Server.RunAsync("notes", "SELECT count(*) FROM note"));
    }

    [Fact]
    public async Task With_leave_it_writes()
    {
        Assert.Equal(1, (await _user.QueryAsync(Url, "UPDATE note SET text = concat(text, '!')", write: true)).RowsAffected);
        Assert.Equal("1\tone!\n2\tNULL", await shared.Server.RunAsync("notes", "SELECT * FROM note ORDER BY 1"));
        Assert.Equal(3L, Assert.Single((await _user.QueryAsync(Url, "INSERT INTO note VALUES (3, 'x') RETURNING id", write: true)).Rows)[0]);
        Assert.Equal(9L, (await _user.QueryAsync(Url, "SELECT scribble()", write: true)).Rows[0][0]);
        Assert.Equal("4", await shared.Server.RunAsync("notes", "SELECT count(*) FROM note"));
        Assert.Equal(-1, (await _user.QueryAsync(Url, "SELECT 1", write: true)).RowsAffected);
    }

    [Fact]
    public async Task A_procedure_runs_to_its_end_and_its_first_rows_are_shown()
    {
        QueryResult result = await _user.QueryAsync(Url, "CALL work()", write: true, limit: 1);
        Assert.Equal(1L, Assert.Single(result.Rows)[0]);
        Assert.Equal("4", await shared.Server.RunAsync("notes", "SELECT count(*) FROM note"));
    }

    [Fact]
    public async Task A_writing_statement_runs_to_its_end_though_fewer_rows_are_shown()
    {
        QueryResult result = await _user.QueryAsync(Url, "SELECT nextval(counter) FROM seq_1_to_50", write: true, limit: 3);
        Assert.Equal((3, true), (result.Rows.Count, result.Truncated));
        Assert.Equal("51", await shared.Server.RunAsync("notes", "SELECT nextval(counter)"));
    }

    [Theory]
    [InlineData(0, 0, true)]
    [InlineData(1, 1, true)]
    [InlineData(2, 2, false)]
    [InlineData(3, 2, false)]
    [InlineData(null, 2, false)]
    public async Task No_more_rows_are_shown_than_the_limit(int? limit, int rows, bool truncated)
    {
        QueryResult result = await _user.QueryAsync(Url, "SELECT * FROM note", limit: limit);
        Assert.Equal((rows, truncated), (result.Rows.Count, result.Truncated));
    }

    [Fact]
    public async Task A_limit_stops_the_server_too()
    {
        Assert.Equal(5, (await _user.QueryAsync(Url, "SELECT a.seq, b.seq FROM seq_1_to_1000000 a, seq_1_to_1000000 b", limit: 5)).Rows.Count);
        for (int attempt = 0; await shared.Server.RunAsync("", "SELECT count(*) FROM information_schema.PROCESSLIST WHERE INFO LIKE 'SELECT a.seq%'") != "0"; attempt++)
        {
            Assert.True(attempt < 300);
            await Task.Delay(50);
        }
    }

    [Fact]
    public async Task A_file_of_this_machine_is_not_sent()
    {
        string secret = _user.Write("secret", "7\tsecret\n");
        AiShellException failure = await Assert.ThrowsAsync<AiShellException>(() => _user.QueryAsync(Url, $"LOAD DATA LOCAL INFILE '{secret}' INTO TABLE note", write: true));
        Assert.Contains("LOAD DATA LOCAL", failure.Hint, StringComparison.Ordinal);
        Assert.Equal("2", await shared.Server.RunAsync("notes", "SELECT count(*) FROM note"));
    }

    [Fact]
    public async Task Values_keep_their_kinds()
    {
        await shared.Server.RunAsync(
            "notes",
            """
            CREATE TABLE kinds(a tinyint, b bigint, c bigint unsigned, d decimal(10, 2), e decimal(65, 1), f float, g double, h year, i bit(9), j bit(64), k varbinary(9), l blob, m char(3), n text,
                               o enum('x', 'ü'), p set('a', 'b'), q json, r date, s datetime(6), t time(1), u timestamp NULL, v uuid, w inet6, x geometry);
            SET sql_mode = 'ALLOW_INVALID_DATES', time_zone = '+00:00';
            INSERT INTO kinds VALUES (-1, -9223372036854775808, 18446744073709551615, 1.10, 123456789012345678901234567890123456789.5, 0.1, 1e300, 2026, b'100000001', 18446744073709551615, x'00ff', x'fe',
              'é🙂', '', 'ü', 'a,b', '{"a": 1}', '0000-00-00', '2026-01-02 03:04:05.678901', '-838:59:59', '2026-01-02 03:04:05', '123e4567-e89b-12d3-a456-426655440000', '::1', point(1, 2));
            """);
        QueryResult result = await _user.QueryAsync(Url, "SELECT k.*, NULL, 1 + 1, now(6) > 0, count(*) OVER () FROM kinds k");
        Assert.Equal<object?>(
            [
                -1L, long.MinValue, 18446744073709551615m, 1.10m, "123456789012345678901234567890123456789.5", 0.1, 1e300, 2026L, 257L, 18446744073709551615m, new byte[] { 0, 255 }, new byte[] { 254 },
                "é🙂", "", "ü", "a,b", "{\"a\": 1}", "0000-00-00", "2026-01-02 03:04:05.678901", "-838:59:59.0", "2026-01-02 03:04:05", "123e4567-e89b-12d3-a456-426655440000", "::1",
                Convert.FromHexString("00000000" + "0101000000000000000000F03F0000000000000040"), null, 2L, 1L, 1L,
            ],
            result.Rows[0]);
        Assert.Equal("a", result.Columns[0]);
    }

    [Fact]
    public async Task A_statement_sees_the_servers_own_mode_and_time_zone()
    {
        await shared.Server.RunAsync("", "SET GLOBAL sql_mode = 'ANSI_QUOTES', GLOBAL time_zone = '+05:00'");
        try
        {
            Assert.Equal("ANSI_QUOTES +05:00", await _user.ScalarAsync(Url, "SELECT concat(@@sql_mode, ' ', @@time_zone) AS \"x\""));
        }
        finally
        {
            await shared.Server.RunAsync("", "SET GLOBAL sql_mode = DEFAULT, GLOBAL time_zone = DEFAULT");
        }
    }

    [Fact]
    public async Task An_error_of_the_statement_is_what_the_server_says()
    {
        AiShellException failure = await Assert.ThrowsAsync<AiShellException>(() => _user.QueryAsync(Url, "SELECT nothing FROM note"));
        Assert.Equal(ErrorKind.Failed, failure.Kind);
        Assert.Contains("nothing", failure.Message, StringComparison.Ordinal);
    }
}
