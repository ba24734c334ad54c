using System.Text;
using AiShell.Engines;
using AiShell.Engines.Sqlite.Rows;
using Microsoft.Data.Sqlite;

namespace AiShell.Tests.Engines.SqliteRows;

public class RowReaderTests
{
    private const string Sql = "INSERT INTO \"t\"(\"a\",\"b\") VALUES\n";

    [Theory]
    [InlineData("sql", "SELECT 1;\n")]
    [InlineData("sql", "INSERT INTO \"u\"(\"a\") VALUES\n(1);\n")]
    [InlineData("sql", Sql + "(1,2);")]
    [InlineData("sql", Sql + "(1,2),\n")]
    [InlineData("sql", Sql + "(1);\n")]
    [InlineData("sql", Sql + "(1,2,3);\n")]
    [InlineData("sql", Sql + "(1,'x);\n")]
    [InlineData("sql", Sql + "(1,X'0');\n")]
    [InlineData("sql", Sql + "(1,X'0g');\n")]
    [InlineData("sql", Sql + "(1,X'00)")]
    [InlineData("sql", Sql + "(1,1.5.5);\n")]
    [InlineData("sql", Sql + "(1,99999999999999999999x);\n")]
    [InlineData("sql", Sql + "(1,NULLL);\n")]
    [InlineData("sql", Sql + "(1,);\n")]
    [InlineData("sql", Sql + "(1,random());\n")]
    [InlineData("sql", Sql + "(1,CAST(X'00' AS BLOB));\n")]
    [InlineData("sql", Sql + "(1,replace('a','',char(13,10)));\n")]
    [InlineData("sql", Sql + "(1,2);\nINSERT INTO \"t\"(\"b\",\"a\") VALUES\n(1,2);\n")]
    [InlineData("jsonl", "{\"a\":1,\"b\":2}")]
    [InlineData("jsonl", "{\"a\":1,\"b\":2\n")]
    [InlineData("jsonl", "[1,2]\n")]
    [InlineData("jsonl", "{}\n")]
    [InlineData("jsonl", "\n")]
    [InlineData("jsonl", "{\"a\":1,\"b\":2}\n{\"a\":1}\n")]
    [InlineData("jsonl", "{\"a\":1,\"b\":2}\n{\"b\":1,\"a\":2}\n")]
    [InlineData("jsonl", "{\"a\":1,\"b\":2}\n{\"a\":1,\"b\":2,\"c\":3}\n")]
    [InlineData("jsonl", "{\"a\":1,\"b\":true}\n")]
    [InlineData("jsonl", "{\"a\":1,\"b\":[1]}\n")]
    [InlineData("jsonl", "{\"a\":1,\"b\":9223372036854775808}\n")]
    [InlineData("jsonl", "{\"a\":1,\"b\":1e999}\n")]
    [InlineData("jsonl", "{\"a\":1,\"b\":{\"$blob\":\"A\"}}\n")]
    [InlineData("jsonl", "{\"a\":1,\"b\":{\"$blob\":1}}\n")]
    [InlineData("jsonl", "{\"a\":1,\"b\":{\"$real\":\"nan\"}}\n")]
    [InlineData("jsonl", "{\"a\":1,\"b\":{\"$other\":\"\"}}\n")]
    [InlineData("jsonl", "{\"a\":1,\"b\":{\"$blob\":\"\",\"$text\":\"\"}}\n")]
    [InlineData("jsonl", "{\"a\":1,\"b\":{}}\n")]
    [InlineData("jsonl", "{\"a\":1,\"b\":\"\\ud800\"}\n")]
    [InlineData("jsonl", "{\"a\":1,\"b\":2} x\n")]
    [InlineData("csv", "a,b\r\n1,2\r\n")]
    [InlineData("csv", "\"a\",\"b\"\r\n1\r\n")]
    [InlineData("csv", "\"a\",\"b\"\r\n1,2,3\r\n")]
    [InlineData("csv", "\"a\",\"b\"\r\n1,2")]
    [InlineData("csv", "\"a\",\"b\"\r\n1,2\n")]
    [InlineData("csv", "\"a\",\"b\"\r\n1,\"x\r\n")]
    [InlineData("csv", "\"a\",\"b\"\r\n1,\"x\"y\r\n")]
    [InlineData("csv", "\"a\",\"b\"\r\n1,x'0'\r\n")]
    [InlineData("csv", "\"a\",\"b\"\r\n1,x'00\r\n")]
    [InlineData("csv", "\"a\",\"b\"\r\n1,hello\r\n")]
    [InlineData("csv", "\"a\",\"b")]
    public async Task A_part_that_is_not_what_its_format_says_is_an_integrity_error_that_names_it(string extension, string content)
    {
        BackupPart part = new(4, PartPhase.Data, new TableName("", "t"), extension, 2, content.Length, 0);
        BackupContents contents = new("sqlite", "3", BackupFormat.Sql, BackupScope.DataOnly, [part], []);
        using SqliteConnection target = TestDatabase.InMemory("CREATE TABLE t(a, b)");
        foreach (int step in (int[])[1, 1000])
        {
            await using RowBackupReader reader = new(contents, new ReaderOptions(1, 0, ""));
            using SlowStream first = new(Encoding.UTF8.GetBytes(content), step);
            AiShellException read = await Assert.ThrowsAsync<AiShellException>(() => reader.ReadAsync(part, first, default));
            using SlowStream second = new(Encoding.UTF8.GetBytes(content), step);
            AiShellException loaded = await Assert.ThrowsAsync<AiShellException>(() => new RowLoader(target).LoadAsync(part, second, default));

            Assert.All([read, loaded], failure =>
            {
                Assert.Equal(ErrorKind.Integrity, failure.Kind);
                Assert.Contains($"part 5 (table 't', {extension})", failure.Message, StringComparison.Ordinal);
            });
        }
    }

    [Fact]
    public async Task Missing_and_surplus_rows_are_found()
    {
        using SqliteConnection source = TestDatabase.InMemory("CREATE TABLE t(a)", "INSERT INTO t VALUES (1), (2), (3)");
        RowBackup backup = await RowBackup.Take(source, BackupFormat.Json);
        byte[] whole = backup.Parts[1];
        backup.Parts[1] = whole[..(Array.IndexOf(whole, (byte)'\n') + 1)];

        AiShellException failure = await Assert.ThrowsAsync<AiShellException>(() => backup.Read());

        Assert.Contains("1 rows instead of 3", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_schema_part_that_does_not_run_is_found()
    {
        using SqliteConnection source = TestDatabase.InMemory("CREATE TABLE t(a)", "CREATE INDEX i ON t(a)");
        RowBackup backup = await RowBackup.Take(source, BackupFormat.Sql);
        backup.Parts[^1] = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(backup.Parts[^1]).Replace("ON t(a)", "ON gone(a)", StringComparison.Ordinal));

        AiShellException failure = await Assert.ThrowsAsync<AiShellException>(() => backup.Read());

        Assert.Equal(ErrorKind.Integrity, failure.Kind);
        Assert.Contains("part 2 (schema)", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_sample_is_of_so_many_different_rows()
    {
        using SqliteConnection source = TestDatabase.InMemory(
            "CREATE TABLE t(id INTEGER PRIMARY KEY)", "WITH n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 2000) INSERT INTO t SELECT x FROM n", "CREATE TABLE few(a)", "INSERT INTO few VALUES (1)");
        RowBackup backup = await RowBackup.Take(source, BackupFormat.Csv, partBytes: 600);

        ReaderResult result = await backup.Read(sampleRows: 25);

        List<string> rows = [.. result.Sample.Where(row => row.Table.Name == "t").Select(row => Convert.ToHexString(row.Canonical.Span))];
        Assert.Equal(25, rows.Distinct().Count());
        Assert.Single(result.Sample, row => row.Table.Name == "few");
        Assert.True(rows.Max(row => Convert.ToInt64(row[2..], 16)) > 300, "25 of 2,000 rows all among the first 300");
    }
}
