using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using CliWrap.Buffered;

namespace AiShell.EndToEndTests;

/// <summary>The options that no other test looks at; see <see cref="WhereItCameFromTests"/>.</summary>
public sealed class OptionEffectTests : IDisposable
{
    private readonly Shell _shell = new();

    public void Dispose() => _shell.Dispose();

    [Fact]
    public async Task List_filters_sorts_and_formats()
    {
        string small = await _shell.ShopAsync("small.db", orders: 20);
        string large = await _shell.ShopAsync("large.db", orders: 900);
        string first = await CreateAsync(large, "--format", "csv");
        string second = await CreateAsync(small);
        string third = await CreateAsync(small, "--format", "native");

        Assert.Equal([third, second, first], await ListAsync());
        Assert.Equal([first], await ListAsync("-d", large));
        Assert.Equal([third], await ListAsync("--limit", "1"));
        Assert.Equal([first], await ListAsync("--backup-format", "csv"));
        Assert.Equal(3, (await ListAsync("--kind", "full")).Length);
        Assert.Equal(first, (await ListAsync("--sort", "size"))[0]);
        Assert.Equal(first, (await ListAsync("--sort", "database"))[0]);
        string hourAgo = DateTimeOffset.FromUnixTimeSeconds(DateTimeOffset.Parse((await _shell.JsonAsync(null, "backup", "list"))[0].GetProperty("createdAt").GetString()!, CultureInfo.InvariantCulture).ToUnixTimeSeconds() - 3600)
            .ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        Assert.Equal(3, (await ListAsync("--after", hourAgo)).Length);
        Assert.Empty(await ListAsync("--before", hourAgo));

        string csv = await _shell.ExpectAsync(null, "backup", "list", "--format", "csv");
        Assert.Equal(4, csv.Split("\r\n", StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.StartsWith("ID,Name,Database,Kind,Format,Date,Size,Stored,Tables,Verified\r\n", csv, StringComparison.Ordinal);
        Assert.Contains(third, await _shell.ExpectAsync(null, "backup", "list"), StringComparison.Ordinal);

        async Task<string[]> ListAsync(params string[] options) =>
            [.. (await _shell.JsonAsync(null, ["backup", "list", .. options])).EnumerateArray().Select(backup => backup.GetProperty("id").GetString()!)];
    }

    [Fact]
    public async Task Every_list_has_three_formats()
    {
        string shop = await _shell.ShopAsync(orders: 20);
        await _shell.ExpectAsync(null, "connect", shop, "--name", "shop");
        await CreateAsync("shop");
        foreach (string[] command in new string[][] { ["connections"], ["backup", "list"], ["backup", "status"], ["backup", "history"], ["backup", "config"], ["query", "select 1 as one", "-d", "shop"] })
        {
            string table = await _shell.ExpectAsync(null, [.. command, "--format", "table"]);
            string csv = await _shell.ExpectAsync(null, [.. command, "--format", "csv"]);
            using JsonDocument json = JsonDocument.Parse(await _shell.ExpectAsync(null, [.. command, "--format", "json"]));
            Assert.EndsWith("\r\n", csv, StringComparison.Ordinal);
            Assert.NotEqual(table, csv);
        }
    }

    [Fact]
    public async Task Verify_and_test_look_as_deep_as_they_are_told()
    {
        string one = await _shell.ShopAsync("one.db", orders: 50);
        string id = await CreateAsync(one);
        await CreateAsync(await _shell.ShopAsync("two.db", orders: 50));
        Assert.Equal("checksum", (await _shell.JsonAsync(null, "backup", "verify", id)).GetProperty("level").GetString());
        Assert.Equal("deep", (await _shell.JsonAsync(null, "backup", "verify", "latest", "-d", one, "--deep")).GetProperty("level").GetString());
        Assert.Equal(2, (await _shell.JsonAsync(null, "backup", "verify", "--all")).GetArrayLength());
        Assert.Equal(1, (await _shell.JsonAsync(null, "backup", "verify", "--all", "-d", one)).GetArrayLength());

        JsonElement plain = await _shell.JsonAsync(null, "backup", "test", "latest", "-d", one);
        Assert.Equal((0, false), (plain.GetProperty("rowsSampled").GetInt32(), plain.GetProperty("dataValidated").GetBoolean()));
        JsonElement close = await _shell.JsonAsync(null, "backup", "test", id, "--sample-size", "2", "--validate-data");
        Assert.Equal((6, true), (close.GetProperty("rowsSampled").GetInt32(), close.GetProperty("dataValidated").GetBoolean()));
    }

    [Fact]
    public async Task A_restore_goes_where_it_is_told_and_compares_when_it_is_told()
    {
        string shop = await _shell.ShopAsync(orders: 50);
        await CreateAsync(shop);
        JsonElement result = await _shell.JsonAsync(null, "backup", "restore", "latest", "--target-dir", _shell.PathOf("elsewhere"), "--verify", "--jobs", "1");
        Assert.True(result.GetProperty("fingerprintsCompared").GetBoolean());
        Assert.Equal(await Shell.DumpAsync(shop), await Shell.DumpAsync(_shell.PathOf("elsewhere/shop.db")));
    }

    [Fact]
    public async Task Prune_keeps_what_it_is_told_to()
    {
        string one = await _shell.ShopAsync("one.db", orders: 20);
        string two = await _shell.ShopAsync("two.db", orders: 20);
        foreach (string database in new[] { one, one, two, two })
        {
            await CreateAsync(database);
        }

        Assert.Equal(4, (await _shell.JsonAsync(null, "backup", "prune", "--retention-days", "1")).GetProperty("decisions").GetArrayLength());
        Assert.Equal(0, (await _shell.JsonAsync(null, "backup", "prune", "--max-backups", "1", "--dry-run")).GetProperty("deleted").GetInt32());
        Assert.Equal(1, (await _shell.JsonAsync(null, "backup", "prune", "--max-backups", "1", "-d", one)).GetProperty("deleted").GetInt32());
        Assert.Equal(3, (await _shell.JsonAsync(null, "backup", "list")).GetArrayLength());
        string left = (await _shell.JsonAsync(null, "backup", "list", "-d", two))[1].GetProperty("id").GetString()!;
        await _shell.ExpectAsync(null, "backup", "delete", left, "--dry-run", "--cascade");
        Assert.Equal(3, (await _shell.JsonAsync(null, "backup", "list")).GetArrayLength());
        await _shell.ExpectAsync(null, "backup", "delete", left, "--force");
        Assert.Equal(2, (await _shell.JsonAsync(null, "backup", "list")).GetArrayLength());
    }

    [Fact]
    public async Task Whoever_changes_the_backups_of_a_database_waits_as_long_as_it_is_told()
    {
        string shop = await _shell.ShopAsync();
        string id = await CreateAsync(shop);
        await CreateAsync(shop);
        string export = _shell.PathOf("x.sql.gz");
        await _shell.ExpectAsync(null, "backup", "export", id, export);
        await _shell.ExpectAsync(null, "backup", "delete", id, "--force");
        string[] before = Locks();
        using Process holder = _shell.Start("backup", "create", "-d", shop, "--rate-limit", "1KB/s");
        await Shell.UntilAsync(() => holder.HasExited || !Locks().SequenceEqual(before), "the lock is held");

        string latest = (await _shell.JsonAsync(null, "backup", "list"))[0].GetProperty("id").GetString()!;
        await _shell.ExpectAsync(ErrorKind.Busy, "backup", "delete", latest, "--force", "--lock-wait", "0s");
        await _shell.ExpectAsync(ErrorKind.Busy, "backup", "import", export, "--lock-wait", "0s");
        BufferedCommandResult prune = await _shell.RunAsync("backup", "prune", "--max-backups", "1", "--lock-wait", "0s");
        // It finds nothing to remove, or cannot look.
        Assert.Contains(prune.ExitCode, new[] { 0, 6 });
        holder.Kill();
        await holder.WaitForExitAsync();
        await _shell.ExpectAsync(null, "backup", "import", export, "--lock-wait", "1m", "--name", "back", "--jobs", "1");
        Assert.Equal("back", (await _shell.JsonAsync(null, "backup", "info", id)).GetProperty("backup").GetProperty("name").GetString());
    }

    [Fact]
    public async Task Export_and_import_compress_as_they_are_told()
    {
        string shop = await _shell.ShopAsync(orders: 900);
        await CreateAsync(shop);
        await CreateAsync(await _shell.ShopAsync("other.db", orders: 20));
        await _shell.ExpectAsync(null, "backup", "export", "latest", _shell.PathOf("1.zst"), "-d", shop, "-c", "zstd", "--level", "1");
        await _shell.ExpectAsync(null, "backup", "export", "latest", _shell.PathOf("19.zst"), "-d", shop, "-c", "zstd", "--level", "19");
        Assert.True(new FileInfo(_shell.PathOf("19.zst")).Length < new FileInfo(_shell.PathOf("1.zst")).Length);

        JsonElement imported = (await _shell.JsonAsync(null, "backup", "import", shop, "-c", "zstd", "--level", "5", "-d", "taken", "--trust"))[0].GetProperty("backup");
        Assert.Equal(("taken", "zstd", 5), (imported.GetProperty("database").GetString(), imported.GetProperty("compression").GetString(), imported.GetProperty("level").GetInt32()));
    }

    [Fact]
    public async Task History_and_query_show_as_much_as_they_are_told()
    {
        string shop = await _shell.ShopAsync(orders: 20);
        await CreateAsync(shop);
        await _shell.ExpectAsync(ErrorKind.NotFound, "disconnect", "nobody");
        Assert.Equal(1, (await _shell.JsonAsync(null, "backup", "history", "--limit", "1")).GetArrayLength());
        Assert.Equal("create", Assert.Single((await _shell.JsonAsync(null, "backup", "history", "-d", shop)).EnumerateArray()).GetProperty("operation").GetString());
        Assert.Equal(2, (await _shell.JsonAsync(null, "backup", "history", "--last", "7d")).GetArrayLength());
        Assert.Equal(0, (await _shell.JsonAsync(null, "backup", "history", "--last", "0s")).GetArrayLength());

        Assert.Equal(3, (await _shell.JsonAsync(null, "query", "select id from orders", "-d", shop, "--limit", "3")).GetProperty("rows").GetArrayLength());
        await _shell.ExpectAsync(ErrorKind.Refused, "query", "delete from orders", "-d", shop);
        Assert.Equal("20", await Shell.SqliteAsync(shop, "SELECT count(*) FROM orders"));
        await _shell.ExpectAsync(null, "query", "delete from orders", "-d", shop, "--write");
        Assert.Equal("0", await Shell.SqliteAsync(shop, "SELECT count(*) FROM orders"));
        Assert.Contains(shop, await _shell.ExpectAsync(ErrorKind.Failed, "health-check", "-d", _shell.PathOf("gone.db")) + shop, StringComparison.Ordinal);
        await _shell.ExpectAsync(null, "health-check", "-d", shop);
    }

    private string[] Locks() => [.. Directory.GetFiles(Path.Combine(_shell.Repository, "locks")).Order(StringComparer.Ordinal)];

    private async Task<string> CreateAsync(string database, params string[] options) =>
        (await _shell.JsonAsync(null, ["backup", "create", "-d", database, .. options])).GetProperty("id").GetString()!;
}
