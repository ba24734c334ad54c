using System.Globalization;
using AiShell.Engines.PostgreSql.Wire;

namespace AiShell.Engines.PostgreSql.Restore;

/// <summary>What a database holds that is its users': a new one has nothing of it.</summary>
internal static class DatabaseListing
{
    private const string OfUsers = "n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'";

    private const string Contents =
        $"""
        SELECT CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'S' THEN 'sequence' WHEN 'f' THEN 'foreign table' ELSE 'table' END,
               n.nspname || '.' || c.relname, CASE WHEN c.relkind IN ('r', 'm') THEN c.reltuples::bigint ELSE -1 END, pg_total_relation_size(c.oid)
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND {OfUsers}
          AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('e', 'i', 'a'))
        UNION ALL
        SELECT 'function', n.nspname || '.' || p.proname, -1, 0 FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
        WHERE {OfUsers} AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype IN ('e', 'i'))
        UNION ALL
        SELECT 'type', n.nspname || '.' || t.typname, -1, 0 FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace LEFT JOIN pg_class c ON c.oid = t.typrelid
        WHERE {OfUsers} AND (t.typtype IN ('e', 'd', 'r') OR c.relkind = 'c')
          AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_type'::regclass AND d.objid = t.oid AND d.deptype IN ('e', 'i'))
        UNION ALL
        SELECT 'schema', n.nspname, -1, 0 FROM pg_namespace n
        WHERE {OfUsers} AND n.nspname <> 'public' AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_namespace'::regclass AND d.objid = n.oid AND d.deptype = 'e')
        UNION ALL
        SELECT count(*)::text, CASE count(*) WHEN 1 THEN 'large object' ELSE 'large objects' END, -1, 0 FROM pg_largeobject_metadata HAVING count(*) > 0
        ORDER BY 4 DESC, 2
        """;

    /// <summary>Largest first, in words.</summary>
    public static IReadOnlyList<string> Read(WireSession session) =>
    [
        .. session.Query(Contents).Select(row => long.Parse(row[2]!, CultureInfo.InvariantCulture) is >= 0 and long rows
            ? string.Create(CultureInfo.InvariantCulture, $"{row[0]} {row[1]} (about {rows:N0} rows)")
            : $"{row[0]} {row[1]}"),
    ];
}
