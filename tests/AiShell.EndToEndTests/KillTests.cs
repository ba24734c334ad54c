using System.Diagnostics;
using CliWrap.Buffered;

namespace AiShell.EndToEndTests;

/// <summary>kill -9 at random moments: what was there before stays, and a target is wholly old or wholly new.</summary>
public sealed class KillTests : IDisposable
{
    private const int Kills = 50;
    private readonly Shell _shell = new();
    private readonly Random _random = new(20261123);

    public void Dispose() => _shell.Dispose();

    [Fact]
    public async Task Killing_create_leaves_every_earlier_backup_whole_and_no_half_one()
    {
        string shop = await _shell.ShopAsync(orders: 20_000);
        TimeSpan whole = await TimeAsync("backup", "create", "-d", shop);
        for (int kill = 0; kill < Kills; kill++)
        {
            await KillAsync(whole, "backup", "create", "-d", shop, "--format", kill % 2 == 0 ? "sql" : "native");
        }

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
        TimeSpan whole = await TimeAsync("backup", "restore", "latest", "-d", _shell.PathOf("timing.db"));
        bool sawOld = false;
        for (int kill = 0; kill < Kills; kill++)
        {
            await KillAsync(whole, "backup", "restore", "latest", "-d", target, "--force");
            string[] found = await Shell.DumpAsync(target);
            Assert.True(found.SequenceEqual(older) || found.SequenceEqual(newer), $"Kill {kill} left something else.");
            if (found.SequenceEqual(newer))
            {
                File.Copy(pristine, target, overwrite: true);
            }
            else
            {
                sawOld = true;
            }
        }

        Assert.True(sawOld, "No kill came before the promotion: the test proved nothing.");
        await _shell.ExpectAsync(null, "backup", "restore", "latest", "-d", target, "--force");
        Assert.Equal(newer, await Shell.DumpAsync(target));
        await _shell.ExpectAsync(null, "backup", "verify", "--all", "--deep");
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

    private async Task<TimeSpan> TimeAsync(params string[] arguments)
    {
        long started = Stopwatch.GetTimestamp();
        await _shell.ExpectAsync(null, arguments);
        return Stopwatch.GetElapsedTime(started);
    }

    private async Task KillAsync(TimeSpan within, params string[] arguments)
    {
        using Process process = _shell.Start(arguments);
        await Task.Delay(within * _random.NextDouble());
        process.Kill();
        await process.WaitForExitAsync();
    }
}
