using System.Text.Json;
using AiShell.Testing.Docs;

namespace AiShell.EndToEndTests;

/// <summary>The commands of docs/recovery.md, run as they stand there.</summary>
public sealed class RecoveryDocumentTests : IDisposable
{
    private const string Strict = "set -eu\n";

    private static readonly Document Recovery = Document.Read("docs/recovery.md");
    private static readonly Document Without = Recovery.Section("## Without ai-shell");

    private readonly Shell _shell = new();

    public void Dispose() => _shell.Dispose();

    [Theory]
    [InlineData("native", "zstd", "### 3. native")]
    [InlineData("native", "none", "### 3. native")]
    [InlineData("sql", "gzip", "### 4. sql")]
    [InlineData("sql", "bzip2", "### 4. sql")]
    [InlineData("sql", "zstd", "### 4. sql")]
    [InlineData("sql", "none", "### 4. sql")]
    [InlineData("json", "gzip", "### 5. json and csv")]
    [InlineData("json", "none", "### 5. json and csv")]
    [InlineData("csv", "zstd", "### 5. json and csv")]
    [InlineData("csv", "bzip2", "### 5. json and csv")]
    public async Task A_backup_restores_with_stock_tools_alone(string format, string compression, string section)
    {
        string shop = await RichShopAsync();
        string backup = await BackupAsync(shop, format, compression);

        string output = await RunAsync(backup, [.. Frames("### 1. Is it whole?"), .. Frames("### 2. Which format?"), .. Frames(section), .. Frames("### 6. Is it all there?")]);

        string[] lines = [.. output.Trim().Split('\n').Where(line => line.Trim() != "defensive off")];
        int parts = Directory.GetFiles(Path.Combine(backup, "parts")).Length + Directory.GetFiles(backup, "index.*").Length;
        Assert.Equal($"{lines[1]}  -", lines[0]);
        Assert.Equal(parts, lines.Count(line => line.EndsWith(": OK", StringComparison.Ordinal)));
        Assert.Equal($"{format}, all, {compression}", lines[2 + parts]);
        Assert.Equal("ok", lines[3 + parts]);
        Assert.Equal(4 + parts, lines.Length);
        Assert.Equal(await Shell.DumpAsync(shop), await Shell.DumpAsync(New));
        Assert.Equal("7", await Shell.SqliteAsync(New, "PRAGMA user_version"));
    }

    [Theory]
    [InlineData("wal", "zstd")]
    [InlineData("delete", "gzip")]
    public async Task A_chain_of_increments_restores_with_stock_tools_alone(string journalMode, string compression)
    {
        string shop = await RichShopAsync();
        await Shell.SqliteAsync(shop, $"PRAGMA journal_mode = {journalMode}");
        foreach (string change in (string[])["SELECT 1", "DELETE FROM orders WHERE id % 3 = 0", "SELECT 1", "VACUUM", "CREATE TABLE later(a); INSERT INTO later VALUES('x')"])
        {
            await Shell.SqliteAsync(shop, change);
            await _shell.ExpectAsync(null, "backup", "create", "-d", shop, "--incremental", "-c", compression);
        }

        string backup = (await _shell.JsonAsync(null, "backup", "list"))[0].GetProperty("path").GetString()!;
        string output = await RunAsync(backup, [Frames("### 2. Which format?")[1], .. Frames("### 9. An increment")]);

        Assert.Equal("ok\nok\nok\nok\nok", output.Trim());
        Assert.Equal(await Shell.DumpAsync(shop), await Shell.DumpAsync(New));
    }

    [Fact]
    public async Task A_moment_in_the_log_is_restored_with_stock_tools_alone()
    {
        string shop = await RichShopAsync();
        await Shell.SqliteAsync(shop, "PRAGMA journal_mode = wal");
        string log = Path.Combine(_shell.Repository, "logs", "shop.db", "1");
        using System.Diagnostics.Process capture = _shell.Start("backup", "watch", "-d", shop, "--flush-every", "700ms", "-c", "zstd");
        await Shell.UntilAsync(() => Directory.Exists(log), "the capture has begun");
        List<string[]> contents = [];
        for (int i = 0; i < 6; i++)
        {
            await Shell.SqliteAsync(shop, $"BEGIN; DELETE FROM orders WHERE id % 7 = {i}; CREATE TABLE later_{i}(a); COMMIT;");
            contents.Add(await Shell.DumpAsync(shop));
            await Task.Delay(300);
        }

        using System.Diagnostics.Process terminate = System.Diagnostics.Process.Start("kill", ["-TERM", $"{capture.Id}"]);
        await capture.WaitForExitAsync();
        string backup = (await _shell.JsonAsync(null, "backup", "list"))[0].GetProperty("path").GetString()!;
        string[] instants = (await RunAsync(log, ["zstd -dcq */index.* | jq -r .at"])).Trim().Split('\n');
        Assert.Equal(contents.Count, instants.Length);

        // Two that the capture saw in one look have one instant: then both are there.
        foreach ((string instant, string[] content) in instants.Zip(contents).GroupBy(commit => commit.First).Select(commits => commits.Last()))
        {
            string[] moment = [$"LOG={log}; UNTIL={instant}", .. Frames("### 10. A moment in the log")];
            string output = await RunAsync(backup, [Frames("### 2. Which format?")[1], .. Frames("### 3. native")[..1], .. moment]);
            Assert.Matches("^(ok\\n)+$", output);
            Assert.Equal(content, await Shell.DumpAsync(New));
            File.Delete(New);
        }
    }

    [Fact]
    public async Task The_checks_find_a_damaged_part_a_missing_one_an_altered_manifest_and_missing_rows()
    {
        string backup = await BackupAsync(await RichShopAsync(), "sql", "gzip");
        string[] parts = Directory.GetFiles(Path.Combine(backup, "parts"));
        Array.Sort(parts, StringComparer.Ordinal);
        string[] check = Frames("### 1. Is it whole?");
        string[] restore = [Frames("### 2. Which format?")[1], .. Frames("### 4. sql")];

        byte[] content = await File.ReadAllBytesAsync(parts[1]);
        await File.WriteAllBytesAsync(parts[1], content[..^20]);
        Assert.NotEqual(0, (await BashAsync(backup, check)).ExitCode);
        Assert.NotEqual(0, (await BashAsync(backup, restore)).ExitCode);

        File.Delete(parts[1]);
        Assert.NotEqual(0, (await BashAsync(backup, check)).ExitCode);
        File.Delete(New);
        await RunAsync(backup, restore);
        Assert.Contains("rows, the backup has", await RunAsync(backup, Frames("### 6. Is it all there?")), StringComparison.Ordinal);

        string manifest = Path.Combine(backup, "manifest.json");
        await File.WriteAllTextAsync(manifest, (await File.ReadAllTextAsync(manifest)).Replace("\"rows\": 2005", "\"rows\": 2006", StringComparison.Ordinal));
        string[] digests = (await RunAsync(backup, [check[0]])).Trim().Split('\n');
        Assert.NotEqual($"{digests[1]}  -", digests[0]);
    }

    [Theory]
    [InlineData("json")]
    [InlineData("csv")]
    public async Task An_exported_tar_restores_with_stock_tools_alone(string format)
    {
        string shop = await RichShopAsync();
        await BackupAsync(shop, format, "gzip");
        string export = _shell.PathOf($"shop.{format}.tar.gz");
        await _shell.ExpectAsync(null, "backup", "export", "latest", export);

        (int exitCode, string output) = await _shell.BashAsync(_shell.Folder, Strict + Frames("### 7. An exported file")[0], ("EXPORT", export));
        Assert.True(exitCode == 0, output);
        string opened = _shell.PathOf("opened");
        await SaveProgramAsync(opened);
        await RunAsync(opened, [.. Frames("### 5. json and csv"), .. Frames("### 6. Is it all there?")]);

        Assert.Equal(await Shell.DumpAsync(shop), await Shell.DumpAsync(New));
    }

    [Fact]
    public async Task The_way_with_ai_shell_is_as_it_is_described()
    {
        string shop = await _shell.ShopAsync();
        string[] before = await Shell.DumpAsync(shop);
        await _shell.ExpectAsync(null, "connect", shop, "--name", "shop");
        await _shell.ExpectAsync(null, "backup", "create", "-d", "shop");
        await Shell.SqliteAsync(shop, "DELETE FROM orders WHERE id % 2; DROP TABLE customer;");
        string[] steps = Recovery.Section("## With ai-shell").Frames("bash");
        Assert.Equal(5, steps.Length);

        string[] damaged = await Shell.DumpAsync(shop);
        Assert.Contains("2000", await RunAsync(_shell.Folder, steps[..3]), StringComparison.Ordinal);
        Assert.Equal(damaged, await Shell.DumpAsync(shop));
        Assert.Equal(before, await Shell.DumpAsync(_shell.PathOf("restored.db")));

        await RunAsync(_shell.Folder, [steps[3]]);
        Assert.Equal(before, await Shell.DumpAsync(shop));

        await Shell.SqliteAsync(shop, "DELETE FROM orders; DELETE FROM customer WHERE id > 5;");
        await RunAsync(_shell.Folder, [steps[4]]);
        Assert.Equal("2000|5", await Shell.SqliteAsync(shop, "SELECT (SELECT count(*) FROM orders), (SELECT count(*) FROM customer)"));
    }

    private string New => _shell.PathOf("new.db");

    private static string[] Frames(string heading) => Without.Section(heading).Frames("bash");

    /// <summary>A shop, and what is hard to carry: text that is not UTF-8, line ends, a full-text index, names with quotes.</summary>
    private async Task<string> RichShopAsync()
    {
        string shop = await _shell.ShopAsync();
        await Shell.SqliteAsync(
            shop,
            """
            INSERT INTO orders(id, note) VALUES (9001, CAST(x'ff41' AS TEXT)), (9002, 'a' || char(13, 10) || '"b",' || char(10)), (9003, -1.5e-300), (9004, x''), (9005, 'x''00''');
            CREATE TABLE bag("a,""b", c, d);
            INSERT INTO bag VALUES (1.0, '1.0', NULL), ('', NULL, 9223372036854775807), (NULL, NULL, NULL);
            CREATE TABLE one(only);
            INSERT INTO one VALUES (NULL), ('é'), (-9e999);
            CREATE VIRTUAL TABLE words USING fts5(body);
            INSERT INTO words VALUES ('to be found'), ('again');
            """);
        return shop;
    }

    private async Task<string> BackupAsync(string shop, string format, string compression)
    {
        JsonElement made = await _shell.JsonAsync(null, "backup", "create", "-d", shop, "--format", format, "-c", compression);
        string backup = Path.Combine(_shell.Repository, "backups", "shop.db", made.GetProperty("id").GetString()!);
        await SaveProgramAsync(backup);
        return backup;
    }

    private static Task SaveProgramAsync(string folder) =>
        File.WriteAllTextAsync(Path.Combine(folder, "rows.py"), Assert.Single(Without.Section("### 5. json and csv").Frames("python")));

    private async Task<string> RunAsync(string folder, string[] steps)
    {
        (int exitCode, string output) = await BashAsync(folder, steps);
        Assert.True(exitCode == 0, $"exit {exitCode}: {output}");
        return output;
    }

    private Task<(int ExitCode, string Output)> BashAsync(string folder, string[] steps) =>
        _shell.BashAsync(folder, Strict + string.Join('\n', steps), ("NEW", New));
}
