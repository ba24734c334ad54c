using CliWrap.Buffered;

namespace AiShell.EndToEndTests;

/// <summary>Prompts really come, on a real terminal, and only the right word is a yes.</summary>
public sealed class ConfirmationTests : IDisposable
{
    private readonly Shell _shell = new();

    public void Dispose() => _shell.Dispose();

    [Theory]
    [InlineData("shop\n", 0, "0")]
    [InlineData("yes\n", 5, "7")]
    [InlineData("\n", 5, "7")]
    [InlineData("SHOP\n", 5, "7")]
    public async Task Restore_asks_for_the_databases_name(string typed, int exitCode, string left)
    {
        await ShopWithBackupAsync();
        await Shell.SqliteAsync(_shell.PathOf("shop.db"), "CREATE TABLE later(a); INSERT INTO later VALUES (7);");

        BufferedCommandResult result = await _shell.OnTerminalAsync(typed, "backup", "restore", "latest", "-d", "shop");

        Shell.Expect(exitCode, result);
        Assert.Contains("Type 'shop' to go on", result.StandardOutput, StringComparison.Ordinal);
        Assert.Contains("of 'shop'", result.StandardOutput, StringComparison.Ordinal);
        Assert.Equal(left, await Shell.SqliteAsync(_shell.PathOf("shop.db"), "SELECT CASE count(*) WHEN 0 THEN 0 ELSE 7 END FROM sqlite_schema WHERE name = 'later'"));
    }

    [Theory]
    [InlineData("delete\n", 0, 0)]
    [InlineData("y\n", 5, 1)]
    public async Task Delete_asks_for_the_word(string typed, int exitCode, int left)
    {
        await ShopWithBackupAsync();
        BufferedCommandResult result = await _shell.OnTerminalAsync(typed, "backup", "delete", "latest");
        Shell.Expect(exitCode, result);
        Assert.Contains("Type 'delete' to go on", result.StandardOutput, StringComparison.Ordinal);
        Assert.Equal(left, (await _shell.JsonAsync(null, "backup", "list")).GetArrayLength());
    }

    [Fact]
    public async Task Without_a_terminal_nothing_is_a_yes_but_the_options()
    {
        await ShopWithBackupAsync();
        await _shell.ExpectAsync(ErrorKind.Refused, "backup", "restore", "latest", "-d", "shop");
        await _shell.ExpectAsync(ErrorKind.Refused, "backup", "delete", "latest");
        await _shell.ExpectAsync(ErrorKind.Refused, "backup", "config", "--reset");
        await _shell.ExpectAsync(null, "backup", "restore", "latest", "-d", "shop", "--yes");
        await _shell.ExpectAsync(null, "backup", "restore", "latest", "-d", "shop", "--force");
        await _shell.ExpectAsync(null, "backup", "config", "--reset", "--yes");
        await _shell.ExpectAsync(null, "backup", "delete", "latest", "--yes");
    }

    [Fact]
    public async Task A_terminal_has_colours_unless_they_are_unwanted()
    {
        await _shell.ExpectAsync(null, "repo", "init");
        Assert.Contains("\u001b[31m", (await _shell.OnTerminalAsync("", "backup", "info", "nothing")).StandardOutput, StringComparison.Ordinal);
        Assert.DoesNotContain("\u001b[3", (await _shell.OnTerminalAsync("", "backup", "info", "nothing", "--no-color")).StandardOutput, StringComparison.Ordinal);
        Assert.DoesNotContain("\u001b[", (await _shell.RunAsync("backup", "info", "nothing")).StandardError, StringComparison.Ordinal);
    }

    private async Task ShopWithBackupAsync()
    {
        string shop = await _shell.ShopAsync(orders: 20);
        await _shell.ExpectAsync(null, "connect", shop, "--name", "shop");
        await _shell.ExpectAsync(null, "backup", "create", "-d", "shop");
    }
}
