namespace AiShell.Engines.PostgreSql.Schema;

/// <summary>
/// Which entries of a dump go with some of its tables: the tables, all they need (types, schemas, functions, the parents of partitions,
/// which come without their rows), and what stands on nothing else (indexes, constraints, triggers, comments).
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
        DroppedEntries dropped = DroppedEntries.Find(links, filter);
        dropped.Add(entries.Where(entry => gone.Contains(entry.Oid)).Select(entry => entry.Id));
        dropped.AddDependants(links);
        return [.. entries.Where(entry => !dropped.Contains(entry.Id))];
    }

    public static TableName NameOf(ArchiveEntry entry) => new(entry.Schema, entry.Tag);

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
}

/// <summary>What a selection goes by.</summary>
internal sealed record EntryLinks(int Id, string Kind, TableName Name, IReadOnlyList<int> Needs)
{
    public static EntryLinks Of(ScriptEntry entry) => new(entry.Header.Id, entry.Header.Kind, new TableName(entry.Header.Schema, entry.Header.Name), entry.Header.Needs);
}
