using AiShell.Engines.PostgreSql.Connecting;
using AiShell.Engines.PostgreSql.Wire;

namespace AiShell.Engines.PostgreSql.Snapshot;

/// <summary>Says which table is locked, and by whom.</summary>
internal static class LockedTables
{
    public static AiShellException Explain(Server server, IReadOnlyList<TableName> tables, ServerError error)
    {
        string held = "";
        try
        {
            using WireSession other = server.OpenAsync(CancellationToken.None).GetAwaiter().GetResult();
            held = other.Query(
                """
                SELECT n.nspname, c.relname, l.pid, coalesce(a.usename, '?'), coalesce(nullif(a.application_name, ''), 'no name'), coalesce(a.state, '?')
                FROM pg_locks l JOIN pg_class c ON c.oid = l.relation JOIN pg_namespace n ON n.oid = c.relnamespace
                LEFT JOIN pg_stat_activity a ON a.pid = l.pid
                WHERE l.granted AND l.mode = 'AccessExclusiveLock' AND l.locktype = 'relation'
                """)
                .Where(row => tables.Contains(new TableName(row[0]!, row[1]!)))
                .Select(row => $"table '{row[0]}.{row[1]}' is held by process {row[2]} ({row[3]}, {row[4]}, {row[5]})")
                .FirstOrDefault() ?? "";
        }
        catch (AiShellException)
        {
            // Who holds it would be good to know; that it is held is what failed.
        }

        return new AiShellException(
            ErrorKind.Busy,
            held.Length > 0 ? $"A table is locked by another session: {held}." : $"A table is locked by another session: {error.Message}.",
            "Wait longer with --lock-wait, end that session, or leave the table out with --exclude-tables.",
            error);
    }
}
