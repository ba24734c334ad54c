namespace AiShell.Testing.Engines.Sqlite;

/// <summary>Databases of every shape that SQLite has, as the statements that make them.</summary>
public static class SqliteShapes
{
    public static readonly TheoryData<string, string[]> All = new()
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
        { "views on views", ["CREATE TABLE t(a)", "INSERT INTO t VALUES (1), (2)", "CREATE VIEW v1 AS SELECT a FROM t", "CREATE VIEW v2(x) AS SELECT a * 2 FROM v1", "CREATE VIEW v0 AS SELECT sum(x) AS s FROM v2", "CREATE TRIGGER into_view INSTEAD OF INSERT ON v2 BEGIN INSERT INTO t VALUES (new.x); END"] },
        { "triggers that would double every row", ["CREATE TABLE t(a)", "CREATE TABLE u(a)", "INSERT INTO t VALUES (1), (2)", "INSERT INTO u VALUES (7)", "CREATE TRIGGER before_t BEFORE INSERT ON t BEGIN DELETE FROM u; END", "CREATE TRIGGER after_t AFTER INSERT ON t BEGIN INSERT INTO u VALUES (new.a); UPDATE t SET a = a + 1; END", "CREATE TRIGGER stop BEFORE INSERT ON u BEGIN SELECT RAISE(ABORT, 'fired'); END"] },
        { "foreign keys in a circle", ["PRAGMA foreign_keys=OFF", "CREATE TABLE a(id INTEGER PRIMARY KEY, b REFERENCES b DEFERRABLE INITIALLY DEFERRED)", "CREATE TABLE b(id INTEGER PRIMARY KEY, a NOT NULL REFERENCES a ON DELETE CASCADE, self REFERENCES b)", "INSERT INTO a VALUES (1, 2)", "INSERT INTO b VALUES (2, 1, 3), (3, 1, 2)"] },
        { "NaN is NULL", ["CREATE TABLE t(a, b REAL)", "INSERT INTO t VALUES (9e999 - 9e999, 9e999 * 0)"] },
        { "generated columns within keys and checks", ["CREATE TABLE t(a INT, b INT AS (a * 10) STORED UNIQUE, c TEXT AS (hex(a)) CHECK (c <> ''), d INT NOT NULL AS (a + b) VIRTUAL)", "INSERT INTO t(a) VALUES (1), (2)", "CREATE INDEX partial ON t(c, d) WHERE b > 5"] },
        { "FTS5 with every option", ["CREATE VIRTUAL TABLE f USING fts5(a, b UNINDEXED, tokenize='porter unicode61', prefix='2 3', columnsize=0, detail=none)", "INSERT INTO f VALUES ('running runners', 'x')", "CREATE VIRTUAL TABLE g USING fts5(a, content='', contentless_delete=1)", "INSERT INTO g(rowid, a) VALUES (3, 'bear'), (4, 'wolf')", "DELETE FROM g WHERE rowid = 3"] },
        { "a virtual table without tables of its own", ["CREATE VIRTUAL TABLE f USING fts5(a)", "INSERT INTO f VALUES ('one two')", "CREATE VIRTUAL TABLE v USING fts5vocab('f', 'row')"] },
        { "names of SQLite's own kind", ["CREATE TABLE sqlit(a)", "CREATE TABLE \"table\"(\"index\" INT, \"primary\" TEXT, \"_rowid_\" INT)", "INSERT INTO \"table\" VALUES (1, 'a', 5)", "CREATE TABLE \"staged\"(a)", "CREATE TABLE \"main\"(\"main\")", "INSERT INTO main VALUES ('m')", "CREATE TABLE \"temp\"(a)", "CREATE TABLE \"schema.table\"(a)", "INSERT INTO \"schema.table\" VALUES (1)", "CREATE TABLE \"a_b\"(x)", "CREATE TABLE \"a_\"(x)", "CREATE TABLE \"_\"(x)", "CREATE TABLE ai_shell_sequence(x)"] },
        { "a table for each page size's odd cell", ["PRAGMA page_size=512", "CREATE TABLE t(a)", "INSERT INTO t SELECT zeroblob(value) FROM (WITH n(value) AS (SELECT 400 UNION ALL SELECT value + 1 FROM n WHERE value < 560) SELECT value FROM n)"] },
        { "WAL", ["PRAGMA journal_mode=WAL", "CREATE TABLE t(a)", "INSERT INTO t VALUES (1)"] },
    };

    /// <summary>
    /// Databases whose schema was changed under their rows, or that need what only their application has. SQLite reads them, so they can be
    /// backed up; which formats can is for the tests to see.
    /// </summary>
    public static readonly TheoryData<string, string[]> Odd = new()
    {
        { "CHECK violated", ["PRAGMA ignore_check_constraints=ON", "CREATE TABLE t(a INT CHECK (a > 0))", "INSERT INTO t VALUES (-1), (1)", "PRAGMA ignore_check_constraints=OFF"] },
        { "NOT NULL violated", ["CREATE TABLE t(a, b)", "INSERT INTO t VALUES (NULL, 1), (2, 2)", .. Redeclare("CREATE TABLE t(a NOT NULL, b)")] },
        { "NOT NULL violated by a generated column", ["CREATE TABLE t(a, b AS (a))", "INSERT INTO t VALUES (NULL), (2)", .. Redeclare("CREATE TABLE t(a, b NOT NULL AS (a))")] },
        { "number in a TEXT column", ["CREATE TABLE t(a)", "INSERT INTO t VALUES (12)", .. Redeclare("CREATE TABLE t(a TEXT)")] },
        { "text of digits in an INTEGER column", ["CREATE TABLE t(a)", "INSERT INTO t VALUES ('12')", .. Redeclare("CREATE TABLE t(a INTEGER)")] },
        { "wrong type in a STRICT table", ["CREATE TABLE t(a ANY, b TEXT) STRICT", "INSERT INTO t VALUES ('x', 'y')", .. Redeclare("CREATE TABLE t(a INT, b TEXT) STRICT")] },
        { "NULL in a STRICT key", ["CREATE TABLE t(a ANY, b TEXT) STRICT", "INSERT INTO t VALUES (NULL, 'y')", .. Redeclare("CREATE TABLE t(a INT NOT NULL, b TEXT) STRICT")] },
        { "a key by a collation of the application", ["CREATE TABLE t(a TEXT PRIMARY KEY) WITHOUT ROWID", "INSERT INTO t VALUES ('x'), ('y')", .. Redeclare("CREATE TABLE t(a TEXT COLLATE application PRIMARY KEY) WITHOUT ROWID")] },
        { "FTS5 that lags behind its external content", ["CREATE TABLE c(id INTEGER PRIMARY KEY, a)", "CREATE VIRTUAL TABLE f USING fts5(a, content='c', content_rowid='id')", "INSERT INTO c VALUES (7, 'seven seas')", "INSERT INTO f(rowid, a) VALUES (7, 'seven seas')", "UPDATE c SET a = 'other words'", "INSERT INTO c VALUES (8, 'never indexed')"] },
        { "FTS5 whose own content was changed behind its back", ["CREATE VIRTUAL TABLE f USING fts5(a)", "INSERT INTO f VALUES ('one'), ('two')", "UPDATE f_content SET c0 = 'three' WHERE id = 1"] },
        { "FTS4 that lags behind its external content", ["CREATE TABLE c(a)", "CREATE VIRTUAL TABLE f USING fts4(a, content='c')", "INSERT INTO c VALUES ('seven seas')", "INSERT INTO f(docid, a) VALUES (1, 'seven seas')", "UPDATE c SET a = 'other words'"] },
        { "an R-Tree with a parent that is not there", ["CREATE VIRTUAL TABLE r USING rtree(id, x0, x1)", "INSERT INTO r VALUES (1, 0, 1), (2, 3, 4)", "DELETE FROM r_rowid WHERE rowid = 2"] },
        { "foreign key violated", ["CREATE TABLE p(id INTEGER PRIMARY KEY)", "CREATE TABLE c(p REFERENCES p)", "INSERT INTO c VALUES (99)"] },
        { "foreign key to a table that is not there", ["CREATE TABLE c(p REFERENCES gone(id))", "INSERT INTO c VALUES (99)"] },
        { "foreign key to a column that is not unique", ["CREATE TABLE p(id)", "CREATE TABLE c(p REFERENCES p(id))", "INSERT INTO p VALUES (1)", "INSERT INTO c VALUES (1)"] },
        { "foreign key to a view", ["CREATE VIEW p AS SELECT 1 AS id", "CREATE TABLE c(p REFERENCES p(id))", "INSERT INTO c VALUES (1)"] },
        { "a collation of the application", ["CREATE TABLE t(a TEXT)", "INSERT INTO t VALUES ('x'), ('y')", .. Redeclare("CREATE TABLE t(a TEXT COLLATE application)")] },
        { "an index by a collation of the application", ["CREATE TABLE t(a TEXT)", "CREATE INDEX i ON t(a)", "INSERT INTO t VALUES ('x'), ('y')", "PRAGMA writable_schema=ON", "UPDATE sqlite_master SET sql='CREATE INDEX i ON t(a COLLATE application)' WHERE name='i'", "PRAGMA writable_schema=RESET"] },
        { "a function of the application in a CHECK", ["CREATE TABLE t(a)", "INSERT INTO t VALUES (1)", .. Redeclare("CREATE TABLE t(a CHECK (application(a)))")] },
        { "a function of the application in an index", ["CREATE TABLE t(a)", "CREATE INDEX i ON t(lower(a))", "INSERT INTO t VALUES ('x')", "PRAGMA writable_schema=ON", "UPDATE sqlite_master SET sql='CREATE INDEX i ON t(application(a))' WHERE name='i'", "PRAGMA writable_schema=RESET"] },
        { "a function of the application in a generated column", ["CREATE TABLE t(a, b AS (lower(a)))", "INSERT INTO t VALUES ('x')", .. Redeclare("CREATE TABLE t(a, b AS (application(a)))")] },
        { "a function of the application in a trigger and a view", ["CREATE TABLE t(a)", "CREATE VIEW v AS SELECT application(a) FROM t", "CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT application(new.a); END", "CREATE TABLE u(a)", "INSERT INTO u VALUES (1)"] },
    };

    private static string[] Redeclare(string table) =>
        ["PRAGMA writable_schema=ON", $"UPDATE sqlite_master SET sql='{table}' WHERE name='t'", "PRAGMA writable_schema=RESET"];
}
