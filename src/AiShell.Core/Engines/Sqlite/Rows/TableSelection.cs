namespace AiShell.Engines.Sqlite.Rows;

/// <summary>
/// Which tables of a schema a job takes. A shadow table goes with its virtual table; indexes and triggers go with their
/// table; views stay, also those that then lack a table: the declaration is legal all the same.
/// </summary>
internal sealed class TableSelection
{
    private readonly HashSet<string> _left = new(StringComparer.OrdinalIgnoreCase);

    /// <exception cref="AiShellException"><see cref="ErrorKind.Usage"/>: a pattern matches no table.</exception>
    public TableSelection(SqliteSchema schema, TableFilter filter)
    {
        List<TableName> names = [.. schema.Tables.Where(table => !table.IsShadow).Select(table => table.Name)];
        if (filter.PatternsWithoutMatch(names) is [string pattern, ..])
        {
            throw new AiShellException(
                ErrorKind.Usage,
                $"No table matches '{pattern}'.",
                names.Count == 0 ? "The database has no tables." : $"It has {string.Join(", ", names.Take(20))}{(names.Count > 20 ? ", …" : "")}.");
        }

        foreach (SqliteTable table in schema.Tables)
        {
            if (!filter.Takes(table.VirtualOwner is string owner ? new TableName("", owner) : table.Name))
            {
                _left.Add(table.Name.Name);
            }
        }

        Tables = [.. schema.Tables.Where(table => Takes(table.Name.Name))];
    }

    public IReadOnlyList<SqliteTable> Tables { get; }

    public bool TakesAll => _left.Count == 0;

    /// <summary>True too for views and SQLite's own tables.</summary>
    public bool Takes(string tableName) => !_left.Contains(tableName);
}
