using System.Diagnostics;
using System.Text.Json;
using CliWrap.Buffered;

namespace AiShell.EndToEndTests;

/// <summary>No option of create is accepted and dropped: each is seen to change something.</summary>
public sealed class CreateOptionTests : IDisposable
{
    private readonly Shell _shell = new();

    public void Dispose() => _shell.Dispose();

    [Fact]
    public async Task Name_tags_format_compression_and_level_are_in_the_backup()
    {
        string shop = await _shell.ShopAsync();
        JsonElement made = await CreateAsync(shop, "--name", "before upgrade", "--tag", "release=42", "--tag", "who=Zoë", "--format", "json", "-c", "zstd", "--level", "19");
        Assert.Equal(
            ("before upgrade", "42", "Zoë", "json", "zstd", 19),
            (made.GetProperty("name").GetString(), made.GetProperty("tags").GetProperty("release").GetString(), made.GetProperty("tags").GetProperty("who").GetString(),
            made.GetProperty("format").GetString(), made.GetProperty("compression").GetString(), made.GetProperty("level").GetInt32()));
        Assert.All(_shell.Parts, part => Assert.EndsWith(".zst", part, StringComparison.Ordinal));
        long hard = made.GetProperty("storedBytes").GetInt64();
        Assert.True(hard < (await CreateAsync(shop, "--format", "json", "-c", "zstd", "--level", "1")).GetProperty("storedBytes").GetInt64());
    }

    [Fact]
    public async Task Tables_and_their_exceptions_are_what_is_stored()
    {
        string shop = await _shell.ShopAsync(orders: 50);
        Assert.Equal(["orders"], await TablesAsync("--tables", "ord*"));
        Assert.Equal(["customer", "odd \"name'"], await TablesAsync("--exclude-tables", "orders"));
        Assert.Equal(["customer"], await TablesAsync("--tables", "customer,orders", "--exclude-tables", "o*"));

        async Task<string[]> TablesAsync(params string[] options)
        {
            string id = (await CreateAsync(shop, options)).GetProperty("id").GetString()!;
            JsonElement info = await _shell.JsonAsync(null, "backup", "info", id, "--tables");
            string restored = _shell.PathOf($"{id}.db");
            await _shell.ExpectAsync(null, "backup", "restore", id, "-d", restored);
            string[] named = [.. info.GetProperty("tableList").EnumerateArray().Select(table => table.GetProperty("name").GetString()!).Order(StringComparer.Ordinal)];
            Assert.Equal(string.Join('\n', named), await Shell.SqliteAsync(restored, "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name COLLATE BINARY"));
            return named;
        }
    }

    [Fact]
    public async Task Schema_only_has_no_rows_and_data_only_has_no_tables()
    {
        string shop = await _shell.ShopAsync(orders: 50);
        await CreateAsync(shop, "--schema-only");
        string empty = _shell.PathOf("empty.db");
        await _shell.ExpectAsync(null, "backup", "restore", "latest", "-d", empty);
        Assert.Equal("0|3", await Shell.SqliteAsync(empty, "SELECT (SELECT count(*) FROM orders), (SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%')"));

        await CreateAsync(shop, "--data-only");
        await _shell.ExpectAsync(null, "backup", "restore", "latest", "-d", empty, "--force");
        Assert.Equal("50", await Shell.SqliteAsync(empty, "SELECT count(*) FROM orders"));
    }

    [Fact]
    public async Task Verify_is_remembered_with_the_backup()
    {
        string shop = await _shell.ShopAsync(orders: 50);
        Assert.Equal(JsonValueKind.Null, (await CreateAsync(shop)).GetProperty("verified").ValueKind);
        Assert.Equal("deep", (await CreateAsync(shop, "--verify")).GetProperty("verified").GetProperty("level").GetString());
    }

    [Fact]
    public async Task A_rate_limit_holds_the_backup_back()
    {
        string shop = await _shell.ShopAsync();
        using Process slow = _shell.Start("backup", "create", "-d", shop, "--rate-limit", "1KB/s", "--quiet");
        await Shell.UntilAsync(() => slow.HasExited || (Directory.Exists(_shell.Repository) && Directory.GetFiles(_shell.Repository, "database-*.json", SearchOption.AllDirectories).Length > 0), "the slow one has begun");
        string other = _shell.PathOf("other");
        // Begun later, done earlier: of the two only one is held back.
        await _shell.ExpectAsync(null, "backup", "create", "-d", shop, "--repo", other, "--rate-limit", "1GB/s");
        Assert.False(slow.HasExited);
        slow.Kill();
        await slow.WaitForExitAsync();
    }

    [Fact]
    public async Task Jobs_are_the_lanes_that_work_at_once()
    {
        string shop = await _shell.ShopAsync();
        foreach (string jobs in new[] { "1", "4" })
        {
            JsonElement made = await CreateAsync(shop, "--jobs", jobs);
            await _shell.ExpectAsync(null, "backup", "verify", made.GetProperty("id").GetString()!, "--deep", "--jobs", jobs);
        }
    }

    [Fact]
    public async Task A_database_that_somebody_writes_is_waited_for_and_is_then_busy()
    {
        string shop = await _shell.ShopAsync(orders: 50);
        using Process writer = Process.Start(new ProcessStartInfo("sqlite3", [shop]) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        await writer.StandardInput.WriteLineAsync("BEGIN EXCLUSIVE; DELETE FROM orders WHERE id = 1; SELECT 'locked';");
        await writer.StandardInput.FlushAsync();
        Assert.Equal("locked", await writer.StandardOutput.ReadLineAsync());

        BufferedCommandResult busy = await _shell.RunAsync("backup", "create", "-d", shop, "--lock-wait", "1s");
        Shell.Expect(6, busy);
        Assert.Contains("Hint: ", busy.StandardError, StringComparison.Ordinal);
        Assert.Equal(0, (await _shell.JsonAsync(null, "backup", "list")).GetArrayLength());

        Task<string> waiting = _shell.ExpectAsync(null, "backup", "create", "-d", shop, "--lock-wait", "2m");
        await Task.WhenAny(waiting, Task.Delay(500));
        Assert.False(waiting.IsCompleted);
        await writer.StandardInput.WriteLineAsync("COMMIT;");
        writer.StandardInput.Close();
        await waiting;
        await writer.WaitForExitAsync();
    }

    [Fact]
    public async Task An_empty_database_after_a_full_one_needs_consent()
    {
        string shop = await _shell.ShopAsync(orders: 50);
        await CreateAsync(shop);
        File.Delete(shop);
        await Shell.SqliteAsync(shop, "PRAGMA user_version = 1; VACUUM;");
        await _shell.ExpectAsync(ErrorKind.Failed, "backup", "create", "-d", shop);
        Assert.Equal(1, (await _shell.JsonAsync(null, "backup", "list")).GetArrayLength());
        await CreateAsync(shop, "--allow-empty");
    }

    [Fact]
    public async Task Quiet_says_only_the_result_and_verbose_or_not_json_stands_alone()
    {
        string shop = await _shell.ShopAsync(orders: 50);
        BufferedCommandResult quiet = await _shell.RunAsync("backup", "create", "-d", shop, "--quiet");
        Assert.Equal("", quiet.StandardError);
        await _shell.JsonAsync(null, "backup", "create", "-d", shop, "--verbose");
        BufferedCommandResult none = await _shell.RunAsync("backup", "list", "-d", "nobody");
        Assert.Contains("No backups of 'nobody'", none.StandardError, StringComparison.Ordinal);
        Assert.Equal("", (await _shell.RunAsync("backup", "list", "-d", "nobody", "--quiet")).StandardError);
    }

    [Theory]
    [InlineData("bash", "complete ")]
    [InlineData("zsh", "#compdef ai-shell")]
    [InlineData("fish", "complete ")]
    public async Task A_completion_script_is_one(string shell, string has) =>
        Assert.Contains(has, await _shell.ExpectAsync(null, "completion", shell), StringComparison.Ordinal);

    private Task<JsonElement> CreateAsync(string database, params string[] options) => _shell.JsonAsync(null, ["backup", "create", "-d", database, .. options]);
}
