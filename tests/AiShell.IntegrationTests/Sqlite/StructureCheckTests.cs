using AiShell.Engines.Sqlite;
using AiShell.Testing.Engines.Sqlite;

namespace AiShell.IntegrationTests.Sqlite;

/// <summary>Real damage is found, whatever else the integrity check has to say or cannot say.</summary>
public sealed class StructureCheckTests : IDisposable
{
    private const string DamageAnIndex =
        "PRAGMA writable_schema=ON; UPDATE sqlite_master SET sql='CREATE INDEX damaged ON d(y)' WHERE name='damaged'; PRAGMA writable_schema=RESET";

    private readonly SqliteFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private static readonly string[] Indexed =
        ["CREATE TABLE d(x, y)", "INSERT INTO d VALUES(1, 2), (3, 4)", "CREATE INDEX damaged ON d(x)"];

    [Fact]
    public void Damage_is_found_behind_thousands_of_rows_that_only_violate_their_declaration()
    {
        string path = _folder.Write(
            "a.db",
            "CREATE TABLE a(x)",
            "WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) INSERT INTO a SELECT NULL FROM n",
            "PRAGMA writable_schema=ON; UPDATE sqlite_master SET sql='CREATE TABLE a(x NOT NULL)' WHERE name='a'; PRAGMA writable_schema=RESET",
            "CREATE TABLE \"NULL value in \"(x)");
        _folder.Write("a.db", Indexed);
        Assert.True(StructureCheck.Require(path, default));

        _folder.Write("a.db", DamageAnIndex);
        RequireFound(path, "damaged");
    }

    [Theory]
    [InlineData("CREATE TABLE t(x TEXT COLLATE application PRIMARY KEY)")]
    [InlineData("CREATE TABLE t(x TEXT PRIMARY KEY CHECK (application(x) + \"application two\"(x) > 0))")]
    public void Damage_is_found_where_only_the_application_can_compare_other_indexes(string declared)
    {
        string path = _folder.Write(
            "a.db",
            "CREATE TABLE t(x TEXT PRIMARY KEY)",
            "INSERT INTO t VALUES('a'), ('B'), ('c')",
            $"PRAGMA writable_schema=ON; UPDATE sqlite_master SET sql={SqliteSession.Literal(declared)} WHERE name='t'; PRAGMA writable_schema=RESET");
        _folder.Write("a.db", Indexed);
        Assert.True(StructureCheck.Require(path, default));

        _folder.Write("a.db", DamageAnIndex);
        RequireFound(path, "damaged");
    }

    [Fact]
    public void A_page_that_two_trees_use_is_found_where_only_the_application_can_compare()
    {
        string path = _folder.Write(
            "a.db",
            "CREATE TABLE t(x TEXT PRIMARY KEY)",
            "CREATE TABLE d(x)",
            "PRAGMA writable_schema=ON; UPDATE sqlite_master SET sql='CREATE TABLE t(x TEXT COLLATE application PRIMARY KEY)' WHERE name='t'; "
            + "UPDATE sqlite_master SET rootpage=(SELECT rootpage FROM sqlite_master WHERE name='t') WHERE name='d'; PRAGMA writable_schema=RESET");

        RequireFound(path, "page");
    }

    private static void RequireFound(string path, string word)
    {
        AiShellException damage = Assert.Throws<AiShellException>(() => StructureCheck.Require(path, default));
        Assert.Equal(ErrorKind.Integrity, damage.Kind);
        Assert.Contains(word, damage.Message, StringComparison.OrdinalIgnoreCase);
    }
}
