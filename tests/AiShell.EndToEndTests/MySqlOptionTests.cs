using System.Text.Json;
using AiShell.Testing.Engines.MySql;
using CliWrap.Buffered;

namespace AiShell.EndToEndTests;

/// <summary>What only MySQL and MariaDB can be asked for.</summary>
public sealed class MySqlOptionTests : MySqlSuite
{
    [Fact]
    public async Task History_keeps_the_earlier_rows_of_versioned_tables()
    {
        await CreateAsync(
            "shop",
            """
            CREATE TABLE price(id int PRIMARY KEY, amount int) WITH SYSTEM VERSIONING;
            INSERT INTO price VALUES (1, 10), (2, 20); UPDATE price SET amount = 11 WHERE id = 1; DELETE FROM price WHERE id = 2;
            """);
        const string History = "SELECT id, amount, ROW_START, ROW_END FROM price FOR SYSTEM_TIME ALL ORDER BY 1, 2, 3";
        await Shell.ExpectAsync(null, "connect", Url("shop"), "--name", "shop");

        await Shell.ExpectAsync(null, "backup", "create", "-d", "shop");
        await Shell.ExpectAsync(null, "backup", "restore", "latest", "-d", "shop/current", "--verify");
        await Shell.ExpectAsync(null, "backup", "create", "-d", "shop", "--history");
        await Shell.ExpectAsync(null, "backup", "restore", "latest", "-d", "shop/all", "--verify");

        await Shell.ExpectAsync(null, "backup", "restore", "latest", "-d", "shop/some");
        await Server.RunAsync("some", "DROP TABLE price; CREATE TABLE other(a int)");
        await Shell.ExpectAsync(null, "backup", "restore", "latest", "-d", "shop/some", "--tables", "price", "--verify");
        Assert.Equal(await Server.RunAsync("shop", History), await Server.RunAsync("some", History));
        Assert.Equal("1\t11", await Server.RunAsync("current", "SELECT id, amount FROM price FOR SYSTEM_TIME ALL"));
        Assert.Equal(3, (await Server.RunAsync("shop", History)).Split('\n').Length);
        Assert.Equal(await Server.RunAsync("shop", History), await Server.RunAsync("all", History));
    }

    [Fact]
    public async Task Foreign_keys_to_tables_that_are_not_restored_are_told()
    {
        await CreateAsync(
            "shop",
            """
            CREATE TABLE parent(id int PRIMARY KEY); CREATE TABLE child(id int PRIMARY KEY, p int, self int, FOREIGN KEY (p) REFERENCES parent(id), CONSTRAINT own FOREIGN KEY (self) REFERENCES child(id));
            CREATE TABLE other(id int PRIMARY KEY, p int, FOREIGN KEY (p) REFERENCES parent(id)); INSERT INTO parent VALUES (1); INSERT INTO child VALUES (1, 1, 1);
            """);
        await Shell.ExpectAsync(null, "connect", Url("shop"), "--name", "shop");
        await Shell.ExpectAsync(null, "backup", "create", "-d", "shop");

        const string Told = "Table 'child' comes without its foreign keys to tables that are not restored.";
        JsonElement some = await Shell.JsonAsync(null, "backup", "restore", "latest", "-d", "shop/some", "--tables", "child");
        Assert.Equal([Told], some.GetProperty("warnings").EnumerateArray().Select(warning => warning.GetString()));
        Assert.Equal("own", await Server.RunAsync("", "SELECT CONSTRAINT_NAME FROM information_schema.REFERENTIAL_CONSTRAINTS WHERE CONSTRAINT_SCHEMA = 'some'"));
        Assert.Contains(Told, (await Shell.RunAsync("backup", "restore", "latest", "-d", "shop/again", "--tables", "child")).StandardError, StringComparison.Ordinal);

        JsonElement both = await Shell.JsonAsync(null, "backup", "restore", "latest", "-d", "shop/both", "--tables", "child,parent");
        Assert.Empty(both.GetProperty("warnings").EnumerateArray());
    }

    [Fact]
    public async Task Without_a_lock_tables_without_transactions_are_refused()
    {
        await CreateAsync("shop", "CREATE TABLE orders(id int PRIMARY KEY); INSERT INTO orders VALUES (1); CREATE TABLE old(id int) ENGINE=MyISAM; INSERT INTO old VALUES (1);");
        await Shell.ExpectAsync(null, "connect", Url("shop"), "--name", "shop");

        await Shell.ExpectAsync(null, "backup", "create", "-d", "shop");
        BufferedCommandResult refused = await Shell.RunAsync("backup", "create", "-d", "shop", "--no-lock");
        Assert.NotEqual(0, refused.ExitCode);
        Assert.Contains("old", refused.StandardError, StringComparison.Ordinal);
        await Shell.ExpectAsync(null, "backup", "create", "-d", "shop", "--no-lock", "--exclude-tables", "old");
    }

    [Fact]
    public async Task A_restore_stays_out_of_the_binary_log_where_that_is_wanted()
    {
        await CreateAsync("shop", "CREATE TABLE orders(id int PRIMARY KEY); INSERT INTO orders VALUES (1);");
        await Shell.ExpectAsync(null, "connect", Url("shop"), "--name", "shop");
        await Shell.ExpectAsync(null, "backup", "create", "-d", "shop");
        string before = await Server.RunAsync("", "SHOW BINLOG STATUS");

        await Shell.ExpectAsync(null, "backup", "restore", "latest", "-d", "shop/silent", "--no-binlog");
        Assert.Equal(before, await Server.RunAsync("", "SHOW BINLOG STATUS"));

        await Shell.ExpectAsync(null, "backup", "restore", "latest", "-d", "shop/told");
        Assert.NotEqual(before, await Server.RunAsync("", "SHOW BINLOG STATUS"));
        Assert.Equal("1\n1", await Server.RunAsync("", "SELECT * FROM silent.orders UNION ALL SELECT * FROM told.orders"));
    }

    [Fact]
    public async Task Definers_are_kept_or_what_they_are_told_to_be()
    {
        await Server.RunAsync("", "CREATE USER owner@'%', other@'%'");
        await CreateAsync(
            "shop",
            """
            CREATE TABLE orders(id int PRIMARY KEY); CREATE DEFINER=owner@'%' VIEW v AS SELECT 'DEFINER=`owner`@`%` stays' AS text FROM orders;
            CREATE DEFINER=owner@'%' TRIGGER t BEFORE INSERT ON orders FOR EACH ROW SET @x = 1;
            SET sql_mode = 'ANSI_QUOTES'; CREATE DEFINER=owner@'%' FUNCTION "f"() RETURNS int DETERMINISTIC RETURN 1; SET sql_mode = '';
            CREATE DEFINER=owner@'%' PROCEDURE p() SELECT 1; CREATE DEFINER=owner@'%' EVENT e ON SCHEDULE EVERY 1 DAY DO SELECT 1;
            """);
        await Shell.ExpectAsync(null, "connect", Url("shop"), "--name", "shop");
        await Shell.ExpectAsync(null, "backup", "create", "-d", "shop");

        await Shell.ExpectAsync(null, "backup", "restore", "latest", "-d", "shop/kept");
        await Shell.ExpectAsync(null, "backup", "restore", "latest", "-d", "shop/given", "--definer", "other@%");
        await Shell.ExpectAsync(null, "backup", "restore", "latest", "-d", "shop/mine", "--no-owner");

        Assert.Equal("owner@%", await DefinersAsync("kept"));
        Assert.Equal("other@%", await DefinersAsync("given"));
        Assert.Equal($"{MariaDbServer.User}@%", await DefinersAsync("mine"));
        Assert.Contains("stays", await Server.RunAsync("given", "SHOW CREATE VIEW v"), StringComparison.Ordinal);
        Shell.Expect((int)ErrorKind.Usage, await Shell.RunAsync("backup", "restore", "latest", "-d", "shop/bad", "--definer", "@host"));
    }

    [Fact]
    public async Task Globals_are_the_users_that_the_database_needs()
    {
        await Server.RunAsync("", "CREATE USER shopper@'%' IDENTIFIED BY 'pw'; CREATE USER stranger@'%'");
        await CreateAsync("shop", "CREATE TABLE orders(id int PRIMARY KEY); CREATE DEFINER=shopper@'%' VIEW v AS SELECT * FROM orders;");
        await Server.RunAsync("", "GRANT SELECT, INSERT ON shop.* TO shopper@'%'");
        await Shell.ExpectAsync(null, "connect", Url("shop"), "--name", "shop");
        JsonElement backup = await Shell.JsonAsync(null, "backup", "create", "-d", "shop", "--globals");
        string grants = await Server.RunAsync("", "SHOW GRANTS FOR shopper@'%'");

        await Server.RunAsync("", "DROP USER shopper@'%'");
        BufferedCommandResult missing = await Shell.RunAsync("backup", "restore", backup.GetProperty("id").GetString()!, "-d", "shop", "--dry-run");
        Assert.Contains("shopper", missing.StandardOutput + missing.StandardError, StringComparison.Ordinal);
        await Shell.ExpectAsync(null, "backup", "restore", "latest", "-d", "shop", "--globals", "--force");

        Assert.Equal(grants, await Server.RunAsync("", "SHOW GRANTS FOR shopper@'%'"));
        Assert.DoesNotContain("stranger", await Shell.ExpectAsync(null, "backup", "info", "latest", "-d", "shop"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Other_engines_have_no_such_options()
    {
        foreach (string option in new[] { "--history", "--no-lock", "--globals" })
        {
            BufferedCommandResult refused = await Shell.RunAsync("backup", "create", "-d", Shell.PathOf("any.db"), option);
            Shell.Expect((int)ErrorKind.Usage, refused);
            Assert.Contains(option, refused.StandardError, StringComparison.Ordinal);
        }
    }

    private Task<string> DefinersAsync(string database) => Server.RunAsync(
        "",
        $"""
        SELECT DISTINCT DEFINER FROM (SELECT DEFINER, TABLE_SCHEMA AS s FROM information_schema.VIEWS UNION ALL SELECT DEFINER, TRIGGER_SCHEMA FROM information_schema.TRIGGERS
          UNION ALL SELECT DEFINER, ROUTINE_SCHEMA FROM information_schema.ROUTINES UNION ALL SELECT DEFINER, EVENT_SCHEMA FROM information_schema.EVENTS) AS all_of_them WHERE s = '{database}'
        """);

    [Fact]
    public async Task A_backup_that_is_sure_to_fail_is_a_problem_that_the_health_check_tells_with_what_to_grant()
    {
        await CreateAsync(
            "shop",
            """
            CREATE TABLE orders(id int PRIMARY KEY); INSERT INTO orders VALUES (1); CREATE USER low IDENTIFIED BY 'low';
            GRANT SELECT, SHOW VIEW, TRIGGER, EVENT, LOCK TABLES ON shop.* TO low; GRANT SELECT ON shop.orders TO low; GRANT RELOAD, PROCESS, BINLOG MONITOR ON *.* TO low; GRANT SELECT ON mysql.proc TO low;
            """);
        await Shell.ExpectAsync(null, "connect", $"mysql://low:low@127.0.0.1:{Server.Port}/shop", "--name", "shop");
        await Shell.ExpectAsync(null, "backup", "create", "-d", "shop");
        await Shell.ExpectAsync(null, "health-check", "-d", "shop"); // that a restore needs another user is no problem of tonight

        await Server.RunAsync("", "REVOKE SELECT ON shop.* FROM low");
        BufferedCommandResult check = await Shell.RunAsync("health-check", "-d", "shop");
        Shell.Expect((int)ErrorKind.Failed, check);
        Assert.Contains("does not see all tables", check.StandardOutput, StringComparison.Ordinal);
        Assert.Contains("GRANT SELECT", check.StandardOutput + check.StandardError, StringComparison.Ordinal);
        Assert.Contains("GRANT SELECT", await Shell.ExpectAsync(null, "connections", "--health"), StringComparison.Ordinal);
        Shell.Expect((int)ErrorKind.Failed, await Shell.RunAsync("backup", "create", "-d", "shop"));
    }

    [Fact]
    public async Task A_manifest_has_the_place_in_the_binary_log_at_which_its_rows_are()
    {
        await CreateAsync("shop", "CREATE TABLE orders(id int PRIMARY KEY); INSERT INTO orders VALUES (1);");
        string[] status = (await Server.RunAsync("", "SHOW BINLOG STATUS")).Split('\t');
        string gtid = await Server.RunAsync("", "SELECT @@gtid_binlog_pos");
        await Shell.ExpectAsync(null, "connect", Url("shop"), "--name", "shop");

        await Shell.ExpectAsync(null, "backup", "create", "-d", "shop");

        string manifest = Assert.Single(Directory.GetFiles(Shell.Repository, "manifest.json", SearchOption.AllDirectories));
        using JsonDocument document = JsonDocument.Parse(await File.ReadAllTextAsync(manifest));
        Assert.Equal($"{status[0]}:{status[1]} {gtid}", document.RootElement.GetProperty("position").GetProperty("end").GetString());
    }
}
