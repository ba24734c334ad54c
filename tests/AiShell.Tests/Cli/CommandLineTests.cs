using System.CommandLine;
using System.Text.Json;
using AiShell.Cli.Commands;

namespace AiShell.Tests.CommandLines;

public sealed class CommandLineTests : IDisposable
{
    private readonly CommandLineRun _shell = new();

    public static TheoryData<string> EveryCommand
    {
        get
        {
            var paths = new TheoryData<string>();
            Collect(CommandTree.Build().Root, "", paths);
            return paths;
        }
    }

    public void Dispose() => _shell.Dispose();

    [Theory]
    [MemberData(nameof(EveryCommand))]
    public async Task Every_command_has_help_with_examples_of_itself(string path)
    {
        Outcome outcome = await _shell.RunAsync([.. path.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--help"]);
        Assert.Equal(0, outcome.ExitCode);
        Assert.Contains("--json", outcome.Output, StringComparison.Ordinal);
        string examples = outcome.Output[outcome.Output.IndexOf("Examples:", StringComparison.Ordinal)..];
        Assert.Contains(path.Length == 0 ? "ai-shell" : $"ai-shell {path}", examples, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_example_parses()
    {
        foreach (string example in ExamplesOf(CommandTree.Build().Root).Where(line => line.StartsWith("ai-shell ", StringComparison.Ordinal)))
        {
            string line = example["ai-shell ".Length..].Split(" | ")[0].Split(" > ")[0].Replace('\'', '"');
            ParseResult parse = CommandTree.Build().Root.Parse(line);
            Assert.True(parse.Errors.Count == 0, $"{example}: {string.Join(' ', parse.Errors.Select(error => error.Message))}");
        }
    }

    [Theory]
    [InlineData("backup", "creat")]
    [InlineData("nothing")]
    [InlineData("backup", "create")]
    [InlineData("backup", "list", "--format", "xml")]
    [InlineData("backup", "list", "--limit", "0")]
    [InlineData("backup", "list", "--after", "yesterdayish")]
    [InlineData("backup", "list", "--unknown")]
    [InlineData("backup", "verify")]
    [InlineData("backup", "verify", "x", "--all")]
    [InlineData("backup", "create", "-d", "x.db", "--schema-only", "--data-only")]
    [InlineData("backup", "create", "-d", "x.db", "--compression", "rar")]
    [InlineData("backup", "create", "-d", "x.db", "--jobs", "0")]
    [InlineData("backup", "config", "--set", "maxBackups")]
    [InlineData("backup", "config", "--set", "nothing=1")]
    [InlineData("backup", "config", "--set", "maxBackups=x")]
    [InlineData("backup", "config", "--get", "nothing")]
    [InlineData("connect", "oracle://u:hunter2@h/d", "--name", "ora")]
    [InlineData("connect", "./x.db")]
    [InlineData("connect", "./x.db", "--name", "a/b")]
    [InlineData("completion", "powershell")]
    [InlineData("query", "select 1")]
    public async Task Wrong_usage_is_exit_2_with_a_hint_and_never_a_password(params string[] arguments)
    {
        Outcome outcome = await _shell.RunAsync(arguments);
        Assert.Equal(2, outcome.ExitCode);
        Assert.Empty(outcome.Output);
        Assert.Contains("Error: ", outcome.Errors, StringComparison.Ordinal);
        Assert.Contains("Hint: ", outcome.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", outcome.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", outcome.Errors, StringComparison.Ordinal);

        Outcome json = await _shell.RunAsync([.. arguments, "--json"]);
        Assert.Equal(2, json.Json.GetProperty("exitCode").GetInt32());
        Assert.Equal("usage", json.Json.GetProperty("error").GetProperty("kind").GetString());
        Assert.DoesNotContain("hunter2", json.Output + json.Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("gzip", "0", "gzip 1 to 9")]
    [InlineData("gzip", "10", "1 to 9")]
    [InlineData("bzip2", "10", "1 to 9")]
    [InlineData("zstd", "20", "zstd 1 to 19")]
    [InlineData("zstd", "x", "zstd 1 to 19")]
    [InlineData("none", "1", "Leave --level out.")]
    public async Task A_level_that_the_compression_does_not_have_is_exit_2_with_the_range(string codec, string level, string range)
    {
        string database = Path.Combine(_shell.Folder, "x.db");
        Engines.SqliteRows.TestDatabase.Open(database, "CREATE TABLE t(a)").Dispose();
        Assert.Equal(0, (await _shell.RunAsync("backup", "create", "-d", database)).ExitCode);
        foreach (string[] arguments in new string[][]
        {
            ["backup", "create", "-d", database, "-c", codec, "--level", level],
            ["backup", "export", "latest", Path.Combine(_shell.Folder, "x.sql"), "-c", codec, "--level", level],
        })
        {
            Outcome outcome = await _shell.RunAsync(arguments);
            Assert.Equal(2, outcome.ExitCode);
            Assert.Contains(range, outcome.Errors, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("disconnect", "nobody")]
    [InlineData("backup", "info", "backup-2026")]
    [InlineData("backup", "restore", "latest", "-d", "x.db")]
    [InlineData("backup", "import", "/nowhere/at/all.sql")]
    [InlineData("query", "select 1", "-d", "nobody")]
    [InlineData("repo", "check")]
    public async Task What_does_not_exist_is_exit_3(params string[] arguments)
    {
        Outcome outcome = await _shell.RunAsync(arguments);
        Assert.Equal(3, outcome.ExitCode);
        Assert.Contains("Hint: ", outcome.Errors, StringComparison.Ordinal);
        Assert.Equal("notFound", (await _shell.RunAsync([.. arguments, "--json"])).Json.GetProperty("error").GetProperty("kind").GetString());
    }

    [Theory]
    [InlineData("backup", "list")]
    [InlineData("backup", "status")]
    [InlineData("backup", "history")]
    [InlineData("connections")]
    public async Task An_empty_list_is_an_empty_array(params string[] arguments)
    {
        Outcome outcome = await _shell.RunAsync([.. arguments, "--json"]);
        Assert.Equal(0, outcome.ExitCode);
        Assert.Equal((JsonValueKind.Array, 0), (outcome.Json.ValueKind, outcome.Json.GetArrayLength()));
        Assert.Equal(outcome.Output, (await _shell.RunAsync([.. arguments, "--format", "json"])).Output);
    }

    [Fact]
    public async Task Settings_are_set_shown_and_reset()
    {
        Assert.Equal(0, (await _shell.RunAsync("backup", "config", "--set", "compression=zstd", "--set", "maxBackups=7")).ExitCode);
        Assert.Equal("zstd\n", (await _shell.RunAsync("backup", "config", "--get", "compression")).Output);

        JsonElement shown = (await _shell.RunAsync("backup", "config", "--show", "--json")).Json;
        JsonElement row = shown.EnumerateArray().Single(setting => setting.GetProperty("key").GetString() == "maxBackups");
        Assert.Equal("7", row.GetProperty("value").GetString());
        Assert.EndsWith("config.yaml", row.GetProperty("source").GetString(), StringComparison.Ordinal);

        Assert.Equal(5, (await _shell.RunAsync("backup", "config", "--reset")).ExitCode);
        Assert.Equal(0, (await _shell.RunAsync("backup", "config", "--reset", "--yes")).ExitCode);
        Assert.Equal("gzip\n", (await _shell.RunAsync("backup", "config", "--get", "compression")).Output);
    }

    [Fact]
    public async Task A_wrong_set_changes_nothing_at_all()
    {
        await _shell.RunAsync("backup", "config", "--set", "compression=zstd", "--set", "maxBackups=x");
        Assert.Equal("gzip\n", (await _shell.RunAsync("backup", "config", "--get", "compression")).Output);
    }

    [Fact]
    public async Task An_unknown_key_in_the_file_is_warned_about()
    {
        File.WriteAllText(Path.Combine(_shell.Home, "config.yaml"), "colour: red\n");
        Assert.Contains("colour", (await _shell.RunAsync("backup", "config", "--show")).Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Failures_are_in_the_audit_trail_and_the_log_without_secrets()
    {
        await _shell.RunAsync("connect", "oracle://u:hunter2@h/d", "--name", "ora");

        JsonElement entry = Assert.Single((await _shell.RunAsync("backup", "history", "--json")).Json.EnumerateArray());
        Assert.Equal(("connect", "failed", 2), (entry.GetProperty("operation").GetString(), entry.GetProperty("outcome").GetString(), entry.GetProperty("exitCode").GetInt32()));
        Assert.EndsWith("Z", entry.GetProperty("time").GetString(), StringComparison.Ordinal);
        Assert.Contains("u:***@h", entry.GetProperty("command").GetString(), StringComparison.Ordinal);
        string log = File.ReadAllText(Path.Combine(_shell.Home, "logs", "backup.log"));
        Assert.Contains("connect", log, StringComparison.Ordinal);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(_shell.Home, "logs", "backup.log")));
        foreach (string file in Directory.GetFiles(_shell.Home, "*", SearchOption.AllDirectories))
        {
            Assert.DoesNotContain("hunter2", File.ReadAllText(file), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_secret_that_was_piped_in_is_nowhere_to_be_seen()
    {
        using var shell = new CommandLineRun { Input = "hunter2/@:\n" };
        Outcome outcome = await shell.RunAsync("connect", "postgresql://u@h/d", "--name", "pg", "--password-stdin", "--json", "--verbose");
        Assert.DoesNotContain("hunter2", outcome.Output + outcome.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_repository_is_made_once_and_private()
    {
        Assert.True((await _shell.RunAsync("repo", "init", "--json")).Json.GetProperty("created").GetBoolean());
        Assert.False((await _shell.RunAsync("repo", "init", "--json")).Json.GetProperty("created").GetBoolean());
        Assert.Equal((UnixFileMode)Convert.ToInt32("700", 8), File.GetUnixFileMode(Path.Combine(_shell.Home, "backups")));
        Assert.Equal(0, (await _shell.RunAsync("repo", "check")).ExitCode);
        Assert.Equal(0, (await _shell.RunAsync("repo", "gc")).ExitCode);
        Assert.Equal(0, (await _shell.RunAsync("repo", "rebuild")).ExitCode);
        Assert.Equal(0, (await _shell.RunAsync("repo", "unlock")).ExitCode);
        Assert.Equal(0, (await _shell.RunAsync("repo", "stats", "--json")).Json.GetProperty("backups").GetInt32());
    }

    [Fact]
    public async Task A_broken_configuration_says_where() =>
        Assert.Contains("config.yaml", (await BrokenAsync("a: [")).Errors, StringComparison.Ordinal);

    private async Task<Outcome> BrokenAsync(string text)
    {
        File.WriteAllText(Path.Combine(_shell.Home, "config.yaml"), text);
        Outcome outcome = await _shell.RunAsync("backup", "list");
        Assert.Equal(2, outcome.ExitCode);
        return outcome;
    }

    private static void Collect(Command command, string path, TheoryData<string> paths)
    {
        paths.Add(path);
        foreach (Command child in command.Subcommands)
        {
            Collect(child, path.Length == 0 ? child.Name : $"{path} {child.Name}", paths);
        }
    }

    private static IEnumerable<string> ExamplesOf(Command command)
    {
        IReadOnlyList<string> own = command switch
        {
            SessionCommand session => session.Examples,
            CommandGroup group => group.Examples,
            _ => CommandTree.Examples,
        };
        return own.Concat(command.Subcommands.SelectMany(ExamplesOf));
    }
}
