using AiShell.Engines.PostgreSql.Wire;

namespace AiShell.Engines.PostgreSql.Snapshot;

/// <summary>What makes the large objects, empty, and, after their bytes, gives them owners, comments, labels and grants.</summary>
/// <param name="Grants">To be run with the other grants.</param>
internal sealed record LargeObjectScript(IReadOnlyList<ScriptEntry> PreData, IReadOnlyList<ScriptEntry> PostData, IReadOnlyList<ScriptEntry> Grants)
{
    public static readonly LargeObjectScript Nothing = new([], [], []);

    // Each statement on one locks it until the entry's end; a server has room for a few thousand locks.
    private const int ObjectsPerEntry = 200;

    // A row for each entry: of millions, what is kept of each object is its number.
    private static readonly string Objects =
        $"""
        SELECT pg_get_userbyid(m.lomowner), min(m.oid), string_agg(m.oid::text, ',' ORDER BY m.oid)
        FROM (SELECT oid, lomowner, (row_number() OVER (PARTITION BY lomowner ORDER BY oid) - 1) / {ObjectsPerEntry} AS batch FROM pg_catalog.pg_largeobject_metadata) m
        GROUP BY m.lomowner, m.batch ORDER BY 1, 2
        """;

    private const string EmptyAtTheEnd =
        $"""
        SELECT m.oid, l.pageno FROM pg_catalog.pg_largeobject_metadata m
        CROSS JOIN LATERAL (SELECT pageno, octet_length(data) AS bytes FROM pg_catalog.pg_largeobject p WHERE p.loid = m.oid ORDER BY pageno DESC LIMIT 1) l
        WHERE l.bytes = 0 ORDER BY 1
        """;

    private const string Privileges =
        """
        SELECT m.oid, pg_get_userbyid(m.lomowner), a.grantee = m.lomowner, CASE WHEN a.grantee <> 0 THEN pg_get_userbyid(a.grantee) END,
               string_agg(a.privilege_type, ', ' ORDER BY a.privilege_type), a.is_grantable
        FROM pg_catalog.pg_largeobject_metadata m LEFT JOIN LATERAL aclexplode(m.lomacl) a ON true WHERE m.lomacl IS NOT NULL
        GROUP BY 1, 2, 3, 4, 6, a.grantor ORDER BY m.oid, a.grantor = m.lomowner DESC, 4, 6
        """;

    /// <param name="whole">With owners, comments and grants; otherwise only what the bytes need.</param>
    public static LargeObjectScript Read(WireSession session, bool whole, ref int next)
    {
        List<ScriptEntry> before = [];
        List<string?[]> batches = session.Query(Objects);
        foreach (string?[] batch in batches)
        {
            before.Add(Entry(ref next, "LARGE OBJECT", $"LARGE OBJECT {batch[1]}", $"SELECT pg_catalog.count(pg_catalog.lo_create(o)) FROM {Unnested(batch[2]!)};\n"));
        }

        foreach (string?[][] batch in session.Query(EmptyAtTheEnd).Chunk(ObjectsPerEntry))
        {
            // One statement for one object, so that its descriptor and its use are in one transaction for psql too.
            before.Add(Entry(ref next, "LARGE OBJECT", $"LARGE OBJECT {batch[0][0]}", string.Concat(batch.Select(row =>
                $"SELECT pg_catalog.lo_truncate64(pg_catalog.lo_open({row[0]}, 131072), {row[1]}::pg_catalog.int8 * {LargeObjects.PageBytes});\n"))));
        }

        before.Add(Entry(ref next, "LARGE OBJECT VIEW", "large objects", LargeObjects.ViewStatements));
        if (!whole)
        {
            return new LargeObjectScript(before, [], []);
        }

        List<ScriptEntry> after = Owners(batches, ref next);
        after.AddRange(Batches(ref next, "COMMENT", session.Query("SELECT objoid, description FROM pg_catalog.pg_description WHERE classoid = 'pg_catalog.pg_largeobject'::pg_catalog.regclass ORDER BY 1")
            .Select(row => (row[0]!, $"COMMENT ON LARGE OBJECT {row[0]} IS {SqlText.Literal(row[1]!)};\n"))));
        after.AddRange(Batches(ref next, "SECURITY LABEL", session.Query("SELECT objoid, provider, label FROM pg_catalog.pg_seclabel WHERE classoid = 'pg_catalog.pg_largeobject'::pg_catalog.regclass ORDER BY 1")
            .Select(row => (row[0]!, $"SECURITY LABEL FOR {SqlText.Quote(row[1]!)} ON LARGE OBJECT {row[0]} IS {SqlText.Literal(row[2]!)};\n"))));
        return new LargeObjectScript(before, after, [.. Batches(ref next, "ACL", Grantings(session))]);
    }

    private static List<ScriptEntry> Owners(List<string?[]> batches, ref int next)
    {
        List<ScriptEntry> owners = [];
        foreach (string?[] batch in batches)
        {
            string sql = SqlText.Block(
                $"  EXECUTE (SELECT pg_catalog.string_agg(pg_catalog.format('ALTER LARGE OBJECT %s OWNER TO %I', o, {SqlText.Literal(batch[0]!)}), '; ') FROM {Unnested(batch[2]!)});");
            owners.Add(ScriptEntry.Create(next++, "LARGE OBJECT", "", $"LARGE OBJECT {batch[1]}", "", ownerSql: sql, owner: batch[0]));
        }

        return owners;
    }

    private static string Unnested(string numbers) => $"pg_catalog.unnest('{{{numbers}}}'::pg_catalog.oid[]) AS o";

    /// <summary>What an object's list of privileges says; the owner has all unless it says otherwise (manual, "Privileges").</summary>
    private static IEnumerable<(string Object, string Sql)> Grantings(WireSession session)
    {
        foreach (IGrouping<string, string?[]> lo in session.Query(Privileges).GroupBy(row => row[0]!))
        {
            string?[][] rows = [.. lo];
            string revoke = rows.Any(row => row[2] == "t" && row[4] == "SELECT, UPDATE") ? "" : $"REVOKE ALL ON LARGE OBJECT {lo.Key} FROM {SqlText.Quote(rows[0][1]!)};\n";
            IEnumerable<string> grants = rows.Where(row => row[4] is not null && (row[2] != "t" || revoke.Length > 0)).Select(row =>
                $"GRANT {row[4]} ON LARGE OBJECT {lo.Key} TO {(row[3] is { } role ? SqlText.Quote(role) : "PUBLIC")}{(row[5] == "t" ? " WITH GRANT OPTION" : "")};\n");
            yield return (lo.Key, revoke + string.Concat(grants));
        }
    }

    private static List<ScriptEntry> Batches(ref int next, string kind, IEnumerable<(string Object, string Sql)> statements)
    {
        List<ScriptEntry> entries = [];
        foreach ((string Object, string Sql)[] batch in statements.Chunk(ObjectsPerEntry))
        {
            entries.Add(Entry(ref next, kind, $"LARGE OBJECT {batch[0].Object}", string.Concat(batch.Select(statement => statement.Sql))));
        }

        return entries;
    }

    private static ScriptEntry Entry(ref int next, string kind, string name, string sql) => ScriptEntry.Create(next++, kind, "", name, sql);
}
