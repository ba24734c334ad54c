using System.Text.Json;
using CliWrap.Buffered;

namespace AiShell.EndToEndTests;

/// <summary>Flag before environment before file before default; a value that makes no sense is named with its source.</summary>
public sealed class ConfigurationTests : IDisposable
{
    private readonly Shell _shell = new();

    public void Dispose() => _shell.Dispose();

    [Fact]
    public async Task The_repository_is_where_flag_environment_file_and_default_say_in_this_order()
    {
        string shop = await _shell.ShopAsync(orders: 20);
        Assert.Equal(Path.Combine(_shell.Home, "backups"), await MadeInAsync([]));
        await _shell.ExpectAsync(null, "backup", "config", "--set", "backupDir=from-file");
        // Relative to the file that says it.
        Assert.Equal(Path.Combine(_shell.Home, "from-file"), await MadeInAsync([]));
        Assert.Equal(_shell.PathOf("alias"), await MadeInAsync([("AI_SHELL_REPOSITORY", _shell.PathOf("alias"))]));
        Assert.Equal(_shell.PathOf("environment"), await MadeInAsync([("AI_SHELL_BACKUP_DIR", _shell.PathOf("environment")), ("AI_SHELL_REPOSITORY", _shell.PathOf("alias"))]));
        Assert.Equal(_shell.PathOf("flag"), await MadeInAsync([("AI_SHELL_BACKUP_DIR", _shell.PathOf("environment"))], "--repo", _shell.PathOf("flag")));

        async Task<string> MadeInAsync((string, string?)[] variables, params string[] flags)
        {
            BufferedCommandResult result = await _shell.RunWithAsync(variables, ["backup", "create", "-d", shop, "--json", .. flags]);
            Shell.Expect(0, result);
            using JsonDocument made = JsonDocument.Parse(result.StandardOutput);
            string path = made.RootElement.GetProperty("path").GetString()!;
            Assert.True(Directory.Exists(path));
            return path[..path.IndexOf("/backups/shop.db/", StringComparison.Ordinal)];
        }
    }

    [Theory]
    [InlineData("AI_SHELL_MAX_BACKUPS", "maxBackups", "2")]
    [InlineData("AI_SHELL_RETENTION_DAYS", "retentionDays", "9")]
    public async Task A_variable_wins_over_the_file_and_an_empty_one_does_not(string variable, string key, string value)
    {
        await _shell.ExpectAsync(null, "backup", "config", "--set", $"{key}=5");
        Assert.Equal(value, await GetAsync(value));
        Assert.Equal("5", await GetAsync(""));

        async Task<string> GetAsync(string text) => (await _shell.RunWithAsync([(variable, text)], "backup", "config", "--get", key)).StandardOutput.Trim();
    }

    [Fact]
    public async Task The_largest_number_of_backups_is_kept_by_create()
    {
        string shop = await _shell.ShopAsync(orders: 20);
        for (int at = 0; at < 4; at++)
        {
            Shell.Expect(0, await _shell.RunWithAsync([("AI_SHELL_MAX_BACKUPS", "2")], "backup", "create", "-d", shop));
        }

        Assert.Equal(2, (await _shell.JsonAsync(null, "backup", "list")).GetArrayLength());
    }

    [Theory]
    [InlineData("AI_SHELL_MAX_BACKUPS", "maxBackups")]
    [InlineData("AI_SHELL_RETENTION_DAYS", "retentionDays")]
    public async Task A_bad_variable_is_wrong_usage_before_anything_is_made(string variable, string key)
    {
        string shop = await _shell.ShopAsync(orders: 20);
        BufferedCommandResult result = await _shell.RunWithAsync([(variable, "lots")], "backup", "create", "-d", shop);
        Shell.Expect(2, result);
        foreach (string word in new[] { variable, key, "'lots'", "Hint: " })
        {
            Assert.Contains(word, result.StandardError, StringComparison.Ordinal);
        }

        Assert.Equal(0, (await _shell.JsonAsync(null, "backup", "list")).GetArrayLength());
    }

    [Theory]
    [InlineData("compression: lzma", "compression", "lzma")]
    [InlineData("format: xml", "format", "xml")]
    [InlineData("maxBackups: -1", "maxBackups", "-1")]
    [InlineData("jobs: many", "jobs", "many")]
    [InlineData("lockWait: soon", "lockWait", "soon")]
    public async Task A_bad_line_of_the_file_is_named_with_the_file(string line, string key, string value)
    {
        string shop = await _shell.ShopAsync(orders: 20);
        await _shell.ExpectAsync(null, "repo", "init");
        await File.WriteAllTextAsync(Path.Combine(_shell.Home, "config.yaml"), line + "\n");
        BufferedCommandResult result = await _shell.RunAsync("backup", "create", "-d", shop);
        Shell.Expect(2, result);
        foreach (string word in new[] { "config.yaml", key, $"'{value}'", "Hint: " })
        {
            Assert.Contains(word, result.StandardError, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("--jobs", "0")]
    [InlineData("--jobs", "x")]
    [InlineData("--level", "0")]
    [InlineData("--lock-wait", "x")]
    [InlineData("--rate-limit", "fast")]
    [InlineData("--rate-limit", "0")]
    [InlineData("--tag", "x")]
    [InlineData("--tag", "=x")]
    [InlineData("--compression", "lzma")]
    [InlineData("--format", "xml")]
    public async Task A_bad_flag_is_named_with_its_value(string flag, string value)
    {
        BufferedCommandResult result = await _shell.RunAsync("backup", "create", "-d", await _shell.ShopAsync(orders: 20), flag, value);
        Shell.Expect(2, result);
        Assert.Contains(flag, result.StandardError, StringComparison.Ordinal);
        Assert.Contains($"'{value}'", result.StandardError, StringComparison.Ordinal);
        Assert.Contains("Hint: ", result.StandardError, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_shell.Repository));
    }

    [Fact]
    public async Task The_home_is_where_the_flag_says()
    {
        string home = _shell.PathOf("another home");
        await _shell.ExpectAsync(null, "connect", await _shell.ShopAsync(orders: 20), "--name", "shop", "--home", home);
        Assert.Equal(1, (await _shell.JsonAsync(null, "connections", "--home", home)).GetArrayLength());
        Assert.Equal(0, (await _shell.JsonAsync(null, "connections")).GetArrayLength());
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(home));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(home, "connections.yaml")));
    }
}
