using System.Globalization;
using AiShell.Engines.PostgreSql.Connecting;
using AiShell.Engines.PostgreSql.Snapshot;
using AiShell.Engines.PostgreSql.Wire;
using CliWrap;

namespace AiShell.Engines.PostgreSql.Schema;

/// <summary>Runs PostgreSQL's own pg_dump for the schema, in the backup's snapshot.</summary>
internal static class SchemaDump
{
    // pg_dump ends a LOCK that takes longer, and on a server with much to do one takes some milliseconds though nobody is in its way.
    private const int ShortestWaitMilliseconds = 250;

    // What it reads is locked for it already; it can only wait behind somebody who waits for us.
    private const int LongestWaitMilliseconds = 2000;

    /// <param name="snapshot">As exported by <c>pg_export_snapshot()</c>; its transaction must stay open meanwhile.</param>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Failed"/>: pg_dump is missing, too old, or failed; its words are in the message.</exception>
    /// <param name="encoding">As <see cref="DatabaseProperties.ClientEncoding"/>.</param>
    /// <param name="leftOut">Tables that it shall not touch.</param>
    public static async Task<IReadOnlyList<ArchiveEntry>> RunAsync(
        ServerTools tools, Server server, string snapshot, string encoding, IEnumerable<TableName> leftOut, TimeSpan lockWait, CancellationToken cancellationToken)
    {
        string program = await tools.RequireAsync("pg_dump", server.Version / 10000, cancellationToken);
        using MemoryStream archive = new();
        System.Text.StringBuilder errors = new();
        int longestWait = (int)Math.Clamp(lockWait.TotalMilliseconds / 2, ShortestWaitMilliseconds, LongestWaitMilliseconds);
        string name = $"ai-shell pg_dump {snapshot}";
        Command command = Cli.Wrap(program)
            .WithArguments(
            [
                "--format=custom", "--schema-only", "--compress=0", "--no-password", "--no-sync", "--quote-all-identifiers", $"--encoding={encoding}", $"--snapshot={snapshot}",
                $"--lock-wait-timeout={longestWait}",
                .. leftOut.Select(table => $"--exclude-table={SqlText.Quote(table)}"),
            ])
            .WithEnvironmentVariables(new Dictionary<string, string?>(EnvironmentOf(server.Settings, server.Host)) { ["PGAPPNAME"] = name })
            .WithStandardOutputPipe(PipeTarget.ToStream(archive))
            .WithStandardErrorPipe(PipeTarget.ToStringBuilder(errors))
            .WithValidation(CommandResultValidation.None);
        CommandResult result = await RunAsync(command, server, name, longestWait, cancellationToken);
        if (result.ExitCode != 0)
        {
            throw await FindLockedAsync(server, cancellationToken) is { } locked ? LockedTables.Explain(locked) : new AiShellException(
                ErrorKind.Failed,
                $"pg_dump could not read the schema: {errors.ToString().Trim().ReplaceLineEndings(" ")}",
                errors.ToString().Contains(ServerErrors.LockSetting, StringComparison.Ordinal) ? ServerErrors.LockHint
                    : "If it is a privilege: the user needs SELECT on every table, GRANT pg_read_all_data TO <user>. If it is the connection: try again when the server can be reached.");
        }

        try
        {
            return ArchiveReader.Read(archive.ToArray());
        }
        catch (InvalidDataException failure)
        {
            throw new AiShellException(ErrorKind.Failed, $"The schema that '{program}' wrote cannot be read: {failure.Message}", $"Set {ServerTools.Variable} to the folder of another version's programs.", failure);
        }
    }

    private static async Task<CommandResult> RunAsync(Command command, Server server, string name, int longestWait, CancellationToken cancellationToken)
    {
        using var done = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task watch = CancelWaitsAsync(server, name, longestWait, done.Token);
        try
        {
            return await command.ExecuteAsync(cancellationToken);
        }
        finally
        {
            await done.CancelAsync();
            await watch.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // what ends it early ends pg_dump as well
        }
    }

    /// <summary>pg_dump bounds its waits for the locks of tables; for views and sequences it would wait without end, and somebody perhaps behind it.</summary>
    private static async Task CancelWaitsAsync(Server server, string name, int longestWait, CancellationToken cancellationToken)
    {
        await Task.Delay(longestWait, cancellationToken);
        using WireSession session = await server.OpenAsync(cancellationToken);
        while (true)
        {
            await ServerErrors.RunAsync(
                session,
                "pg_dump",
                open => open.Query(
                    "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE application_name = $1 AND wait_event_type = 'Lock' AND clock_timestamp() - query_start > $2::int * interval '1 ms'",
                    name,
                    longestWait.ToString(CultureInfo.InvariantCulture)),
                cancellationToken);
            await Task.Delay(longestWait, cancellationToken);
        }
    }

    private static async Task<string?> FindLockedAsync(Server server, CancellationToken cancellationToken)
    {
        try
        {
            return await LockedTables.FindAsync(server, cancellationToken);
        }
        catch (AiShellException)
        {
            return null; // the server cannot be asked any more; pg_dump's words say why
        }
    }

    // Of the user's shell; our own sessions do not go by them, and what a program would do otherwise than they is no help.
    private static readonly string[] NotOurs =
    [
        "PGSERVICE", "PGTARGETSESSIONATTRS", "PGHOSTADDR", "PGREQUIREAUTH", "PGCHANNELBINDING", "PGREQUIRESSL", "PGSSLCRL", "PGSSLCRLDIR", "PGSSLCERTMODE", "PGSSLNEGOTIATION",
        "PGSSLMINPROTOCOLVERSION", "PGSSLMAXPROTOCOLVERSION", "PGMINPROTOCOLVERSION", "PGMAXPROTOCOLVERSION", "PGREQUIREPEER", "PGLOADBALANCEHOSTS", "PGCLIENTENCODING",
    ];

    /// <summary>Settings go by the environment: a password must not be on a command line, and a name with '=' is no connection string there.</summary>
    internal static Dictionary<string, string?> EnvironmentOf(ConnectionSettings settings, ServerHost host) => new(NotOurs.Select(name => KeyValuePair.Create(name, (string?)null)))
    {
        ["PGHOST"] = host.Name,
        ["PGPORT"] = host.Port.ToString(CultureInfo.InvariantCulture),
        ["PGUSER"] = settings.User,
        ["PGPASSWORD"] = settings.Password(host),
        ["PGDATABASE"] = settings.Database,
        ["PGSSLMODE"] = settings.Tls switch { TlsMode.VerifyCa => "verify-ca", TlsMode.VerifyFull => "verify-full", TlsMode mode => mode.ToString().ToLowerInvariant() },
        ["PGSSLROOTCERT"] = settings.RootCertificateFile,
        ["PGSSLCERT"] = settings.ClientCertificate,
        ["PGSSLKEY"] = settings.ClientKey,
        ["PGGSSENCMODE"] = "disable",
        ["PGOPTIONS"] = settings.ServerOptions,
        ["LC_ALL"] = "C.UTF-8",
    };
}
