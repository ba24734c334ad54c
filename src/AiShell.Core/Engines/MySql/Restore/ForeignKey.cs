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
    public static IReadOnlyList<ForeignKey> Of(MySqlSession session, string database) => Read(session, $"k.TABLE_SCHEMA = {SqlText.Literal(database)}");

    /// <summary>Those that refer to a database's tables, its own among them.</summary>
    public static IReadOnlyList<ForeignKey> Into(MySqlSession session, string database) => Read(session, $"k.REFERENCED_TABLE_SCHEMA = {SqlText.Literal(database)}");

    private static List<ForeignKey> Read(MySqlSession session, string condition) =>
    [
        .. session.Query(
            $"""
            SELECT k.CONSTRAINT_NAME, k.TABLE_SCHEMA, k.TABLE_NAME, k.COLUMN_NAME, k.REFERENCED_TABLE_SCHEMA, k.REFERENCED_TABLE_NAME, k.REFERENCED_COLUMN_NAME, r.UPDATE_RULE, r.DELETE_RULE
            FROM information_schema.KEY_COLUMN_USAGE k JOIN information_schema.REFERENTIAL_CONSTRAINTS r
              ON r.CONSTRAINT_SCHEMA = k.CONSTRAINT_SCHEMA AND r.CONSTRAINT_NAME = k.CONSTRAINT_NAME AND r.TABLE_NAME = k.TABLE_NAME
            WHERE {condition} AND k.REFERENCED_TABLE_NAME IS NOT NULL
            ORDER BY k.TABLE_SCHEMA, k.TABLE_NAME, k.CONSTRAINT_NAME, k.ORDINAL_POSITION
            """)
            .GroupBy(row => (row[0], row[1], row[2]))
            .Select(key => key.ToArray())
            .Select(key => new ForeignKey(
                key[0][0]!, key[0][1]!, key[0][2]!, [.. key.Select(row => row[3]!)], key[0][4]!, key[0][5]!, [.. key.Select(row => row[6]!)], key[0][7]!, key[0][8]!)),
    ];

    private static string List(IReadOnlyList<string> columns) => string.Join(", ", columns.Select(SqlText.Quote));
}
