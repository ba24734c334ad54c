using System.Security.Cryptography;
using AiShell.Connections;
using AiShell.Engines.PostgreSql.Schema;
using AiShell.IO;
using CliWrap;

namespace AiShell.Engines.PostgreSql.Restore;

/// <summary>
/// A throw-away server of our own, for restores and imports where no other is at hand: on a socket in a private folder and nowhere
/// else, with a random password, without archiving. It never runs as root, which PostgreSQL refuses: for root it runs as the user postgres.
/// Disposing it stops it and removes the folder; what a killed process left is removed by the next that starts one.
/// </summary>
internal sealed class PrivateServer : IAsyncDisposable
{
    private const string Prefix = "ai-shell-server-";
    private const string User = "postgres";
    private const int Port = 5432;

    private readonly string _folder;
    private readonly string _binaries;

    private PrivateServer(string folder, string binaries, string password)
    {
        _folder = folder;
        _binaries = binaries;
        Address = new DatabaseAddress("postgresql", folder, Port, User, password, "", new Dictionary<string, string>());
    }

    /// <summary>Without a database.</summary>
    public DatabaseAddress Address { get; }

    private string Data => Path.Combine(_folder, "data");

    /// <summary>Whether a database lies on a server of our own, where anything may be changed.</summary>
    public static bool Owns(DatabaseAddress address) =>
        Path.GetDirectoryName(address.Host) is { } parent && parent == Path.TrimEndingDirectorySeparator(Path.GetTempPath())
        && Path.GetFileName(address.Host).StartsWith(Prefix, StringComparison.Ordinal);

    /// <exception cref="AiShellException"><see cref="ErrorKind.Usage"/>: the programs are not here; <see cref="ErrorKind.Failed"/>: it does not start.</exception>
    public static async Task<PrivateServer> StartAsync(ServerTools tools, CancellationToken cancellationToken)
    {
        string initdb = await tools.FindNewestAsync("initdb", cancellationToken) ?? throw new AiShellException(
            ErrorKind.Usage,
            "A PostgreSQL backup needs a server to be restored to: none is known here, and this machine has no PostgreSQL to start one of its own.",
            "Make its connection again ('ai-shell connect') or name one with -d; or install the package postgresql.");
        string binaries = Path.GetDirectoryName(initdb)!;
        await RemoveLeftoversAsync(binaries);
        string folder = Path.Combine(
            Path.TrimEndingDirectorySeparator(Path.GetTempPath()),
            $"{Prefix}{Environment.ProcessId}-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(3))}");
        PrivateServer server = new(folder, binaries, Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)));
        try
        {
            await server.StartAsync(cancellationToken);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync() => await RemoveAsync(_folder, _binaries);

    private async Task StartAsync(CancellationToken cancellationToken)
    {
        if (OperatingSystem.IsWindows())
        {
            throw new AiShellException(ErrorKind.Usage, "ai-shell starts no PostgreSQL server of its own on Windows.", "Name a server with -d.");
        }

        Directory.CreateDirectory(_folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        string passwordFile = Path.Combine(_folder, "password");
        await using (FileStream file = new(passwordFile, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite }))
        {
            await file.WriteAsync(System.Text.Encoding.ASCII.GetBytes(Address.Password!), cancellationToken);
        }

        if (Environment.IsPrivilegedProcess)
        {
            await RequireAsync(Cli.Wrap("chown").WithArguments(["-R", User, _folder]), cancellationToken);
        }

        await RequireAsync(
            Command(_folder, Path.Combine(_binaries, "initdb"), "-D", Data, "-U", User, "--auth=scram-sha-256", $"--pwfile={passwordFile}", "--encoding=UTF8", "--locale=C", "--no-sync"),
            cancellationToken);
        string[] settings =
        [
            $"port = {Port}", "listen_addresses = ''", $"unix_socket_directories = '{_folder}'", "unix_socket_permissions = 0700", "archive_mode = off", "wal_level = minimal",
            "max_wal_senders = 0", "fsync = off", "full_page_writes = off", "synchronous_commit = off", "shared_buffers = 64MB", "max_connections = 40", "max_locks_per_transaction = 1024", "logging_collector = off",
        ];
        await File.AppendAllLinesAsync(Path.Combine(Data, "postgresql.conf"), settings, cancellationToken);
        await RequireAsync(Command(_folder, Path.Combine(_binaries, "pg_ctl"), "-D", Data, "-w", "-l", Path.Combine(_folder, "log"), "start"), cancellationToken);
    }

    private async Task RequireAsync(Command command, CancellationToken cancellationToken)
    {
        // Standard output stays open in the server that pg_ctl starts, so its words go to a file of its own.
        System.Text.StringBuilder errors = new();
        CommandResult result;
        try
        {
            result = await command.WithStandardErrorPipe(command.TargetFilePath.EndsWith("pg_ctl", StringComparison.Ordinal) || command.Arguments.Contains("pg_ctl", StringComparison.Ordinal)
                ? PipeTarget.Null
                : PipeTarget.ToStringBuilder(errors)).ExecuteAsync(cancellationToken);
        }
        catch (System.ComponentModel.Win32Exception failure)
        {
            throw new AiShellException(ErrorKind.Failed, $"A PostgreSQL server of ai-shell's own does not start: {failure.Message}.", "Run as another user than root, or name a server with -d.", failure);
        }

        if (result.ExitCode != 0)
        {
            string log = Path.Combine(_folder, "log");
            throw new AiShellException(
                ErrorKind.Failed,
                $"A PostgreSQL server of ai-shell's own does not start: {(File.Exists(log) ? await File.ReadAllTextAsync(log, CancellationToken.None) : errors.ToString()).Trim().ReplaceLineEndings(" ")}",
                "Name a server with -d.");
        }
    }

    /// <summary>A program of the server's, as the user postgres where we are root.</summary>
    private static Command Command(string folder, string program, params string[] arguments) =>
        (Environment.IsPrivilegedProcess ? Cli.Wrap("runuser").WithArguments(["-u", User, "--", program, .. arguments]) : Cli.Wrap(program).WithArguments(arguments))
            .WithWorkingDirectory(folder)
            .WithStandardOutputPipe(PipeTarget.Null)
            .WithStandardErrorPipe(PipeTarget.Null)
            .WithValidation(CommandResultValidation.None);

    private static async Task RemoveAsync(string folder, string binaries)
    {
        string data = Path.Combine(folder, "data");
        if (File.Exists(Path.Combine(data, "postmaster.pid")))
        {
            await Command(folder, Path.Combine(binaries, "pg_ctl"), "-D", data, "-m", "immediate", "-w", "stop").ExecuteAsync();
        }

        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task RemoveLeftoversAsync(string binaries)
    {
        foreach (string folder in LocalProcess.FoldersOfDead(Prefix))
        {
            try
            {
                await RemoveAsync(folder, binaries);
            }
            catch (Exception failure) when (failure is UnauthorizedAccessException or IOException)
            {
                // another user's
            }
        }
    }
}
