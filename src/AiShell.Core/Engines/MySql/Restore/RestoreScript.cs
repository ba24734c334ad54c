using AiShell.Engines.MySql.Schema;
using AiShell.Engines.MySql.Snapshot;

namespace AiShell.Engines.MySql.Restore;

/// <summary>Which entries of a backup's script are wanted, and those that the promotion has to run again.</summary>
internal sealed class RestoreScript(TableFilter tables)
{
    private readonly HashSet<int> _dropped = [];

    public DatabaseProperties? Properties { get; set; }

    /// <summary>What comes after the rows.</summary>
    public List<ScriptEntry> Later { get; } = [];

    /// <summary>Wanted tables that come without a foreign key of theirs, for the table that it refers to is not wanted.</summary>
    public HashSet<string> WithoutKeys { get; } = new(StringComparer.Ordinal);

    /// <summary>Not a table that is not wanted, nor what needs one. To be asked in the script's order.</summary>
    public bool Takes(ScriptEntry entry)
    {
        if ((entry.Header.Kind != SchemaScript.Table || tables.Takes(new TableName("", entry.Header.Name))) && !entry.Header.Needs.Any(_dropped.Contains))
        {
            return true;
        }

        _dropped.Add(entry.Header.Id);
        if (entry.Header.Kind == SchemaScript.ForeignKey && tables.Takes(new TableName("", entry.Header.Name)))
        {
            WithoutKeys.Add(entry.Header.Name);
        }

        return false;
    }
}
