using System.Diagnostics;
using CliWrap.Buffered;

namespace AiShell.EndToEndTests;

/// <summary>A machine on which no MariaDB can be started replays a log on the target's server, and nothing of that stays.</summary>
public sealed class MySqlLimitedReplayTests : MySqlSuite
{
    private const string Accounts = "SELECT User FROM mysql.user WHERE User LIKE 'ai\\_shell\\_replay%'";

    [Fact]
    public async Task An_increment_is_restored_and_a_kill_in_the_middle_leaves_nothing_for_long()
    {
        await CreateAsync("shop", "CREATE TABLE t(id int AUTO_INCREMENT PRIMARY KEY, v text)");
        await Shell.ExpectAsync(null, "backup", "create", "-d", Url("shop"), "--incremental");
        await RunAsync("shop", "ALTER TABLE t ADD w int; INSERT INTO t SELECT seq, repeat('y', 200), seq FROM seq_1_to_60000; UPDATE t SET w = w + 1 WHERE id % 2 = 0");
        string wanted = await ContentAsync("shop");
        string id = (await Shell.JsonAsync(null, "backup", "create", "-d", Url("shop"), "--incremental")).GetProperty("id").GetString()!;
        await RunAsync("shop", "DELETE FROM t WHERE id > 5");
        string live = await ContentAsync("shop");
        (string, string?)[] nowhere = [("AI_SHELL_MYSQL_BIN", Shell.Folder)];
        string[] restore = ["backup", "restore", id, "-d", Url("shop"), "--force"];

        BufferedCommandResult plan = await Shell.RunWithAsync(nowhere, [.. restore, "--dry-run"]);
        Assert.Contains("replayed on the target's", plan.StandardOutput + plan.StandardError, StringComparison.Ordinal);

        Task<(int ExitCode, string Output)> killed = Shell.BashAsync(Shell.Folder, $"exec ai-shell {string.Join(' ', restore.Select(word => $"'{word}'"))} & echo $! > pid; wait", [.. nowhere.Select(variable => (variable.Item1, variable.Item2!))]);
        await Shell.UntilAsync(() => killed.IsCompleted || Server.RunAsync("", Accounts).Result.Length > 0, "the account that replays is there");
        Assert.False(killed.IsCompleted, killed.IsCompleted ? (await killed).Output : "");
        using (var kill = Process.Start("kill", ["-KILL", (await File.ReadAllTextAsync(Shell.PathOf("pid"))).Trim()]))
        {
            await kill.WaitForExitAsync();
        }

        await killed;
        Assert.Equal(live, await ContentAsync("shop"));
        Assert.Contains("ai_shell_replay", await DatabasesAsync(), StringComparison.Ordinal);

        Shell.Expect(0, await Shell.RunWithAsync(nowhere, restore));

        Assert.Equal(wanted, await ContentAsync("shop"));
        Assert.Equal("shop", await DatabasesAsync());
        Assert.Equal("", await RunAsync(null, Accounts));
    }
}
