using CliWrap;
using CliWrap.Buffered;

namespace AiShell.EndToEndTests;

/// <summary>A password is nowhere: not on stdout or stderr, not in the log, not in JSON, not in state.db, not in a manifest.</summary>
public sealed class RedactionTests : IDisposable
{
    private const string Secret = "hunter2-S3cret";
    private readonly Shell _shell = new();

    public void Dispose() => _shell.Dispose();

    [Theory]
    [InlineData("connect", "postgresql://ann:hunter2-S3cret@db.example/shop", "--name", "pg")]
    [InlineData("connect", "mysql://ann:hunter2-S3cret@db.example/shop", "--test")]
    [InlineData("connect", "mongodb+srv://ann:hunter2-S3cret@db.example/shop", "--name", "m")]
    [InlineData("connect", "sqlite:///nowhere.db?password=hunter2-S3cret", "--name", "s")]
    [InlineData("connect", "oracle://ann:hunter2-S3cret@db.example/shop", "--name", "o")]
    [InlineData("backup", "create", "-d", "postgresql://ann:hunter2-S3cret@db.example/shop")]
    [InlineData("backup", "restore", "latest", "-d", "postgresql://ann:hunter2-S3cret@db.example/shop")]
    [InlineData("backup", "list", "-d", "postgresql://ann:hunter2-S3cret@db.example/shop")]
    [InlineData("backup", "list", "--repo", "s3://key:hunter2-S3cret@store.example/bucket")]
    [InlineData("backup", "nonsense", "postgresql://ann:hunter2-S3cret@db.example/shop")]
    [InlineData("query", "select 1", "-d", "postgresql://ann:hunter2-S3cret@db.example/shop")]
    [InlineData("health-check", "-d", "postgresql://ann:hunter2-S3cret@db.example/shop")]
    public async Task A_password_in_a_url_is_shown_nowhere(params string[] arguments)
    {
        await _shell.ExpectAsync(null, "repo", "init");
        foreach (string[] more in new string[][] { [], ["--verbose"], ["--json"] })
        {
            BufferedCommandResult result = await _shell.RunAsync([.. arguments, .. more]);
            Assert.DoesNotContain(Secret, result.StandardOutput + result.StandardError, StringComparison.Ordinal);
        }

        await AssertNowhereAsync();
        Assert.DoesNotContain(Secret, await _shell.ExpectAsync(null, "backup", "history", "--json"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_variable_in_a_connection_is_read_when_it_is_used_and_never_stored()
    {
        string shop = await _shell.ShopAsync(orders: 20);
        string url = $"sqlite://{shop}?secret={Secret}";
        BufferedCommandResult stored = await _shell.RunWithAsync([("SHOP_URL", shop)], "connect", "${SHOP_URL}", "--name", "shop");
        Shell.Expect(0, stored);
        Assert.Contains("${SHOP_URL}", await File.ReadAllTextAsync(Path.Combine(_shell.Home, "connections.yaml")), StringComparison.Ordinal);

        Shell.Expect(0, await _shell.RunWithAsync([("SHOP_URL", shop)], "backup", "create", "-d", "shop"));
        BufferedCommandResult unset = await _shell.RunAsync("backup", "create", "-d", "shop");
        Shell.Expect(2, unset);
        Assert.Contains("SHOP_URL", unset.StandardError, StringComparison.Ordinal);
        BufferedCommandResult odd = await _shell.RunWithAsync([("SHOP_URL", url)], "backup", "create", "-d", "shop", "--verbose");
        Assert.DoesNotContain(Secret, odd.StandardOutput + odd.StandardError, StringComparison.Ordinal);
        await AssertNowhereAsync();
    }

    [Fact]
    public async Task A_password_from_standard_input_is_shown_nowhere()
    {
        BufferedCommandResult result = await Cli.Wrap(Shell.Binary)
            .WithArguments(["connect", "postgresql://ann@db.example/shop", "--name", "pg", "--password-stdin", "--verbose"])
            .WithEnvironmentVariables(variables => variables.Set("AI_SHELL_HOME", _shell.Home))
            .WithStandardInputPipe(PipeSource.FromString(Secret + "\n"))
            .WithValidation(CommandResultValidation.None)
            .ExecuteBufferedAsync();
        Assert.NotEqual(0, result.ExitCode);
        Assert.DoesNotContain(Secret, result.StandardOutput + result.StandardError, StringComparison.Ordinal);
        await AssertNowhereAsync();
    }

    private async Task AssertNowhereAsync()
    {
        string[] files = Directory.GetFiles(_shell.Home, "*", SearchOption.AllDirectories);
        Assert.Contains(files, file => file.EndsWith("state.db", StringComparison.Ordinal));
        Assert.Contains(files, file => file.EndsWith("backup.log", StringComparison.Ordinal));
        foreach (string file in files)
        {
            Assert.False((await File.ReadAllBytesAsync(file)).AsSpan().IndexOf("hunter2"u8) >= 0, $"{file} holds the password");
        }
    }
}
