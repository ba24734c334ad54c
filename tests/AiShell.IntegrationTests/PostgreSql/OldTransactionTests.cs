using AiShell.Configuration;
using AiShell.Engines.PostgreSql;
using AiShell.Engines.PostgreSql.Connecting;
using AiShell.Engines.PostgreSql.Wire;
using AiShell.Testing.Engines.PostgreSql;

namespace AiShell.IntegrationTests.PostgreSql;

/// <summary>What else than a backup holds back vacuum.</summary>
public sealed class OldTransactionTests : IAsyncLifetime
{
    private PostgreSqlServer _server = null!;

    public async Task InitializeAsync() => _server = await PostgreSqlServer.StartAsync("max_prepared_transactions = 2");

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Fact]
    public async Task Open_and_prepared_transactions_are_named_from_an_age_on_and_no_others()
    {
        using WireSession looking = await ConnectAsync();
        using WireSession idle = await ConnectAsync();
        using WireSession open = await ConnectAsync();
        Assert.Empty(OldTransactions.Find(looking, TimeSpan.Zero));

        open.Execute("BEGIN; SELECT pg_current_xact_id()");
        await _server.RunAsync("postgres", "CREATE TABLE t(a int); BEGIN; INSERT INTO t VALUES (1); PREPARE TRANSACTION 'it''s left';");
        string process = open.Scalar("SELECT pg_backend_pid()")!;

        string[] found = [.. OldTransactions.Find(looking, TimeSpan.Zero)];
        Assert.Equal(2, found.Length);
        Assert.Contains(found, text => text.Contains($"process {process} (postgres, ai-shell, idle in transaction, database postgres)", StringComparison.Ordinal));
        Assert.Contains(found, text => text.Contains("'it''s left'", StringComparison.Ordinal));
        Assert.Empty(OldTransactions.Find(looking, TimeSpan.FromHours(1)));
        Assert.DoesNotContain((await new PostgreSqlEngine().ProbeAsync(_server.AddressOf("postgres"), default)).Limits, limit => limit.Contains("transaction", StringComparison.Ordinal));
    }

    private async Task<WireSession> ConnectAsync() => (await Server.FindAsync(SettingsReader.Read(_server.AddressOf("postgres"), new ProcessEnvironment()), default)).Session;
}
