using System.Diagnostics;
using System.Text.Json;
using CliWrap.Buffered;

namespace AiShell.EndToEndTests;

public sealed class RepositoryCommandTests : IDisposable
{
    private readonly Shell _shell = new();

    public void Dispose() => _shell.Dispose();

    [Fact]
    public async Task A_held_lock_is_shown_waited_for_taken_and_its_holder_then_commits_nothing()
    {
        string shop = await _shell.ShopAsync();
        using Process holder = _shell.Start("backup", "create", "-d", shop, "--rate-limit", "1KB/s");
        await Shell.UntilAsync(() => holder.HasExited || Locks().Length > 0, "the lock is held");

        BufferedCommandResult busy = await _shell.RunAsync("backup", "create", "-d", shop, "--lock-wait", "0s");
        Shell.Expect(6, busy);
        Assert.Contains($"{holder.Id}", busy.StandardError, StringComparison.Ordinal);
        Assert.Contains("Hint: ", busy.StandardError, StringComparison.Ordinal);
        JsonElement held = Assert.Single((await _shell.JsonAsync(null, "repo", "check")).GetProperty("locks").EnumerateArray());
        Assert.Equal(holder.Id, held.GetProperty("processId").GetInt32());
        await _shell.ExpectAsync(ErrorKind.NotFound, "repo", "unlock", "nothing", "--force");
        await _shell.ExpectAsync(ErrorKind.Refused, "repo", "unlock");
        await _shell.ExpectAsync(null, "repo", "unlock", held.GetProperty("name").GetString()!, "--force");

        await holder.WaitForExitAsync();
        Assert.Equal(6, holder.ExitCode);
        Assert.Equal(0, (await _shell.JsonAsync(null, "backup", "list")).GetArrayLength());
        await _shell.ExpectAsync(null, "backup", "create", "-d", shop, "--lock-wait", "0s");
    }

    [Fact]
    public async Task A_lock_whose_holder_died_blocks_nobody_and_its_leftovers_are_collected()
    {
        string shop = await _shell.ShopAsync();
        await _shell.ExpectAsync(null, "backup", "create", "-d", shop);
        int files = Files().Length;
        using (Process holder = _shell.Start("backup", "create", "-d", shop, "--rate-limit", "1KB/s"))
        {
            await Shell.UntilAsync(() => holder.HasExited || Locks().Length > 0, "the lock is held");
            holder.Kill();
            await holder.WaitForExitAsync();
        }

        await _shell.ExpectAsync(null, "backup", "create", "-d", shop, "--lock-wait", "0s");
        await _shell.ExpectAsync(null, "repo", "unlock");
        Assert.Equal(2, (await _shell.JsonAsync(null, "backup", "list")).GetArrayLength());
        Assert.True(Files().Length >= files);
    }

    [Fact]
    public async Task Garbage_is_shown_then_removed_and_nothing_else()
    {
        string shop = await _shell.ShopAsync();
        JsonElement made = await _shell.JsonAsync(null, "backup", "create", "-d", shop);
        string backup = made.GetProperty("path").GetString()!;
        string copy = backup[..^6] + "zzzzzz";
        Directory.CreateDirectory(Path.Combine(copy, "parts"));
        await File.WriteAllTextAsync(Path.Combine(copy, "parts", "00001-left.0001.sql.gz"), "left behind");
        await File.WriteAllTextAsync(Path.Combine(backup, "parts", "stray.txt"), "stray");
        string[] before = Files();

        Assert.Equal(2, (await _shell.JsonAsync(null, "repo", "check")).GetProperty("orphans").GetArrayLength());
        Assert.Equal(2, (await _shell.JsonAsync(null, "repo", "gc", "--dry-run")).GetProperty("files").GetArrayLength());
        Assert.Equal(before, Files());
        JsonElement collected = await _shell.JsonAsync(null, "repo", "gc");
        Assert.Equal((2, 16), (collected.GetProperty("files").GetArrayLength(), collected.GetProperty("freedBytes").GetInt64()));
        Assert.Equal(before.Length - 2, Files().Length);
        await _shell.ExpectAsync(null, "backup", "verify", "--all", "--deep");
    }

    [Fact]
    public async Task Statistics_are_the_sum_of_what_is_listed()
    {
        string shop = await _shell.ShopAsync();
        await _shell.ExpectAsync(null, "backup", "create", "-d", shop);
        await _shell.ExpectAsync(null, "backup", "create", "-d", shop, "--format", "native");
        await _shell.ExpectAsync(null, "backup", "create", "-d", await _shell.ShopAsync("other.db", orders: 50));
        JsonElement[] list = [.. (await _shell.JsonAsync(null, "backup", "list")).EnumerateArray()];

        JsonElement stats = await _shell.JsonAsync(null, "repo", "stats");

        Assert.Equal(3, stats.GetProperty("backups").GetInt32());
        Assert.Equal(list.Sum(backup => backup.GetProperty("storedBytes").GetInt64()), stats.GetProperty("storedBytes").GetInt64());
        Assert.Equal(Directory.GetFiles(_shell.Repository, "*", SearchOption.AllDirectories).Where(file => file.Contains("/parts/", StringComparison.Ordinal) || Path.GetFileName(file).StartsWith("index.", StringComparison.Ordinal)).Sum(file => new FileInfo(file).Length), stats.GetProperty("storedBytes").GetInt64());
        Assert.Equal(["other.db", "shop.db"], stats.GetProperty("databases").EnumerateArray().Select(database => database.GetProperty("database").GetString()));
    }

    [Fact]
    public async Task A_repository_opens_on_a_new_machine_and_the_catalogue_can_be_made_again()
    {
        string shop = await _shell.ShopAsync();
        JsonElement made = await _shell.JsonAsync(null, "backup", "create", "-d", shop);
        string id = made.GetProperty("id").GetString()!;
        string elsewhere = _shell.PathOf("new-machine");

        Assert.Equal(id, (await _shell.JsonAsync(null, "backup", "list", "--home", elsewhere, "--repo", _shell.Repository))[0].GetProperty("id").GetString());
        await _shell.ExpectAsync(null, "repo", "rebuild");
        File.Delete(Path.Combine(_shell.Home, "state.db"));
        await _shell.ExpectAsync(null, "repo", "rebuild");
        Assert.Equal(id, (await _shell.JsonAsync(null, "backup", "list"))[0].GetProperty("id").GetString());

        string manifest = Path.Combine(made.GetProperty("path").GetString()!, "manifest.json");
        await File.WriteAllTextAsync(manifest, "{");
        Assert.Contains(id, await _shell.ExpectAsync(ErrorKind.Integrity, "repo", "rebuild"), StringComparison.Ordinal);
        Assert.Equal("damaged", (await _shell.JsonAsync(null, "backup", "list"))[0].GetProperty("status").GetString());
    }

    [Fact]
    public async Task A_state_file_that_is_spoilt_costs_no_backup()
    {
        string shop = await _shell.ShopAsync(orders: 20);
        await _shell.ExpectAsync(null, "backup", "create", "-d", shop);
        await File.WriteAllTextAsync(Path.Combine(_shell.Home, "state.db"), new string('x', 9000));
        await _shell.ExpectAsync(null, "backup", "create", "-d", shop);
        Assert.Equal(2, (await _shell.JsonAsync(null, "backup", "list")).GetArrayLength());
    }

    [Fact]
    public async Task A_repository_named_on_the_command_line_must_be_there()
    {
        foreach (string[] command in new string[][] { ["backup", "list"], ["backup", "status"], ["backup", "info", "latest"], ["backup", "prune"], ["repo", "stats"], ["repo", "gc"], ["repo", "unlock"], ["repo", "rebuild"] })
        {
            BufferedCommandResult result = await _shell.RunAsync([.. command, "--repo", _shell.PathOf("nowhere")]);
            Shell.Expect(3, result);
            Assert.Contains("nowhere", result.StandardError, StringComparison.Ordinal);
            Assert.False(Directory.Exists(_shell.PathOf("nowhere")));
        }
    }

    [Fact]
    public async Task A_create_and_a_prune_at_once_keep_what_must_be_kept()
    {
        string shop = await _shell.ShopAsync();
        for (int at = 0; at < 3; at++)
        {
            await _shell.ExpectAsync(null, "backup", "create", "-d", shop);
        }

        for (int round = 0; round < 3; round++)
        {
            BufferedCommandResult[] results = await Task.WhenAll(
                _shell.RunAsync("backup", "create", "-d", shop),
                _shell.RunAsync("backup", "prune", "--max-backups", "1"),
                _shell.RunAsync("backup", "verify", "latest"),
                _shell.RunAsync("repo", "gc"));
            Assert.True(results[0].ExitCode == 0, results[0].StandardError);
            Assert.True(results[1].ExitCode is 0 or 6, results[1].StandardError);
            Assert.True(results[2].ExitCode is 0 or 3, results[2].StandardError);
            Assert.True(results[3].ExitCode == 0, results[3].StandardError);
        }

        Assert.NotEqual(0, (await _shell.JsonAsync(null, "backup", "list")).GetArrayLength());
        await _shell.ExpectAsync(null, "backup", "prune", "--max-backups", "1");
        Assert.Equal(1, (await _shell.JsonAsync(null, "backup", "list")).GetArrayLength());
        await _shell.ExpectAsync(null, "backup", "verify", "--all", "--deep");
        Assert.Empty((await _shell.JsonAsync(null, "repo", "check")).GetProperty("orphans").EnumerateArray());
    }

    private string[] Locks() => Directory.Exists(Path.Combine(_shell.Repository, "locks")) ? Directory.GetFiles(Path.Combine(_shell.Repository, "locks"), "database-*.json") : [];

    private string[] Files() => [.. Directory.GetFiles(Path.Combine(_shell.Repository, "backups"), "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];
}
