using System.Globalization;
using System.Net;
using System.Net.Sockets;
using AiShell.Connections;
using CliWrap;
using CliWrap.Buffered;

namespace AiShell.Testing.Engines.MySql;

/// <summary>A real MariaDB server of Debian's, in a throw-away folder, on a free loopback port and a socket in that folder, run by the user mysql.</summary>
public sealed class MariaDbServer : IAsyncDisposable
{
    public const string User = "tester";
    public const string Password = "s3cret/ p@ss:w%rd";

    private readonly string _folder;
    private readonly List<string> _settings;
    private CommandTask<CommandResult>? _process;

    private MariaDbServer(string folder, int port, string[] settings)
    {
        _folder = folder;
        Port = port;
        _settings = [.. settings];
    }

    public int Port { get; }

    public string Socket => Path.Combine(_folder, "s");

    public string DataFolder => Path.Combine(_folder, "data");

    // A server that starts removes the temporary tables in its folder, whosever they are.
    private string TemporaryFolder => $"--tmpdir={_folder}";

    /// <summary>The server's process.</summary>
    public int ProcessId => _process?.ProcessId ?? throw new InvalidOperationException("The server does not run.");

    /// <param name="settings">Options of mariadbd without the dashes: <c>sql-mode=ANSI_QUOTES</c>.</param>
    public static async Task<MariaDbServer> StartAsync(params string[] settings)
    {
        string folder = Directory.CreateTempSubdirectory("ai-shell-my-").FullName;
        MariaDbServer server = new(folder, FreePort(), settings);
        await Cli.Wrap("chown").WithArguments(["mysql", folder]).ExecuteAsync();
        string[] names = [.. settings.Where(setting => setting.StartsWith("lower-case", StringComparison.Ordinal)).Select(setting => $"--{setting}")];
        await NewServerFolder.MakeAsync($"mariadb {string.Join(' ', names)}", "mysql", made => InitializeAsync(made, names), server.DataFolder);
        await server.StartAsync();
        await server.RunAsync("", $"CREATE USER {User}@'%' IDENTIFIED BY '{Password}'; GRANT ALL ON *.* TO {User}@'%' WITH GRANT OPTION; DELETE FROM mysql.global_priv WHERE User = ''; FLUSH PRIVILEGES");
        return server;
    }

    private static Task InitializeAsync(string folder, string[] names) => Cli.Wrap("mariadb-install-db")
        .WithArguments(["--no-defaults", "--user=mysql", $"--datadir={Path.Combine(folder, "data")}", "--auth-root-authentication-method=normal", "--skip-test-db", "--innodb-log-file-size=8M", $"--tmpdir={folder}", .. names])
        .ExecuteBufferedAsync();

    public DatabaseAddress AddressOf(string database, string user = User, string password = Password) =>
        new("mysql", "127.0.0.1", Port, user, password, database, new Dictionary<string, string>());

    /// <summary>From the next start on.</summary>
    public void AddSettings(params string[] settings) => _settings.AddRange(settings);

    /// <summary>Starts the server again after <see cref="KillAsync"/> or <see cref="StopAsync"/>.</summary>
    public async Task StartAsync()
    {
        _process = Cli.Wrap("mariadbd")
            .WithArguments(
            [
                "--no-defaults", "--user=mysql", $"--datadir={DataFolder}", TemporaryFolder, $"--socket={Socket}", $"--port={Port.ToString(CultureInfo.InvariantCulture)}", "--bind-address=127.0.0.1",
                $"--log-error={Path.Combine(_folder, "log")}", "--server-id=1", $"--log-bin={Path.Combine(DataFolder, "binlog")}", "--binlog-format=ROW", "--innodb-flush-log-at-trx-commit=0",
                "--innodb-buffer-pool-size=64M", "--innodb-log-file-size=32M", "--innodb-flush-method=nosync", "--sync-frm=0", "--max-connections=100", "--sync-binlog=0", "--character-set-server=utf8mb4", .. _settings.Select(setting => $"--{setting}"),
            ])
            .WithValidation(CommandResultValidation.None)
            .ExecuteAsync();
        for (int tries = 0; ; tries++)
        {
            try
            {
                await RunAsync("", "SELECT 1");
                return;
            }
            catch (InvalidOperationException) when (tries < 300 && !_process.Task.IsCompleted)
            {
                await Task.Delay(100);
            }
            catch (InvalidOperationException failure)
            {
                throw new InvalidOperationException($"mariadbd does not start: {await File.ReadAllTextAsync(Path.Combine(_folder, "log"))}", failure);
            }
        }
    }

    /// <summary>Runs the stock client as root, which stops at the first error; returns what it prints: rows without headers, fields separated by tabs, raw.</summary>
    public Task<string> RunAsync(string database, string script) => RunAsync(database, System.Text.Encoding.UTF8.GetBytes(script));

    /// <summary>As above with a script of any bytes.</summary>
    public async Task<string> RunAsync(string database, byte[] script, params string[] options)
    {
        BufferedCommandResult result = await Cli.Wrap("mariadb")
            .WithArguments(["--no-defaults", .. options, "--batch", "--raw", "--skip-column-names", "--default-character-set=utf8mb4", $"--socket={Socket}", "--user=root", $"--database={database}"])
            .WithStandardInputPipe(PipeSource.FromBytes(script))
            .WithValidation(CommandResultValidation.None)
            .ExecuteBufferedAsync();
        return result.ExitCode == 0 ? result.StandardOutput.TrimEnd('\n') : throw new InvalidOperationException($"mariadb: {result.StandardError}");
    }

    /// <summary>mariadb-dump's text of one database with everything in it, rows in the order of their keys, without dates.</summary>
    public async Task<string> DumpAsync(string database, params string[] options)
    {
        BufferedCommandResult result = await Cli.Wrap("mariadb-dump")
            .WithArguments(["--no-defaults", $"--socket={Socket}", "--user=root", "--skip-dump-date", "--skip-comments", "--hex-blob", "--routines", "--events", "--triggers", "--order-by-primary", "--skip-extended-insert", "--single-transaction", .. options, "--", database])
            .ExecuteBufferedAsync();
        return result.StandardOutput;
    }

    /// <summary>kill -9.</summary>
    public async Task KillAsync()
    {
        await Cli.Wrap("kill").WithArguments(["-9", ProcessId.ToString(CultureInfo.InvariantCulture)]).ExecuteAsync();
        await _process!;
    }

    /// <summary>An orderly shutdown.</summary>
    public async Task StopAsync()
    {
        await RunAsync("", "SHUTDOWN");
        await _process!;
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is { Task.IsCompleted: false })
        {
            await KillAsync();
        }

        Directory.Delete(_folder, recursive: true);
    }

    private static int FreePort()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
