using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Security.Cryptography;
using System.Text;
using AiShell.Engines.MySql.Connecting;
using AiShell.Engines.MySql.Restore;
using AiShell.Engines.MySql.Schema;
using AiShell.Engines.MySql.Wire;
using CliWrap;

namespace AiShell.Engines.MySql.Foreign;

/// <summary>
/// Loads a foreign script into a scratch database by the stock client, in the name of a throw-away account that may touch this database and
/// no other: a script that names another database than its own fails. On a server of our own the script's one database is made as the
/// script says, since its objects may name it. The client runs no command of its own (binary mode), and lines end as it ends them without that mode: of CR LF the CR goes.
/// </summary>
/// <param name="ownsServer">The server is a throw-away one of ours: definers, which a dump names, may be whoever they are.</param>
internal sealed class ForeignLoad(ServerPrograms programs, ConnectionSettings settings, bool ownsServer)
{
    private const int LinesKept = 20;

    // Not the script's own on any server.
    private static readonly string[] OfTheServer = ["mysql", "sys", "information_schema", "performance_schema"];

    private readonly Queue<string> _errors = new();

    /// <returns>The name of the database that has what the script makes.</returns>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Refused"/>: the script is not of one database; <see cref="ErrorKind.Failed"/>: it does not run, and where.</exception>
    public async Task<string> RunAsync(Stream content, CancellationToken cancellationToken)
    {
        string client = programs.Find("mariadb", "mysql") ?? throw new AiShellException(
            ErrorKind.Failed, "mariadb, the client that runs a script, was not found.", $"Install the package mariadb-client, or set {ServerPrograms.Variable} to the folder with it.");
        using MySqlSession admin = await Server.OpenAsync(settings, cancellationToken, "");
        ConnectionSettings account = settings with
        {
            User = string.Create(CultureInfo.InvariantCulture, $"{Definer.ImportPrefix}{TargetNames.NewNumber():x8}"),
            Password = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)),
        };
        await ServerErrors.RunAsync(admin, "a throw-away account for the script", session => Make(session, account), cancellationToken);
        DatabaseFilter filter = new();
        try
        {
            CommandResult result = await Cli.Wrap(client)
                .WithArguments(Arguments(account))
                .WithEnvironmentVariables(variables => variables.Set("MYSQL_PWD", account.Password))
                .WithStandardInputPipe(PipeSource.Create((stdin, token) => CopyAsync(content, stdin, filter, name => OpenAsync(admin, account, name, token), token)))
                .WithStandardOutputPipe(PipeTarget.ToStream(Stream.Null))
                .WithStandardErrorPipe(PipeTarget.ToDelegate(Keep))
                .WithValidation(CommandResultValidation.None)
                .ExecuteAsync(cancellationToken);
            if (result.ExitCode != 0)
            {
                throw Explain();
            }

            return ownsServer && filter.Chosen is { } own ? await ServerErrors.RunAsync(admin, "what the script made", session => Find(session, own), cancellationToken) : settings.Database;
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
        session.Execute($"GRANT ALL ON {SqlText.Quote(SqlText.Pattern(settings.Database))}.* TO {name}");
        if (ownsServer && session.Features.IsMariaDb)
        {
            session.Execute($"GRANT SUPER, SET USER, BINLOG ADMIN ON *.* TO {name}");
        }
    }

    /// <summary>Lets the script have its own database, before it chooses it.</summary>
    private static async Task OpenAsync(MySqlSession admin, ConnectionSettings account, string name, CancellationToken cancellationToken)
    {
        if (OfTheServer.Contains(name, StringComparer.OrdinalIgnoreCase))
        {
            throw new AiShellException(ErrorKind.Refused, $"The script is of the server's own database '{name}'.", "A backup is of one database of yours.");
        }

        await ServerErrors.RunAsync(admin, "the script's database", session => session.Execute($"GRANT ALL ON {SqlText.Quote(SqlText.Pattern(name))}.* TO {NameOf(account)}"), cancellationToken);
    }

    /// <summary>A script may make a database and yet not choose it; what it makes must be in one.</summary>
    private string Find(MySqlSession session, string own) => (IsEmpty(session, own), IsEmpty(session, settings.Database)) switch
    {
        (true, _) => settings.Database,
        (false, true) => own,
        _ => throw new AiShellException(
            ErrorKind.Refused, $"The script makes objects in database '{own}' and others before it chooses one.", "A backup is of one database: choose it in the script's first line."),
    };

    private static bool IsEmpty(MySqlSession session, string database)
    {
        string schema = SqlText.Literal(database);
        return session.Scalar(
            $"SELECT (SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = {schema}) + (SELECT COUNT(*) FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = {schema}) "
            + $"+ (SELECT COUNT(*) FROM information_schema.EVENTS WHERE EVENT_SCHEMA = {schema})") == "0";
    }

    private static string NameOf(ConnectionSettings account) => $"{SqlText.Quote(account.User)}@'%'";

    private string[] Arguments(ConnectionSettings account) =>
    [
        "--no-defaults", "--batch", "--binary-mode", "--skip-local-infile", "--skip-reconnect", "--default-character-set=utf8mb4", "--max-allowed-packet=1G", $"--user={account.User}", $"--database={settings.Database}",
        .. settings.Socket is { } socket ? [$"--socket={socket}"] : new[] { "--protocol=TCP", $"--host={settings.Host}", string.Create(CultureInfo.InvariantCulture, $"--port={settings.Port}") },
        .. settings.CertificateAuthority is { } authority ? [$"--ssl-ca={authority}"] : Array.Empty<string>(),
        .. settings.Tls >= TlsMode.VerifyIdentity ? ["--ssl-verify-server-cert"] : Array.Empty<string>(),
    ];

    /// <summary>The client may have stopped; it says why.</summary>
    private async Task CopyAsync(Stream content, Stream stdin, DatabaseFilter filter, Func<string, Task> open, CancellationToken cancellationToken)
    {
        bool isOpen = false;
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
            if (bytes.Span.EndsWith("\r\n"u8))
            {
                bytes = (byte[])[.. bytes.Span[..^2], (byte)'\n'];
            }

            if (!filter.Takes(bytes.Span))
            {
                if (!ownsServer)
                {
                    return;
                }

                await (isOpen ? Task.CompletedTask : open(filter.Chosen!));
                isOpen = true;
                if (!filter.Makes)
                {
                    await stdin.WriteAsync(Encoding.UTF8.GetBytes($"CREATE DATABASE IF NOT EXISTS {SqlText.Quote(filter.Chosen!)} CHARACTER SET utf8mb4;\n"), cancellationToken);
                }
            }

            await stdin.WriteAsync(bytes, cancellationToken);
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
                    : "Its objects name a database: import it without -d, on a server of ai-shell's own, where it may have its own.")
            : new AiShellException(ErrorKind.Failed, $"The script does not run: {says}");
    }
}
