using System.Text.Json;
using CliWrap.Buffered;

namespace AiShell.EndToEndTests;

/// <summary>Which backup is meant, and which database.</summary>
public sealed class SelectionTests : IDisposable
{
    private readonly Shell _shell = new();

    public void Dispose() => _shell.Dispose();

    [Fact]
    public async Task A_unique_beginning_is_enough_and_an_ambiguous_one_deletes_nothing()
    {
        string shop = await _shell.ShopAsync(orders: 20);
        string first = await CreateAsync(shop);
        string second = await CreateAsync(shop);
        BufferedCommandResult ambiguous = await _shell.RunAsync("backup", "delete", "backup-2", "--force");
        Shell.Expect(2, ambiguous);
        Assert.Contains(first, ambiguous.StandardError, StringComparison.Ordinal);
        Assert.Contains(second, ambiguous.StandardError, StringComparison.Ordinal);
        await _shell.ExpectAsync(ErrorKind.NotFound, "backup", "delete", second, "backup-1999", "--force");
        Assert.Equal(2, (await _shell.JsonAsync(null, "backup", "list")).GetArrayLength());

        await _shell.ExpectAsync(null, "backup", "delete", first[..^1], "--force");
        Assert.Equal(second, Assert.Single((await _shell.JsonAsync(null, "backup", "list")).EnumerateArray()).GetProperty("id").GetString());
    }

    [Fact]
    public async Task Latest_is_the_newest_of_the_database_that_is_named()
    {
        string one = await _shell.ShopAsync("one.db", orders: 20);
        string two = await _shell.ShopAsync("two.db", orders: 30);
        string ofOne = await CreateAsync(one);
        string ofTwo = await CreateAsync(two);

        Assert.Equal(ofOne, (await _shell.JsonAsync(null, "backup", "restore", "latest", "-d", one, "--dry-run")).GetProperty("id").GetString());
        Assert.Equal(ofTwo, (await _shell.JsonAsync(null, "backup", "restore", "latest", "-d", two, "--dry-run")).GetProperty("id").GetString());
        BufferedCommandResult unclear = await _shell.RunAsync("backup", "restore", "latest", "-d", _shell.PathOf("three.db"));
        Shell.Expect(2, unclear);
        foreach (string word in new[] { "no backup of 'three.db' itself", "one.db", "two.db", "Hint: Give the backup's id" })
        {
            Assert.Contains(word, unclear.StandardError, StringComparison.Ordinal);
        }

        Assert.False(File.Exists(_shell.PathOf("three.db")));
        await _shell.ExpectAsync(null, "backup", "restore", ofOne, "-d", _shell.PathOf("three.db"));
        Assert.Equal("20", await Shell.SqliteAsync(_shell.PathOf("three.db"), "SELECT count(*) FROM orders"));
        await _shell.ExpectAsync(ErrorKind.NotFound, "backup", "restore", "latest", "-d", "thre");
        await _shell.ExpectAsync(ErrorKind.Usage, "backup", "verify", "latest");
    }

    [Fact]
    public async Task Latest_of_a_new_path_is_the_only_database_there_is_and_says_so()
    {
        await CreateAsync(await _shell.ShopAsync(orders: 20));
        BufferedCommandResult result = await _shell.RunAsync("backup", "restore", "latest", "-d", _shell.PathOf("new.db"));
        Shell.Expect(0, result);
        Assert.Contains("this is the latest of 'shop.db'", result.StandardError, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_files_of_one_name_are_not_taken_for_each_other()
    {
        Directory.CreateDirectory(_shell.PathOf("a"));
        Directory.CreateDirectory(_shell.PathOf("b"));
        string inA = await _shell.ShopAsync("a/shop.db", orders: 20);
        string inB = await _shell.ShopAsync("b/shop.db", orders: 30);
        string ofA = await CreateAsync(inA);
        BufferedCommandResult second = await _shell.RunAsync("backup", "create", "-d", inB);
        Shell.Expect(0, second);
        Assert.Contains("Warning: ", second.StandardError, StringComparison.Ordinal);
        Assert.Contains(inA, second.StandardError, StringComparison.Ordinal);

        await _shell.ExpectAsync(null, "backup", "restore", "latest", "-d", inA, "--force");
        Assert.Equal("20", await Shell.SqliteAsync(inA, "SELECT count(*) FROM orders"));
        Assert.Equal(ofA, (await _shell.JsonAsync(null, "backup", "info", "latest", "-d", inA)).GetProperty("backup").GetProperty("id").GetString());
        BufferedCommandResult unclear = await _shell.RunAsync("backup", "restore", "latest", "-d", _shell.PathOf("c/shop.db"), "--dry-run");
        Shell.Expect(2, unclear);
        Assert.Contains(inB, unclear.StandardError, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_connection_is_the_default_only_where_nothing_is_made()
    {
        string shop = await _shell.ShopAsync(orders: 20);
        await _shell.ExpectAsync(null, "connect", shop, "--name", "shop");
        await _shell.ExpectAsync(ErrorKind.Usage, "backup", "create");
        await CreateAsync("shop");
        await _shell.ExpectAsync(null, "query", "select 1");
        await Shell.SqliteAsync(shop, "DELETE FROM orders");
        await _shell.ExpectAsync(null, "backup", "restore", "latest", "--force");
        Assert.Equal("20", await Shell.SqliteAsync(shop, "SELECT count(*) FROM orders"));
        await _shell.ExpectAsync(null, "disconnect", "shop");
        await _shell.ExpectAsync(ErrorKind.Usage, "query", "select 1");
        BufferedCommandResult where = await _shell.RunAsync("backup", "restore", "latest");
        Shell.Expect(2, where);
        Assert.Contains(shop, where.StandardError, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_broken_connection_is_shown_with_the_others()
    {
        string shop = await _shell.ShopAsync(orders: 20);
        string gone = await _shell.ShopAsync("gone.db", orders: 20);
        await _shell.ExpectAsync(null, "connect", shop, "--name", "shop");
        await _shell.ExpectAsync(null, "connect", gone, "--name", "gone");
        File.Delete(gone);

        Assert.Equal(2, (await _shell.JsonAsync(null, "connections")).GetArrayLength());
        JsonElement health = await _shell.JsonAsync(ErrorKind.Unreachable, "connections", "--health");
        Assert.Equal([("gone", "failed"), ("shop", "ok")], health.EnumerateArray().Select(row => (row.GetProperty("name").GetString()!, row.GetProperty("state").GetString()!)).Order());
        Assert.False(File.Exists(gone));
        BufferedCommandResult check = await _shell.RunAsync("health-check");
        Shell.Expect(1, check);
        Assert.Contains("gone", check.StandardOutput, StringComparison.Ordinal);
        await _shell.ExpectAsync(ErrorKind.Unreachable, "backup", "create", "-d", "gone");
        await _shell.ExpectAsync(ErrorKind.Unreachable, "connect", gone, "--test");
    }

    [Fact]
    public async Task Several_backups_go_to_a_directory_and_come_back_from_it()
    {
        string shop = await _shell.ShopAsync(orders: 20);
        string[] ids = [await CreateAsync(shop), await CreateAsync(shop, "--format", "csv"), await CreateAsync(shop, "--format", "native", "-c", "zstd")];
        string folder = _shell.PathOf("exports");
        await _shell.ExpectAsync(null, ["backup", "export", .. ids, folder + "/"]);
        Assert.Equal(6, Directory.GetFiles(folder).Length);

        // One that is in the way stops all of them before the first is written.
        File.Delete(Directory.GetFiles(folder, $"*{ids[0]}*.gz")[0]);
        await _shell.ExpectAsync(ErrorKind.Refused, ["backup", "export", .. ids, folder]);
        Assert.Empty(Directory.GetFiles(folder, $"*{ids[0]}*.gz"));
        await _shell.ExpectAsync(null, ["backup", "export", .. ids, folder, "--force"]);

        string other = _shell.PathOf("other");
        await _shell.ExpectAsync(null, "backup", "import", folder, "--repo", other);
        Assert.Equal(ids.Order(), (await _shell.JsonAsync(null, "backup", "list", "--repo", other)).EnumerateArray().Select(backup => backup.GetProperty("id").GetString()!).Order());
        await _shell.ExpectAsync(null, "backup", "verify", "--all", "--deep", "--repo", other);
        await _shell.ExpectAsync(null, "backup", "restore", ids[2], "-d", _shell.PathOf("back.db"), "--repo", other);
        Assert.Equal(await Shell.DumpAsync(shop), await Shell.DumpAsync(_shell.PathOf("back.db")));
    }

    [Fact]
    public async Task One_bad_file_of_a_directory_is_named_and_the_others_are_imported()
    {
        string folder = Directory.CreateDirectory(_shell.PathOf("files")).FullName;
        await File.WriteAllTextAsync(Path.Combine(folder, "good.sql"), "CREATE TABLE t(a); INSERT INTO t VALUES (1);");
        await File.WriteAllTextAsync(Path.Combine(folder, "bad.sql"), "CREATE TABLE t(a); INSERT INTO nothing VALUES (1);");
        await File.WriteAllTextAsync(Path.Combine(folder, "also-good.sql"), "CREATE TABLE u(a);");
        BufferedCommandResult result = await _shell.RunAsync("backup", "import", folder);
        Shell.Expect(1, result);
        Assert.Contains("1 of 3 files were not imported", result.StandardError, StringComparison.Ordinal);
        Assert.Contains("bad.sql", result.StandardError, StringComparison.Ordinal);
        Assert.Equal(["also-good", "good"], (await _shell.JsonAsync(null, "backup", "list")).EnumerateArray().Select(backup => backup.GetProperty("database").GetString()).Order());
        await _shell.ExpectAsync(ErrorKind.NotFound, "backup", "import", Directory.CreateDirectory(_shell.PathOf("empty")).FullName);
    }

    private async Task<string> CreateAsync(string database, params string[] options) =>
        (await _shell.JsonAsync(null, ["backup", "create", "-d", database, .. options])).GetProperty("id").GetString()!;
}
