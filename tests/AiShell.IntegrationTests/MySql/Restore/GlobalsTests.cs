using AiShell.Connections;
using AiShell.Engines;
using AiShell.Testing.Engines;

namespace AiShell.IntegrationTests.MySql.Restore;

/// <summary>Accounts and what they may do, on a server that has none of them.</summary>
public sealed class GlobalsTests(SharedMariaDb shared) : SnapshotSuite(shared), IClassFixture<SharedMariaDb>
{
    private const string Objects =
        """
        CREATE TABLE orders(id int PRIMARY KEY, t text); CREATE TABLE other(id int, gone int, `gone,(too)` int); CREATE TABLE dropped(id int); CREATE SEQUENCE numbers; CREATE VIEW seen AS SELECT id FROM orders;
        CREATE PROCEDURE p() SELECT 1; CREATE FUNCTION f() RETURNS int DETERMINISTIC RETURN 1;
        SET sql_mode = ORACLE;
        DELIMITER ;;
        CREATE PACKAGE tools AS FUNCTION one RETURN int; END;;
        CREATE PACKAGE BODY tools AS FUNCTION one RETURN int AS BEGIN RETURN 1; END; END;;
        DELIMITER ;
        SET sql_mode = DEFAULT;
        """;

    private const string Accounts =
        """
        CREATE OR REPLACE ROLE reader; CREATE OR REPLACE ROLE upper_reader; CREATE OR REPLACE ROLE outsider;
        CREATE OR REPLACE USER by_role@'%' IDENTIFIED BY 'a'; CREATE OR REPLACE USER by_nested@'%'; CREATE OR REPLACE USER stranger@'%'; CREATE OR REPLACE USER by_object@'%' REQUIRE SUBJECT '/CN=a''b' AND ISSUER '/CN=i';
        CREATE OR REPLACE USER locked@'%' IDENTIFIED BY 'b' PASSWORD EXPIRE INTERVAL 30 DAY ACCOUNT LOCK; CREATE OR REPLACE USER by_socket@localhost IDENTIFIED VIA unix_socket OR mysql_native_password USING PASSWORD('c');
        """;

    private const string Grants =
        """
        GRANT SELECT ON * TO reader; GRANT reader TO by_role@'%' WITH ADMIN OPTION; SET DEFAULT ROLE reader FOR by_role@'%'; GRANT reader TO upper_reader; GRANT upper_reader TO by_nested@'%'; GRANT outsider TO stranger@'%';
        GRANT SELECT, INSERT, REFERENCES, INDEX ON orders TO by_object@'%' WITH GRANT OPTION; GRANT SELECT(id), UPDATE(id) ON other TO by_object@'%'; GRANT SELECT ON numbers TO by_object@'%'; GRANT SELECT, SHOW VIEW ON seen TO by_object@'%';
        GRANT EXECUTE, ALTER ROUTINE ON PROCEDURE p TO by_object@'%'; GRANT EXECUTE ON FUNCTION f TO by_object@'%'; GRANT CREATE, SELECT ON never_made TO by_object@'%';
        GRANT CREATE TEMPORARY TABLES, LOCK TABLES, DELETE HISTORY, EVENT ON * TO locked@'%', by_socket@localhost; GRANT BINLOG MONITOR, SET USER, FILE ON *.* TO locked@'%' WITH GRANT OPTION;
        GRANT SELECT(t) ON orders TO PUBLIC;
        SET sql_mode = ORACLE; GRANT EXECUTE ON PACKAGE tools TO by_object@'%'; GRANT EXECUTE ON PACKAGE BODY tools TO by_object@'%'; SET sql_mode = DEFAULT;
        """;

    // Privileges stay when what they are on goes.
    private const string OnNothing =
        """
        GRANT SELECT, INSERT(id) ON dropped TO by_object@'%', PUBLIC; GRANT UPDATE(gone), INSERT(`gone,(too)`, id) ON other TO by_object@'%'; GRANT UPDATE(gone) ON other TO by_role@'%';
        DROP TABLE dropped; ALTER TABLE other DROP gone, DROP `gone,(too)`;
        """;

    private static readonly string[] Names = ["by_role@'%'", "by_nested@'%'", "by_object@'%'", "locked@'%'", "by_socket@localhost", "reader", "upper_reader", "PUBLIC"];

    [Fact]
    public async Task Whatever_an_account_may_do_with_the_database_comes_back()
    {
        DatabaseAddress source = await CreateAsync($"{Objects} {Accounts} {Grants}");
        string[] expected = await ShowAsync(source.Database);
        await Server.RunAsync(source.Database, OnNothing);

        await using ISnapshot snapshot = await Engine.OpenSnapshotAsync(source, Options() with { WithGlobals = true }, default);
        MemoryBackup backup = await MemoryBackup.WriteAsync(Engine, snapshot, Options() with { WithGlobals = true });
        await ForgetAsync();
        DatabaseAddress target = NewAddress();
        await backup.RestoreAsync(Engine, target, Target(TableFilter.Everything));

        expected = [.. expected.Select(line => line.Replace("UPDATE (`id`)", "INSERT (`id`), UPDATE (`id`)", StringComparison.Ordinal))];
        Assert.Equal(expected, await ShowAsync(target.Database));
        Assert.Equal("'dropped', 'gone', 'gone,(too)'", Assert.Single(snapshot.Warnings).Split(": ")[1].TrimEnd('.'));
        Assert.DoesNotContain("stranger@%", snapshot.Globals["users"]);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_privilege_on_a_table_that_is_left_out_is_left_out(bool fromBackup)
    {
        DatabaseAddress source = await CreateAsync($"{Objects} {Accounts} {Grants}");
        TableFilter without = new([], ["orders", "seen"]);
        SnapshotOptions options = Options(tables: fromBackup ? without : null) with { WithGlobals = true };
        await using ISnapshot snapshot = await Engine.OpenSnapshotAsync(source, options, default);
        Assert.Empty(snapshot.Warnings);
        MemoryBackup backup = await MemoryBackup.WriteAsync(Engine, snapshot, options);
        await ForgetAsync();
        DatabaseAddress target = NewAddress();

        await backup.RestoreAsync(Engine, target, Target(fromBackup ? TableFilter.Everything : without));

        string[] shown = await ShowAsync(target.Database);
        Assert.Contains("GRANT SELECT ON `(db)`.* TO `reader`", shown);
        Assert.Contains("GRANT SELECT (`id`), UPDATE (`id`) ON `(db)`.`other` TO `by_object`@`%`", shown);
        Assert.DoesNotContain(shown, line => line.Contains("`orders`", StringComparison.Ordinal) || line.Contains("`seen`", StringComparison.Ordinal));
    }

    private static TargetOptions Target(TableFilter tables) => new(tables, IntoExisting: false, Replace: false, 2, Path.GetTempPath(), TimeSpan.FromSeconds(10));

    /// <summary>As a server that never had them.</summary>
    private async Task ForgetAsync() => await Server.RunAsync(
        "",
        """
        DROP USER by_role@'%', by_nested@'%', by_object@'%', locked@'%', by_socket@localhost, stranger@'%'; DROP ROLE reader, upper_reader, outsider;
        DELETE FROM mysql.global_priv WHERE User = 'PUBLIC'; DELETE FROM mysql.tables_priv WHERE User = 'PUBLIC'; DELETE FROM mysql.columns_priv WHERE User = 'PUBLIC'; FLUSH PRIVILEGES;
        """);

    private async Task<string[]> ShowAsync(string database)
    {
        IEnumerable<string> statements = Names.Select(name => $"{(name.Contains('@', StringComparison.Ordinal) ? $"SHOW CREATE USER {name}; " : "")}SHOW GRANTS FOR {name};");
        string all = await Server.RunAsync("", string.Concat(statements));
        return [.. all.Replace(database, "(db)", StringComparison.Ordinal).Split('\n').Distinct().Order(StringComparer.Ordinal)];
    }
}
