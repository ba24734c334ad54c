using AiShell.Engines.MySql.Wire;

namespace AiShell.Engines.MySql.Snapshot;

/// <summary>Who keeps us waiting, as far as the server tells.</summary>
internal static class LockHolders
{
    private const int MostNamed = 3;

    /// <summary>Never with the text of their statements: it may hold a secret.</summary>
    public static AiShellException Explain(MySqlSession session, ServerError error)
    {
        string[] sessions =
        [
            .. session.Query(
                $"SELECT ID, USER, HOST, COMMAND, TIME, STATE FROM information_schema.PROCESSLIST WHERE ID <> CONNECTION_ID() AND COMMAND NOT IN ('Sleep', 'Daemon', 'Binlog Dump') ORDER BY TIME DESC LIMIT {MostNamed}")
                .Select(row => $"session {row[0]} of {row[1]}@{row[2]} ({row[3]} for {row[4]} s{(string.IsNullOrEmpty(row[5]) ? "" : $", {row[5]}")})"),
        ];
        return new AiShellException(
            ErrorKind.Busy,
            $"The lock that makes a backup consistent was not to be had in time. {(sessions.Length > 0 ? $"Perhaps it is kept by {string.Join(", ", sessions)}." : "Who has it, the server does not tell this user.")}",
            "Try again when no schema is being changed and no table is locked, let the backup wait for longer with --lock-wait, or do without it with --no-lock.",
            error);
    }
}
