using System.Globalization;
using AiShell.Engines.MySql.Snapshot;
using AiShell.Engines.MySql.Wire;

namespace AiShell.Engines.MySql.Restore;

/// <summary>What a database holds.</summary>
internal static class DatabaseListing
{
    public static bool Exists(MySqlSession session, string database) =>
        session.Query($"SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = {SqlText.Literal(database)}").Exists(row => row[0] == database);

    /// <summary>Whether it has a table or view of this name; information_schema itself compares without case.</summary>
    public static bool HasTable(MySqlSession session, string database, string table) =>
        session.Query($"SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = {SqlText.Literal(database)} AND TABLE_NAME = {SqlText.Literal(table)}").Exists(row => row[0] == table);

    /// <summary>Tables and sequences, which move like tables.</summary>
    public static List<string> Tables(MySqlSession session, string database) => Names(session, database, "TABLE_TYPE NOT IN ('VIEW', 'SYSTEM VIEW')");

    public static List<string> Sequences(MySqlSession session, string database) => Names(session, database, "TABLE_TYPE = 'SEQUENCE'");

    public static DatabaseProperties ReadProperties(MySqlSession session, string database) =>
        session.Query($"SELECT DEFAULT_CHARACTER_SET_NAME, DEFAULT_COLLATION_NAME, SCHEMA_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = {SqlText.Literal(database)}")
            .Where(row => row[2] == database)
            .Select(row => new DatabaseProperties(row[0]!, row[1]!, session.ServerVersionText, ""))
            .First();

    /// <summary>Largest first, in words.</summary>
    public static IReadOnlyList<string> Read(MySqlSession session, string database)
    {
        string name = SqlText.Literal(database);
        string libraries = session.Features.HasLibraries ? $"UNION ALL SELECT 'library', LIBRARY_NAME, -1, 0 FROM information_schema.LIBRARIES WHERE LIBRARY_SCHEMA = {name}" : "";
        return
        [
            .. session.Query(
                $"""
                SELECT CASE TABLE_TYPE WHEN 'VIEW' THEN 'view' WHEN 'SEQUENCE' THEN 'sequence' ELSE 'table' END, TABLE_NAME,
                       CASE WHEN TABLE_TYPE IN ('VIEW', 'SEQUENCE') THEN -1 ELSE IFNULL(TABLE_ROWS, 0) END, IFNULL(DATA_LENGTH, 0)
                FROM information_schema.TABLES WHERE TABLE_SCHEMA = {name}
                UNION ALL SELECT LOWER(ROUTINE_TYPE), ROUTINE_NAME, -1, 0 FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = {name}
                UNION ALL SELECT 'event', EVENT_NAME, -1, 0 FROM information_schema.EVENTS WHERE EVENT_SCHEMA = {name} {libraries}
                ORDER BY 4 DESC, 2
                """).Select(row => long.Parse(row[2]!, CultureInfo.InvariantCulture) is >= 0 and long rows
                ? string.Create(CultureInfo.InvariantCulture, $"{row[0]} {row[1]} (about {rows:N0} rows)")
                : $"{row[0]} {row[1]}"),
        ];
    }

    private static List<string> Names(MySqlSession session, string database, string condition) =>
        [.. session.Query($"SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = {SqlText.Literal(database)} AND {condition} ORDER BY TABLE_NAME").Select(row => row[0]!)];
}
