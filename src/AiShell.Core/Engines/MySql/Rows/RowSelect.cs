using AiShell.Engines.MySql.Snapshot;
using AiShell.Engines.MySql.Wire;

namespace AiShell.Engines.MySql;

/// <summary>
/// The SELECT that <see cref="RowDecoder"/> reads, and the session it needs. Columns are read as they are: functions of the server
/// (CONVERT, CAST) give NULL for values longer than max_allowed_packet.
/// </summary>
internal static class RowSelect
{
    /// <summary>Text comes in its column's own character set, times in UTC.</summary>
    public static void Prepare(MySqlSession session) => session.Execute("SET SESSION character_set_results = NULL, time_zone = '+00:00'");

    /// <param name="rest">What follows the table's name: <c>WHERE …</c>; a partition; empty.</param>
    public static string Of(TableName table, IReadOnlyList<SourceColumn> columns, string rest = "") =>
        $"SELECT {(columns.Count > 0 ? string.Join(',', columns.Select(column => SqlText.Quote(column.Name))) : "1")} FROM {SqlText.Quote(table.Name)}{(rest.Length > 0 ? $" {rest}" : "")}";
}
