using AiShell.Engines.PostgreSql.Connecting;
using AiShell.Engines.PostgreSql.Wire;
using CliWrap;

namespace AiShell.Engines.PostgreSql.Schema;

/// <summary>The server's roles, memberships and tablespaces, by PostgreSQL's own pg_dumpall.</summary>
/// <param name="Text">Its script for psql.</param>
/// <param name="WithPasswords">Whether the roles have their passwords in it.</param>
internal sealed record GlobalsDump(string Text, GlobalsScript Script, bool WithPasswords)
{
    // Roles' passwords (their hashes) are in a catalogue that superusers read, and who was granted it, as pg_read_all_data is.
    private const string MayReadPasswords = "SELECT has_table_privilege('pg_catalog.pg_authid', 'SELECT')";

    /// <summary>What to say where they are not.</summary>
    public const string NoPasswords =
        "The roles are in the backup without their passwords: the user may not read them (that takes a superuser, or SELECT on pg_authid, which pg_read_all_data has). What a restore makes of such a role cannot log in by password before it is given one (ALTER ROLE … PASSWORD).";

    /// <exception cref="AiShellException"><see cref="ErrorKind.Failed"/>: pg_dumpall is missing, too old, or failed; its words are in the message.</exception>
    public static async Task<GlobalsDump> RunAsync(ServerTools tools, Server server, WireSession session, CancellationToken cancellationToken)
    {
        string program = await tools.RequireAsync("pg_dumpall", server.Version / 10000, cancellationToken);
        bool passwords = await ServerErrors.RunAsync(session, "roles", open => open.Scalar(MayReadPasswords) == "t", cancellationToken);
        System.Text.StringBuilder output = new();
        System.Text.StringBuilder errors = new();
        CommandResult result = await Cli.Wrap(program)
            .WithArguments(
            [
                "--globals-only", "--quote-all-identifiers", "--no-password", "--no-sync", $"--database={ToConnectionString(server.Settings.Database)}",
                .. passwords ? Array.Empty<string>() : ["--no-role-passwords"],
            ])
            .WithEnvironmentVariables(SchemaDump.EnvironmentOf(server.Settings, server.Host))
            .WithStandardOutputPipe(PipeTarget.ToStringBuilder(output, System.Text.Encoding.UTF8))
            .WithStandardErrorPipe(PipeTarget.ToStringBuilder(errors))
            .WithValidation(CommandResultValidation.None)
            .ExecuteAsync(cancellationToken);
        if (result.ExitCode != 0)
        {
            throw new AiShellException(
                ErrorKind.Failed,
                $"pg_dumpall could not read the server's roles and tablespaces: {errors.ToString().Trim().ReplaceLineEndings(" ")}",
                "Grant the user what the message names, or leave out --globals.");
        }

        try
        {
            return new GlobalsDump(output.ToString(), GlobalsScript.Parse(output.ToString()), passwords);
        }
        catch (InvalidDataException failure)
        {
            throw new AiShellException(ErrorKind.Failed, $"What '{program}' wrote cannot be read: {failure.Message}.", "Leave out --globals, and keep roles with pg_dumpall itself.", failure);
        }
    }

    /// <summary>A database's name with '=' in it would be taken for a connection string, so all are given as one.</summary>
    private static string ToConnectionString(string database) =>
        $"dbname='{database.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "\\'", StringComparison.Ordinal)}'";
}
