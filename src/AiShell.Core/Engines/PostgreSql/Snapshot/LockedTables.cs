using AiShell.Engines.PostgreSql.Connecting;
using AiShell.Engines.PostgreSql.Wire;

namespace AiShell.Engines.PostgreSql.Snapshot;

/// <summary>Says which table is locked, and by whom.</summary>
internal static class LockedTables
{
    public static AiShellException Explain(Server server, IReadOnlyList<TableName> tables, ServerError error)
    {
        string? held = null;
        try
        {
            held = FindAsync(server, CancellationToken.None, tables).GetAwaiter().GetResult();
        }
        catch (AiShellException)
        {
            // Who holds it would be good to know; that it is held is what failed.
        }

        return Explain(held ?? error.Message, error);
    }

    /// <param name="locked">As <see cref="FindAsync"/> says it.</param>
    public static AiShellException Explain(string locked, ServerError? error = null) => new(
        ErrorKind.Busy,
        $"A table is locked by another session: {locked}.",
        "Wait longer with --lock-wait, end that session, or leave the table out with --exclude-tables.",
        error);

    /// <summary>A table that another session has for itself or waits to have, and that session; null where there is none.</summary>
    /// <param name="tables">Which to look at; null for all.</param>
    public static async Task<string?> FindAsync(Server server, CancellationToken cancellationToken, IReadOnlyList<TableName>? tables = null)
    {
        using WireSession other = await server.OpenAsync(cancellationToken);
        List<string?[]> locks = await ServerErrors.RunAsync(other, "locks", session => session.Query(
            """
            SELECT n.nspname, c.relname, l.granted, l.pid, coalesce(a.usename, '?'), coalesce(nullif(a.application_name, ''), 'no name'), coalesce(a.state, '?')
            FROM pg_locks l JOIN pg_class c ON c.oid = l.relation JOIN pg_namespace n ON n.oid = c.relnamespace
            LEFT JOIN pg_stat_activity a ON a.pid = l.pid
            WHERE l.mode = 'AccessExclusiveLock' AND l.locktype = 'relation' AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
            ORDER BY l.granted DESC
            """), cancellationToken);
        return locks
            .Where(row => tables is null || tables.Contains(new TableName(row[0]!, row[1]!)))
            .Select(row => $"table '{row[0]}.{row[1]}' is {(row[2] == "t" ? "held" : "waited for")} by process {row[3]} ({row[4]}, {row[5]}, {row[6]})")
            .FirstOrDefault();
    }
}
