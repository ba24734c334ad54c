using System.Diagnostics;
using System.Globalization;
using AiShell.Connections;
using AiShell.Engines;
using AiShell.Testing.Engines.PostgreSql;

namespace AiShell.IntegrationTests.PostgreSql.Connections;

/// <summary>What a session leaves on the server when its client stops, is killed, or the server does.</summary>
public sealed class SessionTests(SharedServer shared) : IClassFixture<SharedServer>, IDisposable
{
    private readonly Surroundings _user = new();

    private string Url => $"postgresql://postgres:{Uri.EscapeDataString(PostgreSqlServer.Password)}@127.0.0.1:{shared.Server.Port}/postgres";

    public void Dispose() => _user.Dispose();

    [Fact]
    public async Task A_cancelled_statement_that_sends_nothing_is_ended_on_the_server_by_request()
    {
        using CancellationTokenSource stop = new();
        Task<QueryResult> query = _user.Engine.QueryAsync(DatabaseUrl.Parse(Url, _user), "SELECT pg_sleep(600)", new QueryOptions(false, null), stop.Token);
        await UntilAsync("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'ai-shell' AND query LIKE '%pg_sleep(600)%'", "1");

        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => query);

        await UntilAsync("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'ai-shell'", "0");
        Assert.Contains("canceling statement due to user request", await File.ReadAllTextAsync(Path.Combine(shared.Server.SocketFolder, "log")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_that_vanishes_leaves_neither_a_silent_statement_nor_an_open_transaction()
    {
        await using Held busy = await Held.OpenAsync(_user, Url);
        await using Held idle = await Held.OpenAsync(_user, Url);
        Task statement = Task.Run(() => busy.Session.Execute("BEGIN; SELECT pg_sleep(300)"));
        idle.Session.Execute("BEGIN; LOCK TABLE pg_catalog.pg_depend IN ACCESS SHARE MODE");
        await UntilAsync("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'ai-shell' AND xact_start IS NOT NULL", "2");

        // What the kernel does with a killed process's sockets: they are closed, and nothing is sent.
        using CancellationTokenSource kill = new();
        busy.Session.CloseOn(kill.Token);
        idle.Session.CloseOn(kill.Token);
        await kill.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => statement);
        await UntilAsync("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'ai-shell'", "0");
    }

    [Fact]
    public async Task Sessions_have_their_settings_whatever_the_user_and_the_role_have_set()
    {
        await shared.Server.RunAsync("postgres", "CREATE ROLE odd LOGIN PASSWORD 'odd-secret'; ALTER ROLE odd SET DateStyle = 'German'; ALTER ROLE odd SET bytea_output = escape; ALTER ROLE odd SET statement_timeout = '2s'; ALTER ROLE odd SET search_path = nowhere");
        _user.Set("PGOPTIONS", "-c extra_float_digits=-5 -c IntervalStyle=sql_standard");
        await using Held held = await Held.OpenAsync(_user, $"postgresql://odd:odd-secret@127.0.0.1:{shared.Server.Port}/postgres");
        Assert.Equal(
            "2026-12-01 1 day 0.1 \\x00ff UTC",
            held.Session.Scalar("SELECT concat_ws(' ', date '2026-12-01', interval '1 day', 0.1::float8, '\\x00ff'::bytea, current_setting('TimeZone')) FROM (SELECT pg_sleep(2.5)) s"));
        Assert.Equal("2s", held.Session.Scalar("SHOW client_connection_check_interval"));
        Assert.Equal("0", held.Session.Scalar("SHOW idle_session_timeout"));
        Assert.Equal("60 10 6", held.Session.Scalar("SELECT concat_ws(' ', current_setting('tcp_keepalives_idle'), current_setting('tcp_keepalives_interval'), current_setting('tcp_keepalives_count'))"));
    }

    [Fact]
    public async Task A_session_that_the_server_ends_tells_why()
    {
        await using Held held = await Held.OpenAsync(_user, Url);
        await shared.Server.RunAsync("postgres", $"SELECT pg_terminate_backend({held.Session.ProcessId.ToString(CultureInfo.InvariantCulture)})");
        AiShellException failure = await Assert.ThrowsAsync<AiShellException>(
            () => AiShell.Engines.PostgreSql.ServerErrors.RunAsync(held.Session, "table 'x'", session => session.Execute("SELECT 1"), CancellationToken.None));
        Assert.Contains("administrator", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_is_shutting_down_is_told_so_with_exit_7()
    {
        await using PostgreSqlServer server = await PostgreSqlServer.StartAsync();
        string url = $"postgresql://postgres:{Uri.EscapeDataString(PostgreSqlServer.Password)}@127.0.0.1:{server.Port}/postgres";
        await using (Held held = await Held.OpenAsync(_user, url))
        {
            await server.ControlAsync("stop", "-m", "smart", "-W");
            for (int attempt = 0; ; attempt++)
            {
                try
                {
                    await _user.ScalarAsync(url); // not yet
                }
                catch (AiShellException failure)
                {
                    Assert.Equal(ErrorKind.Unreachable, failure.Kind);
                    Assert.Contains("shutting down", failure.Message, StringComparison.Ordinal);
                    break;
                }

                Assert.True(attempt < 200);
                await Task.Delay(50);
            }
        }
    }

    private async Task UntilAsync(string query, string value)
    {
        for (long start = Stopwatch.GetTimestamp(); await shared.Server.RunAsync("postgres", query) != value; await Task.Delay(50))
        {
            Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(60), $"Still not {value}: {query}");
        }
    }
}
