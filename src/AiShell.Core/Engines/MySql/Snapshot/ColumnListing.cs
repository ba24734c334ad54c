using System.Globalization;
using AiShell.Engines.MySql.Wire;

namespace AiShell.Engines.MySql.Snapshot;

/// <summary>The tables of one database, with the columns that a backup holds.</summary>
internal static class ColumnListing
{
    /// <summary>By name. A key of which a column is not written is none.</summary>
    public static IReadOnlyList<SourceTable> Read(MySqlSession session, string database)
    {
        string schema = SqlText.Literal(database);
        ILookup<string, SourceColumn> columns = session.Query(
                $"SELECT TABLE_NAME, COLUMN_NAME, COLUMN_TYPE, CHARACTER_SET_NAME FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = {schema} AND COALESCE(GENERATION_EXPRESSION, '') = '' "
                + "ORDER BY TABLE_NAME, ORDINAL_POSITION")
            .ToLookup(row => row[0]!, row => new SourceColumn(row[1]!, row[2]!, row[3] == "binary" ? null : row[3]));
        ILookup<string, string> keys = session.Query(
                $"SELECT TABLE_NAME, COLUMN_NAME FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = {schema} AND INDEX_NAME = 'PRIMARY' ORDER BY TABLE_NAME, SEQ_IN_INDEX")
            .ToLookup(row => row[0]!, row => row[1]!);
        return
        [
            .. session.Query(
                $"SELECT TABLE_NAME, ENGINE, TABLE_ROWS, DATA_LENGTH FROM information_schema.TABLES WHERE TABLE_SCHEMA = {schema} AND TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED')")
                .Select(row => new SourceTable(
                    new TableName("", row[0]!),
                    [.. columns[row[0]!]],
                    keys[row[0]!].All(key => columns[row[0]!].Any(column => column.Name == key)) ? [.. keys[row[0]!]] : [],
                    row[1] ?? "",
                    Number(row[2]),
                    Number(row[3])))
                .OrderBy(table => table.Name),
        ];
    }

    private static long Number(string? text) => text is null ? 0 : long.Parse(text, CultureInfo.InvariantCulture);
}
