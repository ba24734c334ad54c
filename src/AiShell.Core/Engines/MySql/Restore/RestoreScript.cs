namespace AiShell.Engines.MySql.Restore;

/// <summary>Which entries of a backup's script are wanted, and those that the promotion has to run again.</summary>
internal sealed class RestoreScript(TableFilter tables)
{
    private readonly HashSet<int> _dropped = [];

    public DatabaseDefaults? Defaults { get; set; }

    /// <summary>What comes after the rows.</summary>
    public List<ScriptEntry> Later { get; } = [];

    /// <summary>Not a table that is not wanted, nor what needs one. To be asked in the script's order.</summary>
    public bool Takes(ScriptEntry entry)
    {
        if ((entry.Header.Kind != EntryKinds.Table || tables.Takes(new TableName("", entry.Header.Name))) && !entry.Header.Needs.Any(_dropped.Contains))
        {
            return true;
        }

        _dropped.Add(entry.Header.Id);
        return false;
    }

    public IEnumerable<ScriptEntry> OfKind(params string[] kinds) => Later.Where(entry => kinds.Contains(entry.Header.Kind));
}
