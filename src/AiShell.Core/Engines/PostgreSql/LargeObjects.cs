namespace AiShell.Engines.PostgreSql;

/// <summary>
/// Large objects (manual, "Large Objects") as rows of one table: each page that the server stores is a row of the object's number, the
/// page's number and its bytes. Pages without bytes are no rows. They are loaded through a temporary view, because nobody may write
/// that catalogue, with <c>lo_put</c>.
/// </summary>
internal static class LargeObjects
{
    public static readonly TableName Table = new("pg_catalog", "pg_largeobject");

    public static readonly IReadOnlyList<string> Columns = ["loid", "pageno", "data"];

    /// <summary>oid, int8, bytea, by their numbers in pg_type.</summary>
    public static readonly IReadOnlyList<uint> ColumnTypes = [26, 20, 17];

    /// <summary>Which pages are rows.</summary>
    public const string Filter = "octet_length(data) > 0";

    /// <summary>Of a server with the usual block size (manual, pg_largeobject).</summary>
    public const int PageBytes = 2048;

    /// <summary>Makes, for this session, what rows of <see cref="Table"/> are written to.</summary>
    public const string ViewStatements =
        """
        CREATE TEMPORARY VIEW ai_shell_large_objects AS SELECT NULL::pg_catalog.oid AS loid, NULL::pg_catalog.int8 AS pageno, NULL::pg_catalog.bytea AS data;
        CREATE FUNCTION pg_temp.ai_shell_put_page() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_catalog.lo_put(NEW.loid, NEW.pageno * 2048, NEW.data); RETURN NEW; END';
        CREATE TRIGGER put INSTEAD OF INSERT ON pg_temp.ai_shell_large_objects FOR EACH ROW EXECUTE FUNCTION pg_temp.ai_shell_put_page();

        """;

    /// <summary>How many there are.</summary>
    public const string Count = "SELECT count(*) FROM pg_catalog.pg_largeobject_metadata";

    /// <summary>Drops all of them.</summary>
    public const string Drop = "SELECT count(pg_catalog.lo_unlink(oid)) FROM pg_catalog.pg_largeobject_metadata";

    private static readonly TableName View = new("pg_temp", "ai_shell_large_objects");

    /// <summary>Whether an entry of the script makes them, or is about them.</summary>
    public static bool Owns(ScriptEntry entry) =>
        entry.Header.Schema.Length == 0 && (entry.Header.Kind == "LARGE OBJECT VIEW" || entry.Header.Name.StartsWith("LARGE OBJECT ", StringComparison.Ordinal));

    /// <summary>What the rows of a table are copied to.</summary>
    public static TableName Destination(TableName table) => table == Table ? View : table;

    /// <summary>The condition that <paramref name="table"/>'s rows are read with, or null.</summary>
    public static string? ConditionOf(TableName table) => table == Table ? $"WHERE {Filter}" : null;
}
