using AiShell.Engines.PostgreSql.Connecting;
using AiShell.Engines.PostgreSql.Snapshot;
using CliWrap;

namespace AiShell.Engines.PostgreSql.Schema;

/// <summary>Runs PostgreSQL's own pg_dump for the schema, in the backup's snapshot.</summary>
internal static class SchemaDump
{
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
        CommandResult result = await Cli.Wrap(program)
            .WithArguments(
            [
                "--format=custom", "--schema-only", "--compress=0", "--no-password", "--no-sync", "--quote-all-identifiers", $"--encoding={encoding}", $"--snapshot={snapshot}",
                $"--lock-wait-timeout={(long)Math.Clamp(lockWait.TotalMilliseconds / 2, 1, LongestWaitMilliseconds)}",
                .. leftOut.Select(table => $"--exclude-table={SqlText.Quote(table)}"),
            ])
            .WithEnvironmentVariables(EnvironmentOf(server.Settings, server.Host))
            .WithStandardOutputPipe(PipeTarget.ToStream(archive))
            .WithStandardErrorPipe(PipeTarget.ToStringBuilder(errors))
            .WithValidation(CommandResultValidation.None)
            .ExecuteAsync(cancellationToken);
        if (result.ExitCode != 0)
        {
            throw await LockedTables.FindAsync(server, cancellationToken) is { } locked ? LockedTables.Explain(locked) : new AiShellException(
                ErrorKind.Failed, $"pg_dump could not read the schema: {errors.ToString().Trim().ReplaceLineEndings(" ")}",
                errors.ToString().Contains(ServerErrors.LockSetting, StringComparison.Ordinal) ? ServerErrors.LockHint : "The user needs SELECT on every table: GRANT pg_read_all_data TO <user>.");
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

    /// <summary>Settings go by the environment: a password must not be on a command line, and a name with '=' is no connection string there.</summary>
    internal static Dictionary<string, string?> EnvironmentOf(ConnectionSettings settings, ServerHost host) => new()
    {
        ["PGHOST"] = host.Name,
        ["PGPORT"] = host.Port.ToString(System.Globalization.CultureInfo.InvariantCulture),
        ["PGUSER"] = settings.User,
        ["PGPASSWORD"] = settings.Password(host),
        ["PGDATABASE"] = settings.Database,
        ["PGSSLMODE"] = settings.Tls switch { TlsMode.VerifyCa => "verify-ca", TlsMode.VerifyFull => "verify-full", TlsMode mode => mode.ToString().ToLowerInvariant() },
        ["PGSSLROOTCERT"] = settings.RootCertificate,
        ["PGSSLCERT"] = settings.ClientCertificate,
        ["PGSSLKEY"] = settings.ClientKey,
        ["PGOPTIONS"] = settings.ServerOptions,
        ["PGSERVICE"] = null,
        ["PGTARGETSESSIONATTRS"] = null,
        ["LC_ALL"] = "C.UTF-8",
    };
}
