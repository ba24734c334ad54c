using System.Diagnostics;
using AiShell.Connections;
using AiShell.Engines;
using AiShell.Engines.MySql;
using AiShell.Engines.MySql.Wire;
using AiShell.Testing.Engines.MySql;

namespace AiShell.IntegrationTests.MySql.Connections;

/// <summary>What a session is like whatever the server has set, and what it leaves on the server when its client stops or the server does.</summary>
public sealed class SessionTests(SharedMariaDb shared) : IClassFixture<SharedMariaDb>, IDisposable
{
    private readonly Surroundings _user = new();

    private string Url => $"mysql://{MariaDbServer.User}:{Uri.EscapeDataString(MariaDbServer.Password)}@127.0.0.1:{shared.Server.Port}/mysql";

    private string SocketUrl => $"mysql://{MariaDbServer.User}:{Uri.EscapeDataString(MariaDbServer.Password)}@/mysql?socket={Uri.EscapeDataString(shared.Server.Socket)}";

    public void Dispose() => _user.Dispose();

    [Theory]
    [InlineData(false, "SELECT sleep(600)")]
    [InlineData(true, "SELECT sleep(600)")]
    [InlineData(false, "SELECT count(*) FROM seq_1_to_1000000 a, seq_1_to_1000000 b WHERE a.seq + b.seq < 0")]
    [InlineData(false, "SELECT a.seq, b.seq FROM seq_1_to_1000000 a, seq_1_to_1000000 b LIMIT 20000000")]
    public async Task A_cancelled_statement_is_ended_on_the_server(bool socket, string statement)
    {
        using CancellationTokenSource stop = new();
        Task<QueryResult> query = _user.Engine.QueryAsync(DatabaseUrl.Parse(socket ? SocketUrl : Url, _user), statement, new QueryOptions(false, null), stop.Token);
        await UntilAsync($"SELECT count(*) FROM information_schema.PROCESSLIST WHERE INFO = '{statement}'", "1");

        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => query.WaitAsync(TimeSpan.FromMinutes(1)));

        await UntilAsync($"SELECT count(*) FROM information_schema.PROCESSLIST WHERE USER = '{MariaDbServer.User}'", "0");
    }

    [Fact]
    public async Task Only_the_session_that_was_cancelled_is_ended()
    {
        using MySqlSession other = await Held.OpenAsync(_user, Url);
        MySqlSession closed = await Held.OpenAsync(_user, Url);
        string id = closed.Scalar("SELECT connection_id()")!;
        closed.Dispose();
        await UntilAsync($"SELECT count(*) FROM information_schema.PROCESSLIST WHERE ID = {id}", "0");

        // As behind a balancer: the number is there, and belongs to another connection.
        await new SessionEnd(Held.SettingsOf(_user, Url), other.Scalar("SELECT connection_id()")!, "127.0.0.1:1").SendAsync();
        await closed.EndServerWorkAsync();

        Assert.Equal("1", other.Scalar("SELECT 1"));
    }

    [Fact]
    public async Task A_session_that_cannot_be_ended_is_left()
    {
        await using MariaDbServer server = await MariaDbServer.StartAsync();
        using MySqlSession session = await Held.OpenAsync(_user, Url.Replace($":{shared.Server.Port}", $":{server.Port}", StringComparison.Ordinal));
        await server.KillAsync();
        await session.EndServerWorkAsync();
    }

    [Fact]
    public async Task Sessions_have_their_settings_whatever_the_server_has_set()
    {
        await using MariaDbServer server = await MariaDbServer.StartAsync(
            "sql-mode=ANSI_QUOTES,NO_BACKSLASH_ESCAPES,ORACLE", "default-time-zone=+05:00", "character-set-server=latin1", "autocommit=0", "transaction-isolation=READ-COMMITTED", "max-statement-time=2",
            "idle-transaction-timeout=2", "wait-timeout=2", "net-write-timeout=1", "net-read-timeout=1", "init-connect=SET sql_select_limit = 1, NAMES latin1");
        await server.RunAsync("", $"GRANT ALL ON mysql.* TO plain@'%' IDENTIFIED BY '{MariaDbServer.Password}'; COMMIT; SET GLOBAL sql_select_limit = 1, GLOBAL max_join_size = 10, GLOBAL tx_read_only = 1");
        using MySqlSession session = await Held.OpenAsync(_user, $"mysql://plain:{Uri.EscapeDataString(MariaDbServer.Password)}@127.0.0.1:{server.Port}/mysql");
        Assert.Equal(
            "NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES|+00:00|utf8mb4|utf8mb4|utf8mb4|1|REPEATABLE-READ|0|0|0.000000|0|0|86400|3600|3600",
            session.Scalar(
                """
                SELECT concat_ws('|', @@sql_mode, @@time_zone, @@character_set_client, @@character_set_connection, @@character_set_results, @@autocommit + 0, @@tx_isolation, @@tx_read_only + 0, @@sql_auto_is_null + 0,
                                 @@max_statement_time, @@idle_transaction_timeout, @@idle_readonly_transaction_timeout, @@wait_timeout, @@net_write_timeout, @@net_read_timeout)
                """));
        Assert.Equal(100, session.Query("SELECT a.seq FROM seq_1_to_10 a, seq_1_to_10 b").Count);
        session.Execute("START TRANSACTION WITH CONSISTENT SNAPSHOT");
        Assert.Empty(session.Query("SHOW WARNINGS"));
        Assert.Equal("0", session.Scalar("SELECT sleep(4)"));
        await Task.Delay(TimeSpan.FromSeconds(4)); // what is tested is that nothing ends it while it is idle
        Assert.Equal("1", session.Scalar("SELECT 1"));
    }

    [Fact]
    public async Task A_session_that_the_server_ends_tells_why()
    {
        using MySqlSession session = await Held.OpenAsync(_user, Url);
        Task work = ServerErrors.RunAsync(session, "table 'x'", open => open.Execute("SELECT sleep(700)"), CancellationToken.None);
        await UntilAsync("SELECT count(*) FROM information_schema.PROCESSLIST WHERE INFO = 'SELECT sleep(700)'", "1");
        string id = await shared.Server.RunAsync("", "SELECT ID FROM information_schema.PROCESSLIST WHERE INFO = 'SELECT sleep(700)'");
        await shared.Server.RunAsync("", $"KILL {id}");
        AiShellException failure = await Assert.ThrowsAsync<AiShellException>(() => work);
        Assert.Equal(ErrorKind.Failed, failure.Kind);
        Assert.Contains("table 'x'", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_second_statement_in_a_text_is_an_error()
    {
        using MySqlSession session = await Held.OpenAsync(_user, Url);
        Assert.Equal(1064, Assert.Throws<ServerError>(() => session.Execute("SELECT 1; SELECT 2")).Number);
        Assert.Equal("3", session.Scalar("SELECT 3"));
    }

    [Fact]
    public async Task No_further_session_in_the_middle_is_a_failure_of_the_job()
    {
        AiShellException failure = await Assert.ThrowsAsync<AiShellException>(
            () => AiShell.Engines.MySql.Connecting.Server.OpenMeanwhileAsync(Held.SettingsOf(_user, "mysql://nobody@127.0.0.1:1/x"), "table 'x'", CancellationToken.None));
        Assert.Equal(ErrorKind.Failed, failure.Kind);
        Assert.Contains("table 'x'", failure.Message, StringComparison.Ordinal);
    }

    private async Task UntilAsync(string query, string value)
    {
        for (long start = Stopwatch.GetTimestamp(); await shared.Server.RunAsync("", query) != value; await Task.Delay(50))
        {
            Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromMinutes(1), $"Still not {value}: {query}");
        }
    }
}
