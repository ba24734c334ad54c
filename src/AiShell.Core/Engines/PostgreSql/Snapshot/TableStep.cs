namespace AiShell.Engines.PostgreSql.Snapshot;

/// <summary>One table, or a range of its pages, to be read by one worker.</summary>
/// <param name="FirstPage">Included; null for the whole table.</param>
/// <param name="EndPage">Excluded; null for the last.</param>
/// <param name="PassesOver">The range is read by a scan of the whole table that passes over the other ranges' pages.</param>
internal sealed record TableStep(SourceTable Table, long? FirstPage, long? EndPage, long EstimatedBytes, bool PassesOver = false)
{
    private const int MostStepsOfTable = 64;
    private const int FirstWithTidRangeScan = 140000;

    public bool IsRange => FirstPage is not null || EndPage is not null;

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
    /// Splits only a table that is larger than its fair share of the whole: then ranges are the only way to keep all sessions busy. Where the server is on this machine
    /// and the table fits in its memory, each session scans all of it and passes over what others read: cheap beside formatting rows, and such a scan leaves the
    /// server's cache to its users, while one of a range of pages replaces what is in it. Elsewhere ranges are scanned (from 14 on), and on the server's own machine, where
    /// they cost as much as they save, only by half of the workers.
    /// </summary>
    /// <param name="memoryBytes">Of the server's machine, where that is this one; null elsewhere.</param>
    public static IEnumerable<TableStep> Split(IReadOnlyList<SourceTable> tables, int workers, long? memoryBytes, long partBytes, int serverVersion)
    {
        long total = tables.Sum(table => table.SizeBytes);
        foreach (SourceTable table in tables)
        {
            bool inMemory = table.SizeBytes <= memoryBytes / 4;
            int sessions = inMemory || memoryBytes is null ? workers : Math.Max(1, workers / 2);
            long most = Math.Max(partBytes, FairShare.Most(total, sessions));
            bool splits = sessions > 1 && (inMemory || serverVersion >= FirstWithTidRangeScan) && table.Condition is null && table.Pages > 1 && table.SizeBytes > most;
            int mostSteps = inMemory ? sessions : Math.Min(MostStepsOfTable, 4 * sessions);
            int steps = splits ? (int)Math.Clamp(Math.Min(table.SizeBytes / partBytes, table.Pages), 1, mostSteps) : 1;
            for (int step = 0; step < steps; step++)
            {
                yield return new TableStep(
                    table,
                    step == 0 ? null : table.Pages * step / steps,
                    step == steps - 1 ? null : table.Pages * (step + 1) / steps,
                    table.SizeBytes / steps,
                    inMemory && steps > 1);
            }
        }
    }
}
