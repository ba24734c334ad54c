using AiShell.Engines.MySql.Schema;

namespace AiShell.Engines.MySql.Snapshot;

/// <summary>System-versioned tables (manual, "System-Versioned Tables"): all rows that ever were, with the time each was current.</summary>
internal static class RowHistory
{
    /// <summary>Between the table's name and the rest of a SELECT that reads all its rows.</summary>
    public const string Period = "FOR SYSTEM_TIME ALL";

    /// <summary>What the columns are called where a table does not name them.</summary>
    public const string Start = "row_start";

    public const string End = "row_end";

    private const string Mark = "WITH SYSTEM VERSIONING";

    public static bool IsKept(TableDefinition table) => table.Options.Contains(Mark, StringComparison.Ordinal);

    /// <exception cref="AiShellException"><see cref="ErrorKind.Usage"/>: rows of earlier times cannot be written by this server.</exception>
    public static void RequireRestorable(ServerFeatures features)
    {
        if (!features.CanInsertHistory)
        {
            throw new AiShellException(ErrorKind.Usage, "The history of system-versioned tables can be restored from MariaDB 10.11 on.", "Back up without --history.");
        }
    }

    /// <summary>With the two columns that say when a row was current; the table may have them under names of its own.</summary>
    public static SourceTable WithColumns(SourceTable table, TableDefinition definition)
    {
        if (!IsKept(definition))
        {
            return table;
        }

        string start = NameOf(definition, "START") ?? Start;
        string end = NameOf(definition, "END") ?? End;
        SourceColumn[] others = [.. table.Columns.Where(column => column.Name != start && column.Name != end)];
        return table with { Columns = [.. others, Column(definition, start), Column(definition, end)] };
    }

    private static string? NameOf(TableDefinition table, string bound) => table.Elements
        .FirstOrDefault(element => element.Kind == ElementKind.Column && element.Says("ROW") && element.Says(bound) && element.Says("ALWAYS"))?.Name;

    private static SourceColumn Column(TableDefinition table, string name)
    {
        string? declared = table.Elements.FirstOrDefault(element => element.Kind == ElementKind.Column && element.Name == name)?.Sql;
        return declared?.Contains(" bigint", StringComparison.Ordinal) == true
            ? throw new AiShellException(
                ErrorKind.Usage,
                $"The table '{SqlLexer.Unquote(table.Name)}' keeps its history by transactions, whose numbers no other server knows.",
                "Back up without --history, or leave the table out with --exclude-tables.")
            : new SourceColumn(name, "timestamp(6)", null);
    }
}
