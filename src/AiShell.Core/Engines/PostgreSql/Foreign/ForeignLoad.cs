using System.Security.Cryptography;
using AiShell.Engines.PostgreSql.Connecting;
using AiShell.Engines.PostgreSql.Schema;
using AiShell.Engines.PostgreSql.Wire;
using CliWrap;

namespace AiShell.Engines.PostgreSql.Foreign;

/// <summary>
/// Loads a foreign dump into a scratch database by PostgreSQL's own psql, in one transaction; an archive is turned into a script by
/// pg_restore first. The script's SQL runs with the rights of the user of the scratch server.
/// </summary>
internal sealed class ForeignLoad(ServerTools tools, ConnectionSettings settings, bool ownsServer)
{
    private const int LinesKept = 20;

    // Roles that a statement may name and that no server lists.
    private static readonly HashSet<string> NotRoles = ["public", "current_user", "session_user", "current_role", "default"];

    private readonly Queue<string> _errors = new();
    private string _archiveErrors = "";

    /// <exception cref="AiShellException">
    /// <see cref="ErrorKind.Integrity"/>: an archive that is damaged; <see cref="ErrorKind.Refused"/>: commands that a dump of one database does not have;
    /// <see cref="ErrorKind.Failed"/>: the script does not run, and where.
    /// </exception>
    public async Task RunAsync(ForeignFormat format, Stream content, CancellationToken cancellationToken)
    {
        string psql = await tools.RequireNewestAsync("psql", cancellationToken);
        (Server server, WireSession session) = await Server.FindAsync(settings, cancellationToken);
        using (session)
        {
            Roles roles = new(session, ownsServer);
            Exception? refusal = null;
            CommandResult result = await Cli.Wrap(psql)
                .WithArguments(["-X", "-q", "-1", "-v", "ON_ERROR_STOP=1", "--no-password", "-f", "-"])
                .WithEnvironmentVariables(SchemaDump.EnvironmentOf(settings, server.Host))
                .WithStandardInputPipe(PipeSource.Create(async (stdin, token) =>
                {
                    try
                    {
                        await WriteAsync(format, content, stdin, roles.Require, token);
                    }
                    catch (Exception failure) when (failure is not OperationCanceledException)
                    {
                        refusal = failure;
                        await stdin.WriteAsync("\n\\stop\n"u8.ToArray(), token); // psql is restricted: this ends it without a commit
                    }
                }))
                .WithStandardOutputPipe(PipeTarget.ToStream(Stream.Null)) // closed, psql would stop
                .WithStandardErrorPipe(PipeTarget.ToDelegate(Keep))
                .WithValidation(CommandResultValidation.None)
                .ExecuteAsync(cancellationToken);
            if (refusal is not null)
            {
                throw refusal is AiShellException or InvalidDataException ? refusal : new AiShellException(ErrorKind.Failed, refusal.Message, null, refusal);
            }

            if (result.ExitCode != 0)
            {
                throw Explain();
            }
        }
    }

    private async Task WriteAsync(ForeignFormat format, Stream content, Stream stdin, Action<string> needsRole, CancellationToken cancellationToken)
    {
        string key = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
        await stdin.WriteAsync(System.Text.Encoding.ASCII.GetBytes($"\\restrict {key}\n"), cancellationToken);
        if (format != ForeignPostgreSql.Archive)
        {
            await Task.Run(() => new ScriptFilter(content, needsRole).WriteTo(stdin, cancellationToken), cancellationToken);
            return;
        }

        System.Text.StringBuilder errors = new();
        CommandResult result = await Cli.Wrap(await tools.RequireNewestAsync("pg_restore", cancellationToken))
            .WithArguments(["-f", "-"])
            .WithStandardInputPipe(PipeSource.FromStream(content))
            .WithStandardOutputPipe(PipeTarget.Create((script, token) => Task.Run(
                () =>
                {
                    if (!new ScriptFilter(script, needsRole).WriteTo(stdin, token))
                    {
                        script.CopyTo(Stream.Null); // so that pg_restore comes to its end
                    }
                },
                token)))
            .WithStandardErrorPipe(PipeTarget.ToStringBuilder(errors))
            .WithValidation(CommandResultValidation.None)
            .ExecuteAsync(cancellationToken);
        _archiveErrors = errors.ToString().Trim();
        if (result.ExitCode != 0)
        {
            throw new AiShellException(
                ErrorKind.Integrity,
                $"pg_restore cannot read the archive: {_archiveErrors.ReplaceLineEndings(" ")}",
                $"If it was made by a newer pg_dump, install the newer client, or set {ServerTools.Variable} to its folder.");
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
        if (says.Contains("invalid command \\restrict", StringComparison.Ordinal))
        {
            return new AiShellException(
                ErrorKind.Failed, "psql here is too old to run a script from elsewhere safely: it does not know \\restrict.", "Update the package postgresql-client (13.22, 14.19, 15.14, 16.10, 17.6 or newer).");
        }

        if (says.Contains("\\unrestrict", StringComparison.Ordinal))
        {
            return new AiShellException(
                ErrorKind.Refused,
                $"The script has a command of psql's own, which an import never runs: {says}",
                "Take out lines that begin with a backslash (\\c, \\i, \\copy, \\!), and import it again.");
        }

        return new AiShellException(
            ErrorKind.Failed,
            $"The script does not run: {says}",
            says.Contains("role ", StringComparison.Ordinal) && says.Contains("does not exist", StringComparison.Ordinal)
                ? "Make the role on that server, or import without -d, on a server of ai-shell's own that makes the roles a dump names."
                : null);
    }

    /// <summary>The owners and grantees that a dump names: on a throw-away server of our own they are made, elsewhere they must be there.</summary>
    private sealed class Roles(WireSession session, bool ownsServer)
    {
        private readonly HashSet<string> _known = ownsServer ? [.. session.Query("SELECT rolname FROM pg_roles").Select(row => row[0]!)] : [];

        public void Require(string name)
        {
            if (ownsServer && !NotRoles.Contains(name) && !name.StartsWith("pg_", StringComparison.Ordinal) && _known.Add(name))
            {
                session.Execute($"CREATE ROLE {SqlText.Quote(name)}");
            }
        }
    }
}
