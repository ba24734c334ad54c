namespace AiShell.Engines.MySql.Schema;

/// <summary>The key that InnoDB stores the rows by (manual, "Clustered and Secondary Indexes"): the primary key, or the first unique one without NULLs.</summary>
internal static class RowKey
{
    public static string? NameOf(TableDefinition table) => Of(table)?.Name;

    public static TableElement? Of(TableDefinition table)
    {
        if (table.Elements.FirstOrDefault(element => element.Kind == ElementKind.PrimaryKey) is { } primary)
        {
            return primary;
        }

        HashSet<string> required = [.. table.Elements.Where(element => element.Kind == ElementKind.Column && IsRequired(element)).Select(element => element.Name)];
        return table.Elements.FirstOrDefault(element => element.Kind == ElementKind.UniqueKey && element.Columns.Count > 0 && element.Columns.All(required.Contains));
    }

    /// <summary>Over whole columns: a prefix of one does not tell its rows apart.</summary>
    public static bool IsOfWholeColumns(TableElement key) => !key.Sql.Contains("`(", StringComparison.Ordinal);

    private static bool IsRequired(TableElement column) => column.Sql.Contains(" NOT NULL", StringComparison.Ordinal) && column.Says("NULL");
}
