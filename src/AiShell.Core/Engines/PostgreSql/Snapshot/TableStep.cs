namespace AiShell.Engines.PostgreSql.Snapshot;

/// <summary>One table, or a range of its pages, to be read by one worker.</summary>
/// <param name="FirstPage">Included; null for the whole table.</param>
/// <param name="EndPage">Excluded; null for the last.</param>
internal sealed record TableStep(SourceTable Table, long? FirstPage, long? EndPage, long EstimatedBytes)
{
    private const int MostStepsOfTable = 64;
    private const int FirstWithTidRangeScan = 140000;

    /// <summary>The COPY that reads it.</summary>
    public string CopyStatement
    {
        get
        {
            string columns = string.Join(", ", Table.Columns.Select(SqlText.Quote));
            List<string> conditions = Table.Name == LargeObjects.Table ? [LargeObjects.Filter] : [];
            if (FirstPage is { } first)
            {
                conditions.Add($"ctid >= '({first},0)'");
            }

            if (EndPage is { } end)
            {
                conditions.Add($"ctid < '({end},0)'");
            }

            if (Table.Condition is { } condition)
            {
                // As the extension gives it, with its WHERE.
                return $"COPY (SELECT {columns} FROM ONLY {SqlText.Quote(Table.Name)} {condition}) TO STDOUT";
            }

            return conditions.Count > 0
                ? $"COPY (SELECT {columns} FROM ONLY {SqlText.Quote(Table.Name)} WHERE {string.Join(" AND ", conditions)}) TO STDOUT"
                : $"COPY {SqlText.Quote(Table.Name)} {(columns.Length > 0 ? $"({columns}) " : "")}TO STDOUT";
        }
    }

    /// <summary>
    /// Splits only a table that is larger than its fair share of the whole: then ranges are the only way to keep all sessions busy.
    /// </summary>
    public static IEnumerable<TableStep> Split(IReadOnlyList<SourceTable> tables, int sessions, long partBytes, int serverVersion)
    {
        long most = Math.Max(partBytes, FairShare.Most(tables.Sum(table => table.SizeBytes), sessions));
        foreach (SourceTable table in tables)
        {
            bool splits = sessions > 1 && serverVersion >= FirstWithTidRangeScan && table.Condition is null && table.Pages > 1 && table.SizeBytes > most;
            int steps = splits ? (int)Math.Clamp(Math.Min(table.SizeBytes / partBytes, table.Pages), 1, Math.Min(MostStepsOfTable, 4 * sessions)) : 1;
            for (int step = 0; step < steps; step++)
            {
                yield return new TableStep(
                    table,
                    step == 0 ? null : table.Pages * step / steps,
                    step == steps - 1 ? null : table.Pages * (step + 1) / steps,
                    table.SizeBytes / steps);
            }
        }
    }
}
