using System.Runtime.Versioning;
using CliWrap;
using CliWrap.Buffered;

namespace AiShell.EndToEndTests;

/// <summary>
/// kill -9 between every two steps of a promotion: strace ends the process at the nth call of each system call that changes files, for every
/// n there is. The target has what a crashed writer left beside it.
/// </summary>
[SupportedOSPlatform("linux")]
public sealed class PromotionKillTests : IDisposable
{
    private const int KilledExitCode = 128 + 9;
    private const int MostCalls = 40;
    private readonly Shell _shell = new();

    public void Dispose() => _shell.Dispose();

    [Theory]
    [InlineData("wal", "-wal", "old|committed in the log", "rename", "unlink", "chmod", "rmdir", "ftruncate", "fsync")]
    [InlineData("delete", "-journal", "old", "rename", "unlink", "rmdir", "ftruncate")]
    public async Task At_every_step_the_target_is_wholly_old_or_wholly_new(string journalMode, string companion, string old, params string[] calls)
    {
        string source = _shell.PathOf("source.db");
        await Shell.SqliteAsync(source, "CREATE TABLE t(x); INSERT INTO t VALUES ('new');");
        await _shell.ExpectAsync(null, "backup", "create", "-d", source, "--format", "native");
        string crashed = await CrashAsync(journalMode, companion);
        string target = _shell.PathOf("target.db");
        Dictionary<string, int> seen = new() { [old] = 0, ["new"] = 0 };
        foreach (string call in calls)
        {
            int kills = 0;
            while (await IsKilledAsync(call, kills + 1, crashed, companion, target))
            {
                string found = await ReadAsync(target);
                Assert.True(seen.ContainsKey(found), $"Killed at {call} {kills + 1} the target holds '{found}'.");
                seen[found]++;
                Assert.InRange(++kills, 1, MostCalls);
            }

            Assert.Equal("new", await ReadAsync(target));
        }

        Assert.True(seen[old] >= 6, $"Only {seen[old]} kills came before the promotion.");
        Assert.True(seen["new"] >= 1, "No kill came after the promotion.");
        await _shell.ExpectAsync(null, "backup", "restore", "latest", "-d", target, "--force");
        Assert.Empty(Directory.EnumerateFileSystemEntries(_shell.Folder, ".*"));
        await _shell.ExpectAsync(null, "backup", "verify", "--all", "--deep");
    }

    /// <summary>A database and the log or journal of a writer that died; what it had not committed must go, what it had must stay.</summary>
    private async Task<string> CrashAsync(string journalMode, string companion)
    {
        string live = _shell.PathOf("live.db");
        string crashed = _shell.PathOf("crashed.db");
        await Shell.SqliteAsync(live, $"PRAGMA journal_mode = {journalMode}; CREATE TABLE t(x); INSERT INTO t VALUES ('old'); CREATE TABLE filler(x); INSERT INTO filler VALUES (zeroblob(200000));");
        await Shell.SqliteAsync(
            live,
            $"""
            PRAGMA wal_autocheckpoint = 0;
            PRAGMA cache_size = 5;
            {(journalMode == "wal" ? "INSERT INTO t VALUES ('committed in the log');" : "")}
            BEGIN;
            UPDATE filler SET x = randomblob(200000);
            INSERT INTO t VALUES ('never committed');
            .shell cp {live} {crashed}; cp {live}{companion} {crashed}{companion}
            """);
        Assert.True(new FileInfo(crashed + companion).Length > 0);
        return crashed;
    }

    private async Task<bool> IsKilledAsync(string call, int count, string crashed, string companion, string target)
    {
        foreach (string file in Directory.EnumerateFiles(_shell.Folder, "target.db*"))
        {
            File.Delete(file);
        }

        File.Copy(crashed, target);
        File.Copy(crashed + companion, target + companion);
        BufferedCommandResult result = await Cli.Wrap("strace")
            .WithArguments([
                "-f", "-o", _shell.PathOf("trace"), "-e", $"trace={call}", "-e", $"inject={call}:signal=KILL:when={count}",
                Shell.Binary, "backup", "restore", "latest", "-d", target, "--force"])
            .WithEnvironmentVariables(variables => variables.Set("AI_SHELL_HOME", _shell.Home))
            .WithValidation(CommandResultValidation.None)
            .ExecuteBufferedAsync();
        Assert.True(result.ExitCode is 0 or KilledExitCode, $"{call} {count}: exit {result.ExitCode}\n{result.StandardError}");
        return result.ExitCode == KilledExitCode;
    }

    private static async Task<string> ReadAsync(string path)
    {
        string[] lines = (await Shell.SqliteAsync(path, "PRAGMA integrity_check; SELECT group_concat(x, '|') FROM t;")).Split('\n');
        Assert.Equal("ok", lines[0]);
        return lines[1];
    }
}
