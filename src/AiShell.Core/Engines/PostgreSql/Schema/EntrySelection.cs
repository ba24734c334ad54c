namespace AiShell.Engines.PostgreSql.Schema;

/// <summary>
/// Which entries of a dump go with some of its tables: the tables, all they need (types, schemas, functions, the parents of partitions),
/// and what stands on nothing else (indexes, constraints, triggers, comments).
/// </summary>
internal static class EntrySelection
{
    /// <param name="gone">Objects, by catalogue and row, that cannot be without a table that was not even looked at.</param>
    public static IReadOnlyList<ArchiveEntry> Choose(IReadOnlyList<ArchiveEntry> entries, TableFilter filter, IReadOnlySet<(long Catalogue, long Row)> gone)
    {
        if (filter.TakesAll)
        {
            return entries;
        }

        HashSet<int> dropped = [.. entries.Where(entry => (IsTable(entry) && !filter.Takes(NameOf(entry))) || gone.Contains(entry.Oid)).Select(entry => entry.Id)];
        if (filter.Include.Count > 0)
        {
            Restore(entries, dropped, filter);
        }

        return [.. WithoutDependants(entries, dropped)];
    }

    public static TableName NameOf(ArchiveEntry entry) => new(entry.Schema, entry.Tag);

    private static bool IsTable(ArchiveEntry entry) => entry.Kind is "TABLE" or "MATERIALIZED VIEW" or "FOREIGN TABLE" or "VIEW";

    /// <summary>What a wanted table cannot be without comes along, even if no pattern names it; only its declaration, not its rows.</summary>
    private static void Restore(IReadOnlyList<ArchiveEntry> entries, HashSet<int> dropped, TableFilter filter)
    {
        Dictionary<int, ArchiveEntry> byId = entries.ToDictionary(entry => entry.Id);
        Stack<int> needed = new(entries.Where(entry => IsTable(entry) && filter.Takes(NameOf(entry))).SelectMany(entry => entry.DependsOn));
        HashSet<int> seen = [];
        while (needed.TryPop(out int id))
        {
            if (seen.Add(id) && byId.TryGetValue(id, out ArchiveEntry? entry))
            {
                dropped.Remove(id);
                foreach (int deeper in entry.DependsOn)
                {
                    needed.Push(deeper);
                }
            }
        }
    }

    private static IEnumerable<ArchiveEntry> WithoutDependants(IReadOnlyList<ArchiveEntry> entries, HashSet<int> dropped)
    {
        // A dump lists a thing after what it needs, but for circles, which the second round closes.
        for (int before = -1; before != dropped.Count;)
        {
            before = dropped.Count;
            foreach (ArchiveEntry entry in entries.Where(entry => entry.DependsOn.Any(dropped.Contains)))
            {
                dropped.Add(entry.Id);
            }
        }

        return entries.Where(entry => !dropped.Contains(entry.Id));
    }
}
