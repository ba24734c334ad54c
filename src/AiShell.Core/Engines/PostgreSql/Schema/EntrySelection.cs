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

        EntryLinks[] links = [.. entries.Select(entry => new EntryLinks(entry.Id, entry.Kind, NameOf(entry), entry.DependsOn))];
        HashSet<int> dropped = FindDropped(links, filter);
        dropped.UnionWith(entries.Where(entry => gone.Contains(entry.Oid)).Select(entry => entry.Id));
        AddDependants(links, dropped);
        return [.. entries.Where(entry => !dropped.Contains(entry.Id))];
    }

    public static TableName NameOf(ArchiveEntry entry) => new(entry.Schema, entry.Tag);

    /// <summary>The entries that do not go with the tables that a filter takes.</summary>
    public static HashSet<int> FindDropped(IReadOnlyList<EntryLinks> entries, TableFilter filter)
    {
        HashSet<int> dropped = [.. entries.Where(entry => IsTable(entry) && !filter.Takes(entry.Name)).Select(entry => entry.Id)];
        if (filter.Include.Count > 0)
        {
            // What a wanted table cannot be without comes along, even if no pattern names it; only its declaration, not its rows.
            dropped.ExceptWith(FindNeeded(entries, entries.Where(entry => IsTable(entry) && filter.Takes(entry.Name)).SelectMany(entry => entry.Needs)));
        }

        AddDependants(entries, dropped);
        return dropped;
    }

    /// <summary>Adds all that stands on what is dropped already.</summary>
    public static void AddDependants(IReadOnlyList<EntryLinks> entries, HashSet<int> dropped)
    {
        // A dump lists a thing after what it needs, but for circles, which the second round closes.
        for (int before = -1; before != dropped.Count;)
        {
            before = dropped.Count;
            dropped.UnionWith(entries.Where(entry => entry.Needs.Any(dropped.Contains)).Select(entry => entry.Id));
        }
    }

    /// <summary>Entries that are needed, by what these need in turn too.</summary>
    public static HashSet<int> FindNeeded(IReadOnlyList<EntryLinks> entries, IEnumerable<int> roots)
    {
        var byId = entries.ToDictionary(entry => entry.Id);
        Stack<int> open = new(roots);
        HashSet<int> needed = [];
        while (open.TryPop(out int id))
        {
            if (byId.TryGetValue(id, out EntryLinks? entry) && needed.Add(id))
            {
                foreach (int deeper in entry.Needs)
                {
                    open.Push(deeper);
                }
            }
        }

        return needed;
    }

    private static bool IsTable(EntryLinks entry) => entry.Kind is "TABLE" or "MATERIALIZED VIEW" or "FOREIGN TABLE" or "VIEW";
}

/// <summary>What a selection goes by.</summary>
internal sealed record EntryLinks(int Id, string Kind, TableName Name, IReadOnlyList<int> Needs)
{
    public static EntryLinks Of(ScriptEntry entry) => new(entry.Header.Id, entry.Header.Kind, new TableName(entry.Header.Schema, entry.Header.Name), entry.Header.Needs);
}
