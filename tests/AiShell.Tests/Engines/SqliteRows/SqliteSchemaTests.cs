using AiShell.Engines.Sqlite.Rows;
using Microsoft.Data.Sqlite;

namespace AiShell.Tests.Engines.SqliteRows;

public class SqliteSchemaTests
{
    [Theory]
    [InlineData("CREATE TABLE t(a, b)", "rowid", -1)]
    [InlineData("CREATE TABLE t(id INTEGER PRIMARY KEY, b)", "id", 0)]
    [InlineData("CREATE TABLE t(b, id integer, PRIMARY KEY(id))", "id", 1)]
    [InlineData("CREATE TABLE t(id INTEGER PRIMARY KEY DESC, b)", "rowid", -1)]
    [InlineData("CREATE TABLE t(id INT PRIMARY KEY, b)", "rowid", -1)]
    [InlineData("CREATE TABLE t(rowid, b)", "_rowid_", -1)]
    [InlineData("CREATE TABLE t(rowid, b, _ROWID_)", "oid", -1)]
    [InlineData("CREATE TABLE t(rowid, oid, _rowid_)", null, -1)]
    [InlineData("CREATE TABLE t(rowid AS (oid + 1), oid, _rowid_)", null, -1)]
    [InlineData("CREATE TABLE t(id TEXT PRIMARY KEY, b) WITHOUT ROWID", null, -1)]
    public void The_rowid_has_the_name_that_a_statement_can_use(string sql, string? name, int column)
    {
        using SqliteConnection database = TestDatabase.InMemory(sql);

        SqliteTable table = Assert.Single(SqliteSchema.Read(database).Tables);

        Assert.Equal(name, table.RowidName);
        Assert.Equal(column, table.RowidColumn);
        Assert.Equal(name is not null && column < 0, table.HasHiddenRowid);
    }

    [Fact]
    public void Virtual_tables_hold_no_rows_but_their_shadow_tables_do()
    {
        using SqliteConnection database = TestDatabase.InMemory(
            "CREATE TABLE \"my notes_data\"(x)", "CREATE VIRTUAL TABLE \"my notes\" USING rtree(id, low, high)");

        SqliteSchema schema = SqliteSchema.Read(database);

        Assert.Equal(["my notes_data", "my notes_node", "my notes_parent", "my notes_rowid"], schema.RowTables.Select(table => table.Name.Name).Order());
        Assert.Null(schema.Find("my notes_data")!.VirtualOwner);
        Assert.Equal("my notes", schema.Find("my notes_node")!.VirtualOwner);
        Assert.True(schema.Find("my notes")!.IsVirtual);
    }

    [Fact]
    public void Generated_columns_are_not_stored_and_settings_are_read()
    {
        using SqliteConnection database = TestDatabase.InMemory(
            "PRAGMA encoding='UTF-16be'", "PRAGMA page_size=1024", "PRAGMA user_version=7", "PRAGMA application_id=-3",
            "CREATE TABLE t(a INT, b INT AS (a+1), c TEXT AS (a) STORED, d REAL) STRICT",
            "CREATE TABLE q(a INTEGER PRIMARY KEY AUTOINCREMENT)",
            "CREATE UNIQUE INDEX i ON t(a)", "CREATE VIEW v AS SELECT 1", "CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 1; END");

        SqliteSchema schema = SqliteSchema.Read(database);

        Assert.Equal(["a", "d"], schema.Find("T")!.StoredColumns.Select(column => column.Name));
        Assert.True(schema.Find("t")!.IsStrict);
        Assert.Equal(("UTF-16be", 1024, 7L, -3L), (schema.Encoding, schema.PageSizeBytes, schema.UserVersion, schema.ApplicationId));
        Assert.Equal("sqlite_sequence", Assert.Single(schema.SystemTables).Name.Name);
        Assert.Equal(["i", "v", "g"], new[] { schema.Indexes[0].Name, schema.Views[0].Name, schema.Triggers[0].Name });
    }

    [Fact]
    public void A_file_that_is_no_database_is_an_integrity_error()
    {
        string path = Path.GetTempFileName();
        try
        {
            File.WriteAllText(path, new string('x', 5000));
            using SqliteConnection database = TestDatabase.Open(path);

            AiShellException failure = Assert.Throws<AiShellException>(() => SqliteSchema.Read(database));

            Assert.Equal(ErrorKind.Integrity, failure.Kind);
        }
        finally
        {
            File.Delete(path);
        }
    }
}
