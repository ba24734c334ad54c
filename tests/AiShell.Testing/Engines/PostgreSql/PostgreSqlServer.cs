using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using AiShell.Connections;
using CliWrap;
using CliWrap.Buffered;

namespace AiShell.Testing.Engines.PostgreSql;

/// <summary>
/// A real PostgreSQL server of Debian's, in a throw-away folder, on a free loopback port and a socket in that folder. It runs as the
/// user postgres, since it refuses root.
/// </summary>
public sealed class PostgreSqlServer : IAsyncDisposable
{
    public const string User = "postgres";
    public const string Password = "s3cret/ p@ss:w%rd";

    private readonly string _folder;
    private readonly string _serverBinaries;

    private PostgreSqlServer(string folder, string binaries, string serverBinaries, int port)
    {
        _serverBinaries = serverBinaries;
        _folder = folder;
        Binaries = binaries;
        Port = port;
    }

    /// <summary>The folder with initdb, pg_ctl and the clients.</summary>
    public string Binaries { get; }

    public int Port { get; }

    /// <summary>Where its socket lies.</summary>
    public string SocketFolder => _folder;

    public string DataFolder => Path.Combine(_folder, "data");

    /// <param name="settings">Lines of postgresql.conf.</param>
    public static Task<PostgreSqlServer> StartAsync(params string[] settings) => StartVersionAsync(null, settings);

    /// <param name="serverBinaries">A folder with initdb and pg_ctl; null for Debian's. The clients are Debian's.</param>
    /// <param name="settings">Lines of postgresql.conf.</param>
    public static async Task<PostgreSqlServer> StartVersionAsync(string? serverBinaries, params string[] settings)
    {
        string binaries = Directory.EnumerateDirectories("/usr/lib/postgresql").Select(version => Path.Combine(version, "bin")).First(bin => File.Exists(Path.Combine(bin, "initdb")));
        string folder = FastFolder.Create("ai-shell-pg-");
        PostgreSqlServer server = new(folder, binaries, serverBinaries ?? binaries, FreePort());
        await Cli.Wrap("chown").WithArguments([User, folder]).ExecuteAsync();
        await NewServerFolder.MakeAsync(server._serverBinaries, User, server.InitializeAsync, server.DataFolder);
        string[] all =
        [
            $"port = {server.Port}", "listen_addresses = '127.0.0.1'", $"unix_socket_directories = '{folder}'", "fsync = off", "max_connections = 50",
            "shared_buffers = 64MB", "logging_collector = off", "log_min_messages = error", .. settings,
        ];
        await File.AppendAllLinesAsync(Path.Combine(server.DataFolder, "postgresql.conf"), all);
        await server.ControlAsync("start", "-w", "-l", Path.Combine(folder, "log"));
        return server;
    }

    private async Task InitializeAsync(string folder)
    {
        string passwordFile = Path.Combine(folder, "password");
        await File.WriteAllTextAsync(passwordFile, Password + "\n");
        await Cli.Wrap("chown").WithArguments([User, passwordFile]).ExecuteAsync();
        await AsPostgresAsync(
            Path.Combine(_serverBinaries, "initdb"), "-D", Path.Combine(folder, "data"), "-U", User, "--auth=scram-sha-256", $"--pwfile={passwordFile}", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync");
    }

    public DatabaseAddress AddressOf(string database, string user = User, string password = Password) =>
        new("postgresql", "127.0.0.1", Port, user, password, database, new Dictionary<string, string>());

    /// <summary>Runs psql, which stops at the first error; returns what it prints, without headers, fields separated by |.</summary>
    public Task<string> RunAsync(string database, string script) => RunAsync(database, System.Text.Encoding.UTF8.GetBytes(script));

    /// <summary>As above with a script of any bytes.</summary>
    public async Task<string> RunAsync(string database, byte[] script)
    {
        BufferedCommandResult result = await Cli.Wrap(Path.Combine(Binaries, "psql"))
            .WithArguments(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", SocketFolder, "-p", PortText, "-U", User, "-d", $"dbname='{database.Replace("\\", "\\\\").Replace("'", "\\'")}'"])
            .WithEnvironmentVariables(new Dictionary<string, string?> { ["PGPASSWORD"] = Password })
            .WithStandardInputPipe(PipeSource.FromBytes(script))
            .WithValidation(CommandResultValidation.None)
            .ExecuteBufferedAsync();
        return result.ExitCode == 0 ? result.StandardOutput.TrimEnd('\n') : throw new InvalidOperationException($"psql: {result.StandardError}");
    }

    /// <summary>A psql that reads its statements from the pipe, one line of output for each row.</summary>
    public Process StartPsql(string database)
    {
        ProcessStartInfo start = new(Path.Combine(Binaries, "psql"), ["-X", "-q", "-A", "-t", "-h", SocketFolder, "-p", PortText, "-U", User, "-d", database])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        start.Environment["PGPASSWORD"] = Password;
        return Process.Start(start)!;
    }

    /// <summary>pg_dump's text, without what differs from run to run.</summary>
    public async Task<string> DumpAsync(string database, params string[] options)
    {
        BufferedCommandResult result = await Cli.Wrap(Path.Combine(Binaries, "pg_dump"))
            .WithArguments([.. options, "-h", SocketFolder, "-p", PortText, "-U", User, "-d", $"dbname='{database.Replace("\\", "\\\\").Replace("'", "\\'")}'"])
            .WithEnvironmentVariables(new Dictionary<string, string?> { ["PGPASSWORD"] = Password })
            .ExecuteBufferedAsync();
        return string.Join('\n', result.StandardOutput.Split('\n').Where(line => !line.StartsWith("\\restrict ", StringComparison.Ordinal) && !line.StartsWith("\\unrestrict ", StringComparison.Ordinal)));
    }

    /// <summary>Puts an extension of a test's own into the share folder of this server's version, where any database may then create it.</summary>
    public async Task InstallExtensionAsync(string name, string control, string script)
    {
        string shared = (await Cli.Wrap(Path.Combine(Binaries, "pg_config")).WithArguments("--sharedir").ExecuteBufferedAsync()).StandardOutput.Trim();
        await ReplaceAsync(Path.Combine(shared, "extension", $"{name}--1.0.sql"), script);
        await ReplaceAsync(Path.Combine(shared, "extension", $"{name}.control"), control);

        // Other tests' servers read them at any time.
        static async Task ReplaceAsync(string path, string text)
        {
            string next = $"{path}.{Guid.NewGuid():N}";
            await File.WriteAllTextAsync(next, text);
            File.Move(next, path, overwrite: true);
        }
    }

    /// <summary>pg_ctl: start, stop, restart, kill.</summary>
    public async Task ControlAsync(params string[] arguments) =>
        await AsPostgresAsync(Path.Combine(_serverBinaries, "pg_ctl"), ["-D", DataFolder, .. arguments]);

    /// <summary>kill -9 of the server and all its processes. Nothing where it does not run.</summary>
    public async Task KillAsync()
    {
        if (!File.Exists(Path.Combine(DataFolder, "postmaster.pid")))
        {
            return;
        }

        int server = int.Parse((await File.ReadAllLinesAsync(Path.Combine(DataFolder, "postmaster.pid")))[0], CultureInfo.InvariantCulture);
        int[] all = [server, .. Directory.EnumerateDirectories("/proc").Select(folder => ChildOf(server, folder)).OfType<int>()];
        await Cli.Wrap("kill").WithArguments(["-9", .. all.Select(process => $"{process}")]).WithValidation(CommandResultValidation.None).ExecuteAsync(); // one may have ended by itself
        for (int tries = 0; all.Any(process => Directory.Exists($"/proc/{process}")); tries++)
        {
            await Task.Delay(tries < 500 ? 20 : throw new InvalidOperationException("The server does not end."));
        }

        static int? ChildOf(int parent, string folder)
        {
            try
            {
                return int.TryParse(Path.GetFileName(folder), out int process)
                    && File.ReadLines(Path.Combine(folder, "status")).Contains($"PPid:\t{parent}") ? process : null;
            }
            catch (IOException)
            {
                return null; // it has ended
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Cli.Wrap("runuser")
            .WithArguments(["-u", User, "--", Path.Combine(_serverBinaries, "pg_ctl"), "-D", DataFolder, "-m", "immediate", "-w", "stop"])
            .WithValidation(CommandResultValidation.None) // a test may have stopped it
            .ExecuteBufferedAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private string PortText => Port.ToString(CultureInfo.InvariantCulture);

    private async Task AsPostgresAsync(string program, params string[] arguments)
    {
        // Not buffered: the server that pg_ctl starts keeps its output open.
        CommandResult result = await Cli.Wrap("runuser")
            .WithArguments(["-u", User, "--", program, .. arguments])
            .WithWorkingDirectory(_folder)
            .WithStandardOutputPipe(PipeTarget.Null)
            .WithStandardErrorPipe(PipeTarget.Null)
            .WithValidation(CommandResultValidation.None)
            .ExecuteAsync();
        if (result.ExitCode != 0)
        {
            string log = Path.Combine(_folder, "log");
            throw new InvalidOperationException($"{program} failed ({result.ExitCode}): {(File.Exists(log) ? await File.ReadAllTextAsync(log) : "")}");
        }
    }

    private static int FreePort()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
