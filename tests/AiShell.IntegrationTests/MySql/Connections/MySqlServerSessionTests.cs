using AiShell.Connections;
using AiShell.Engines;
using AiShell.Engines.MySql;

namespace AiShell.IntegrationTests.MySql.Connections;

/// <summary>What others do on a server of MySQL.</summary>
[Collection(OnMySql.Name)]
public sealed class MySqlServerSessionTests(SharedMySql shared)
{
    /// <summary>MySQL cannot say who does what by information_schema while somebody's statement has a character of four bytes.</summary>
    [Fact]
    public async Task A_statement_of_others_keeps_nobody_out()
    {
        DatabaseAddress address = shared.Server.AddressOf("mysql");
        using CancellationTokenSource over = new();
        Task held = new MySqlEngine().QueryAsync(address, "SELECT sleep(600), '🙂'", new QueryOptions(false, null), over.Token);
        while (!(await shared.Server.RunAsync("", "SHOW PROCESSLIST")).Contains("User sleep", StringComparison.Ordinal))
        {
            await Task.Delay(50);
        }

        await new MySqlEngine().QueryAsync(address, "SELECT 1", new QueryOptions(false, null), default);

        await over.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => held);
    }
}
