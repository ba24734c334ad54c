using AiShell.Connections;
using AiShell.Engines;
using AiShell.Testing.Engines;

namespace AiShell.IntegrationTests.MySql.Restore;

/// <summary>As <see cref="GlobalsTests"/>, with what MySQL's accounts have.</summary>
[Collection(OnMySql.Name)]
public sealed class MySqlServerGlobalsTests(SharedMySql shared) : SnapshotSuite(shared.Server)
{
    private const string Objects =
        """
        CREATE TABLE orders(id int PRIMARY KEY, t text); CREATE TABLE other(id int, gone int); CREATE TABLE dropped(id int); CREATE VIEW seen AS SELECT id FROM orders;
        CREATE PROCEDURE p() SELECT 1; CREATE FUNCTION f() RETURNS int DETERMINISTIC RETURN 1;
        """;

    private const string Accounts =
        """
        CREATE ROLE reader, upper_reader, outsider;
        CREATE USER by_role@'%' IDENTIFIED BY 'a'; CREATE USER by_nested@'%'; CREATE USER stranger@'%'; CREATE USER by_object@'%' REQUIRE SUBJECT '/CN=a b''s "quote" \\' AND ISSUER '/CN=i''s' COMMENT 'it''s';
        CREATE USER locked@'%' IDENTIFIED WITH caching_sha2_password BY 'b' WITH MAX_USER_CONNECTIONS 5 PASSWORD EXPIRE INTERVAL 30 DAY ACCOUNT LOCK FAILED_LOGIN_ATTEMPTS 3 PASSWORD_LOCK_TIME 2 ATTRIBUTE '{"a": "ü"}';
        """;

    private const string Grants =
        """
        GRANT SELECT ON * TO reader; GRANT reader TO by_role@'%' WITH ADMIN OPTION; SET DEFAULT ROLE reader TO by_role@'%'; GRANT reader TO upper_reader; GRANT upper_reader TO by_nested@'%'; GRANT outsider TO stranger@'%';
        GRANT SELECT, INSERT, REFERENCES, INDEX ON orders TO by_object@'%' WITH GRANT OPTION; GRANT SELECT(id), UPDATE(id) ON other TO by_object@'%'; GRANT SELECT, SHOW VIEW ON seen TO by_object@'%';
        GRANT EXECUTE, ALTER ROUTINE ON PROCEDURE p TO by_object@'%'; GRANT EXECUTE ON FUNCTION f TO by_object@'%'; GRANT CREATE, SELECT ON never_made TO by_object@'%';
        GRANT CREATE TEMPORARY TABLES, LOCK TABLES, EVENT ON * TO locked@'%'; GRANT BACKUP_ADMIN, SHOW_ROUTINE, FILE ON *.* TO locked@'%' WITH GRANT OPTION; GRANT XA_RECOVER_ADMIN ON *.* TO locked@'%';
        """;

    private const string OnNothing = "GRANT SELECT, INSERT(id) ON dropped TO by_object@'%'; GRANT UPDATE(gone) ON other TO by_object@'%'; DROP TABLE dropped; ALTER TABLE other DROP gone;";

    private const string Forget = "DROP USER IF EXISTS by_role@'%', by_nested@'%', by_object@'%', locked@'%', stranger@'%'; DROP ROLE IF EXISTS reader, upper_reader, outsider;";

    private static readonly string[] Names = ["by_role@'%'", "by_nested@'%'", "by_object@'%'", "locked@'%'", "reader", "upper_reader"];

    [Fact]
    public async Task Whatever_an_account_may_do_with_the_database_comes_back()
    {
        DatabaseAddress source = await CreateAsync($"{Forget} {Objects} {Accounts} {Grants}");
        string[] expected = await ShowAsync(source.Database);
        await Server.RunAsync(source.Database, OnNothing);
        await using ISnapshot snapshot = await Engine.OpenSnapshotAsync(source, Options() with { WithGlobals = true }, default);
        MemoryBackup backup = await MemoryBackup.WriteAsync(Engine, snapshot, Options() with { WithGlobals = true });
        await Server.RunAsync("", Forget);
        DatabaseAddress target = NewAddress();

        await backup.RestoreAsync(Engine, target, new TargetOptions(TableFilter.Everything, IntoExisting: false, Replace: false, 2, Scratch, TimeSpan.FromSeconds(10)));

        Assert.Equal(expected, await ShowAsync(target.Database));
        Assert.Equal("'dropped', 'gone'", Assert.Single(snapshot.Warnings).Split(": ")[1].TrimEnd('.'));
        Assert.DoesNotContain("stranger@%", snapshot.Globals["users"]);
        await Server.RunAsync("", Forget);
    }

    private async Task<string[]> ShowAsync(string database)
    {
        string all = await Server.RunAsync("", $"SET print_identified_with_as_hex = ON; {string.Concat(Names.Select(name => $"SHOW CREATE USER {name}; SHOW GRANTS FOR {name};"))}");
        return [.. all.Replace(database, "(db)", StringComparison.Ordinal).Split('\n').Distinct().Order(StringComparer.Ordinal)];
    }
}
