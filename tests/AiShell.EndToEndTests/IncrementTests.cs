using System.Text.Json;

namespace AiShell.EndToEndTests;

/// <summary>Increments as a person makes, lists, proves, restores and removes them.</summary>
public sealed class IncrementTests : IDisposable
{
    private readonly Shell _shell = new();

    public void Dispose() => _shell.Dispose();

    [Fact]
    public async Task A_chain_begins_by_itself_holds_what_changed_and_restores_at_every_link()
    {
        string shop = await _shell.ShopAsync(orders: 20_000);
        JsonElement first = await CreateAsync(shop, "--incremental");
        Assert.Equal("full", first.GetProperty("kind").GetString());
        Assert.Equal("native", first.GetProperty("format").GetString());
        Assert.Equal("there is no backup yet", first.GetProperty("whyFull").GetString());
        List<(string Id, string Content)> moments = [(Id(first), await DumpAsync(shop))];
        foreach (string change in (string[])["UPDATE orders SET total = total + 1 WHERE id = 7", "DELETE FROM orders WHERE id > 10000; VACUUM", "CREATE TABLE later(a); INSERT INTO later VALUES('x')"])
        {
            await Shell.SqliteAsync(shop, change);
            JsonElement link = await CreateAsync(shop, "--incremental");
            Assert.Equal("incremental", link.GetProperty("kind").GetString());
            Assert.Equal(moments[^1].Id, link.GetProperty("parent").GetString());
            Assert.Equal(moments[0].Id, link.GetProperty("base").GetString());
            Assert.False(link.TryGetProperty("whyFull", out _));
            moments.Add((Id(link), await DumpAsync(shop)));
        }

        JsonElement list = await _shell.JsonAsync(null, "backup", "list");
        Assert.Equal(moments.Select(moment => moment.Id).Reverse(), list.EnumerateArray().Select(Id));
        Assert.True(list[2].GetProperty("storedBytes").GetInt64() * 10 < list[3].GetProperty("storedBytes").GetInt64(), "One changed row is not worth a tenth of the database.");
        foreach ((string id, string content) in moments)
        {
            string copy = _shell.PathOf($"{id}.db");
            await _shell.ExpectAsync(null, "backup", "restore", id, "-d", copy);
            Assert.Equal(content, await DumpAsync(copy));
            JsonElement test = await _shell.JsonAsync(null, "backup", "test", id, "--validate-data", "--sample-size", "5");
            Assert.True(test.GetProperty("ok").GetBoolean());
            Assert.Equal(id != moments[0].Id, test.GetProperty("imageCompared").GetBoolean());
        }

        await _shell.ExpectAsync(null, "backup", "verify", "--all", "--deep");
        await _shell.ExpectAsync(null, "backup", "restore", moments[1].Id, "-d", shop, "--force");
        Assert.Equal(moments[1].Content, await DumpAsync(shop));
        string some = _shell.PathOf("some.db");
        await _shell.ExpectAsync(null, "backup", "restore", moments[3].Id, "-d", some, "--tables", "later");
        Assert.Equal("later", await Shell.SqliteAsync(some, "SELECT group_concat(name) FROM sqlite_schema"));
        await _shell.ExpectAsync(ErrorKind.Usage, "backup", "restore", moments[3].Id, "-d", _shell.PathOf("none.db"), "--tables", "nowhere");
    }

    [Fact]
    public async Task A_differential_needs_its_base_alone()
    {
        string shop = await _shell.ShopAsync(orders: 2000);
        string full = Id(await CreateAsync(shop, "--differential"));
        await Shell.SqliteAsync(shop, "UPDATE orders SET total = 1 WHERE id = 7");
        string increment = Id(await CreateAsync(shop, "--incremental"));
        await Shell.SqliteAsync(shop, "UPDATE orders SET total = 2 WHERE id = 1500");
        JsonElement differential = await CreateAsync(shop, "--differential");
        Assert.Equal("differential", differential.GetProperty("kind").GetString());
        Assert.Equal(full, differential.GetProperty("parent").GetString());

        await _shell.ExpectAsync(null, "backup", "delete", increment, "--force");
        await _shell.ExpectAsync(null, "backup", "restore", Id(differential), "-d", _shell.PathOf("copy.db"));
        Assert.Equal(await DumpAsync(shop), await DumpAsync(_shell.PathOf("copy.db")));
    }

    [Fact]
    public async Task An_old_base_begins_a_new_chain_and_a_new_base_too()
    {
        string shop = await _shell.ShopAsync(orders: 100);
        await CreateAsync(shop, "--incremental");
        await Task.Delay(TimeSpan.FromMilliseconds(1100));
        JsonElement aged = await CreateAsync(shop, "--incremental", "--full-every", "1s");
        Assert.Equal("full", aged.GetProperty("kind").GetString());
        Assert.Contains("there shall be one every", aged.GetProperty("whyFull").GetString(), StringComparison.Ordinal);
        JsonElement full = await CreateAsync(shop, "--format", "native");
        Assert.Equal(Id(full), (await CreateAsync(shop, "--incremental")).GetProperty("base").GetString());
    }

    [Fact]
    public async Task What_a_link_needs_cannot_be_deleted_and_a_link_without_it_is_told()
    {
        string shop = await _shell.ShopAsync(orders: 2000);
        string full = Id(await CreateAsync(shop, "--incremental"));
        List<string> links = [];
        for (int i = 0; i < 3; i++)
        {
            await Shell.SqliteAsync(shop, $"UPDATE orders SET total = {i} WHERE id = {i + 1}");
            links.Add(Id(await CreateAsync(shop, "--incremental")));
        }

        await _shell.ExpectAsync(ErrorKind.Refused, "backup", "delete", full, "--force");
        await _shell.ExpectAsync(ErrorKind.Refused, "backup", "delete", links[1], "--force");
        await _shell.ExpectAsync(null, "backup", "config", "--set", "maxBackups=1");
        await _shell.ExpectAsync(null, "backup", "prune", "-d", shop);
        Assert.Equal(4, (await _shell.JsonAsync(null, "backup", "list")).GetArrayLength());

        // A link is lost.
        Directory.Delete(Directory.GetDirectories(_shell.Repository, links[1], SearchOption.AllDirectories).Single(), recursive: true);
        foreach (string[] command in (string[][])[["verify", links[2]], ["verify", links[2], "--deep"], ["test", links[2]], ["restore", links[2], "-d", _shell.PathOf("copy.db")]])
        {
            string said = await FailAsync(ErrorKind.Integrity, ["backup", .. command]);
            Assert.Contains($"{links[2]} builds on {links[1]}, which is missing", said, StringComparison.Ordinal);
        }

        Assert.False(File.Exists(_shell.PathOf("copy.db")));
        await _shell.ExpectAsync(null, "backup", "verify", links[0], "--deep");
        JsonElement anew = await CreateAsync(shop, "--incremental");
        Assert.Equal("full", anew.GetProperty("kind").GetString());
        Assert.Contains("which is missing", anew.GetProperty("whyFull").GetString(), StringComparison.Ordinal);

        // What was left of the chain goes by the rules, now that there is something newer.
        Assert.Equal(Id(anew), Id(Assert.Single((await _shell.JsonAsync(null, "backup", "list")).EnumerateArray())));
    }

    [Theory]
    [InlineData("index.pagemap.gz", true)]
    [InlineData("index.pagemap.gz", false)]
    public async Task A_damaged_list_of_pages_begins_a_new_chain_and_harms_no_restore(string file, bool missing)
    {
        string shop = await _shell.ShopAsync(orders: 200);
        string full = Id(await CreateAsync(shop, "--incremental"));
        string content = await DumpAsync(shop);
        string list = Directory.GetFiles(_shell.Repository, file, SearchOption.AllDirectories).Single();
        byte[] bytes = await File.ReadAllBytesAsync(list);
        bytes[^5] ^= 1;
        File.Delete(list);
        await (missing ? Task.CompletedTask : File.WriteAllBytesAsync(list, bytes));

        JsonElement anew = await CreateAsync(shop, "--incremental");

        Assert.Equal("full", anew.GetProperty("kind").GetString());
        Assert.Contains($"{full} is damaged", anew.GetProperty("whyFull").GetString(), StringComparison.Ordinal);
        await _shell.ExpectAsync(ErrorKind.Integrity, "backup", "verify", full);
        await _shell.ExpectAsync(null, "backup", "restore", full, "-d", _shell.PathOf("copy.db"));
        Assert.Equal(content, await DumpAsync(_shell.PathOf("copy.db")));
    }

    [Fact]
    public async Task A_damaged_base_is_told_by_the_links_deep_verification_and_nothing_more_is_built_on_it()
    {
        string shop = await _shell.ShopAsync(orders: 2000);
        string full = Id(await CreateAsync(shop, "--incremental"));
        await Shell.SqliteAsync(shop, "UPDATE orders SET total = 1 WHERE id = 1");
        string link = Id(await CreateAsync(shop, "--incremental"));
        string part = Directory.GetFiles(_shell.Repository, "00001-pages*", SearchOption.AllDirectories).Single();
        byte[] bytes = await File.ReadAllBytesAsync(part);
        bytes[bytes.Length / 2] ^= 1;
        File.SetUnixFileMode(part, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        await File.WriteAllBytesAsync(part, bytes);

        await _shell.ExpectAsync(ErrorKind.Integrity, "backup", "verify", link, "--deep");
        await _shell.ExpectAsync(ErrorKind.Integrity, "backup", "verify", full);
        await _shell.ExpectAsync(ErrorKind.Integrity, "backup", "restore", link, "-d", _shell.PathOf("copy.db"));
        Assert.False(File.Exists(_shell.PathOf("copy.db")));
        Assert.Equal("full", (await CreateAsync(shop, "--incremental")).GetProperty("kind").GetString());
    }

    [Theory]
    [InlineData("--incremental", "--differential")]
    [InlineData("--incremental", "--format", "sql")]
    [InlineData("--incremental", "--tables", "orders")]
    [InlineData("--differential", "--schema-only")]
    [InlineData("--full-every", "7d")]
    [InlineData("--incremental", "--full-every", "weekly")]
    public async Task What_does_not_go_together_is_wrong_usage(params string[] options)
    {
        await _shell.ExpectAsync(ErrorKind.Usage, ["backup", "create", "-d", await _shell.ShopAsync(orders: 10), .. options]);
        Assert.False(Directory.Exists(Path.Combine(_shell.Repository, "backups")));
    }

    [Fact]
    public async Task An_increment_alone_is_no_export()
    {
        string shop = await _shell.ShopAsync(orders: 10);
        await CreateAsync(shop, "--incremental");
        await Shell.SqliteAsync(shop, "DELETE FROM orders WHERE id = 1");
        await CreateAsync(shop, "--incremental");
        Assert.Contains("Export its full backup", await FailAsync(ErrorKind.Usage, "backup", "export", "latest", _shell.PathOf("x.db")), StringComparison.Ordinal);
    }

    private static string Id(JsonElement backup) => backup.GetProperty("id").GetString()!;

    private static Task<string> DumpAsync(string database) => Shell.SqliteAsync(database, ".dump");

    private Task<JsonElement> CreateAsync(string database, params string[] options) => _shell.JsonAsync(null, ["backup", "create", "-d", database, .. options]);

    private async Task<string> FailAsync(ErrorKind kind, params string[] arguments)
    {
        var result = await _shell.RunAsync(arguments);
        Shell.Expect((int)kind, result);
        return result.StandardOutput + result.StandardError;
    }
}
