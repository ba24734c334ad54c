using AiShell.Engines.PostgreSql.Wire;

namespace AiShell.Engines.PostgreSql;

/// <summary>
/// Looks sampled rows up by the primary key, or by all values where there is none, and compares what COPY writes of them byte by
/// byte. A row is text as COPY writes it, so values are compared by their types' output and by nothing that a type may hold equal.
/// </summary>
internal static class SampleComparison
{
    private const int LongestShown = 60;
    private const int RunBytes = 1;

    // Columns of every table but the generated ones, as in the canonical row. Of the key: whether its type's own '=' is found
    // without a search path, so that the key's index serves; other keys are looked up by their text.
    private const string ColumnsQuery =
        """
        SELECT a.attname, coalesce(a.attnum = ANY (i.key), false), t.typnamespace = 'pg_catalog'::regnamespace OR t.typtype = 'e',
               a.attgenerated <> ''
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid JOIN pg_type t ON t.oid = a.atttypid
        LEFT JOIN (SELECT indrelid, (indkey::int2[])[0:indnkeyatts - 1] AS key FROM pg_index WHERE indisprimary) i ON i.indrelid = c.oid
        WHERE n.nspname = $1 AND c.relname = $2 AND a.attnum > 0 AND NOT a.attisdropped AND (a.attgenerated = '' OR a.attnum = ANY (i.key))
        ORDER BY a.attnum
        """;

    public static IReadOnlyList<string> Run(WireSession session, IReadOnlyList<SampledRow> rows, CancellationToken cancellationToken)
    {
        List<string> differences = [];
        foreach (IGrouping<TableName, SampledRow> table in rows.GroupBy(row => row.Table))
        {
            ComparedTable compared = Read(session, table.Key);
            foreach (SampledRow row in table)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (Difference(session, compared, row.Canonical.Span) is { } difference)
                {
                    differences.Add(difference);
                }
            }
        }

        return differences;
    }

    private static string? Difference(WireSession session, ComparedTable table, ReadOnlySpan<byte> expected)
    {
        List<byte[]> values = Split(expected);
        if (table.Columns.Count > 0 && values.Count != table.Columns.Count)
        {
            return $"{table.Name}: it has other columns than the backup";
        }

        string condition = string.Join(" AND ", table.Lookup.Select(column => column.ConditionOf(CopyText.Decode(values[column.Index]))));
        CopyOut copy = session.BeginCopyOut(
            $"COPY (SELECT {string.Join(", ", table.Columns.Select(column => SqlText.Quote(column.Name)))} FROM ONLY {SqlText.Quote(table.Name)}"
            + $"{(condition.Length > 0 ? $" WHERE {condition}" : "")} LIMIT 1) TO STDOUT");
        using MemoryStream found = new();
        while (copy.Next(RunBytes, bytes => found.Write(bytes)))
        {
            // at most one row, perhaps in pieces
        }

        string where = string.Join(", ", table.Lookup.Take(3).Select(column => $"{column.Name} {Show(values[column.Index])}"));
        string subject = where.Length > 0 ? $"{table.Name} {where}" : $"{table.Name}";
        if (found.Length == 0)
        {
            return $"{subject}: the row is missing";
        }

        ReadOnlySpan<byte> row = found.GetBuffer().AsSpan(0, (int)found.Length - 1);
        return row.SequenceEqual(expected) ? null : $"{subject}: {FirstDifference(table, Split(row), values)}";
    }

    private static string FirstDifference(ComparedTable table, List<byte[]> found, List<byte[]> expected)
    {
        ComparedColumn column = table.Columns.First(column => !found[column.Index].AsSpan().SequenceEqual(expected[column.Index]));
        return $"{column.Name} is {Show(found[column.Index])}, expected {Show(expected[column.Index])}";
    }

    private static string Show(byte[] value) =>
        CopyText.Decode(value) is not { } text ? "NULL" : text.Length <= LongestShown ? text : $"{text[..LongestShown]}… ({text.Length:N0} characters)";

    private static List<byte[]> Split(ReadOnlySpan<byte> row)
    {
        List<byte[]> values = [];
        foreach (Range value in row.Split((byte)'\t'))
        {
            values.Add(row[value].ToArray());
        }

        return values;
    }

    private static ComparedTable Read(WireSession session, TableName name)
    {
        List<ComparedColumn> columns = [];
        List<ComparedColumn> key = [];
        bool keyServes = true;
        foreach (string?[] row in session.Query(ColumnsQuery, name.Schema, name.Name))
        {
            bool isKey = row[1] == "t";
            if (row[3] == "t")
            {
                keyServes = false; // a part of the key that no backup holds
                continue;
            }

            ComparedColumn column = new(columns.Count, row[0]!, ByText: row[2] != "t");
            columns.Add(column);
            if (isKey)
            {
                key.Add(column);
            }
        }

        return new ComparedTable(name, columns, keyServes && key.Count > 0 ? key : [.. columns.Select(column => column with { ByText = true })]);
    }

    /// <param name="Lookup">The columns that a row is found by.</param>
    private sealed record ComparedTable(TableName Name, List<ComparedColumn> Columns, List<ComparedColumn> Lookup);

    /// <param name="Index">Its place in the canonical row.</param>
    private sealed record ComparedColumn(int Index, string Name, bool ByText)
    {
        /// <summary><c>format</c> gives what the type's output function, and so COPY, writes; a cast to text does not for some types.</summary>
        public string ConditionOf(string? value) => value is null
            ? $"{SqlText.Quote(Name)} IS NOT DISTINCT FROM NULL"
            : ByText
                ? $"{SqlText.Quote(Name)} IS DISTINCT FROM NULL AND pg_catalog.format('%s', {SqlText.Quote(Name)}) = {SqlText.Literal(value)} COLLATE \"C\""
                : $"{SqlText.Quote(Name)} = {SqlText.Literal(value)}";
    }
}
