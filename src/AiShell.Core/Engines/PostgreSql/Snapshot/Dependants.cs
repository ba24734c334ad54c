using System.Globalization;
using AiShell.Engines.PostgreSql.Wire;

namespace AiShell.Engines.PostgreSql.Snapshot;

/// <summary>What cannot be without some tables, by the server's own books (manual, pg_depend).</summary>
/// <param name="Objects">By catalogue and row, the tables among them.</param>
/// <param name="Relations">Those of them that are tables, views or sequences.</param>
internal sealed record Dependants(IReadOnlySet<(long Catalogue, long Row)> Objects, IReadOnlyList<TableName> Relations)
{
    public static readonly Dependants None = new(new HashSet<(long, long)>(), []);

    // A view is its rule for SELECT: the rule depends on what the view reads, and the view is of no use without it. A sequence goes with the
    // column that owns it, unless something else uses it; of one that stays pg_dump reads its owner's columns, for which it locks the table.
    private const string Statement =
        """
        WITH RECURSIVE links(class, object, needs_class, needs) AS (
          SELECT classid, objid, refclassid, refobjid FROM pg_depend WHERE deptype <> 'e' AND NOT (classid = 'pg_class'::regclass AND objid IN (SELECT oid FROM pg_class WHERE relkind = 'S'))
          UNION ALL SELECT 'pg_class'::regclass, ev_class, 'pg_rewrite'::regclass, oid FROM pg_rewrite WHERE ev_type = '1'),
        gone(class, object) AS (
          SELECT 'pg_class'::regclass::oid, unnest($1::oid[])
          UNION SELECT l.class, l.object FROM links l JOIN gone g ON l.needs_class = g.class AND l.needs = g.object),
        unused(class, object) AS (
          SELECT o.classid, o.objid FROM pg_depend o JOIN pg_class s ON o.classid = 'pg_class'::regclass AND s.oid = o.objid AND s.relkind = 'S'
          WHERE o.deptype IN ('a', 'i') AND (o.refclassid, o.refobjid) IN (SELECT class, object FROM gone)
            AND NOT EXISTS (SELECT FROM pg_depend u WHERE u.refclassid = 'pg_class'::regclass AND u.refobjid = s.oid AND u.deptype <> 'i' AND (u.classid, u.objid) NOT IN (SELECT class, object FROM gone)))
        SELECT g.class, g.object, n.nspname, c.relname FROM (TABLE gone UNION ALL TABLE unused) g
        LEFT JOIN pg_class c ON g.class = 'pg_class'::regclass AND c.oid = g.object AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
        LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
        """;

    /// <param name="tables">By number.</param>
    public static Dependants Of(WireSession session, IEnumerable<string> tables)
    {
        List<string?[]> rows = session.Query(Statement, $"{{{string.Join(',', tables)}}}");
        return new Dependants(
            rows.Select(row => (long.Parse(row[0]!, CultureInfo.InvariantCulture), long.Parse(row[1]!, CultureInfo.InvariantCulture))).ToHashSet(),
            [.. rows.Where(row => row[2] is not null).Select(row => new TableName(row[2]!, row[3]!)).Distinct()]);
    }
}
