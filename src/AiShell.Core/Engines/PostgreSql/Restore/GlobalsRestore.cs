using AiShell.Engines.PostgreSql.Schema;
using AiShell.Engines.PostgreSql.Wire;

namespace AiShell.Engines.PostgreSql.Restore;

/// <summary>
/// Makes the roles and tablespaces of a backup that the server lacks; those it has stay as they are, with their passwords and
/// memberships. Roles come in one transaction.
/// </summary>
internal sealed class GlobalsRestore
{
    private readonly List<string> _roles = [];
    private readonly List<string> _tablespaces = [];
    private readonly List<string> _grants = [];

    /// <summary>Something was made that is not yet to stay.</summary>
    public bool HasMade => _roles.Count + _tablespaces.Count > 0;

    /// <summary>What <see cref="Make"/> would make, by the names in a backup's manifest.</summary>
    public static (string[] Roles, string[] Tablespaces) FindMissing(WireSession session, BackupContents contents) => (
        [.. (contents.Globals.GetValueOrDefault(GlobalsScript.Roles) ?? []).Except(RolesOf(session))],
        [.. (contents.Globals.GetValueOrDefault(GlobalsScript.Tablespaces) ?? []).Except(TablespacesOf(session))]);

    /// <summary>For the user: <c>role 'app'</c>.</summary>
    public static string[] Describe(string[] roles, string[] tablespaces) =>
        [.. roles.Select(name => $"role '{name}'"), .. tablespaces.Select(name => $"tablespace '{name}'")];

    /// <exception cref="AiShellException"><see cref="ErrorKind.Failed"/>: the server refuses one, which the message names; <see cref="Undo"/> takes back the others.</exception>
    public void Make(WireSession session, GlobalsScript script)
    {
        HashSet<string> roles = RolesOf(session);
        HashSet<string> tablespaces = TablespacesOf(session);
        HashSet<string> missing = [.. script.Names[GlobalsScript.Roles].Where(name => !roles.Contains(name))];
        GlobalsStatement[] ofRoles = [.. script.Statements.Where(statement => IsOf(statement, missing))];
        session.Execute("BEGIN");
        try
        {
            foreach (GlobalsStatement statement in ofRoles)
            {
                Run(session, statement);
            }

            session.Execute("COMMIT");
        }
        catch
        {
            session.Execute("ROLLBACK");
            throw;
        }

        _roles.AddRange(missing);
        _grants.AddRange(ofRoles.Select(statement => statement.Undo).OfType<string>());
        foreach (GlobalsStatement statement in script.Statements.Where(statement => statement.Subject == GlobalsSubject.Tablespace && !tablespaces.Contains(statement.Names[0])))
        {
            Run(session, statement); // not in a transaction: CREATE TABLESPACE refuses one
            if (statement.Creates)
            {
                _tablespaces.Add(statement.Names[0]);
            }
        }
    }

    /// <summary>They stay.</summary>
    public void Keep()
    {
        _roles.Clear();
        _tablespaces.Clear();
        _grants.Clear();
    }

    /// <summary>Drops what was made, as far as nobody has come to use it.</summary>
    public void Undo(WireSession session)
    {
        IEnumerable<string> statements = _tablespaces.Select(name => $"DROP TABLESPACE IF EXISTS {SqlText.Quote(name)}").Concat(_grants);
        if (_roles.Count > 0)
        {
            statements = statements.Append($"DROP ROLE IF EXISTS {string.Join(", ", _roles.Select(SqlText.Quote))}");
        }

        foreach (string statement in statements.ToArray())
        {
            try
            {
                session.Execute(statement);
            }
            catch (ServerError error) when (error.SqlState is "2BP01" or "55000" or "55006")
            {
                // Somebody uses it by now.
            }
        }

        Keep();
    }

    /// <summary>What makes a missing role; a membership is made when one of its two is.</summary>
    private static bool IsOf(GlobalsStatement statement, HashSet<string> missing) =>
        statement.Subject is GlobalsSubject.Role or GlobalsSubject.Membership or GlobalsSubject.Parameter && statement.Names.Any(missing.Contains);

    private static void Run(WireSession session, GlobalsStatement statement)
    {
        try
        {
            session.Execute(statement.Sql);
        }
        catch (ServerError error)
        {
            string what = statement.Subject switch
            {
                GlobalsSubject.Tablespace => $"The tablespace '{statement.Names[0]}'",
                GlobalsSubject.Membership => $"The membership of '{statement.Names[1]}' in '{statement.Names[0]}'",
                _ => $"The role '{statement.Names[0]}'",
            };
            throw new AiShellException(
                ErrorKind.Failed,
                $"{what} cannot be made: {error.Message.TrimEnd('.')}{(error.Detail is null ? "" : $" ({error.Detail.TrimEnd('.')})")}.",
                statement.Subject == GlobalsSubject.Tablespace
                    ? "Make its folder on the server, empty and the server's own, or make the tablespace elsewhere before the restore."
                    : "Restore as a superuser, or make it before the restore: what is there stays as it is.",
                error);
        }
    }

    private static HashSet<string> RolesOf(WireSession session) => [.. session.Query("SELECT rolname FROM pg_catalog.pg_roles").Select(row => row[0]!)];

    private static HashSet<string> TablespacesOf(WireSession session) => [.. session.Query("SELECT spcname FROM pg_catalog.pg_tablespace").Select(row => row[0]!)];
}
