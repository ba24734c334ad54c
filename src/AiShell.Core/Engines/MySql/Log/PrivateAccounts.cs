using AiShell.Engines.MySql.Wire;

namespace AiShell.Engines.MySql.Log;

/// <summary>Accounts on a private server, where they may do everything.</summary>
internal static class PrivateAccounts
{
    /// <param name="host">Empty for a role.</param>
    public static void Make(MySqlSession session, string user, string host)
    {
        if (user.Length == 0)
        {
            return;
        }

        string account = host.Length > 0 ? $"{SqlText.Literal(user)}@{SqlText.Literal(host)}" : SqlText.Literal(user);
        session.Execute($"CREATE {(host.Length > 0 ? "USER" : "ROLE")} IF NOT EXISTS {account}");
        session.Execute($"GRANT ALL ON *.* TO {account}");
    }
}
