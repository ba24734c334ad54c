using AiShell.Engines;
using AiShell.Testing.Engines.PostgreSql;

namespace AiShell.IntegrationTests.PostgreSql.Connections;

public sealed class QueryTests(SharedServer shared) : IClassFixture<SharedServer>, IAsyncLifetime, IDisposable
{
    private readonly Surroundings _user = new();

    private string Url => $"postgresql://postgres:{Uri.EscapeDataString(PostgreSqlServer.Password)}@127.0.0.1:{shared.Server.Port}/postgres";

    public async Task InitializeAsync() => await shared.Server.RunAsync(
        "postgres",
        """
        CREATE TABLE IF NOT EXISTS note(id int PRIMARY KEY, text text);
        DELETE FROM note;
        INSERT INTO note VALUES (1, 'one'), (2, NULL);
        CREATE OR REPLACE FUNCTION scribble() RETURNS int LANGUAGE plpgsql AS $$ BEGIN INSERT INTO note VALUES (9, 'scribbled'); RETURN 9; END $$;
        CREATE OR REPLACE FUNCTION sneak() RETURNS int LANGUAGE plpgsql AS $$ BEGIN PERFORM set_config('transaction_read_only', 'off', true); INSERT INTO note VALUES (9, 'sneaked'); RETURN 9; END $$;
        CREATE OR REPLACE PROCEDURE work() LANGUAGE plpgsql AS $$ BEGIN SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE; COMMIT; INSERT INTO note VALUES (9, 'worked'); END $$;
        CREATE SEQUENCE IF NOT EXISTS counter;
        """);

    public Task DisposeAsync() => Task.CompletedTask;

    public void Dispose() => _user.Dispose();

    [Theory]
    [InlineData("INSERT INTO note VALUES (3, 'three')")]
    [InlineData("/* SELECT */ UPDATE note SET text = 'x'")]
    [InlineData("WITH gone AS (DELETE FROM note RETURNING *) SELECT * FROM gone")]
    [InlineData("SELECT scribble()")]
    [InlineData("SELECT sneak()")]
    [InlineData("CALL work()")]
    [InlineData("DO $$ BEGIN SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE; COMMIT; INSERT INTO note VALUES (9, 'done'); END $$")]
    [InlineData("SELECT nextval('counter')")]
    [InlineData("SELECT * INTO copy_of_note FROM note")]
    [InlineData("SELECT * FROM note FOR UPDATE")]
    [InlineData("EXPLAIN ANALYZE DELETE FROM note")]
    [InlineData("CREATE TABLE other(x int)")]
    [InlineData("DROP TABLE note")]
    [InlineData("TRUNCATE note")]
    [InlineData("VACUUM note")]
    [InlineData("COPY note FROM PROGRAM 'echo 7'")]
    [InlineData("COPY note TO PROGRAM 'cat > /tmp/ai-shell-query-wrote'")]
    [InlineData("-- just\n  COPY note TO '/tmp/ai-shell-query-wrote'")]
    [InlineData("COMMIT")]
    [InlineData("SET default_transaction_read_only = off")]
    [InlineData("LOCK TABLE note")]
    [InlineData("NOTIFY x")]
    [InlineData("")]
    public async Task Nothing_writes_unless_it_may(string statement)
    {
        AiShellException failure = await Assert.ThrowsAsync<AiShellException>(() => _user.QueryAsync(Url, statement));
        Assert.True(failure.Kind == ErrorKind.Refused || statement.Contains("sneak", StringComparison.Ordinal), failure.Message);
        Assert.Equal("1|one\n2|", await shared.Server.RunAsync("postgres", "SELECT * FROM note ORDER BY 1"));
        Assert.Equal("1|f", await shared.Server.RunAsync("postgres", "SELECT last_value, is_called FROM counter"));
        Assert.False(File.Exists("/tmp/ai-shell-query-wrote"));
    }

    [Theory]
    [InlineData("SELECT 1; DELETE FROM note")]
    [InlineData("SELECT 1; COMMIT; DELETE FROM note")]
    [InlineData("SELECT 1; COMMIT")]
    public async Task Only_one_statement_is_taken(string statements)
    {
        AiShellException failure = await Assert.ThrowsAsync<AiShellException>(() => _user.QueryAsync(Url, statements, write: true));
        Assert.Contains("one statement", failure.Hint, StringComparison.Ordinal);
        Assert.Equal("2", await shared.Server.RunAsync("postgres", "SELECT count(*) FROM note"));
    }

    [Fact]
    public async Task With_leave_it_writes()
    {
        Assert.Equal(2, (await _user.QueryAsync(Url, "UPDATE note SET text = text || '!'", write: true)).RowsAffected);
        Assert.Equal("1|one!\n2|", await shared.Server.RunAsync("postgres", "SELECT * FROM note ORDER BY 1"));
        Assert.Single((await _user.QueryAsync(Url, "INSERT INTO note VALUES (3, 'x') RETURNING id", write: true)).Rows);
        await _user.QueryAsync(Url, "VACUUM note", write: true);
        Assert.Equal(9L, (await _user.QueryAsync(Url, "SELECT scribble()", write: true)).Rows[0][0]);
        Assert.Equal("4", await shared.Server.RunAsync("postgres", "SELECT count(*) FROM note"));
    }

    [Fact]
    public async Task A_writing_statement_runs_to_its_end_though_fewer_rows_are_shown()
    {
        QueryResult result = await _user.QueryAsync(Url, "SELECT nextval('counter') FROM generate_series(1, 50)", write: true, limit: 3);
        Assert.Equal((3, true), (result.Rows.Count, result.Truncated));
        Assert.Equal("50", await shared.Server.RunAsync("postgres", "SELECT last_value FROM counter"));
        await shared.Server.RunAsync("postgres", "ALTER SEQUENCE counter RESTART");
    }

    [Theory]
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
    public async Task A_limit_stops_the_server_too() =>
        Assert.Equal(5, (await _user.QueryAsync(Url, "SELECT generate_series(1, 1000000000000)", limit: 5)).Rows.Count);

    [Theory]
    [InlineData("COPY note TO STDOUT")]
    [InlineData("COPY note FROM STDIN")]
    public async Task COPY_is_refused_with_another_way(string statement)
    {
        AiShellException failure = await Assert.ThrowsAsync<AiShellException>(() => _user.QueryAsync(Url, statement, write: true));
        Assert.True(failure.Kind is ErrorKind.Usage or ErrorKind.Failed);
        Assert.Contains("COPY", failure.Message, StringComparison.Ordinal);
        Assert.Equal("2", await shared.Server.RunAsync("postgres", "SELECT count(*) FROM note"));
    }

    [Fact]
    public async Task Values_keep_their_kinds()
    {
        QueryResult result = await _user.QueryAsync(
            Url,
            """
            SELECT 1::int2, -9223372036854775808, 4294967295::oid, 1.10::numeric, 'NaN'::numeric, 12345678901234567890123456789012345.5, 0.1::float4, 'Infinity'::float8,
                   true, '\x00ff'::bytea, NULL::int, '', '{1,NULL}'::int[], '{"a": 1}'::jsonb, timestamptz '2026-01-02 03:04:05.678901+00', interval '1 day 2 hours', 'NaN'::float8
            """);
        Assert.Equal<object?>(
            [
                1L, long.MinValue, 4294967295L, 1.10m, "NaN", "12345678901234567890123456789012345.5", 0.1, double.PositiveInfinity,
                true, new byte[] { 0, 255 }, null, "", "{1,NULL}", "{\"a\": 1}", "2026-01-02 03:04:05.678901+00", "1 day 02:00:00", double.NaN,
            ],
            result.Rows[0]);
    }

    [Fact]
    public async Task Notices_do_no_harm() =>
        Assert.Empty((await _user.QueryAsync(Url, "DO $$ BEGIN FOR i IN 1..1000 LOOP RAISE WARNING 'w %', i; END LOOP; END $$", write: true)).Rows);

    [Fact]
    public async Task An_error_of_the_statement_is_what_the_server_says()
    {
        AiShellException failure = await Assert.ThrowsAsync<AiShellException>(() => _user.QueryAsync(Url, "SELECT nothing FROM note"));
        Assert.Equal(ErrorKind.Failed, failure.Kind);
        Assert.Contains("nothing", failure.Message, StringComparison.Ordinal);
    }
}
