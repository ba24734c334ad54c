namespace AiShell.Engines.MySql.Schema;

/// <summary>
/// The statements that make one table: first what rows need, then what is faster after them. The server keeps keys in the order in
/// which they are added, kind by kind, so those before one that must come first come first too.
/// </summary>
/// <param name="Table">CREATE TABLE, without a semicolon.</param>
/// <param name="Keys">One ALTER TABLE, or empty.</param>
/// <param name="ForeignKeys">One each.</param>
internal sealed record TableScript(string Table, string Keys, IReadOnlyList<ForeignKeyScript> ForeignKeys)
{
    /// <param name="database">The source's own, whose name is taken out of defaults such as <c>nextval(`db`.`s`)</c>.</param>
    /// <param name="rowKey">The key that rows are stored by, as <see cref="TableElement.Name"/>; null for none.</param>
    public static TableScript Build(TableDefinition table, string database, string? rowKey)
    {
        TableElement[] elements = [.. table.Elements.Select(element => element.Kind == ElementKind.Column ? WithoutDatabase(element, database) : element)];
        TableElement[] secondary = [.. elements.Where(element => element.IsSecondaryKey)];
        int early = table.Options.Contains("WITH SYSTEM VERSIONING", StringComparison.Ordinal) ? secondary.Length : CountEarly(elements, secondary, rowKey);
        HashSet<TableElement> late = [.. secondary.Skip(early), .. elements.Where(element => element.Kind == ElementKind.ForeignKey)];
        return new TableScript(
            table.Create(elements.Where(element => !late.Contains(element))),
            early == secondary.Length ? "" : $"ALTER TABLE {table.Name}\n  ADD {string.Join(",\n  ADD ", secondary.Skip(early).Select(key => key.Sql))}",
            [.. elements.Where(element => element.Kind == ElementKind.ForeignKey).Select(key => ForeignKey(table.Name, key))]);
    }

    /// <summary>CREATE TABLE with the keys of the ALTER TABLE that would follow the rows.</summary>
    /// <returns>Null where a key is not a tree, which takes single rows badly, or the two statements are not a table's and its own.</returns>
    public static string? WithKeys(string table, string keys)
    {
        TableDefinition definition = TableDefinition.Parse(table);
        string head = $"ALTER TABLE {definition.Name}\n  ";
        if (!keys.StartsWith(head, StringComparison.Ordinal))
        {
            return null;
        }

        string[] added = [.. TableDefinition.Split(keys[head.Length..])];
        return added.All(key => key.StartsWith("ADD KEY ", StringComparison.Ordinal) || key.StartsWith("ADD UNIQUE KEY ", StringComparison.Ordinal))
            ? definition.Create([.. definition.Elements, .. added.Select(key => TableElement.Parse(key["ADD ".Length..]))])
            : null;
    }

    private static ForeignKeyScript ForeignKey(string table, TableElement key)
    {
        (string database, string referenced) = key.Referenced();
        return new ForeignKeyScript(key.Name, $"ALTER TABLE {table} ADD {key.Sql}", database.Length == 0 ? referenced : null);
    }

    /// <summary>How many of the secondary keys are made with the table.</summary>
    private static int CountEarly(TableElement[] elements, TableElement[] secondary, string? rowKey)
    {
        int ofRows = Array.FindIndex(secondary, key => key.Name == rowKey) + 1;
        int ofPeriods = Array.FindLastIndex(secondary, key => key.Sql.Contains("WITHOUT OVERLAPS", StringComparison.Ordinal)) + 1;
        return Math.Max(Math.Max(ofRows, ofPeriods), CountForCounter(elements, secondary));
    }

    /// <summary>An AUTO_INCREMENT column must be the first of a key; some storage engines take it elsewhere in one.</summary>
    private static int CountForCounter(TableElement[] elements, TableElement[] secondary)
    {
        TableElement? counter = Array.Find(elements, element => element.Kind == ElementKind.Column && element.Says("AUTO_INCREMENT"));
        if (counter is null || elements.Any(element => element.Kind == ElementKind.PrimaryKey && element.BeginsWith(counter.Name)))
        {
            return 0;
        }

        int first = Array.FindIndex(secondary, key => key.BeginsWith(counter.Name)) + 1;
        bool inPrimary = elements.Any(element => element.Kind == ElementKind.PrimaryKey && element.Columns.Contains(counter.Name));
        return first > 0 || inPrimary ? first : Array.FindIndex(secondary, key => key.Columns.Contains(counter.Name)) + 1;
    }

    private static TableElement WithoutDatabase(TableElement column, string database)
    {
        List<SqlToken> tokens = SqlLexer.Tokens(column.Sql);
        string sql = column.Sql;
        for (int at = tokens.Count - 4; at > 0; at--)
        {
            bool isSequence = tokens[at].Text == "(" && (tokens[at - 1].Is("nextval") || tokens[at - 1].Is("lastval") || tokens[at - 1].Is("setval"));
            if (isSequence && tokens[at + 1].Text == SqlText.Quote(database) && tokens[at + 2].Text == ".")
            {
                sql = sql.Remove(tokens[at + 1].Start, tokens[at + 3].Start - tokens[at + 1].Start);
            }
        }

        return column with { Sql = sql };
    }
}

/// <param name="Referenced">The table, null where it is in another database.</param>
internal sealed record ForeignKeyScript(string Name, string Sql, string? Referenced);
