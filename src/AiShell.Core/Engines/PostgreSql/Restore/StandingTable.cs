using System.Globalization;
using AiShell.Engines.PostgreSql.Wire;

namespace AiShell.Engines.PostgreSql.Restore;

/// <summary>A table that stands in the target already.</summary>
/// <param name="EstimatedRows">As the server's statistics have it; -1 where they do not.</param>
internal sealed record StandingTable(string Oid, TableName Name, long EstimatedRows)
{
    private string Quoted => SqlText.Quote(Name);

    /// <summary>Those of the names that stand; large objects are no table of anybody's.</summary>
    public static IEnumerable<StandingTable> Find(WireSession session, IEnumerable<TableName> names)
    {
        foreach (TableName name in names.Where(name => name != LargeObjects.Table))
        {
            List<string?[]> rows = session.Query(
                "SELECT c.oid, c.reltuples::bigint FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p', 'f')", name.Schema, name.Name);
            if (rows is [[string oid, string estimate]])
            {
                yield return new StandingTable(oid, name, long.Parse(estimate, CultureInfo.InvariantCulture));
            }
        }
    }

    public bool HasRows(WireSession session) => session.Scalar($"SELECT 1 FROM ONLY {Quoted} LIMIT 1") is not null;

    public string Describe() => EstimatedRows < 0 ? $"table {Name}" : string.Create(CultureInfo.InvariantCulture, $"table {Name} (about {EstimatedRows:N0} rows)");

    /// <summary>What makes its rows what they are: columns with their types, defaults and order, and checks. Equal for tables that take the same rows.</summary>
    public static IReadOnlyList<string> ReadShape(WireSession session, string oid) =>
    [
        .. session.Query(
            """
            SELECT concat_ws(' | ', quote_ident(a.attname), format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated, a.attcollation, pg_get_expr(d.adbin, d.adrelid))
            FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
            WHERE a.attrelid = $1::oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
            """,
            oid).Select(row => row[0]!),
        .. session.Query("SELECT conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = $1::oid AND contype = 'c' AND convalidated ORDER BY 1", oid).Select(row => row[0]!),
    ];
}
