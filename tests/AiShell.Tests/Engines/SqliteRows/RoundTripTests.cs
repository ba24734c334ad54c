using AiShell.Engines.Sqlite.Rows;
using Microsoft.Data.Sqlite;

namespace AiShell.Tests.Engines.SqliteRows;

public class RoundTripTests
{
    public static readonly TheoryData<string, string[]> Databases = new()
    {
        { "nothing at all", [] },
        { "an empty table", ["CREATE TABLE t(a)"] },
        { "settings", ["PRAGMA page_size=1024", "PRAGMA auto_vacuum=INCREMENTAL", "PRAGMA user_version=42", "PRAGMA application_id=-5", "CREATE TABLE t(a)"] },
        { "full auto_vacuum, big pages", ["PRAGMA page_size=65536", "PRAGMA auto_vacuum=FULL", "CREATE TABLE t(a)", "INSERT INTO t VALUES (1)"] },
        { "UTF-16le", ["PRAGMA encoding='UTF-16le'", "CREATE TABLE t(a TEXT)", "INSERT INTO t VALUES ('hé€😀'), (CAST(x'00d86100' AS TEXT)), (char(65279,97)), ('a' || char(0)), (x'00ff')"] },
        { "UTF-16be", ["PRAGMA encoding='UTF-16be'", "CREATE TABLE t(a TEXT PRIMARY KEY) WITHOUT ROWID", "INSERT INTO t VALUES ('hé€😀'), (CAST(x'd8000061' AS TEXT)), (char(65279,97)), ('a' || char(0))"] },
        { "WITHOUT ROWID", ["CREATE TABLE t(b INT, a TEXT, PRIMARY KEY(a, b DESC)) WITHOUT ROWID", "INSERT INTO t VALUES (1, 'x'), (2, 'x'), (3, '')"] },
        { "STRICT", ["CREATE TABLE t(a INT, b TEXT, c REAL, d BLOB, e ANY) STRICT", "INSERT INTO t VALUES (1, 'x', 2, x'00', '7'), (NULL, NULL, -0.5, NULL, 7)"] },
        { "generated columns", ["CREATE TABLE t(a INT, b AS (a * 2), c INT AS (a + 1) STORED, d TEXT)", "INSERT INTO t(a, d) VALUES (1, 'x'), (NULL, 'y')", "CREATE INDEX i ON t(b, c)"] },
        { "AUTOINCREMENT", ["CREATE TABLE t(id INTEGER PRIMARY KEY AUTOINCREMENT, a)", "INSERT INTO t VALUES (5, 'x')", "INSERT INTO t(a) VALUES ('y')", "DELETE FROM t WHERE id = 6"] },
        { "AUTOINCREMENT long gone", ["CREATE TABLE t(id INTEGER PRIMARY KEY AUTOINCREMENT)", "DROP TABLE t", "CREATE TABLE u(a)"] },
        { "views and triggers", [
            "CREATE TABLE t(a)", "CREATE TABLE log(a)", "CREATE VIEW v AS SELECT a FROM t -- a comment",
            "CREATE TRIGGER on_insert AFTER INSERT ON t BEGIN INSERT INTO log VALUES (new.a); SELECT 'a;b'; END",
            "CREATE TRIGGER on_view INSTEAD OF INSERT ON v BEGIN INSERT INTO t VALUES (new.a); END", "INSERT INTO v VALUES (1), (2)"] },
        { "a view of what is not there", ["CREATE TABLE gone(a)", "CREATE VIEW v AS SELECT * FROM gone", "DROP TABLE gone"] },
        { "indexes", ["CREATE TABLE t(a UNIQUE, b)", "CREATE INDEX p ON t(b) WHERE a > 1", "CREATE UNIQUE INDEX e ON t(lower(b), a DESC)", "INSERT INTO t VALUES (1, 'X'), (2, 'y')"] },
        { "statistics", ["CREATE TABLE t(a, b)", "CREATE INDEX i ON t(a)", "WITH n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 50) INSERT INTO t SELECT x % 7, x FROM n", "ANALYZE",
            "UPDATE sqlite_stat1 SET stat = 'x' || stat", "PRAGMA writable_schema=ON", "CREATE TABLE sqlite_stat4(tbl,idx,neq,nlt,ndlt,sample)", "INSERT INTO sqlite_stat4 VALUES ('t', 'i', '1', '2', '3', x'0011')", "PRAGMA writable_schema=RESET"] },
        { "FTS5", ["CREATE VIRTUAL TABLE f USING fts5(a, b)", "INSERT INTO f VALUES ('hello world', 'x'), ('goodbye', 'it''s')"] },
        { "FTS5 with external content", ["CREATE TABLE c(id INTEGER PRIMARY KEY, a)", "CREATE VIRTUAL TABLE f USING fts5(a, content='c', content_rowid='id')", "INSERT INTO c VALUES (7, 'seven seas')", "INSERT INTO f(rowid, a) VALUES (7, 'seven seas')"] },
        { "FTS5 without content", ["CREATE VIRTUAL TABLE f USING fts5(a, content='')", "INSERT INTO f(rowid, a) VALUES (3, 'three bears')"] },
        { "FTS3 and FTS4", ["CREATE VIRTUAL TABLE f3 USING fts3(a)", "CREATE VIRTUAL TABLE f4 USING fts4(a, b)", "INSERT INTO f3 VALUES ('one')", "INSERT INTO f4 VALUES ('two', 'three')"] },
        { "R-Tree", ["CREATE VIRTUAL TABLE r USING rtree(id, x0, x1, +note)", "INSERT INTO r VALUES (1, 0.5, 1.5, 'n'), (2, -3, 4, NULL)", "CREATE VIRTUAL TABLE i USING rtree_i32(id, a, b)", "INSERT INTO i VALUES (1, 2, 3)"] },
        { "geopoly, which the shell does not have", ["CREATE VIRTUAL TABLE g USING geopoly(a)", "INSERT INTO g(_shape, a) VALUES ('[[0,0],[1,0],[0.5,1],[0,0]]', 'triangle')"] },
        { "a virtual table of an unknown module", ["CREATE TABLE z_data(a)", "INSERT INTO z_data VALUES (1)", "PRAGMA writable_schema=ON", "INSERT INTO sqlite_master(type,name,tbl_name,rootpage,sql) VALUES ('table','z','z',0,'CREATE VIRTUAL TABLE z USING nobody_has_it(x)')", "PRAGMA writable_schema=RESET"] },
        { "columns dropped and renamed", ["CREATE TABLE t(a, b, c)", "INSERT INTO t VALUES (1, 2, 3)", "ALTER TABLE t DROP COLUMN b", "ALTER TABLE t RENAME COLUMN c TO \"d e\"", "ALTER TABLE t RENAME TO \"u v\""] },
        { "CREATE TABLE AS", ["CREATE TABLE a(x INT, \"y z\" TEXT)", "INSERT INTO a VALUES (1, 'q')", "CREATE TABLE b AS SELECT * FROM a"] },
        { "rowids that matter", ["CREATE TABLE t(a)", "INSERT INTO t(rowid, a) VALUES (-9223372036854775808, 1), (0, 2), (9223372036854775807, 3)"] },
        { "rowid names taken", ["CREATE TABLE a(rowid, x)", "INSERT INTO a(oid, rowid, x) VALUES (9, 'r', 1)", "CREATE TABLE b(rowid, _rowid_, oid)", "INSERT INTO b VALUES (1, 2, 3)", "CREATE TABLE c(rowid INTEGER PRIMARY KEY, oid)", "INSERT INTO c VALUES (4, 5)"] },
        { "columns added", ["CREATE TABLE t(a)", "INSERT INTO t VALUES (1)", "ALTER TABLE t ADD COLUMN b TEXT NOT NULL DEFAULT 'd''ef'", "ALTER TABLE t ADD COLUMN c DEFAULT 1.5", "INSERT INTO t VALUES (2, 'x', NULL)"] },
        { "wrong types", ["CREATE TABLE t(i INTEGER, r REAL, t TEXT, n NUMERIC, b BLOB)", "INSERT INTO t VALUES ('abc', x'00', x'01', 'x', 5), (1.5, 'r', 'x', 1e300, '5'), (x'', '', '', '', '')"] },
        { "violated CHECK and foreign key", ["PRAGMA foreign_keys=OFF", "PRAGMA ignore_check_constraints=ON", "CREATE TABLE p(id INTEGER PRIMARY KEY)", "CREATE TABLE t(a INT CHECK(a > 0), b REFERENCES p)", "INSERT INTO t VALUES (-1, 99)", "PRAGMA ignore_check_constraints=OFF"] },
        { "integers", ["CREATE TABLE t(a)", "INSERT INTO t VALUES (9223372036854775807), (-9223372036854775808), (0), (-1), (4611686018427387904)"] },
        { "infinity, minus zero, subnormal", ["CREATE TABLE t(a, r REAL)", "INSERT INTO t VALUES (9e999, -9e999), (-0.0, -0.0), (4.9406564584124654e-324, 1.7976931348623157e308), (2.2250738585072009e-308, 5.0), (1e22, 1e23), (0.1, 19.99), (9007199254740993.0, 1e15)"] },
        { "text of lines", ["CREATE TABLE t(a)", "INSERT INTO t VALUES ('a' || char(13,10) || '.quit' || char(10) || '/' || char(13) || 'go;' || char(13,10) || '''q''' || char(13,10)), ('\\r\\n' || char(13,10) || '\\015\\012'), ('\\r\\n\\015\\012<CRLF>' || char(13,10)), ('--x' || char(10) || '/*'), (char(10)), (char(13))"] },
        { "every byte", ["CREATE TABLE t(a)", $"INSERT INTO t VALUES (x'{Convert.ToHexString([.. Enumerable.Range(0, 256).Select(value => (byte)value)])}'), (CAST(x'{Convert.ToHexString([.. Enumerable.Range(0, 256).Select(value => (byte)value)])}' AS TEXT)), (''), (x''), (NULL)"] },
        { "names", ["CREATE TABLE \"a \"\"quoted\"\" 'name';\n--x\n/*\"(\"select\" INT, [from] TEXT, `ta``ble` BLOB, \"é😀\" REAL, \"a,b\" ANY, \"\")", "INSERT INTO \"a \"\"quoted\"\" 'name';\n--x\n/*\" VALUES (1, 'x', x'00', 1.5, 'y', 'z')",
            "CREATE INDEX \"index\" ON \"a \"\"quoted\"\" 'name';\n--x\n/*\"(\"select\")", "CREATE VIEW \"order\" AS SELECT 1 AS \"group\""] },
        { "schema text the shell would change", ["CREATE TABLE t(a DEFAULT 'x\r\ny',\r\n b)", "CREATE VIEW v AS SELECT 6\n/\n2 AS x", "CREATE VIEW w AS SELECT 1 AS\ngo\n", "CREATE TABLE u(a PRIMARY KEY) WITHOUT ROWID /* open", "CREATE TABLE s(a INT) STRICT -- line\n"] },
        { "WAL", ["PRAGMA journal_mode=WAL", "CREATE TABLE t(a)", "INSERT INTO t VALUES (1)"] },
    };

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task Every_format_brings_back_the_same_database(string what, string[] statements)
    {
        _ = what;
        using SqliteConnection source = TestDatabase.InMemory(statements);

        await RoundTrip.Check(source);
    }

    [Fact]
    public async Task Text_in_double_quotes_in_an_old_schema_comes_back()
    {
        using SqliteConnection source = TestDatabase.InMemory();
        LoadingConnection.Prepare(source);
        TestDatabase.Execute(source, "CREATE TABLE t(a DEFAULT \"x\" CHECK(a <> \"z\"))", "CREATE INDEX i ON t(a) WHERE a <> \"y\"", "CREATE VIEW v AS SELECT \"text\"", "INSERT INTO t DEFAULT VALUES");

        await RoundTrip.Check(source);
    }
}
