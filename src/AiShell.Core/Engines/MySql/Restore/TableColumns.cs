using AiShell.Engines.MySql.Snapshot;
using AiShell.Engines.MySql.Wire;

namespace AiShell.Engines.MySql.Restore;

/// <summary>The columns of the tables of a database that take values, without those that the server computes.</summary>
internal static class TableColumns
{
    public static IReadOnlyList<SourceColumn> Read(MySqlSession session, string database, TableName table) =>
    [
        .. session.Query(
            $"""
            SELECT COLUMN_NAME, COLUMN_TYPE, CHARACTER_SET_NAME FROM information_schema.COLUMNS
            WHERE TABLE_SCHEMA = {SqlText.Literal(database)} AND TABLE_NAME = {SqlText.Literal(table.Name)} AND IFNULL(GENERATION_EXPRESSION, '') = ''
            ORDER BY ORDINAL_POSITION
            """).Select(row => new SourceColumn(row[0]!, row[1]!, row[2] == "binary" ? null : row[2])),
    ];
}
