using AiShell.Engines.MySql.Wire;

namespace AiShell.Engines.MySql.Restore;

/// <summary>
/// Accounts with SYSTEM_USER (MySQL 8.0.16), which every root is. What belongs to one of them nobody without that privilege may make, nor drop: a restore would find that out
/// of views, routines and events only when the tables have moved.
/// </summary>
internal static class SystemAccounts
{
    public const string Privilege = "SYSTEM_USER";

    /// <summary>Null for a user who may not see them.</summary>
    public static IReadOnlyCollection<string>? Read(MySqlSession session)
    {
        try
        {
            return session.Query($"SELECT CONCAT(USER, '@', HOST) FROM mysql.global_grants WHERE PRIV = '{Privilege}'").Select(row => row[0]!).ToHashSet();
        }
        catch (ServerError)
        {
            return null;
        }
    }

    /// <summary>Whether the session's user has to know who they are.</summary>
    public static bool Matter(MySqlSession session, Privileges privileges) => session.Features.HasSystemAccounts && !privileges.Everywhere(Privilege);

    /// <summary>To whom the views, routines, triggers and events of a database belong, but for the session's user.</summary>
    public static string[] OwnersIn(MySqlSession session, string database)
    {
        string name = SqlText.Literal(database);
        return
        [
            .. session.Query(
                $"""
                SELECT DEFINER FROM information_schema.VIEWS WHERE TABLE_SCHEMA = {name} UNION SELECT DEFINER FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = {name}
                UNION SELECT DEFINER FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = {name} UNION SELECT DEFINER FROM information_schema.EVENTS WHERE EVENT_SCHEMA = {name}
                """).Select(row => row[0]!).Except([session.Scalar("SELECT CURRENT_USER()")!]).Order(StringComparer.Ordinal),
        ];
    }

    public static AiShellException Obstacle(IReadOnlyList<string> owners, string what) => new(
        ErrorKind.Failed,
        $"The user may not {what} {ListText.First([.. owners.Select(owner => $"'{owner}'")])}, who {(owners.Count > 1 ? "have" : "has")} {Privilege}.",
        $"GRANT {Privilege} ON *.* to the user (docs/mysql.md has the statements), or restore as another user.");

    /// <summary>Before anything of the target is touched. Who may not see the accounts tries: a view can be made for an account exactly where its own can be dropped.</summary>
    /// <param name="copy">A database of ours to try in.</param>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Failed"/>: something in the target could not be replaced.</exception>
    public static void RequireReplaceable(MySqlSession session, string target, string copy)
    {
        if (!session.Features.HasSystemAccounts || !Matter(session, Privileges.Read(session, target)))
        {
            return;
        }

        IReadOnlyCollection<string>? known = Read(session);
        string[] inTheWay = [.. OwnersIn(session, target).Where(owner => known?.Contains(owner) ?? !IsReplaceable(session, owner, copy))];
        if (inTheWay.Length > 0)
        {
            throw Obstacle(inTheWay, "replace what belongs to");
        }
    }

    private static bool IsReplaceable(MySqlSession session, string owner, string copy)
    {
        int at = owner.LastIndexOf('@');
        string view = SqlText.Quote(copy, "ai_shell_owned");
        try
        {
            session.Execute($"CREATE DEFINER = {SqlText.Quote(owner[..at])}@{SqlText.Quote(owner[(at + 1)..])} VIEW {view} AS SELECT 1 AS a");
            session.Execute($"DROP VIEW {view}");
            return true;
        }
        catch (ServerError error) when (error.Number == ServerErrors.NoPrivilege)
        {
            return false;
        }
    }
}
