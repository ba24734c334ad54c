using System.Globalization;
using System.Net;
using System.Net.Sockets;
using AiShell.Connections;
using CliWrap;
using CliWrap.Buffered;

namespace AiShell.Testing.Engines.MySql;

/// <summary>A real server of MariaDB or MySQL in a throw-away folder, on a free loopback port and a socket in that folder, run by the user mysql.</summary>
public abstract class MySqlFamilyServer : IAsyncDisposable
{
    public const string User = "tester";
    public const string Password = "s3cret/ p@ss:w%rd";

    private readonly string _folder = FastFolder.Create("ai-shell-my-");
    private readonly List<string> _settings;
    private CommandTask<CommandResult>? _process;

    /// <param name="settings">Options of the server without the dashes: <c>sql-mode=ANSI_QUOTES</c>.</param>
    protected MySqlFamilyServer(string[] settings) => _settings = [.. settings];

    /// <summary>The server's program.</summary>
    protected abstract string Daemon { get; }

    /// <summary>The stock client.</summary>
    protected abstract string Client { get; }

    /// <summary>The stock program that writes a database as a script, with what makes its script the same for the same content.</summary>
    protected abstract IReadOnlyList<string> Dump { get; }

    /// <summary>What this server takes and the other does not, without the dashes.</summary>
    protected abstract IReadOnlyList<string> Options { get; }

    /// <summary>Makes <see cref="User"/>, who may do everything, and removes accounts that nobody asked for.</summary>
    protected abstract string MakesAccounts { get; }

    /// <summary>Makes the data of a new server in the folder <c>data</c> of <paramref name="folder"/>.</summary>
    /// <param name="names">The settings that must be the same from the beginning on, with their dashes.</param>
    protected abstract Task InitializeAsync(string folder, string[] names);

    public int Port { get; } = FreePort();

    public string Socket => Path.Combine(_folder, "s");

    public string DataFolder => Path.Combine(_folder, "data");

    // A server that starts removes the temporary tables in its folder, whosever they are.
    private string TemporaryFolder => $"--tmpdir={_folder}";

    /// <summary>The server's process.</summary>
    public int ProcessId => _process?.ProcessId ?? throw new InvalidOperationException("The server does not run.");

    /// <summary>Makes the server's data and starts it for the first time.</summary>
    protected async Task BeginAsync()
    {
        await Cli.Wrap("chown").WithArguments(["mysql", _folder]).ExecuteAsync();
        string[] names = [.. _settings.Where(setting => setting.StartsWith("lower-case", StringComparison.Ordinal)).Select(setting => $"--{setting}")];
        await NewServerFolder.MakeAsync($"{Daemon} {string.Join(' ', names)}", "mysql", made => InitializeAsync(made, names), DataFolder);
        await StartAgainAsync();
        await RunAsync("", MakesAccounts);
    }

    public DatabaseAddress AddressOf(string database, string user = User, string password = Password) =>
        new("mysql", "127.0.0.1", Port, user, password, database, new Dictionary<string, string>());

    /// <summary>From the next start on.</summary>
    public void AddSettings(params string[] settings) => _settings.AddRange(settings);

    /// <summary>Starts the server again after <see cref="KillAsync"/> or <see cref="StopAsync"/>.</summary>
    public async Task StartAgainAsync()
    {
        _process = Cli.Wrap(Daemon)
            .WithArguments(
            [
                "--no-defaults", "--user=mysql", $"--datadir={DataFolder}", TemporaryFolder, $"--socket={Socket}", $"--port={Port.ToString(CultureInfo.InvariantCulture)}", "--bind-address=127.0.0.1",
                $"--log-error={Path.Combine(_folder, "log.err")}", "--server-id=1", $"--log-bin={Path.Combine(DataFolder, "binlog")}", "--innodb-flush-log-at-trx-commit=0",
                "--innodb-buffer-pool-size=64M", "--max-connections=100", "--sync-binlog=0", "--character-set-server=utf8mb4", .. Options.Concat(_settings).Select(setting => $"--{setting}"),
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
                throw new InvalidOperationException($"{Daemon} does not start: {await File.ReadAllTextAsync(Path.Combine(_folder, "log.err"))}", failure);
            }
        }
    }

    /// <summary>Runs the stock client as root, which stops at the first error; returns what it prints: rows without headers, fields separated by tabs, raw.</summary>
    public Task<string> RunAsync(string database, string script) => RunAsync(database, System.Text.Encoding.UTF8.GetBytes(script));

    /// <summary>As above with a script of any bytes.</summary>
    public async Task<string> RunAsync(string database, byte[] script, params string[] options)
    {
        BufferedCommandResult result = await Cli.Wrap(Client)
            .WithArguments(["--no-defaults", .. options, "--batch", "--raw", "--skip-column-names", "--default-character-set=utf8mb4", $"--socket={Socket}", "--user=root", $"--database={database}"])
            .WithStandardInputPipe(PipeSource.FromBytes(script))
            .WithValidation(CommandResultValidation.None)
            .ExecuteBufferedAsync();
        return result.ExitCode == 0 ? result.StandardOutput.TrimEnd('\n') : throw new InvalidOperationException($"{Client}: {result.StandardError}");
    }

    /// <summary>Has <see cref="User"/> log in with the stock client on the socket: a server of MySQL knows his password from then on, and asks no more for it itself.</summary>
    public async Task LogInAsync() => await Cli.Wrap(Client)
        .WithArguments(["--no-defaults", $"--socket={Socket}", $"--user={User}", "--execute=SELECT 1"])
        .WithEnvironmentVariables(variables => variables.Set("MYSQL_PWD", Password))
        .ExecuteBufferedAsync();

    /// <summary>The stock dump's text of one database with everything in it, rows in the order of their keys, without dates.</summary>
    public async Task<string> DumpAsync(string database, params string[] options)
    {
        BufferedCommandResult result = await Cli.Wrap(Dump[0])
            .WithArguments(["--no-defaults", $"--socket={Socket}", "--user=root", "--skip-dump-date", "--skip-comments", "--hex-blob", "--routines", "--events", "--triggers", "--order-by-primary", "--skip-extended-insert", "--single-transaction", .. Dump.Skip(1), .. options, "--", database])
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
        GC.SuppressFinalize(this);
    }

    private static int FreePort()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
