using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using AiShell.Connections;
using AiShell.Engines.MySql.Connecting;
using AiShell.Engines.MySql.Wire;
using AiShell.IO;
using CliWrap;

namespace AiShell.Engines.MySql.Restore;

/// <summary>
/// A throw-away server of our own, for restores and imports where no other is at hand: on a socket in a private folder and nowhere
/// else, with a random password, without a binary log, and without files of the machine within its reach. For root, as which no server
/// runs, it runs as the user mysql. Disposing it stops it and removes the folder; what a killed process left is removed by the next that starts one.
/// </summary>
internal sealed class PrivateServer : IAsyncDisposable
{
    private const string Prefix = "ai-shell-my-server-";
    private const string ServerUser = "mysql";
    private const string Account = "ai_shell";
    private static readonly TimeSpan StartTime = TimeSpan.FromSeconds(60);

    private readonly string _folder;
    private readonly string _password = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
    private readonly CancellationTokenSource _stop = new();
    private readonly string _nameCase;
    private CommandTask<CommandResult>? _process;

    private PrivateServer(string folder, int lowerCaseTableNames)
    {
        _folder = folder;
        _nameCase = string.Create(CultureInfo.InvariantCulture, $"--lower-case-table-names={lowerCaseTableNames}");
    }

    /// <summary>Without a database.</summary>
    public DatabaseAddress Address => new(
        "mysql", "localhost", null, Account, _password, "", new Dictionary<string, string> { ["socket"] = Path.Combine(_folder, "socket"), ["ssl-mode"] = "disabled" });

    private string Data => Path.Combine(_folder, "data");

    /// <summary>Whether a database lies on a server of our own, where anything may be changed.</summary>
    public static bool Owns(DatabaseAddress address) =>
        address.Options.TryGetValue("socket", out string? socket)
        && Path.GetDirectoryName(socket) is { } folder
        && Path.GetDirectoryName(folder) == Path.TrimEndingDirectorySeparator(Path.GetTempPath())
        && Path.GetFileName(folder).StartsWith(Prefix, StringComparison.Ordinal);

    /// <param name="ofVersion">Of the server whose log or backup it gets, which says of which family it must be; null for any.</param>
    /// <param name="lowerCaseTableNames">Fixed once its data folder is made.</param>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Usage"/>: the programs are not here; <see cref="ErrorKind.Failed"/>: it does not start.</exception>
    public static async Task<PrivateServer> StartAsync(Func<DatabaseAddress, ConnectionSettings> read, ServerPrograms programs, string? ofVersion, int lowerCaseTableNames, CancellationToken cancellationToken)
    {
        PrivateServerKind kind = PrivateServerKind.Find(programs, ofVersion) ?? throw new AiShellException(
            ErrorKind.Usage,
            "A MySQL backup needs a server to be restored to: none is known here, and this machine has no MariaDB or MySQL to start one of its own.",
            $"Make its connection again ('ai-shell connect') or name one with -d; or install the package mariadb-server or mysql-server, or name the folder of its programs in {ServerPrograms.Variable}.");
        RemoveLeftovers();
        PrivateServer own = new(Path.Combine(
            Path.TrimEndingDirectorySeparator(Path.GetTempPath()), $"{Prefix}{Environment.ProcessId}-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(3))}"), lowerCaseTableNames);
        try
        {
            await own.StartAsync(kind, cancellationToken);
            // MySQL's usual login sends the password itself the first time, and does that over TLS only.
            await own.WaitAsync(read(own.Address) with { Tls = TlsMode.Preferred }, cancellationToken);
            return own;
        }
        catch
        {
            await own.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        if (_process is not null)
        {
            await ((Task)_process.Task).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // it was ended
        }

        _stop.Dispose();
        if (Directory.Exists(_folder))
        {
            Directory.Delete(_folder, recursive: true);
        }
    }

    private async Task StartAsync(PrivateServerKind kind, CancellationToken cancellationToken)
    {
        foreach (string folder in new[] { _folder, Path.Combine(_folder, "plugins"), Path.Combine(_folder, "files") })
        {
            Directory.CreateDirectory(folder);
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            }
        }

        string accounts = Path.Combine(_folder, "accounts.sql");
        await File.WriteAllTextAsync(
            accounts,
            string.Concat(kind.AccountStatements($"{Account}@localhost", _password).Select(statement => $"{statement};\n")),
            cancellationToken);
        if (Environment.IsPrivilegedProcess)
        {
            await RunAsync(Cli.Wrap("chown").WithArguments(["-R", ServerUser, _folder]), cancellationToken);
        }

        string[] common = ["--no-defaults", $"--datadir={Data}", $"--tmpdir={_folder}", _nameCase, .. Environment.IsPrivilegedProcess ? [$"--user={ServerUser}"] : Array.Empty<string>()];
        await RunAsync(Cli.Wrap(kind.Installer).WithArguments([.. common, .. kind.InstallerOptions]), cancellationToken);
        _process = Cli.Wrap(kind.Server)
            .WithArguments(
            [
                .. common, $"--socket={Path.Combine(_folder, "socket")}", "--skip-networking", $"--init-file={accounts}", $"--log-error={Path.Combine(_folder, "log")}", $"--pid-file={Path.Combine(_folder, "pid")}",
                $"--plugin-dir={Path.Combine(_folder, "plugins")}", $"--secure-file-priv={Path.Combine(_folder, "files")}", "--skip-log-bin", "--local-infile=ON", "--max-allowed-packet=1G",
                "--innodb-flush-log-at-trx-commit=0", "--innodb-flush-method=O_DIRECT_NO_FSYNC", "--innodb-doublewrite=0", "--innodb-buffer-pool-size=256M", "--character-set-server=utf8mb4", .. kind.ServerOptions,
            ])
            .WithStandardOutputPipe(PipeTarget.Null)
            .WithStandardErrorPipe(PipeTarget.Null)
            .WithValidation(CommandResultValidation.None)
            .ExecuteAsync(_stop.Token);
    }

    private async Task WaitAsync(ConnectionSettings settings, CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                using MySqlSession session = await Server.OpenAsync(settings, cancellationToken, "");
                return;
            }
            catch (AiShellException failure) when (failure.Kind == ErrorKind.Unreachable)
            {
                if (_process!.Task.IsCompleted || Stopwatch.GetElapsedTime(start) > StartTime)
                {
                    string log = Path.Combine(_folder, "log");
                    throw new AiShellException(
                        ErrorKind.Failed,
                        $"A database server of ai-shell's own does not start: {(File.Exists(log) ? LastLine(await File.ReadAllLinesAsync(log, CancellationToken.None)) : failure.Message)}",
                        "Name a server with -d.",
                        failure);
                }

                await Task.Delay(TimeSpan.FromMilliseconds(50), cancellationToken);
            }
        }
    }

    private static string LastLine(string[] lines) => lines.LastOrDefault(line => line.Contains("[ERROR]", StringComparison.Ordinal)) ?? lines.LastOrDefault() ?? "";

    private static async Task RunAsync(Command command, CancellationToken cancellationToken)
    {
        StringBuilder errors = new();
        CommandResult result;
        try
        {
            result = await command.WithStandardOutputPipe(PipeTarget.Null).WithStandardErrorPipe(PipeTarget.ToStringBuilder(errors)).WithValidation(CommandResultValidation.None).ExecuteAsync(cancellationToken);
        }
        catch (System.ComponentModel.Win32Exception failure)
        {
            throw new AiShellException(ErrorKind.Failed, $"A database server of ai-shell's own does not start: {failure.Message}.", "Name a server with -d.", failure);
        }

        if (result.ExitCode != 0)
        {
            throw new AiShellException(ErrorKind.Failed, $"A database server of ai-shell's own does not start: {errors.ToString().Trim().ReplaceLineEndings(" ")}", "Name a server with -d.");
        }
    }

    private static void RemoveLeftovers()
    {
        foreach (string folder in LocalProcess.FoldersOfDead(Prefix))
        {
            try
            {
                string pid = Path.Combine(folder, "pid");
                if (File.Exists(pid) && int.TryParse(File.ReadAllText(pid).Trim(), CultureInfo.InvariantCulture, out int server) && (LocalProcess.IsAlive(server, "mariadbd") || LocalProcess.IsAlive(server, "mysqld")))
                {
                    Process.GetProcessById(server).Kill();
                }

                Directory.Delete(folder, recursive: true);
            }
            catch (Exception failure) when (failure is UnauthorizedAccessException or IOException or System.ComponentModel.Win32Exception or ArgumentException)
            {
                // another user's
            }
        }
    }
}
