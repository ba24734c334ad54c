using System.Text;
using AiShell.Engines;
using AiShell.Engines.Sqlite.Rows;
using Microsoft.Data.Sqlite;

namespace AiShell.Tests.Engines.SqliteRows;

public class RowSnapshotPlanTests
{
    private static readonly string[] Shop =
    [
        "CREATE TABLE customers(id INTEGER PRIMARY KEY AUTOINCREMENT, name)", "CREATE TABLE orders(id INTEGER PRIMARY KEY AUTOINCREMENT, customer REFERENCES customers)",
        "CREATE INDEX by_customer ON orders(customer)", "CREATE TRIGGER t AFTER INSERT ON orders BEGIN SELECT 1; END",
        "CREATE VIEW v AS SELECT * FROM orders", "CREATE VIRTUAL TABLE notes USING fts5(a)", "INSERT INTO notes VALUES ('hello')",
        "INSERT INTO customers VALUES (7, 'x')", "INSERT INTO orders VALUES (1, 7), (2, 7)", "ANALYZE", "PRAGMA user_version=9",
    ];

    [Fact]
    public async Task A_table_left_out_takes_its_indexes_triggers_and_sequence_along()
    {
        using SqliteConnection source = TestDatabase.InMemory(Shop);
        foreach (BackupFormat format in RoundTrip.Formats)
        {
            RowBackup backup = await RowBackup.Take(source, format, filter: new TableFilter([], ["ord*", "notes"]));
            using SqliteConnection target = TestDatabase.InMemory();
            await backup.LoadInto(target);

            Assert.Equal(["customers"], backup.Plan.Tables.Select(table => table.Name));
            Assert.Equal(["customers", "sqlite_sequence", "sqlite_stat1", "v"], Names(target));
            Assert.Equal(1L, TestDatabase.Scalar(target, "SELECT count(*) FROM sqlite_sequence"));
            Assert.Equal(0L, TestDatabase.Scalar(target, "SELECT count(*) FROM sqlite_stat1 WHERE tbl <> 'customers'"));
            Assert.Equal((0, 1, 0), (backup.Plan.Objects["indexes"], backup.Plan.Objects["views"], backup.Plan.Objects["triggers"]));
            _ = await backup.Read();
        }
    }

    [Fact]
    public async Task A_virtual_table_comes_with_its_shadow_tables()
    {
        using SqliteConnection source = TestDatabase.InMemory(Shop);

        RowBackup backup = await RowBackup.Take(source, BackupFormat.Sql, filter: new TableFilter(["notes"], []));
        using SqliteConnection target = TestDatabase.InMemory();
        await backup.LoadInto(target);

        Assert.All(backup.Plan.Tables, table => Assert.StartsWith("notes_", table.Name, StringComparison.Ordinal));
        Assert.Equal(1L, TestDatabase.Scalar(target, "SELECT count(*) FROM notes WHERE notes MATCH 'hello'"));
    }

    [Fact]
    public async Task A_pattern_without_a_table_is_wrong_usage()
    {
        using SqliteConnection source = TestDatabase.InMemory(Shop);

        AiShellException failure = await Assert.ThrowsAsync<AiShellException>(() => RowBackup.Take(source, BackupFormat.Sql, filter: new TableFilter(["order"], [])));

        Assert.Equal(ErrorKind.Usage, failure.Kind);
        Assert.Contains("'order'", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Schema_only_makes_a_working_empty_database()
    {
        using SqliteConnection source = TestDatabase.InMemory(Shop);
        RowBackup backup = await RowBackup.Take(source, BackupFormat.Csv, BackupScope.SchemaOnly);
        using SqliteConnection target = TestDatabase.InMemory();
        await backup.LoadInto(target);

        Assert.Empty(backup.Plan.Tables);
        Assert.Equal(0L, TestDatabase.Scalar(target, "SELECT count(*) FROM orders"));
        Assert.Equal(9L, TestDatabase.Scalar(target, "PRAGMA user_version"));
        TestDatabase.Execute(target, "INSERT INTO notes VALUES ('new')");
        Assert.Equal(1L, TestDatabase.Scalar(target, "SELECT count(*) FROM notes WHERE notes MATCH 'new'"));
        _ = await backup.Read();
    }

    [Fact]
    public async Task Data_only_goes_into_tables_that_are_there()
    {
        using SqliteConnection source = TestDatabase.InMemory(Shop[..5]);
        TestDatabase.Execute(source, Shop[7..9]);
        foreach (BackupFormat format in RoundTrip.Formats)
        {
            RowBackup backup = await RowBackup.Take(source, format, BackupScope.DataOnly);
            using SqliteConnection target = TestDatabase.InMemory([.. Shop[..5], "CREATE TRIGGER never BEFORE INSERT ON orders BEGIN SELECT RAISE(ABORT, 'fired'); END"]);
            await backup.LoadInto(target);

            Assert.Equal(RowBackup.Describe(source), RowBackup.Describe(target));
            Assert.Equal(7L, TestDatabase.Scalar(target, "SELECT seq FROM sqlite_sequence WHERE name = 'customers'"));
            _ = await backup.Read();
        }
    }

    [Fact]
    public async Task A_big_table_is_cut_into_steps_that_leave_out_and_repeat_no_row()
    {
        using SqliteConnection source = TestDatabase.InMemory(
            "PRAGMA page_size=512", "CREATE TABLE t(a, b)",
            "WITH n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 9000) INSERT INTO t(rowid, a, b) SELECT x * 1000003 % 100000007 - 50000000, x, 'text ' || x FROM n");

        await RoundTrip.Check(source, partBytes: 20_000, workers: 4, shell: false);
        RowBackup backup = await RowBackup.Take(source, BackupFormat.Sql, partBytes: 20_000, workers: 4);

        int steps = backup.Plan.Steps.Count(step => step.Phase == PartPhase.Data);
        Assert.InRange(steps, 3, 64);
        Assert.InRange(backup.Plan.EstimatedBytes, backup.Contents.PlainBytes / 3, backup.Contents.PlainBytes * 3);
        Assert.All(backup.Contents.Parts, part => Assert.InRange(part.PlainBytes, 1, 90_000));
        long largest = backup.Contents.Parts.Max(part => part.Rows);
        Assert.InRange(largest, 100, 9000 / 3);
    }

    [Fact]
    public async Task The_same_step_written_again_gives_the_same_bytes()
    {
        using SqliteConnection source = TestDatabase.InMemory(Shop);
        foreach (BackupFormat format in RoundTrip.Formats)
        {
            Assert.Equal((await RowBackup.Take(source, format)).Script, (await RowBackup.Take(source, format)).Script);
        }
    }

    [Fact]
    public async Task Values_that_an_insert_would_change_are_refused()
    {
        string[][] databases =
        [
            ["CREATE TABLE t(a)", "INSERT INTO t VALUES (12)", "TEXT"],
            ["CREATE TABLE t(a)", "INSERT INTO t VALUES ('12')", "INTEGER"],
            ["CREATE TABLE t(a)", "INSERT INTO t VALUES (' 1e2 ')", "REAL"],
            ["CREATE TABLE t(a)", "INSERT INTO t VALUES (5.0)", "DATE"],
        ];
        foreach (string[] database in databases)
        {
            using SqliteConnection source = TestDatabase.InMemory(
                database[0], database[1], "PRAGMA writable_schema=ON", $"UPDATE sqlite_master SET sql='CREATE TABLE t(a {database[2]})'", "PRAGMA writable_schema=RESET");

            AiShellException failure = await Assert.ThrowsAsync<AiShellException>(() => RowBackup.Take(source, BackupFormat.Json));

            Assert.Contains("native", failure.Hint, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_schema_that_needs_what_only_the_application_has_is_refused_beforehand()
    {
        using SqliteConnection source = TestDatabase.InMemory();
        source.CreateCollation("application", string.CompareOrdinal);
        TestDatabase.Execute(source, "CREATE TABLE t(a TEXT COLLATE application)");

        AiShellException failure = await Assert.ThrowsAsync<AiShellException>(() => RowBackup.Take(source, BackupFormat.Sql));

        Assert.Contains("no such collation", failure.Message, StringComparison.Ordinal);
        Assert.Contains("native", failure.Hint, StringComparison.Ordinal);
    }

    [Fact]
    public void A_row_too_long_for_a_statement_is_refused()
    {
        using SqliteConnection source = TestDatabase.InMemory("CREATE TABLE t(a)", "INSERT INTO t VALUES (zeroblob(600))");
        SqliteSchema schema = SqliteSchema.Read(source);
        using MemoryStream stream = new();
        using SqlRowFormat format = new(new RowOutput(stream), schema, schema.Tables[0], longestStatement: 1000);

        AiShellException failure = Assert.Throws<AiShellException>(() => format.WriteRow(TestDatabase.Rows(source, "t")[0]));

        Assert.Contains("'t'", failure.Message, StringComparison.Ordinal);
        Assert.Contains("native", failure.Hint, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Values_larger_than_every_buffer_come_back()
    {
        using SqliteConnection source = TestDatabase.InMemory(
            "CREATE TABLE t(a, b)", "INSERT INTO t VALUES (randomblob(700001), replace(hex(randomblob(300000)), '7', ''' é' || char(13, 10)))", "INSERT INTO t VALUES (CAST(randomblob(200001) AS TEXT), replace(hex(randomblob(300000)), '7', '\"\\'))");

        await RoundTrip.Check(source);
    }

    [Fact]
    public async Task A_damaged_page_is_an_error_and_not_a_short_backup()
    {
        string path = Path.GetTempFileName();
        try
        {
            using (SqliteConnection made = TestDatabase.Open(path, "CREATE TABLE t(a)", "WITH n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 5000) INSERT INTO t SELECT 'row ' || x FROM n"))
            {
            }

            byte[] bytes = File.ReadAllBytes(path);
            bytes.AsSpan(4096 * 10, 4096).Fill(0xee);
            File.WriteAllBytes(path, bytes);
            using SqliteConnection source = TestDatabase.Open(path);

            AiShellException failure = await Assert.ThrowsAsync<AiShellException>(() => RowBackup.Take(source, BackupFormat.Sql));

            Assert.Equal(ErrorKind.Integrity, failure.Kind);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public async Task The_formats_look_as_they_are_described()
    {
        using SqliteConnection source = TestDatabase.InMemory(
            "CREATE TABLE t(a, \"b\"\"c\")", "INSERT INTO t VALUES (1, 'it''s \"é\"'), (-0.5, x'00ff'), (NULL, ''), (9e999, CAST(x'ff' AS TEXT)), (1e100, char(13, 10))");

        Assert.Equal(
            "INSERT INTO \"t\"(\"rowid\",\"a\",\"b\"\"c\") VALUES\n(1,1,'it''s \"é\"'),\n(2,-0.5,X'00FF'),\n(3,NULL,''),\n(4,9e999,CAST(X'FF' AS TEXT)),\n(5,5026338869833201/9007199254740992.0*0,replace('\\r\\n','\\r\\n',char(13,10)));\n"[..100],
            await Rows(source, BackupFormat.Sql, 100));
        Assert.Equal(
            "{\"rowid\":1,\"a\":1,\"b\\\"c\":\"it's \\\"é\\\"\"}\n{\"rowid\":2,\"a\":-0.5,\"b\\\"c\":{\"$blob\":\"AP8=\"}}\n{\"rowid\":3,\"a\":null,\"b\\\"c\":\"\"}\n{\"rowid\":4,\"a\":{\"$real\":\"inf\"},\"b\\\"c\":{\"$text\":\"/w==\"}}\n{\"rowid\":5,\"a\":1E+100,\"b\\\"c\":\"\\r\\n\"}\n",
            await Rows(source, BackupFormat.Json));
        Assert.Equal(
            "\"rowid\",\"a\",\"b\"\"c\"\r\n1,1,\"it's \"\"é\"\"\"\r\n2,-0.5,x'00ff'\r\n3,,\"\"\r\n4,inf,t'ff'\r\n5,1E+100,\"\r\n\"\r\n",
            await Rows(source, BackupFormat.Csv));
    }

    private static async Task<string> Rows(SqliteConnection source, BackupFormat format, int length = int.MaxValue)
    {
        string text = Encoding.UTF8.GetString((await RowBackup.Take(source, format)).Parts[1]);
        return text[..Math.Min(length, text.Length)];
    }

    private static List<string> Names(SqliteConnection database)
    {
        using SqliteCommand command = database.CreateCommand();
        command.CommandText = "SELECT name FROM sqlite_master ORDER BY name";
        using SqliteDataReader reader = command.ExecuteReader();
        List<string> names = [];
        while (reader.Read())
        {
            names.Add(reader.GetString(0));
        }

        return names;
    }
}
