namespace AiShell.Engines.PostgreSql.Schema;

/// <summary>The entries of a dump that do not go with the tables that a filter takes.</summary>
internal sealed class DroppedEntries
{
    private readonly HashSet<int> _dropped = [];
    private readonly HashSet<int> _withoutRows = [];

    /// <summary>Nothing is dropped.</summary>
    public static DroppedEntries None => new();

    public static DroppedEntries Find(IReadOnlyList<EntryLinks> entries, TableFilter filter)
    {
        DroppedEntries found = new();
        found._withoutRows.UnionWith(entries.Where(entry => IsRelation(entry) && !filter.Takes(entry.Name)).Select(entry => entry.Id));
        found._dropped.UnionWith(found._withoutRows);

        // What a wanted table cannot be without comes along, whatever the patterns say; only its declaration, not its rows.
        found._dropped.ExceptWith(EntrySelection.FindNeeded(
            entries, entries.Where(entry => IsTable(entry) && filter.Takes(entry.Name)).SelectMany(entry => entry.Needs)));
        if (filter.Include.Count > 0)
        {
            // So does what a wanted view reads, unless it is left out by name: then the view goes too.
            TableFilter excluded = new([], filter.Exclude);
            HashSet<int> read = EntrySelection.FindNeeded(
                entries, entries.Where(entry => IsRelation(entry) && filter.Takes(entry.Name)).SelectMany(entry => entry.Needs));
            found._dropped.ExceptWith(entries.Where(entry => read.Contains(entry.Id) && excluded.Takes(entry.Name)).Select(entry => entry.Id));
        }

        found.AddDependants(entries);
        return found;
    }

    public bool Contains(int id) => _dropped.Contains(id);

    public void Add(IEnumerable<int> ids) => _dropped.UnionWith(ids);

    /// <summary>Adds all of these that stands on what is dropped already, and foreign keys to tables whose rows are not there.</summary>
    public void AddDependants(IReadOnlyList<EntryLinks> entries)
    {
        HashSet<int> keysOfOthers = [.. entries.Where(entry => entry.Kind == "CONSTRAINT" && entry.Needs.Any(_withoutRows.Contains)).Select(entry => entry.Id)];
        _dropped.UnionWith(entries
            .Where(entry => entry.Kind == "FK CONSTRAINT" && entry.Needs.Any(id => _withoutRows.Contains(id) || keysOfOthers.Contains(id)))
            .Select(entry => entry.Id));

        // A dump lists a thing after what it needs, but for circles, which the second round closes.
        for (int before = -1; before != _dropped.Count;)
        {
            before = _dropped.Count;
            _dropped.UnionWith(entries.Where(entry => entry.Needs.Any(_dropped.Contains)).Select(entry => entry.Id));
        }
    }

    private static bool IsTable(EntryLinks entry) => entry.Kind is "TABLE" or "FOREIGN TABLE";

    private static bool IsRelation(EntryLinks entry) => IsTable(entry) || entry.Kind is "MATERIALIZED VIEW" or "VIEW";
}
