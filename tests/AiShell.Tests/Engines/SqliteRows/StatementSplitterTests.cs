using System.Text;
using AiShell.Engines.Sqlite.Rows;
using Microsoft.Data.Sqlite;

namespace AiShell.Tests.Engines.SqliteRows;

public class StatementSplitterTests
{
    [Theory]
    [InlineData("SELECT 1;SELECT 2;", "SELECT 1;|SELECT 2;")]
    [InlineData(" ;;\n; SELECT 1", "SELECT 1")]
    [InlineData("SELECT 'a;b''c;';SELECT \"x;\"\"y\", `z;`, [w;'];", "SELECT 'a;b''c;';|SELECT \"x;\"\"y\", `z;`, [w;'];")]
    [InlineData("SELECT 1 -- no; end\n;SELECT /* ; ' */ 2;", "SELECT 1 -- no; end\n;|SELECT /* ; ' */ 2;")]
    [InlineData("SELECT /* **/ 1;SELECT 2-1;SELECT 2/1;", "SELECT /* **/ 1;|SELECT 2-1;|SELECT 2/1;")]
    [InlineData("CREATE TRIGGER t AFTER INSERT ON x BEGIN SELECT 1; SELECT 'END;'; END;SELECT 3;", "CREATE TRIGGER t AFTER INSERT ON x BEGIN SELECT 1; SELECT 'END;'; END;|SELECT 3;")]
    [InlineData("create temp trigger t AFTER INSERT ON x BEGIN SELECT CASE WHEN 1 THEN 2 END; end ; SELECT 3;", "create temp trigger t AFTER INSERT ON x BEGIN SELECT CASE WHEN 1 THEN 2 END; end ;|SELECT 3;")]
    [InlineData("EXPLAIN CREATE TRIGGER t AFTER INSERT ON x BEGIN SELECT 1; END;SELECT 1;", "EXPLAIN CREATE TRIGGER t AFTER INSERT ON x BEGIN SELECT 1; END;|SELECT 1;")]
    [InlineData("CREATE TABLE trigger_log(a);SELECT 1;", "CREATE TABLE trigger_log(a);|SELECT 1;")]
    [InlineData("SELECT 'not closed; SELECT 2;", "SELECT 'not closed; SELECT 2;")]
    [InlineData("\ufeffCREATE TRIGGER t AFTER INSERT ON x BEGIN SELECT 1; END;", "CREATE TRIGGER t AFTER INSERT ON x BEGIN SELECT 1; END;")]
    [InlineData("-- only a comment\n", "")]
    [InlineData("", "")]
    public void Statements_end_where_the_shell_ends_them(string script, string expected)
    {
        foreach (int step in (int[])[1, 7, 1000])
        {
            Assert.Equal(expected, string.Join('|', Split(script, step)));
        }
    }

    [Fact]
    public void Statements_longer_than_the_buffer_come_whole()
    {
        string longer = $"INSERT INTO t VALUES ('{new string(';', 300_000)}');";

        Assert.Equal(["SELECT 1;", longer, "SELECT 2;", longer], Split("SELECT 1;" + longer + "\nSELECT 2;" + longer, 5000));
    }

    [Theory]
    [InlineData(".read other.sql\n", "Line 1 ")]
    [InlineData("SELECT 1;\n\n-- c\n.quit\n", "Line 4 ")]
    [InlineData(".dbconfig defensive on\n", "Line 1 ")]
    public void Shell_commands_are_refused_by_line(string script, string line)
    {
        AiShellException failure = Assert.Throws<AiShellException>(() => Run(script));

        Assert.StartsWith(line, failure.Message, StringComparison.Ordinal);
        Assert.Contains("sqlite3 shell", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("CREATE TABLE t(a);\nINSERT INTO\n nowhere VALUES (1);", "Line 2 ", ErrorKind.Failed)]
    [InlineData("SELECT 'never closed", "Line 1 ", ErrorKind.Failed)]
    [InlineData("BEGIN; CREATE TABLE t(a);", "The script ends within a transaction", ErrorKind.Integrity)]
    public void A_script_that_fails_or_is_cut_says_where(string script, string message, ErrorKind kind)
    {
        AiShellException failure = Assert.Throws<AiShellException>(() => Run(script));

        Assert.StartsWith(message, failure.Message, StringComparison.Ordinal);
        Assert.Equal(kind, failure.Kind);
    }

    [Theory]
    [InlineData("ATTACH '/tmp/ai-shell-escape.db' AS x;")]
    [InlineData("CREATE TABLE t(a); VACUUM INTO '/tmp/ai-shell-escape.db';")]
    [InlineData("PRAGMA temp_store_directory='/tmp';")]
    public void A_foreign_script_can_touch_no_other_file(string script)
    {
        AiShellException failure = Assert.Throws<AiShellException>(() => Run(script));

        Assert.Contains("authoriz", failure.Message, StringComparison.Ordinal);
        Assert.False(File.Exists("/tmp/ai-shell-escape.db"));
    }

    [Fact]
    public void A_foreign_script_in_the_manner_of_dump_is_run()
    {
        using SqliteConnection database = TestDatabase.InMemory();
        Run("PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\nCREATE TABLE t(a INTEGER, b DEFAULT \"text\");\nINSERT INTO t VALUES(1,replace('a\\nb','\\n',char(10)));\nCOMMIT;\nVACUUM;", database);

        Assert.Equal("a\nb", TestDatabase.Scalar(database, "SELECT b FROM t"));
    }

    private static void Run(string script, SqliteConnection? database = null)
    {
        using SqliteConnection empty = TestDatabase.InMemory();
        using MemoryStream stream = new(Encoding.UTF8.GetBytes(script));
        SqlScript.RunForeign(database ?? empty, stream, default);
    }

    private static List<string> Split(string script, int step)
    {
        using SlowStream stream = new(Encoding.UTF8.GetBytes(script), step);
        StatementSplitter splitter = new(stream);
        List<string> statements = [];
        while (splitter.Next(out ReadOnlySpan<byte> statement))
        {
            statements.Add(Encoding.UTF8.GetString(statement));
        }

        return statements;
    }
}
