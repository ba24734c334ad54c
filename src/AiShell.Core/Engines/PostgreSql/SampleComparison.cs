using System.Text;
using AiShell.Engines.PostgreSql.Wire;

namespace AiShell.Engines.PostgreSql;

/// <summary>Looks sampled rows up by the primary key, or by all values where there is none, and compares them.</summary>
internal static class SampleComparison
{
    public static IReadOnlyList<string> Run(WireSession session, IReadOnlyList<SampledRow> rows, CancellationToken cancellationToken)
    {
        List<string> differences = [];
        foreach (IGrouping<TableName, SampledRow> table in rows.GroupBy(row => row.Table))
        {
            (string[] columns, string[] keys) = Columns(session, table.Key);
            foreach (SampledRow row in table)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (Difference(session, table.Key, columns, keys, Encoding.UTF8.GetString(row.Canonical.Span)) is { } difference)
                {
                    differences.Add(difference);
                }
            }
        }

        return differences;
    }

    private static string? Difference(WireSession session, TableName table, string[] columns, string[] keys, string expected)
    {
        string?[] values = [.. expected.Split('\t').Select(CopyText.Decode)];
        if (columns.Length > 0 && values.Length != columns.Length)
        {
            return $"{table}: it has other columns than the backup";
        }

        string[] named = keys.Length > 0 ? keys : columns;
        string condition = string.Join(" AND ", named.Select(name => Condition(name, values[Array.IndexOf(columns, name)], byText: keys.Length == 0)));
        List<string> found = [];
        CopyOut copy = session.BeginCopyOut(
            $"COPY (SELECT {string.Join(", ", columns.Select(SqlText.Quote))} FROM ONLY {SqlText.Quote(table)}{(condition.Length > 0 ? $" WHERE {condition}" : "")} LIMIT 2) TO STDOUT");
        StringBuilder text = new();
        while (copy.Next(1, bytes => text.Append(Encoding.UTF8.GetString(bytes))))
        {
            if (text[^1] == '\n')
            {
                found.Add(text.ToString(0, text.Length - 1));
                text.Clear();
            }
        }

        string where = string.Join(", ", named.Take(3).Select(name => $"{name} {values[Array.IndexOf(columns, name)] ?? "NULL"}"));
        return found.Count == 0 ? $"{table} {where}: the row is missing"
            : found[0] != expected ? $"{table} {where}: {FirstDifference(columns, found[0].Split('\t'), expected.Split('\t'))}"
            : null;
    }

    private static string FirstDifference(string[] columns, string[] found, string[] expected)
    {
        int column = Enumerable.Range(0, Math.Min(found.Length, expected.Length)).FirstOrDefault(index => found[index] != expected[index]);
        return $"{columns[column]} is {found[column]}, expected {expected[column]}";
    }

    private static string Condition(string column, string? value, bool byText) =>
        value is null ? $"{SqlText.Quote(column)} IS NULL" : $"{SqlText.Quote(column)}{(byText ? "::text" : "")} = {SqlText.Literal(value)}";

    private static (string[] Columns, string[] Keys) Columns(WireSession session, TableName table)
    {
        List<string?[]> rows = session.Query(
            """
            SELECT a.attname, a.attnum = ANY (i.indkey::int2[])
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
            LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
            WHERE n.nspname = $1 AND c.relname = $2 AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
            ORDER BY a.attnum
            """,
            table.Schema,
            table.Name);
        return ([.. rows.Select(row => row[0]!)], [.. rows.Where(row => row[1] == "t").Select(row => row[0]!)]);
    }
}
