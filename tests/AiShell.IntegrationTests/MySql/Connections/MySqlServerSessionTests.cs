using System.Globalization;
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

    /// <summary>Which the server keeps for a day once somebody asked: the largest table would be begun last, and by one session.</summary>
    [Fact]
    public async Task Sizes_of_tables_are_those_of_now()
    {
        await using MySqlFamilyFixture fixture = new(shared.Server);
        DatabaseAddress shop = await fixture.CreateEmptyAsync("sizes");
        await shared.Server.RunAsync(shop.Database, "CREATE TABLE grown(id int PRIMARY KEY, v char(200) NOT NULL)");
        await shared.Server.RunAsync("", $"SELECT TABLE_ROWS FROM information_schema.TABLES WHERE TABLE_SCHEMA = '{shop.Database}'");
        await shared.Server.RunAsync(
            shop.Database,
            "SET cte_max_recursion_depth = 20000; INSERT INTO grown WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 20000) SELECT n, 'x' FROM numbers");
        while (long.Parse(await shared.Server.RunAsync("", $"SET information_schema_stats_expiry = 0; SELECT DATA_LENGTH FROM information_schema.TABLES WHERE TABLE_SCHEMA = '{shop.Database}'"), CultureInfo.InvariantCulture) < 1_000_000)
        {
            await Task.Delay(100); // InnoDB counts a while later
        }

        await using ISnapshot snapshot = await new MySqlEngine().OpenSnapshotAsync(
            shop, new SnapshotOptions(BackupFormat.Sql, BackupScope.All, TableFilter.Everything, 1, fixture.ScratchDirectory, PartBytes: 1 << 20, TimeSpan.FromSeconds(10)), default);

        Assert.InRange(snapshot.EstimatedBytes, 1_000_000, 20_000_000);
    }
}
