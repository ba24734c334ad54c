using System.Diagnostics;
using System.Text.Json;
using CliWrap;

namespace AiShell.EndToEndTests;

public sealed class DemoTests : IDisposable
{
    private readonly Shell _shell = new();

    public void Dispose() => _shell.Dispose();

    [Fact]
    public async Task The_demo_holds_and_leaves_nothing()
    {
        string temporary = Directory.CreateDirectory(_shell.PathOf("tmp")).FullName;
        var result = await _shell.RunWithAsync([("TMPDIR", temporary)], "demo", "--json");
        Shell.Expect(0, result);
        using JsonDocument document = JsonDocument.Parse(result.StandardOutput);
        Assert.All(document.RootElement.GetProperty("checks").EnumerateArray(), check => Assert.True(check.GetProperty("ok").GetBoolean()));
        Assert.Contains("$ ai-shell backup restore latest --database shop --verify --force", result.StandardError, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(temporary));
        // The user's own home is not the demo's.
        Assert.Equal(0, (await _shell.JsonAsync(null, "backup", "list")).GetArrayLength());
    }

    /// <summary>Somebody deletes a row before the backup is made: what comes back is not what was there at first.</summary>
    [Fact]
    public async Task A_comparison_that_does_not_hold_is_exit_4()
    {
        string temporary = Directory.CreateDirectory(_shell.PathOf("tmp")).FullName;
        var start = new ProcessStartInfo(Shell.Binary, ["demo"]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["TMPDIR"] = temporary;
        start.Environment["AI_SHELL_HOME"] = _shell.Home;
        using Process demo = Process.Start(start)!;
        string? line;
        do
        {
            line = await demo.StandardOutput.ReadLineAsync();
            Assert.NotNull(line);
        }
        while (!line.StartsWith("$ ai-shell connect", StringComparison.Ordinal));

        await SignalAsync("STOP");
        await Shell.SqliteAsync(Path.Combine(Assert.Single(Directory.GetDirectories(temporary, "ai-shell-demo-*")), "shop.db"), "DELETE FROM customers WHERE id = 1;");
        await SignalAsync("CONT");
        string rest = await demo.StandardOutput.ReadToEndAsync();
        await demo.WaitForExitAsync();

        Assert.Equal(4, demo.ExitCode);
        Assert.Contains("FAIL table customers", rest, StringComparison.Ordinal);
        Assert.Contains("Something did not hold.", rest, StringComparison.Ordinal);

        async Task SignalAsync(string signal) => await Cli.Wrap("kill").WithArguments([$"-{signal}", $"{demo.Id}"]).ExecuteAsync();
    }
}
