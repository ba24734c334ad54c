using AiShell.Engines.MySql.Schema;

namespace AiShell.Engines.MySql.Snapshot;

/// <summary>System-versioned tables (manual, "System-Versioned Tables"): all rows that ever were, with the time each was current.</summary>
internal static class RowHistory
{
    private const string Mark = "WITH SYSTEM VERSIONING";

    public static bool IsKept(TableDefinition table) => table.Options.Contains(Mark, StringComparison.Ordinal);

    /// <summary>With the two columns that say when a row was current; the table may have them under names of its own.</summary>
    public static SourceTable WithColumns(SourceTable table, TableDefinition definition)
    {
        if (!IsKept(definition))
        {
            return table;
        }

        string start = NameOf(definition, "START") ?? "row_start";
        string end = NameOf(definition, "END") ?? "row_end";
        SourceColumn[] others = [.. table.Columns.Where(column => column.Name != start && column.Name != end)];
        return table with { Columns = [.. others, Column(definition, start), Column(definition, end)] };
    }

    private static string? NameOf(TableDefinition table, string bound) => table.Elements
        .FirstOrDefault(element => element.Kind == ElementKind.Column && element.Says("ROW") && element.Says(bound) && element.Says("ALWAYS"))?.Name;

    private static SourceColumn Column(TableDefinition table, string name)
    {
        string? declared = table.Elements.FirstOrDefault(element => element.Kind == ElementKind.Column && element.Name == name)?.Sql;
        return new SourceColumn(name, declared?.Contains(" bigint", StringComparison.Ordinal) == true ? "bigint(20) unsigned" : "timestamp(6)", null);
    }
}
