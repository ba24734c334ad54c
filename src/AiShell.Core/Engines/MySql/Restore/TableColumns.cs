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

    /// <summary>The two of a system-versioned table that say when a row was current, under names of its own or the server's; none of others.</summary>
    public static IReadOnlyList<SourceColumn> ReadPeriod(MySqlSession session, string database, TableName table)
    {
        string where = $"WHERE TABLE_SCHEMA = {SqlText.Literal(database)} AND TABLE_NAME = {SqlText.Literal(table.Name)}";
        if (session.Scalar($"SELECT TABLE_TYPE FROM information_schema.TABLES {where}") != "SYSTEM VERSIONED")
        {
            return [];
        }

        List<string?[]> own = session.Query($"SELECT COLUMN_NAME FROM information_schema.COLUMNS {where} AND GENERATION_EXPRESSION IN ('ROW START', 'ROW END') ORDER BY GENERATION_EXPRESSION DESC");
        string[] names = own.Count == 2 ? [.. own.Select(row => row[0]!)] : [RowHistory.Start, RowHistory.End];
        return [.. names.Select(name => new SourceColumn(name, "timestamp(6)", null))];
    }
}
