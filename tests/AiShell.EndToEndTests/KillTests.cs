using System.Diagnostics;
using CliWrap.Buffered;

namespace AiShell.EndToEndTests;

/// <summary>kill -9 at random moments: what was there before stays, and a target is wholly old or wholly new.</summary>
public sealed class KillTests : IDisposable
{
    private const int Kills = 24;
    private readonly Shell _shell = new();

    public void Dispose() => _shell.Dispose();

    [Fact]
    public async Task Killing_create_leaves_every_earlier_backup_whole_and_no_half_one()
    {
        string shop = await _shell.ShopAsync(orders: 20_000);
        RandomKills kills = new(_shell, from: 0.3);
        await kills.MeasureAsync("backup", "create", "-d", shop);
        int backups = _shell.Backups;
        await kills.KillAsync(Kills, kill => ["backup", "create", "-d", shop, "--format", kill % 2 == 0 ? "sql" : "native"], enough: 1, _ => Task.FromResult(backups == (backups = _shell.Backups)));

        await _shell.ExpectAsync(null, "backup", "verify", "--all");
        await _shell.ExpectAsync(null, "backup", "create", "-d", shop, "--verify");
        await _shell.ExpectAsync(null, "repo", "gc");
        await _shell.ExpectAsync(null, "repo", "check");
    }

    [Fact]
    public async Task Killing_restore_leaves_the_target_old_or_new()
    {
        string source = await _shell.ShopAsync(orders: 20_000);
        string[] newer = await Shell.DumpAsync(source);
        await _shell.ExpectAsync(null, "backup", "create", "-d", source);
        string target = _shell.PathOf("target.db");
        await Shell.SqliteAsync(target, "PRAGMA journal_mode = wal; CREATE TABLE old(a); INSERT INTO old VALUES (1), (2);");
        string[] older = await Shell.DumpAsync(target);
        string pristine = _shell.PathOf("pristine.db");
        File.Copy(target, pristine);
        RandomKills kills = new(_shell, from: 0.3);
        await kills.MeasureAsync("backup", "restore", "latest", "-d", _shell.PathOf("timing.db"));
        await kills.KillAsync(Kills, _ => ["backup", "restore", "latest", "-d", target, "--force"], enough: 1, async kill =>
        {
            string[] found = await Shell.DumpAsync(target);
            Assert.True(found.SequenceEqual(older) || found.SequenceEqual(newer), $"Kill {kill} left something else.");
            if (found.SequenceEqual(newer))
            {
                File.Copy(pristine, target, overwrite: true);
            }

            return found.SequenceEqual(older);
        });

        await _shell.ExpectAsync(null, "backup", "restore", "latest", "-d", target, "--force");
        Assert.Equal(newer, await Shell.DumpAsync(target));
        await _shell.ExpectAsync(null, "backup", "verify", "--all", "--deep");
    }

    [Fact]
    public async Task What_a_killed_capture_had_in_the_temporary_folder_goes_with_the_next_command()
    {
        string shop = await _shell.ShopAsync(orders: 10);
        await Shell.SqliteAsync(shop, "PRAGMA journal_mode = wal");
        using Process killed = _shell.Start("backup", "watch", "-d", shop);
        await Shell.UntilAsync(() => Scratch(killed).Length == 1 || killed.HasExited, "the capture has its folder");
        string other = _shell.PathOf("other.db");
        File.Copy(shop, other);
        using Process living = _shell.Start("backup", "watch", "-d", other);
        await Shell.UntilAsync(() => Scratch(living).Length == 1 || living.HasExited, "so has another");

        killed.Kill();
        await killed.WaitForExitAsync();
        Assert.Single(Scratch(killed));
        await _shell.ExpectAsync(null, "backup", "create", "-d", other, "--lock-wait", "20s");

        Assert.Empty(Scratch(killed));
        Assert.Single(Scratch(living));
        using Process terminate = Process.Start("kill", ["-TERM", $"{living.Id}"]);
        await living.WaitForExitAsync();
        Assert.Empty(Scratch(living));

        static string[] Scratch(Process process) => Directory.GetDirectories(Path.GetTempPath(), $"ai-shell-run-{process.Id}-*");
    }

    [Fact]
    public async Task Two_creates_at_once_do_not_hurt_each_other()
    {
        string shop = await _shell.ShopAsync(orders: 20_000);
        BufferedCommandResult[] results = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => _shell.RunAsync("backup", "create", "-d", shop)));

        Assert.All(results, result => Assert.Contains(result.ExitCode, new[] { 0, (int)ErrorKind.Busy }));
        Assert.Equal(results.Count(result => result.ExitCode == 0), (await _shell.JsonAsync(null, "backup", "list")).GetArrayLength());
        await _shell.ExpectAsync(null, "backup", "verify", "--all", "--deep");
    }
}
