using System.Diagnostics;
using System.Globalization;
using CliWrap.Buffered;

namespace AiShell.EndToEndTests;

/// <summary>How much of a server a backup takes, and that it says how long.</summary>
public sealed class PostgreSqlJobsTests : PostgreSqlSuite
{
    // Of tables so large that sockets' buffers do not hold the rest of one that is read slowly.
    private const string Copies = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'ai-shell' AND state = 'active' AND query LIKE 'COPY%'";

    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        await CreateAsync("shop", string.Concat(Enumerable.Range(1, 5).Select(table =>
            $"CREATE TABLE t{table}(x text); ALTER TABLE t{table} ALTER x SET STORAGE EXTERNAL; INSERT INTO t{table} SELECT string_agg(md5(i::text || j), '') FROM generate_series(1, 160) i, generate_series(1, 4000) j GROUP BY i;")));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public async Task Jobs_are_the_tables_that_are_read_at_once(int jobs)
    {
        using Process backup = Shell.Start("backup", "create", "-d", Url("shop"), "-c", "none", "--jobs", $"{jobs}", "--rate-limit", "4MB/s");
        int most = 0;
        while (!backup.HasExited && most < jobs)
        {
            most = Math.Max(most, await CountAsync());
        }

        for (int look = 0; look < 20 && !backup.HasExited; look++)
        {
            most = Math.Max(most, await CountAsync());
        }

        Assert.False(backup.HasExited, "It was not held back.");
        Assert.Equal(jobs, most);
        backup.Kill();
        await backup.WaitForExitAsync();
    }

    [Fact]
    public async Task A_backup_that_takes_a_while_shows_how_old_its_snapshot_is()
    {
        BufferedCommandResult slow = await Shell.RunAsync("backup", "create", "-d", Url("shop"), "-c", "none", "--rate-limit", "14MB/s");

        Shell.Expect(0, slow);
        Assert.Matches("Backing up: .*, snapshot [1-9][0-9]* s old", slow.StandardError);
    }

    private async Task<int> CountAsync() => int.Parse(await RunAsync(null, Copies), CultureInfo.InvariantCulture);
}
