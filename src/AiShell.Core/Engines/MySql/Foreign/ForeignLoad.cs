using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Security.Cryptography;
using AiShell.Engines.MySql.Connecting;
using AiShell.Engines.MySql.Restore;
using AiShell.Engines.MySql.Wire;
using CliWrap;

namespace AiShell.Engines.MySql.Foreign;

/// <summary>
/// Loads a foreign script into a scratch database by the stock client, in the name of a throw-away account that may touch this database and
/// no other: a script that names another database than its own fails. The client runs no command of its own (binary mode).
/// </summary>
/// <param name="ownsServer">The server is a throw-away one of ours: definers, which a dump names, may be whoever they are.</param>
internal sealed class ForeignLoad(ServerPrograms programs, ConnectionSettings settings, bool ownsServer)
{
    private const int LinesKept = 20;

    private readonly Queue<string> _errors = new();

    /// <exception cref="AiShellException"><see cref="ErrorKind.Refused"/>: the script is not of one database; <see cref="ErrorKind.Failed"/>: it does not run, and where.</exception>
    public async Task RunAsync(Stream content, CancellationToken cancellationToken)
    {
        string client = programs.Find("mariadb", "mysql") ?? throw new AiShellException(
            ErrorKind.Failed, "mariadb, the client that runs a script, was not found.", $"Install the package mariadb-client, or set {ServerPrograms.Variable} to the folder with it.");
        using MySqlSession admin = await Server.OpenAsync(settings, cancellationToken, "");
        ConnectionSettings account = settings with
        {
            User = string.Create(CultureInfo.InvariantCulture, $"ai_shell_{TargetNames.NewNumber():x8}"),
            Password = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)),
        };
        await ServerErrors.RunAsync(admin, "a throw-away account for the script", session => Make(session, account), cancellationToken);
        try
        {
            CommandResult result = await Cli.Wrap(client)
                .WithArguments(Arguments(account))
                .WithEnvironmentVariables(variables => variables.Set("MYSQL_PWD", account.Password))
                .WithStandardInputPipe(PipeSource.Create((stdin, token) => CopyAsync(content, stdin, token)))
                .WithStandardOutputPipe(PipeTarget.ToStream(Stream.Null))
                .WithStandardErrorPipe(PipeTarget.ToDelegate(Keep))
                .WithValidation(CommandResultValidation.None)
                .ExecuteAsync(cancellationToken);
            if (result.ExitCode != 0)
            {
                throw Explain();
            }
        }
        finally
        {
            await ServerErrors.RunAsync(admin, "the throw-away account", session => session.Execute($"DROP USER {NameOf(account)}"), CancellationToken.None);
        }
    }

    private void Make(MySqlSession session, ConnectionSettings account)
    {
        string name = NameOf(account);
        session.Execute($"CREATE USER {name} IDENTIFIED BY {SqlText.Literal(account.Password!)}");
        session.Execute($"GRANT ALL ON {PatternOf(settings.Database)}.* TO {name}");
        if (ownsServer && session.Features.IsMariaDb)
        {
            session.Execute($"GRANT SUPER, SET USER, BINLOG ADMIN ON *.* TO {name}");
        }
    }

    private static string NameOf(ConnectionSettings account) => $"{SqlText.Quote(account.User)}@'%'";

    /// <summary>In GRANT a database's name is a pattern.</summary>
    private static string PatternOf(string database) => SqlText.Quote(database.Replace("_", "\\_", StringComparison.Ordinal).Replace("%", "\\%", StringComparison.Ordinal));

    private string[] Arguments(ConnectionSettings account) =>
    [
        "--no-defaults", "--batch", "--binary-mode", "--skip-local-infile", "--skip-reconnect", "--default-character-set=utf8mb4", "--max-allowed-packet=1G", $"--user={account.User}", $"--database={settings.Database}",
        .. settings.Socket is { } socket ? [$"--socket={socket}"] : new[] { "--protocol=TCP", $"--host={settings.Host}", string.Create(CultureInfo.InvariantCulture, $"--port={settings.Port}") },
        .. settings.CertificateAuthority is { } authority ? [$"--ssl-ca={authority}"] : Array.Empty<string>(),
        .. settings.Tls >= TlsMode.VerifyIdentity ? ["--ssl-verify-server-cert"] : Array.Empty<string>(),
    ];

    /// <summary>The client may have stopped; it says why.</summary>
    private static async Task CopyAsync(Stream content, Stream stdin, CancellationToken cancellationToken)
    {
        DatabaseFilter filter = new();
        PipeReader lines = PipeReader.Create(content, new StreamPipeReaderOptions(bufferSize: 128 * 1024, leaveOpen: true));
        while (true)
        {
            ReadResult read = await lines.ReadAsync(cancellationToken);
            ReadOnlySequence<byte> buffer = read.Buffer;
            try
            {
                for (SequencePosition? end = buffer.PositionOf((byte)'\n'); end is { } newLine; end = buffer.PositionOf((byte)'\n'))
                {
                    SequencePosition next = buffer.GetPosition(1, newLine);
                    await WriteAsync(buffer.Slice(0, next));
                    buffer = buffer.Slice(next);
                }

                if (read.IsCompleted)
                {
                    await WriteAsync(buffer);
                    return;
                }
            }
            catch (IOException)
            {
                return;
            }

            lines.AdvanceTo(buffer.Start, buffer.End);
        }

        async ValueTask WriteAsync(ReadOnlySequence<byte> line)
        {
            ReadOnlyMemory<byte> bytes = line.IsSingleSegment ? line.First : line.ToArray();
            if (filter.Takes(bytes.Span))
            {
                await stdin.WriteAsync(bytes, cancellationToken);
            }
        }
    }

    private void Keep(string line)
    {
        lock (_errors)
        {
            _errors.Enqueue(line);
            if (_errors.Count > LinesKept)
            {
                _errors.Dequeue();
            }
        }
    }

    private AiShellException Explain()
    {
        string says = string.Join(" ", _errors.Where(line => line.Length > 0)).Trim();
        bool leaves = says.Contains("ERROR 1044", StringComparison.Ordinal) || says.Contains("ERROR 1142", StringComparison.Ordinal);
        bool definer = says.Contains("ERROR 1227", StringComparison.Ordinal) || says.Contains("ERROR 1419", StringComparison.Ordinal);
        return leaves || definer
            ? new AiShellException(
                ErrorKind.Refused,
                $"The script works on the server and not only on one database: {says}",
                definer
                    ? "Import it without -d, on a server of ai-shell's own, where a dump's definers and settings may be anything."
                    : "Its objects name a database: run it with the stock client on a server where it may, and back up what it makes.")
            : new AiShellException(ErrorKind.Failed, $"The script does not run: {says}");
    }
}
