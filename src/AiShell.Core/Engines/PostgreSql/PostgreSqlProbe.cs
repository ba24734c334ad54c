using System.Globalization;
using AiShell.Engines.PostgreSql.Connecting;
using AiShell.Engines.PostgreSql.Restore;
using AiShell.Engines.PostgreSql.Schema;
using AiShell.Engines.PostgreSql.Snapshot;
using AiShell.Engines.PostgreSql.Wire;

namespace AiShell.Engines.PostgreSql;

/// <summary>What a server is, and what keeps this user on this machine from a backup or a restore.</summary>
internal static class PostgreSqlProbe
{
    private const int OldestVersion = 130000;

    // pg_read_all_data came with 14.
    private const string Query =
        """
        SELECT pg_database_size(d.oid), pg_is_in_recovery(), pg_encoding_to_char(d.encoding), d.datcollate, current_setting('wal_level'),
               r.rolsuper OR coalesce((SELECT pg_has_role(p.oid, 'USAGE') FROM pg_roles p WHERE p.rolname = 'pg_read_all_data'), false),
               r.rolsuper OR r.rolcreatedb,
               r.rolsuper OR r.rolbypassrls OR NOT EXISTS (
                   SELECT FROM pg_class c WHERE c.relrowsecurity AND c.relkind IN ('r', 'p') AND (c.relforcerowsecurity OR NOT pg_has_role(c.relowner, 'USAGE'))),
               (SELECT count(*) FROM pg_largeobject_metadata WHERE NOT has_table_privilege('pg_catalog.pg_largeobject', 'SELECT')),
               (SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                WHERE c.relkind IN ('r', 'p', 'S') AND n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema')
        FROM pg_database d, pg_roles r WHERE d.datname = current_database() AND r.rolname = current_user
        """;

    public static async Task<DatabaseProbe> RunAsync(ConnectionSettings settings, ServerTools tools, CancellationToken cancellationToken)
    {
        (Server server, WireSession session) = await Server.FindAsync(settings, cancellationToken);
        using (session)
        {
            (string?[] row, string[] leftovers, string[] old, AiShellException? crowded) = await ServerErrors.RunAsync(
                session, $"database '{settings.Database}'", open =>
                {
                    string?[] found = open.Query(Query)[0];
                    return (
                        found,
                        Leftovers.Find(open, settings.Database).ToArray(),
                        OldTransactions.Find(open, OldTransactions.Worrying).ToArray(),
                        LockRoom.Of(open).ShortFor(long.Parse(found[9]!, CultureInfo.InvariantCulture)));
                }, cancellationToken);
            return new DatabaseProbe(
                server.VersionText,
                long.Parse(row[0]!, CultureInfo.InvariantCulture),
                [
                    KeyValuePair.Create("encoding", row[2]!),
                    KeyValuePair.Create("collation", row[3]!),
                    KeyValuePair.Create("role", row[1] == "t" ? "standby" : "primary"),
                    KeyValuePair.Create("WAL level", row[4]!),
                ],
                [
                    .. Limits(server, row),
                    .. crowded is null ? (string[])[] : [$"No backup: {crowded.Message} {crowded.Hint}"],
                    .. await ToolLimitsAsync(server, tools, cancellationToken),
                    .. leftovers.Select(name => $"The database '{name}' was left by a restore or a test that was ended; the next one of '{settings.Database}' drops it."),
                    .. old,
                ]);
        }
    }

    private static IEnumerable<string> Limits(Server server, string?[] row)
    {
        if (server.Version < OldestVersion)
        {
            yield return $"PostgreSQL {server.VersionText} is older than what ai-shell is made for (13).";
        }

        if (row[5] != "t")
        {
            yield return "The user is not a member of pg_read_all_data: a backup fails on tables that it may not read.";
        }

        if (row[7] != "t")
        {
            yield return "Some tables have row-level security and the user has no BYPASSRLS: a backup fails on them rather than miss rows.";
        }

        if (row[8] != "0")
        {
            yield return $"The user may not read the {row[8]} large objects: a backup fails on them (GRANT SELECT ON pg_catalog.pg_largeobject, or pg_read_all_data).";
        }

        if (row[1] == "t")
        {
            yield return "A standby takes backups, but no restore.";
        }
        else if (row[6] != "t")
        {
            yield return "The user has no CREATEDB: a restore, which makes a new database, needs another user.";
        }
    }

    private static async Task<IReadOnlyList<string>> ToolLimitsAsync(Server server, ServerTools tools, CancellationToken cancellationToken)
    {
        try
        {
            await tools.RequireAsync("pg_dump", server.Version / 10000, cancellationToken);
            return [];
        }
        catch (AiShellException missing)
        {
            return [$"No backup: {missing.Message} {missing.Hint}"];
        }
    }
}
