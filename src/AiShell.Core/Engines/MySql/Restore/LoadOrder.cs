namespace AiShell.Engines.MySql.Restore;

/// <summary>
/// The order in which rows are loaded, so that all workers have something to do to the end: a table's keys are made by one of them, when its
/// last row is there.
/// </summary>
internal static class LoadOrder
{
    /// <summary>
    /// For each session one run after another. Those of one table are no more than there are workers: its loads wait for one another where it has an AUTO_INCREMENT column (InnoDB
    /// holds that lock through a LOAD DATA), and so the sessions that there are beyond that are left for another table.
    /// </summary>
    public static IReadOnlyList<IReadOnlyList<BackupPart>> Runs(IEnumerable<BackupPart> parts, int workers) =>
    [
        .. Of(parts, workers).Select((part, place) => (Part: part, Place: place))
            .GroupBy(placed => placed.Part.Table)
            .SelectMany(table => table.Select((placed, index) => (placed.Part, placed.Place, Run: index % workers)).GroupBy(placed => placed.Run))
            .OrderBy(run => run.First().Place)
            .Select(run => run.Select(placed => placed.Part).ToArray()),
    ];

    /// <summary>The largest table first, so that its keys are not the last to be begun; the last of size side by side, so that their keys are made at once.</summary>
    public static IEnumerable<BackupPart> Of(IEnumerable<BackupPart> parts, int workers)
    {
        Table[] tables = [.. parts.GroupBy(part => part.Table).Select(table => new Table([.. table])).OrderByDescending(table => table.Bytes)];
        int last = Math.Max(0, FindLastOfSize(tables));
        int first = last;
        while (first > 0 && last - first + 1 < workers && tables[last].Bytes >= tables[first - 1].Bytes / 2)
        {
            first--;
        }

        return tables.Take(first).SelectMany(table => table.Parts).Concat(SideBySide(tables.Skip(first).Take(last - first + 1))).Concat(tables.Skip(last + 1).SelectMany(table => table.Parts));
    }

    /// <summary>What is left after it is too little to be done while its keys are made; -1 where none has rows.</summary>
    private static int FindLastOfSize(Table[] tables)
    {
        long rest = tables.Sum(table => table.Bytes);
        return Array.FindIndex(tables, table => (rest -= table.Bytes) < table.Bytes / 2);
    }

    /// <summary>The parts of each in their order, so that all end together.</summary>
    private static IEnumerable<BackupPart> SideBySide(IEnumerable<Table> tables) =>
        tables.SelectMany(table => table.Parts.Select((part, index) => (Part: part, Place: (index + 1.0) / table.Parts.Length))).OrderBy(part => part.Place).Select(part => part.Part);

    private sealed record Table(BackupPart[] Parts)
    {
        public long Bytes { get; } = Parts.Sum(part => part.PlainBytes);
    }
}
