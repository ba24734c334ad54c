using System.Text;
using System.Text.Unicode;
using AiShell.Engines.MySql.Snapshot;
using AiShell.Engines.MySql.Wire;

namespace AiShell.Engines.MySql;

/// <summary>
/// Looks sampled rows up by the primary key, or by all values where there is none, and compares their canonical form byte by byte.
/// What the server holds equal only finds the rows that are compared: 'a' and 'A' are two values.
/// </summary>
internal static class SampleComparison
{
    private const int LongestShown = 60;
    private const int LongestLookedUp = 64 * 1024; // longer values are compared, but not looked up by

    /// <param name="database">The session's default database.</param>
    public static IReadOnlyList<string> Run(MySqlSession session, string database, IReadOnlyList<SampledRow> rows, CancellationToken cancellationToken)
    {
        RowSelect.Prepare(session);
        var tables = ColumnListing.Read(session, database).ToDictionary(table => table.Name);
        List<string> differences = [];
        foreach (SampledRow row in rows)
        {
            cancellationToken.ThrowIfCancellationRequested();
            string? difference = tables.TryGetValue(row.Table, out SourceTable? table) ? Difference(session, table, row.Canonical.ToArray()) : $"{row.Table}: the table is missing";
            if (difference is not null)
            {
                differences.Add(difference);
            }
        }

        return differences;
    }

    private static string? Difference(MySqlSession session, SourceTable table, byte[] expected)
    {
        List<Range> values = TupleLiterals.Split(expected);
        if (values.Count != table.Columns.Count)
        {
            return $"{table.Name}: it has other columns than the backup";
        }

        (SourceColumn Column, byte[] Literal)[] lookup =
        [
            .. table.Columns.Select((column, index) => (Column: column, Literal: expected[values[index]]))
                .Where(value => table.Key.Count == 0 || table.Key.Contains(value.Column.Name)),
        ];
        string condition = string.Join(" AND ", lookup.Select(value => ConditionOf(value.Column, value.Literal)).OfType<string>());
        NearestRow nearest = new(expected);
        string select = RowSelect.Of(table.Name, table.Columns, condition.Length > 0 ? $"WHERE {condition}" : "");
        new RowDecoder(new BinaryRows(session, select), table.Columns).ReadToEnd(nearest);
        string subject = $"{table.Name} {string.Join(", ", lookup.Take(3).Select(value => $"{value.Column.Name} {Show(value.Literal)}"))}".TrimEnd();
        return nearest.IsEqual ? null
            : nearest.Difference is not { } difference ? $"{subject}: the row is missing"
            : $"{subject}: {table.Columns[difference.Column].Name} is {Show(difference.Literal)}, expected {Show(expected[values[difference.Column]])}";
    }

    /// <summary>That a column has a value; null where the server's comparison may miss it. It may hold for others too.</summary>
    private static string? ConditionOf(SourceColumn column, byte[] literal)
    {
        if (literal.Length > LongestLookedUp || !Utf8.IsValid(literal))
        {
            return null;
        }

        string name = SqlText.Quote(column.Name);
        string value = Encoding.UTF8.GetString(literal);
        return value == "NULL" ? $"{name} IS NULL" : column.BaseType switch
        {
            // Literals are rounded; documents and shapes are compared by what they mean.
            "float" or "double" or "json" or "vector" or "geometry" or "point" or "linestring" or "polygon"
                or "multipoint" or "multilinestring" or "multipolygon" or "geometrycollection" or "geomcollection" => null,
            "bit" or "year" => $"{name} + 0 = {value} + 0", // 0x01 is text, and 0 the year 2000
            _ => $"{name} = {value}",
        };
    }

    private static string Show(byte[] literal)
    {
        string text = Encoding.UTF8.GetString(literal.AsSpan(0, Math.Min(literal.Length, LongestLookedUp)));
        return text.Length <= LongestShown ? text : $"{text[..LongestShown]}… ({literal.Length:N0} bytes)";
    }
}
