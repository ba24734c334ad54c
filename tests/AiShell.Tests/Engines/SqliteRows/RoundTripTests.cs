using AiShell.Engines.Sqlite.Rows;
using AiShell.Testing.Engines.Sqlite;
using Microsoft.Data.Sqlite;

namespace AiShell.Tests.Engines.SqliteRows;

public class RoundTripTests
{
    [Theory]
    [MemberData(nameof(SqliteShapes.All), MemberType = typeof(SqliteShapes))]
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
