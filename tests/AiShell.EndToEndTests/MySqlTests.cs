using System.Text.Json;
using AiShell.Testing.Engines.MySql;
using CliWrap.Buffered;

namespace AiShell.EndToEndTests;

/// <summary>The built binary with a real MariaDB server, as a person uses it.</summary>
public sealed class MySqlTests : MySqlSuite
{
    private const string Shop = "Shop `1` é";

    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        await CreateAsync(
            Shop,
            """
            CREATE TABLE `Order`(id bigint AUTO_INCREMENT PRIMARY KEY, total decimal(20,2) NOT NULL, paid boolean, note text, doc json, raw varbinary(32), at datetime(6), weight float, KEY(total), KEY(paid, at));
            INSERT INTO `Order`(total, paid, note, doc, raw, at, weight)
              SELECT seq * 1.10, ELT(1 + seq % 3, NULL, 1, 0), CASE seq % 4 WHEN 0 THEN NULL WHEN 1 THEN '' ELSE concat('say "hi",\n\\N '' ', seq) END,
                     json_object('i', seq, 'tags', json_array(seq, NULL, 'x')), unhex(md5(seq)), '2026-01-01' + INTERVAL seq MICROSECOND, seq / 7 FROM seq_1_to_3000;
            CREATE TABLE nokey(a double, b char(4), c boolean); INSERT INTO nokey VALUES (0.1, 'a', true), (NULL, NULL, NULL), (0.1, '', false);
            CREATE TABLE line(n int, orders bigint, what varchar(20), PRIMARY KEY(orders, n), FOREIGN KEY (orders) REFERENCES `Order`(id) ON DELETE CASCADE);
            INSERT INTO line SELECT seq % 3, 1 + seq DIV 3, 'x;y' FROM seq_0_to_2000;
            CREATE VIEW paid AS SELECT * FROM `Order` WHERE paid;
            DELIMITER ;;
            CREATE TRIGGER noted BEFORE INSERT ON line FOR EACH ROW BEGIN SET NEW.what = concat(NEW.what, ';'); SET @inserted = 1; END;;
            CREATE PROCEDURE pay(IN which bigint) BEGIN UPDATE `Order` SET paid = 1 WHERE id = which; SELECT 'done;'; END;;
            CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY DO BEGIN DELETE FROM nokey WHERE a > 1e9; END;;
            DELIMITER ;
            """);
        await Shell.ExpectAsync(null, "connect", Url(Shop), "--name", "shop", "--test");
        await Shell.ExpectAsync(null, "connect", Url(Shop), "--name", "shop");
    }

    [Theory]
    [InlineData("sql", "gzip")]
    [InlineData("json", "zstd")]
    [InlineData("csv", "bzip2")]
    public async Task A_backup_is_made_listed_verified_tested_and_restored_elsewhere(string format, string compression)
    {
        JsonElement created = await Shell.JsonAsync(null, "backup", "create", "-d", "shop", "--format", format, "-c", compression);
        string id = created.GetProperty("id").GetString()!;

        Assert.Equal("mysql", created.GetProperty("engine").GetString());
        Assert.Equal(id, (await Shell.JsonAsync(null, "backup", "list", "-d", "shop"))[0].GetProperty("id").GetString());
        await Shell.ExpectAsync(null, "backup", "verify", id, "--deep");
        await Shell.ExpectAsync(null, "backup", "test", id, "--sample-size", "5");
        await Shell.ExpectAsync(null, "backup", "test", id, "--validate-data");
        await Shell.ExpectAsync(null, "backup", "restore", id, "-d", "shop/copy", "--verify");
        Assert.Equal(await ContentAsync(Shop), await ContentAsync("copy"));
        Assert.Equal($"{Shop},copy", await DatabasesAsync());

        string file = Shell.PathOf("export");
        await Shell.ExpectAsync(null, "backup", "export", id, file);
        await Shell.ExpectAsync(null, "backup", "delete", id, "--force");
        await Shell.ExpectAsync(null, "backup", "import", file);
        await Shell.ExpectAsync(null, "backup", "restore", id, "-d", "shop/again", "--verify");
        Assert.Equal(await ContentAsync(Shop), await ContentAsync("again"));
    }

    [Fact]
    public async Task A_database_that_stands_is_replaced_with_consent_only()
    {
        await Shell.ExpectAsync(null, "backup", "create", "-d", "shop");
        string before = await ContentAsync(Shop);
        await Server.RunAsync(Shop, "DELETE FROM `Order` WHERE id > 10; DROP PROCEDURE pay; CREATE TABLE later(a int); CREATE VIEW v AS SELECT * FROM later;");
        string changed = await ContentAsync(Shop);

        Shell.Expect((int)ErrorKind.Refused, await Shell.RunAsync("backup", "restore", "latest", "-d", "shop"));
        Assert.Equal(changed, await ContentAsync(Shop));
        string plan = (await Shell.RunAsync("backup", "restore", "latest", "-d", "shop", "--dry-run")).StandardOutput;
        Assert.Contains("later", plan, StringComparison.Ordinal);
        Assert.Equal(changed, await ContentAsync(Shop));

        await Shell.ExpectAsync(null, "backup", "restore", "latest", "-d", "shop", "--force");
        Assert.Equal(before, await ContentAsync(Shop));
        Assert.Equal(Shop, await DatabasesAsync());
    }

    [Fact]
    public async Task A_format_that_the_engine_has_not_is_a_usage_error_that_names_those_it_has()
    {
        BufferedCommandResult result = await Shell.RunAsync("backup", "create", "-d", "shop", "--format", "native");

        Assert.Equal((int)ErrorKind.Usage, result.ExitCode);
        Assert.Contains("no backups in the format native", result.StandardError, StringComparison.Ordinal);
        Assert.Contains("sql, json, csv", result.StandardError, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_exported_script_restores_with_the_stock_client()
    {
        await Shell.ExpectAsync(null, "backup", "create", "-d", "shop");
        string file = Shell.PathOf("shop.sql.gz");
        await Shell.ExpectAsync(null, "backup", "export", "latest", file);
        await Server.RunAsync("", "CREATE DATABASE plain");

        (int exitCode, string output) = await Shell.BashAsync(
            Shell.Folder,
            $"set -o pipefail; zcat '{file}' | mariadb --no-defaults -h 127.0.0.1 -P {Server.Port} -u {MariaDbServer.User} plain",
            ("MYSQL_PWD", MariaDbServer.Password));
        Assert.True(exitCode == 0, output);
        Assert.Equal(await ContentAsync(Shop), await ContentAsync("plain"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_dump_from_elsewhere_is_imported_and_restored(bool near)
    {
        string script = DataFile("chinook-mysql.sql.gz");
        await Shell.ExpectAsync(null, near ? ["backup", "import", script, "-d", "shop"] : ["backup", "import", script]);
        await Shell.ExpectAsync(null, "backup", "test", "latest", "--validate-data", "-d", near ? "shop" : "chinook-mysql");
        await Shell.ExpectAsync(null, "backup", "restore", (await Shell.JsonAsync(null, "backup", "list"))[0].GetProperty("id").GetString()!, "-d", "shop/copy");

        await RunScriptAsync(script);
        Assert.Equal(await ContentAsync("Chinook"), await ContentAsync("copy"));
    }

    [Fact]
    public async Task Sakila_goes_there_and_back()
    {
        await RunScriptAsync(DataFile("sakila-mysql.sql.gz"));
        string content = await ContentAsync("sakila");
        foreach (string format in new[] { "sql", "json", "csv" })
        {
            await Shell.ExpectAsync(null, "backup", "create", "-d", "shop/sakila", "--format", format, "--verify");
            await Server.RunAsync("sakila", "SET foreign_key_checks = 0; DROP TABLE film_actor, rental; DROP PROCEDURE film_in_stock; DROP VIEW sales_by_store; UPDATE payment SET amount = 0; CREATE TABLE later(a int)");
            await Shell.ExpectAsync(null, "backup", "restore", "latest", "-d", "shop/sakila", "--force", "--verify");
            Assert.Equal(content, await ContentAsync("sakila"));
        }
    }

    [Fact]
    public async Task A_script_that_names_its_database_in_its_objects_is_imported_by_a_server_of_our_own()
    {
        await RunScriptAsync(DataFile("sakila-mysql.sql.gz"));
        string content = await ContentAsync("sakila");

        await Shell.ExpectAsync(null, "backup", "import", DataFile("sakila-mysql.sql.gz"), "-d", "sakila");
        await Shell.ExpectAsync(null, "backup", "restore", "latest", "-d", "shop/sakila", "--force", "--verify", "--definer", "root@localhost");

        Assert.Equal(content, await ContentAsync("sakila"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_script_with_line_ends_of_Windows_and_no_definers_makes_what_the_stock_client_makes_of_it(bool near)
    {
        string script = Shell.PathOf("windows.sql");
        const string objects =
            """
            --
            CREATE TABLE `t`(id int PRIMARY KEY, s text) ENGINE=InnoDB;
            INSERT INTO `t` VALUES (1, 'one
            two'), (2, 'a\r\nb');
            CREATE ALGORITHM=MERGE VIEW v AS SELECT id, 'v
            w' AS w FROM t;
            DELIMITER ;;
            CREATE PROCEDURE p()
            BEGIN
              SELECT 'line
            break';
            END;;
            SET sql_mode = 'ANSI_QUOTES';;
            CREATE PROCEDURE "ansi"() SELECT "id" FROM "t";;
            SET sql_mode = '';;
            CREATE EVENT e ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01 00:00:00' DO
            DELETE FROM t;;
            DELIMITER ;

            """;
        // What a throw-away account on a server with a binary log may not make.
        const string more = "CREATE TRIGGER r BEFORE INSERT ON t FOR EACH ROW\nSET NEW.s = 'r';\nCREATE DEFINER=root@localhost FUNCTION f() RETURNS int DETERMINISTIC\nRETURN 1;\n";
        await File.WriteAllTextAsync(script, $"{(objects + (near ? "" : more)).ReplaceLineEndings("\r\n")}INSERT INTO `t` VALUES (3, 'lone\r, double\r\r\n');\r");
        await Server.RunAsync("", "CREATE DATABASE plain");
        (int exitCode, string output) = await Shell.BashAsync(
            Shell.Folder, $"mariadb --no-defaults -h 127.0.0.1 -P {Server.Port} -u {MariaDbServer.User} --default-character-set=utf8mb4 plain < '{script}'", ("MYSQL_PWD", MariaDbServer.Password));
        Assert.True(exitCode == 0, output);

        await Shell.ExpectAsync(null, near ? ["backup", "import", script, "-d", "shop"] : ["backup", "import", script]);
        await Shell.ExpectAsync(null, "backup", "restore", (await Shell.JsonAsync(null, "backup", "list"))[0].GetProperty("id").GetString()!, "-d", "shop/copy");

        string content = await ContentAsync("plain");
        Assert.Contains($"DEFINER=`{MariaDbServer.User}`@`%`", content, StringComparison.Ordinal);
        Assert.Equal(content, await ContentAsync("copy"));
    }

    private static string DataFile(string name) => Path.Combine(AppContext.BaseDirectory, "Data", name);

    private async Task RunScriptAsync(string script)
    {
        (int exitCode, string output) = await Shell.BashAsync(Shell.Folder, $"set -o pipefail; zcat '{script}' | mariadb --no-defaults --default-character-set=utf8mb4 --socket='{Server.Socket}' -u root");
        Assert.True(exitCode == 0, output);
    }

    [Fact]
    public async Task Wrong_addresses_are_told_as_what_they_are_and_without_the_password()
    {
        BufferedCommandResult gone = await Shell.RunAsync("backup", "create", "-d", Url("no such database"));
        Shell.Expect((int)ErrorKind.Unreachable, gone);
        Assert.Contains("no such database", gone.StandardError, StringComparison.Ordinal);

        BufferedCommandResult refused = await Shell.RunAsync("backup", "create", "-d", Url(Shop).Replace("s3cret", "wr0ng", StringComparison.Ordinal));
        Shell.Expect((int)ErrorKind.Unreachable, refused);
        Assert.DoesNotContain("wr0ng", refused.StandardError, StringComparison.Ordinal);

        Shell.Expect((int)ErrorKind.Unreachable, await Shell.RunAsync("backup", "create", "-d", Url(Shop, port: 1)));
        Assert.False(Directory.Exists(Shell.Repository) && Directory.EnumerateFiles(Shell.Repository, "manifest.json", SearchOption.AllDirectories).Any());
    }

    [Fact]
    public async Task A_query_reads_and_writes_only_with_consent()
    {
        Assert.Equal(3000, (await Shell.JsonAsync(null, "query", "SELECT count(*) FROM `Order`", "-d", "shop")).GetProperty("rows")[0][0].GetInt32());
        Shell.Expect((int)ErrorKind.Refused, await Shell.RunAsync("query", "DELETE FROM nokey", "-d", "shop"));
        Shell.Expect((int)ErrorKind.Refused, await Shell.RunAsync("query", "CALL pay(1)", "-d", "shop"));
        Assert.Equal("3", await Server.RunAsync(Shop, "SELECT count(*) FROM nokey"));
        await Shell.ExpectAsync(null, "query", "DELETE FROM nokey", "-d", "shop", "--write");
        Assert.Equal("0", await Server.RunAsync(Shop, "SELECT count(*) FROM nokey"));
    }
}
