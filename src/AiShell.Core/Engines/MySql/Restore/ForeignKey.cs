using AiShell.Engines.MySql.Wire;

namespace AiShell.Engines.MySql.Restore;

/// <summary>A foreign key that stands on a table.</summary>
internal sealed record ForeignKey(
    string Name, string Database, string Table, IReadOnlyList<string> Columns, string ReferencedDatabase, string Referenced, IReadOnlyList<string> ReferencedColumns, string OnUpdate, string OnDelete)
{
    public string Drop => $"ALTER TABLE {SqlText.Quote(Database, Table)} DROP FOREIGN KEY {SqlText.Quote(Name)}";

    public string Add =>
        $"ALTER TABLE {SqlText.Quote(Database, Table)} ADD CONSTRAINT {SqlText.Quote(Name)} FOREIGN KEY ({List(Columns)}) "
        + $"REFERENCES {SqlText.Quote(ReferencedDatabase, Referenced)} ({List(ReferencedColumns)}) ON UPDATE {OnUpdate} ON DELETE {OnDelete}";

    /// <summary>Finds a row that refers to nothing; the server, told to load rows without checks, never does.</summary>
    public string FirstOrphanStatement
    {
        get
        {
            string on = string.Join(" AND ", Columns.Zip(ReferencedColumns, (own, other) => $"p.{SqlText.Quote(other)} = c.{SqlText.Quote(own)}"));
            string values = string.Join(", ', ', ", Columns.Select(column => $"{SqlText.Literal(column)}, ' = ', c.{SqlText.Quote(column)}"));
            return $"SELECT CONCAT({values}) FROM {SqlText.Quote(Database, Table)} c LEFT JOIN {SqlText.Quote(ReferencedDatabase, Referenced)} p ON {on} "
                + $"WHERE {string.Join(" AND ", Columns.Select(column => $"c.{SqlText.Quote(column)} IS NOT NULL"))} AND p.{SqlText.Quote(ReferencedColumns[0])} IS NULL LIMIT 1";
        }
    }

    /// <summary>All of a database's tables.</summary>
    public static IReadOnlyList<ForeignKey> Of(MySqlSession session, string database) => Read(session, $"CONSTRAINT_SCHEMA = {SqlText.Literal(database)}");

    /// <summary>Those that refer to a database's tables, its own among them.</summary>
    /// <remarks>
    /// To find them in information_schema, a server without a dictionary (MariaDB, MySQL 5.7) opens every table of every database. InnoDB, which alone has keys there, knows them by
    /// heart, and tells who has the PROCESS privilege.
    /// </remarks>
    public static IReadOnlyList<ForeignKey> Into(MySqlSession session, string database)
    {
        string into = $"UNIQUE_CONSTRAINT_SCHEMA = {SqlText.Literal(database)}";
        return FindReferring(session, database) is { } tables
            ?
            [
                .. Read(session, $"CONSTRAINT_SCHEMA = {SqlText.Literal(database)} AND {into}"),
                .. tables.SelectMany(table => Read(session, $"CONSTRAINT_SCHEMA = {SqlText.Literal(table.Database)} AND TABLE_NAME = {SqlText.Literal(table.Table)} AND {into}")),
            ]
            : Read(session, into);
    }

    /// <summary>The tables of other databases that InnoDB knows to refer to this one; null where it is not to be asked.</summary>
    private static List<(string Database, string Table)>? FindReferring(MySqlSession session, string database)
    {
        string other = Decoded("FOR_NAME", 1);
        try
        {
            return
            [
                .. session.Query($"SELECT DISTINCT {other}, {Decoded("FOR_NAME", -1)} FROM information_schema.INNODB_SYS_FOREIGN WHERE {Decoded("REF_NAME", 1)} = {SqlText.Literal(database)} AND {other} <> {SqlText.Literal(database)} ORDER BY 1, 2")
                    .Select(row => (row[0]!, row[1]!)),
            ];
        }
        catch (ServerError)
        {
            // The privilege is missing, or the server is one that has no such table: MySQL 8, whose dictionary answers at once.
            return null;
        }

        // As InnoDB has them: the names of folder and file, with a slash between.
        static string Decoded(string column, int place) => $"CONVERT(CONVERT(CAST(SUBSTRING_INDEX({column}, '/', {place}) AS BINARY) USING filename) USING utf8mb4)";
    }

    /// <summary>Table by table: where the server opens a table for each row of information_schema, few have a key, and a join of all is slow with many.</summary>
    private static List<ForeignKey> Read(MySqlSession session, string condition) =>
    [
        .. session.Query(
                $"""
                SELECT CONSTRAINT_SCHEMA, TABLE_NAME, CONSTRAINT_NAME, UPDATE_RULE, DELETE_RULE
                FROM information_schema.REFERENTIAL_CONSTRAINTS WHERE {condition} ORDER BY CONSTRAINT_SCHEMA, TABLE_NAME, CONSTRAINT_NAME
                """)
            .GroupBy(row => (Database: row[0]!, Table: row[1]!))
            .SelectMany(table => OfTable(session, table.Key.Database, table.Key.Table, [.. table])),
    ];

    private static IEnumerable<ForeignKey> OfTable(MySqlSession session, string database, string table, IReadOnlyList<string?[]> rules)
    {
        ILookup<string, string?[]> columns = session.Query(
                $"""
                SELECT CONSTRAINT_NAME, COLUMN_NAME, REFERENCED_TABLE_SCHEMA, REFERENCED_TABLE_NAME, REFERENCED_COLUMN_NAME, TABLE_SCHEMA, TABLE_NAME
                FROM information_schema.KEY_COLUMN_USAGE
                WHERE TABLE_SCHEMA = {SqlText.Literal(database)} AND TABLE_NAME = {SqlText.Literal(table)} AND REFERENCED_TABLE_NAME IS NOT NULL ORDER BY CONSTRAINT_NAME, ORDINAL_POSITION
                """)
            .Where(row => row[5] == database && row[6] == table) // information_schema itself compares without case
            .ToLookup(row => row[0]!);
        foreach (string?[] rule in rules.Where(rule => columns.Contains(rule[2]!)))
        {
            string?[][] key = [.. columns[rule[2]!]];
            yield return new ForeignKey(rule[2]!, database, table, [.. key.Select(row => row[1]!)], key[0][2]!, key[0][3]!, [.. key.Select(row => row[4]!)], rule[3]!, rule[4]!);
        }
    }

    private static string List(IReadOnlyList<string> columns) => string.Join(", ", columns.Select(SqlText.Quote));
}
