using AiShell.Engines.PostgreSql.Schema;

namespace AiShell.Engines.PostgreSql.Restore;

/// <summary>Which entries of a whole backup's script make some of its tables again in a database that has the rest.</summary>
internal sealed class TableScript
{
    // What is a table's own; functions, views and types that use it are others'.
    private static readonly HashSet<string> OfTables =
    [
        "DEFAULT", "SEQUENCE", "SEQUENCE OWNED BY", "SEQUENCE SET", "CONSTRAINT", "CHECK CONSTRAINT", "FK CONSTRAINT", "INDEX", "INDEX ATTACH", "TABLE ATTACH",
        "TRIGGER", "RULE", "POLICY", "ROW SECURITY", "STATISTICS", "COMMENT", "SECURITY LABEL", "ACL", "PUBLICATION TABLE",
    ];

    private readonly List<ScriptEntry> _entries;
    private readonly TableFilter _filter;

    /// <param name="entries">Of the part before the rows.</param>
    public TableScript(IEnumerable<ScriptEntry> entries, TableFilter filter)
    {
        _filter = filter;
        _entries = [.. entries];
    }

    /// <summary>The wanted tables' entries.</summary>
    public IEnumerable<ScriptEntry> Tables => _entries.Where(IsWanted);

    /// <summary>Takes the entries of the part after the rows.</summary>
    public void Add(IEnumerable<ScriptEntry> later) => _entries.AddRange(later);

    /// <summary>All that is of these tables, themselves among them, in the script's order.</summary>
    public IReadOnlyList<ScriptEntry> EntriesOf(IReadOnlySet<TableName> tables)
    {
        HashSet<int> own = [.. Tables.Where(entry => tables.Contains(NameOf(entry))).Select(entry => entry.Header.Id)];
        for (int before = -1; before != own.Count;)
        {
            before = own.Count;
            own.UnionWith(_entries
                .Where(entry => OfTables.Contains(entry.Header.Kind) && entry.Header.Needs.Any(own.Contains) && (entry.Header.Kind != "FK CONSTRAINT" || IsOfAny(entry, tables)))
                .Select(entry => entry.Header.Id));
        }

        return [.. _entries.Where(entry => own.Contains(entry.Header.Id))];
    }

    /// <summary>What the given entries need and are not themselves, in the script's order.</summary>
    public IEnumerable<ScriptEntry> NeedsOf(IReadOnlyList<ScriptEntry> entries)
    {
        EntryLinks[] links = [.. _entries.Select(EntryLinks.Of)];
        HashSet<int> needed = EntrySelection.FindNeeded(links, entries.SelectMany(entry => entry.Header.Needs));
        needed.ExceptWith(entries.Select(entry => entry.Header.Id));
        return _entries.Where(entry => needed.Contains(entry.Header.Id) && !IsWanted(entry) && !OfTables.Contains(entry.Header.Kind));
    }

    public static TableName NameOf(ScriptEntry entry) => new(entry.Header.Schema, entry.Header.Name);

    private bool IsWanted(ScriptEntry entry) => entry.Header.Kind is "TABLE" or "FOREIGN TABLE" && _filter.Takes(NameOf(entry));

    /// <summary>A foreign key is the table's that it stands on, and of no other that it points to: its name there is <c>orders orders_customer_fkey</c>.</summary>
    private static bool IsOfAny(ScriptEntry entry, IReadOnlySet<TableName> tables) =>
        tables.Any(table => table.Schema == entry.Header.Schema && entry.Header.Name.StartsWith($"{table.Name} ", StringComparison.Ordinal));
}
