using AiShell.Engines.Sqlite.Rows;
using CsCheck;
using Microsoft.Data.Sqlite;

namespace AiShell.Tests.Engines.SqliteRows;

/// <summary>Rows read from the pages are those that a statement reads.</summary>
public class PageScanTests
{
    [Theory]
    [InlineData(512)]
    [InlineData(4096)]
    [InlineData(65536)]
    public void Deep_trees_long_rows_and_every_range_of_rowids(int pageSize)
    {
        using SqliteConnection database = TestDatabase.InMemory(
            $"PRAGMA page_size = {pageSize}",
            "CREATE TABLE t(a REAL, b, c TEXT)",
            """
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
            INSERT INTO t(rowid, a, b, c) SELECT (i - 2500) * 7, i * (i % 2 + 0.5), CASE i % 5 WHEN 0 THEN NULL WHEN 1 THEN i WHEN 2 THEN zeroblob(i % 700) WHEN 3 THEN i / 3.0 ELSE -i END, hex(randomblob(i % 90)) FROM n
            """,
            "INSERT INTO t(rowid, a, b, c) VALUES (-9223372036854775808, 1, zeroblob(300000), 'first'), (9223372036854775807, -0.0, 9223372036854775807, replace(hex(zeroblob(70000)), '0', 'é'))",
            "DELETE FROM t WHERE rowid % 11 = 0");

        RequireSame(database, null);
        Gen.Select(Bound, Bound).Sample(bounds => RequireSame(database, new RowidRange(Math.Min(bounds.Item1, bounds.Item2), Math.Max(bounds.Item1, bounds.Item2))), iter: 200, threads: 1);
    }

    [Fact]
    public void Rows_from_before_a_column_was_added_have_its_default()
    {
        using SqliteConnection database = TestDatabase.InMemory(
            "CREATE TABLE t(a INTEGER PRIMARY KEY, b REAL)",
            "INSERT INTO t VALUES (1, 5), (2, 6.5)",
            "ALTER TABLE t ADD COLUMN c REAL DEFAULT 7",
            "INSERT INTO t VALUES (-3, 1, 2), (4, NULL, NULL), (5, 8, 9)",
            "ALTER TABLE t ADD COLUMN d DEFAULT 'later'",
            "INSERT INTO t VALUES (-9, 1, 2, 3)");

        RequireSame(database, null);
        RequireSame(database, new RowidRange(2, 4));
        Assert.Contains(PageRows(database, null), row => CanonicalRow.Decode(row).SequenceEqual(new object?[] { 1L, 5.0, 7.0, "later" }));
    }

    [Theory]
    [InlineData("CREATE TABLE t(rowid, oid, _rowid_)", "INSERT INTO t VALUES (1, 2, 3), ('x', NULL, 0.5)")]
    [InlineData("CREATE TABLE t(a INT PRIMARY KEY, b) WITHOUT ROWID", "INSERT INTO t VALUES (2, 'two'), (1, 'one')")]
    [InlineData("CREATE TABLE t(a, b AS (a + 1) STORED, c AS (a * 2))", "INSERT INTO t(a) VALUES (1), (2)")]
    [InlineData("CREATE TABLE t(a REAL, b ANY, c INT) STRICT", "INSERT INTO t VALUES (1, 1, 1), (1e300, 'x', NULL)")]
    [InlineData("CREATE TABLE t(a INTEGER PRIMARY KEY DESC, b)", "INSERT INTO t VALUES (1, 'x'), (-5, 'y'), (NULL, 'z')")]
    [InlineData("CREATE TABLE t(a NUMERIC, b FLOATING POINT, c DOUBLE)", "INSERT INTO t VALUES (1, 1, 1), (1.5, 'text', x'00'), (9e999, -9e999, 9007199254740993)")]
    public void Tables_of_every_kind(string create, string insert)
    {
        using SqliteConnection database = TestDatabase.InMemory(create, insert);
        RequireSame(database, null);
    }

    [Theory]
    [InlineData("UTF-16le")]
    [InlineData("UTF-16be")]
    public void Text_of_utf_16_databases(string encoding)
    {
        using SqliteConnection database = TestDatabase.InMemory(
            $"PRAGMA encoding = '{encoding}'", "CREATE TABLE t(a)", "INSERT INTO t VALUES ('é😀'), (''), (CAST(x'00d8' AS TEXT)), (CAST(x'd8' AS TEXT))");
        RequireSame(database, null);
    }

    [Fact]
    public void A_damaged_page_is_an_error_not_a_short_table()
    {
        using SqliteConnection database = TestDatabase.InMemory(
            "CREATE TABLE t(a)", "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) INSERT INTO t SELECT hex(randomblob(60)) FROM n");
        PageReader pages = RowBackup.PagesOf(database);
        Gen.Select(Gen.Int[0, 200], Gen.Int[0, 4095], Gen.Byte).Sample(
            (number, offset, value) =>
            {
                // Whatever a page says, the scan ends: with an error, or with rows whose hashes tell.
                SqliteSchema schema = SqliteSchema.Read(database);
                using IRowScan scan = PageScan.Open(database, Spoiled, schema, schema.Find("t")!);
                try
                {
                    scan.Digest(default);
                }
                catch (AiShellException failure)
                {
                    Assert.Equal(ErrorKind.Integrity, failure.Kind);
                }

                void Spoiled(uint first, Span<byte> target)
                {
                    pages(first, target);
                    long at = ((number - first) * 4096L) + offset;
                    if (number >= first && at >= 0 && at < target.Length)
                    {
                        target[(int)at] = value;
                    }
                }
            },
            iter: 3000,
            threads: 1);
    }

    private static readonly Gen<long> Bound = Gen.OneOf(Gen.Long[-20000, 20000], Gen.Long, Gen.Int[0, 1].Select(end => end == 0 ? long.MinValue : long.MaxValue));

    private static void RequireSame(SqliteConnection database, RowidRange? range) =>
        Assert.Equal(StatementRows(database, range).Select(Convert.ToHexString), PageRows(database, range).Select(Convert.ToHexString));

    private static List<byte[]> PageRows(SqliteConnection database, RowidRange? range)
    {
        SqliteSchema schema = SqliteSchema.Read(database);
        using IRowScan scan = PageScan.Open(database, RowBackup.PagesOf(database), schema, schema.Find("t")!, range);
        return Rows(scan);
    }

    private static List<byte[]> StatementRows(SqliteConnection database, RowidRange? range)
    {
        SqliteSchema schema = SqliteSchema.Read(database);
        using TableScan scan = new(database, schema, schema.Find("t")!, range);
        return Rows(scan);
    }

    private static List<byte[]> Rows(IRowScan scan)
    {
        List<byte[]> rows = [];
        while (scan.Next())
        {
            rows.Add(scan.Row.ToArray());
        }

        return rows;
    }
}
