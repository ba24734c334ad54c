using System.Diagnostics;
using System.Text.Json;
using AiShell.Testing.Docs;
using AiShell.Testing.Engines;
using CliWrap;
using CliWrap.Buffered;

namespace AiShell.EndToEndTests;

/// <summary>The built binary in a throw-away home, and the stock sqlite3 beside it.</summary>
public sealed class Shell : IDisposable
{
#if DEBUG
    private const string Configuration = "Debug";
#else
    private const string Configuration = "Release";
#endif

    private readonly Dictionary<string, string?> _environment;

    public Shell()
        : this(Directory.CreateTempSubdirectory("ai-shell-e2e-").FullName, Path.GetTempPath())
    {
    }

    private Shell(string folder, string temporary)
    {
        Folder = folder;
        _environment = new() { ["AI_SHELL_HOME"] = Home, ["AI_SHELL_BACKUP_DIR"] = null, ["AI_SHELL_REPOSITORY"] = null, ["TMPDIR"] = temporary };
    }

    public string Folder { get; }

    public string Home => Path.Combine(Folder, "home");

    public string Repository => Path.Combine(Home, "backups");

    /// <summary>With the repository and temporary files, a private server's among them, where they are written fastest.</summary>
    public static Shell BesideServers()
    {
        string folder = FastFolder.Create("ai-shell-e2e-");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(folder, File.GetUnixFileMode(folder) | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute); // private servers have users of their own
        }

        return new Shell(folder, Directory.CreateDirectory(Path.Combine(folder, "tmp")).FullName);
    }

    /// <summary>How many backups the repository has: each exists by its manifest.</summary>
    public int Backups => Directory.GetFiles(Repository, "manifest.json", SearchOption.AllDirectories).Length;

    /// <summary>How many there are in <c>backups</c> or in <c>logs</c>; 0 before the first.</summary>
    public int ManifestsOf(string folder) => Directory.Exists(Path.Combine(Repository, folder))
        ? Directory.GetFiles(Path.Combine(Repository, folder), "manifest.json", SearchOption.AllDirectories).Length
        : 0;

    /// <summary>The repository's files but the locks, which have new generations.</summary>
    public string[] RepositoryFiles() => RepositoryFiles(Repository);

    /// <summary>The same of another repository.</summary>
    public static string[] RepositoryFiles(string repository) =>
    [
        .. Directory.EnumerateFiles(repository, "*", SearchOption.AllDirectories)
            .Where(file => !file.Contains("/locks/", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal),
    ];

    /// <summary>The launcher's build, as <c>./test</c> names it, which users run and which starts in half the time; otherwise the build of the sources.</summary>
    public static string Binary { get; } = Environment.GetEnvironmentVariable("AI_SHELL_TEST_BINARY")
        ?? Path.Combine(Document.Root(), "src", "AiShell.Cli", "bin", Configuration, "net10.0", "ai-shell");

    public string PathOf(string name) => Path.Combine(Folder, name);

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    /// <summary>Runs the binary to its end.</summary>
    public Task<BufferedCommandResult> RunAsync(params string[] arguments) => Command(arguments).ExecuteBufferedAsync();

    /// <summary>Runs the binary, expects the exit code, and returns what it printed on stdout.</summary>
    public async Task<string> ExpectAsync(ErrorKind? failure, params string[] arguments)
    {
        BufferedCommandResult result = await RunAsync(arguments);
        Assert.True(
            result.ExitCode == (int)(failure ?? 0),
            $"{string.Join(' ', arguments)}: exit {result.ExitCode}\n{result.StandardOutput}\n{result.StandardError}");
        Assert.DoesNotContain("   at AiShell.", result.StandardOutput + result.StandardError, StringComparison.Ordinal);
        return result.StandardOutput;
    }

    /// <summary>As above with <c>--json</c>; the output is one document.</summary>
    public async Task<JsonElement> JsonAsync(ErrorKind? failure, params string[] arguments)
    {
        using JsonDocument document = JsonDocument.Parse(await ExpectAsync(failure, [.. arguments, "--json"]));
        return document.RootElement.Clone();
    }

    /// <summary>Starts the binary and leaves it running.</summary>
    public Process Start(params string[] arguments)
    {
        var start = new ProcessStartInfo(Binary, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach ((string name, string? value) in _environment)
        {
            start.Environment[name] = value;
        }

        return Process.Start(start)!;
    }

    /// <summary>Runs the binary to its end with variables of the test's own.</summary>
    public Task<BufferedCommandResult> RunWithAsync((string Name, string? Value)[] variables, params string[] arguments) =>
        Command(arguments).WithEnvironmentVariables(all =>
        {
            all.Set(_environment);
            foreach ((string name, string? value) in variables)
            {
                all.Set(name, value);
            }
        }).ExecuteBufferedAsync();

    /// <summary>Runs the binary as the last words of another program's command line: <c>setpriv</c>, <c>sh -c</c>.</summary>
    public Task<BufferedCommandResult> RunUnderAsync(string program, string[] before, params string[] arguments) => Cli.Wrap(program)
        .WithArguments([.. before, Binary, .. arguments])
        .WithEnvironmentVariables(_environment)
        .WithValidation(CommandResultValidation.None)
        .ExecuteBufferedAsync();

    /// <summary>Runs the binary on a terminal of its own (script, from Debian's bsdutils) and types <paramref name="typed"/>.</summary>
    public Task<BufferedCommandResult> OnTerminalAsync(string typed, params string[] arguments) => Cli.Wrap("script")
        .WithArguments(["-qec", string.Join(' ', arguments.Prepend(Binary).Select(word => $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'")), "/dev/null"])
        .WithEnvironmentVariables(variables => variables.Set(_environment).Set("TERM", "xterm"))
        .WithStandardInputPipe(PipeSource.FromString(typed))
        .WithValidation(CommandResultValidation.None)
        .ExecuteBufferedAsync();

    /// <summary>Looks again and again until it is so; fails after a minute.</summary>
    public static async Task UntilAsync(Func<bool> isSo, string what)
    {
        for (long started = Stopwatch.GetTimestamp(); !isSo(); await Task.Delay(5))
        {
            Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromMinutes(1), $"Still not so: {what}");
        }
    }

    /// <summary>Expects an exit code of a run, with its output in the failure.</summary>
    public static void Expect(int exitCode, BufferedCommandResult result) =>
        Assert.True(result.ExitCode == exitCode, $"exit {result.ExitCode}, not {exitCode}\n{result.StandardOutput}\n{result.StandardError}");

    /// <summary>Runs SQL in the stock shell and returns what it prints.</summary>
    public static async Task<string> SqliteAsync(string database, string sql)
    {
        BufferedCommandResult result = await Cli.Wrap("sqlite3").WithArguments(["-bail", database]).WithStandardInputPipe(PipeSource.FromString(sql)).ExecuteBufferedAsync();
        return result.StandardOutput.Trim();
    }

    /// <summary>A shop of three tables with a view, an index and a trigger.</summary>
    public async Task<string> ShopAsync(string name = "shop.db", int orders = 2000)
    {
        string path = PathOf(name);
        await SqliteAsync(
            path,
            $"""
            PRAGMA user_version = 7;
            CREATE TABLE customer(id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, photo BLOB);
            CREATE TABLE orders(id INTEGER PRIMARY KEY, customer INTEGER REFERENCES customer(id), total REAL, note);
            CREATE TABLE "odd ""name'"(k TEXT PRIMARY KEY, v) WITHOUT ROWID;
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {orders / 10})
              INSERT INTO customer(name, photo) SELECT 'Zoë ''' || i, randomblob(40) FROM n;
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {orders})
              INSERT INTO orders SELECT i, 1 + i % {orders / 10}, i * 0.37, CASE i % 4 WHEN 0 THEN NULL WHEN 1 THEN '' WHEN 2 THEN x'00ff' ELSE 9e999 END FROM n;
            INSERT INTO "odd ""name'" VALUES ('a', 9223372036854775807), ('b', 'x' || char(10) || 'y');
            CREATE INDEX orders_by_customer ON orders(customer) WHERE total > 10;
            CREATE VIEW big AS SELECT * FROM orders WHERE total > 100;
            CREATE TRIGGER tidy AFTER DELETE ON orders BEGIN DELETE FROM "odd ""name'" WHERE k = 'none'; END;
            """);
        return path;
    }

    /// <summary>Runs a script as a person types it: in a folder, with <c>ai-shell</c> at hand; its output and errors.</summary>
    public async Task<(int ExitCode, string Output)> BashAsync(string folder, string script, params (string Name, string Value)[] variables)
    {
        BufferedCommandResult result = await Cli.Wrap("bash")
            .WithArguments(["-c", script])
            .WithWorkingDirectory(folder)
            .WithEnvironmentVariables(environment =>
            {
                environment.Set(_environment);
                environment.Set("PATH", $"{Path.GetDirectoryName(Binary)}:{Environment.GetEnvironmentVariable("PATH")}");
                variables.ToList().ForEach(variable => environment.Set(variable.Name, variable.Value));
            })
            .WithValidation(CommandResultValidation.None)
            .ExecuteBufferedAsync();
        return (result.ExitCode, result.StandardOutput + result.StandardError);
    }

    /// <summary>Everything in a database, as the stock shell dumps it.</summary>
    public static async Task<string[]> DumpAsync(string database) => [.. (await SqliteAsync(database, ".dump")).Split('\n').Order(StringComparer.Ordinal)];

    /// <summary>The files of all parts in the repository.</summary>
    public string[] Parts => [.. Directory.EnumerateFiles(Repository, "*", SearchOption.AllDirectories).Where(file => Path.GetFileName(Path.GetDirectoryName(file)) == "parts").Order(StringComparer.Ordinal)];

    private Command Command(string[] arguments) => Cli.Wrap(Binary)
        .WithArguments(arguments)
        .WithEnvironmentVariables(_environment)
        .WithValidation(CommandResultValidation.None);
}
