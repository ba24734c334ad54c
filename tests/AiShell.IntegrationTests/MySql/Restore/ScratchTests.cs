using System.Text;
using AiShell.Connections;
using AiShell.Engines;
using AiShell.Engines.MySql;
using AiShell.Testing.Engines;

namespace AiShell.IntegrationTests.MySql.Restore;

public sealed class ScratchDatabaseTests(SharedMariaDb shared) : IClassFixture<SharedMariaDb>
{
    private const string Dump =
        """
        -- MariaDB dump 10.19  Distrib 10.11.6-MariaDB
        /*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */;
        DROP TABLE IF EXISTS `t`;
        CREATE TABLE `t` (`a` int(11) NOT NULL, `b` text, PRIMARY KEY (`a`)) ENGINE=InnoDB;
        INSERT INTO `t` VALUES (1,'\\! touch /tmp/never'),(2,'x;y');
        /*!50001 CREATE ALGORITHM=UNDEFINED DEFINER=`nobody`@`localhost` SQL SECURITY DEFINER VIEW `v` AS SELECT 1 AS `x` */;
        """;

    private readonly MySqlEngine _engine = new();

    [Fact]
    public async Task A_scratch_database_near_the_source_goes_with_its_user()
    {
        DatabaseAddress near = shared.Server.AddressOf("some where");
        DatabaseAddress address;
        await using (IScratchDatabase scratch = await _engine.CreateScratchAsync(near, Path.GetTempPath(), default))
        {
            address = scratch.Address;
            Assert.Equal("1", await shared.Server.RunAsync("", $"SELECT count(*) FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = '{address.Database}'"));
            // A second one beside it takes it for no leftover.
            await using IScratchDatabase second = await _engine.CreateScratchAsync(near, Path.GetTempPath(), default);
            Assert.NotEqual(address.Database, second.Address.Database);
            Assert.Equal("1", await shared.Server.RunAsync("", $"SELECT count(*) FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = '{address.Database}'"));
        }

        Assert.Equal("0", await shared.Server.RunAsync("", $"SELECT count(*) FROM information_schema.SCHEMATA WHERE SCHEMA_NAME LIKE 'some where%'"));
    }

    [Fact]
    public async Task Without_a_server_one_of_our_own_takes_a_foreign_script_and_goes_again()
    {
        ForeignFormat format = _engine.Recognise(Encoding.UTF8.GetBytes(Dump))!;
        string folder;
        await using (IScratchDatabase scratch = await _engine.CreateScratchAsync(null, Path.GetTempPath(), default))
        {
            folder = Path.GetDirectoryName(scratch.Address.Options["socket"])!;
            Assert.True(Directory.Exists(folder));
            await _engine.LoadForeignAsync(scratch.Address, format, new MemoryStream(Encoding.UTF8.GetBytes(Dump)), default);

            Assert.Equal(2, Assert.Single(await _engine.DigestAsync(scratch.Address, default)).Fingerprint.Rows);
            QueryResult view = await _engine.QueryAsync(scratch.Address, "SELECT DEFINER FROM information_schema.VIEWS", new QueryOptions(false, null), default);
            Assert.Contains(view.Rows, row => "nobody@localhost".Equals(row[0]));
            QueryResult accounts = await _engine.QueryAsync(scratch.Address, "SELECT User FROM mysql.user WHERE User LIKE 'ai\\_shell\\_%' OR User = 'root'", new QueryOptions(false, null), default);
            Assert.Empty(accounts.Rows);
        }

        Assert.False(Directory.Exists(folder));
    }

    [Fact]
    public async Task A_script_whose_objects_name_its_one_database_runs_on_a_server_of_our_own()
    {
        const string Own = """
            -- MySQL dump
            DROP SCHEMA IF EXISTS shop_a;
            CREATE SCHEMA shop_a DEFAULT CHARACTER SET latin1;
            USE shop_a;
            CREATE TABLE t (a int PRIMARY KEY, b varchar(9)); INSERT INTO shop_a.t VALUES (1, 'é'), (2, 'x');
            CREATE VIEW v AS SELECT shop_a.t.a FROM shop_a.t;
            CREATE TRIGGER shop_a.tr BEFORE INSERT ON shop_a.t FOR EACH ROW SET NEW.b = 'z';
            USE shop_a;
            INSERT INTO t(a) VALUES (3);
            """;
        await using IScratchDatabase scratch = await _engine.CreateScratchAsync(null, Path.GetTempPath(), default);

        DatabaseAddress loaded = await LoadAsync(scratch, Own);

        Assert.Equal(scratch.Address with { Database = "shop_a" }, loaded);
        Assert.Equal(3, Assert.Single(await _engine.DigestAsync(loaded, default)).Fingerprint.Rows);
        Assert.Empty(await _engine.DigestAsync(scratch.Address, default));
        QueryResult set = await _engine.QueryAsync(loaded, "SELECT DEFAULT_CHARACTER_SET_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = 'shop_a'", new QueryOptions(false, null), default);
        Assert.Equal("latin1", Assert.Single(set.Rows)[0]);
        MemoryBackup backup = await MemoryBackup.MakeAsync(
            _engine, loaded, new SnapshotOptions(BackupFormat.Sql, BackupScope.All, TableFilter.Everything, 2, Path.GetTempPath(), 1 << 20, TimeSpan.FromSeconds(10)));
        Assert.DoesNotContain("shop_a", Encoding.UTF8.GetString(backup.Plain), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("USE shop_b;\nCREATE TABLE t(a int);\n", "shop_b")]
    [InlineData("CREATE DATABASE shop_c;\nCREATE TABLE t(a int);\n", null)]
    [InlineData("CREATE DATABASE shop_d;\nUSE shop_d;\nCREATE PROCEDURE p() SELECT 1;\n", "shop_d")]
    public async Task On_a_server_of_our_own_a_script_is_read_where_it_made_its_objects(string script, string? database)
    {
        await using IScratchDatabase scratch = await _engine.CreateScratchAsync(null, Path.GetTempPath(), default);

        Assert.Equal(database ?? scratch.Address.Database, (await LoadAsync(scratch, script)).Database);
    }

    [Theory]
    [InlineData("CREATE TABLE t(a int);\nUSE shop_e;\nCREATE TABLE t(a int);\n")]
    [InlineData("USE shop_f;\nCREATE TABLE t(a int);\nUSE shop_g;\nCREATE TABLE t(a int);\n")]
    [InlineData("USE shop_h;\nCREATE TABLE shop_i.t(a int);\n")]
    [InlineData("USE shop_h;\nCREATE DATABASE\nshop_i;\n")]
    [InlineData("CREATE TABLE shop_j.t(a int);\n")]
    [InlineData("USE mysql;\nDELETE FROM global_priv;\n")]
    [InlineData("DROP DATABASE `MySQL`;\n")]
    [InlineData("USE shop_k;\nDELETE FROM mysql.global_priv;\n")]
    public async Task On_a_server_of_our_own_too_a_script_is_of_one_database(string script)
    {
        await using IScratchDatabase scratch = await _engine.CreateScratchAsync(null, Path.GetTempPath(), default);

        AiShellException failure = await Assert.ThrowsAsync<AiShellException>(() => LoadAsync(scratch, script));

        Assert.Equal(ErrorKind.Refused, failure.Kind);
    }

    [Theory]
    [InlineData("USE `live`;\nDROP TABLE x;")]
    [InlineData("DROP TABLE `live`.x;")]
    [InlineData("DELETE FROM live.x;")]
    [InlineData("GRANT ALL ON *.* TO somebody;")]
    [InlineData("SELECT 1 INTO OUTFILE '/tmp/ai-shell-never';")]
    public async Task A_script_that_reaches_for_other_databases_is_refused(string statement)
    {
        await shared.Server.RunAsync("", "CREATE DATABASE IF NOT EXISTS live; CREATE TABLE IF NOT EXISTS live.x(a int); REPLACE INTO live.x VALUES (1)");
        string accounts = await shared.Server.RunAsync("", "SELECT count(*) FROM mysql.global_priv");
        await using IScratchDatabase scratch = await _engine.CreateScratchAsync(shared.Server.AddressOf("live"), Path.GetTempPath(), default);

        AiShellException failure = await Assert.ThrowsAsync<AiShellException>(() => _engine.LoadForeignAsync(scratch.Address, Foreign(), new MemoryStream(Encoding.UTF8.GetBytes($"{statement}\n")), default));

        Assert.True(failure.Kind is ErrorKind.Refused or ErrorKind.Failed, failure.Message);
        Assert.Equal("1", await shared.Server.RunAsync("", "SELECT count(*) > 0 FROM live.x"));
        Assert.Equal(accounts, await shared.Server.RunAsync("", "SELECT count(*) FROM mysql.global_priv"));
    }

    [Fact]
    public async Task Commands_of_the_client_do_nothing()
    {
        string file = Path.Combine(Path.GetTempPath(), $"ai-shell-never-{Guid.NewGuid():N}");
        await using IScratchDatabase scratch = await _engine.CreateScratchAsync(shared.Server.AddressOf("live"), Path.GetTempPath(), default);
        string script = $"CREATE TABLE t(a int);\n\\! touch {file}\nsystem touch {file}\n\\. /etc/passwd\nSELECT 1;\n";

        await Assert.ThrowsAsync<AiShellException>(() => _engine.LoadForeignAsync(scratch.Address, Foreign(), new MemoryStream(Encoding.UTF8.GetBytes(script)), default));

        Assert.False(File.Exists(file));
    }

    [Theory]
    [InlineData("-- MySQL dump 10.13  Distrib 8.0.36\n", true)]
    [InlineData("/*!40101 SET NAMES utf8 */;\n", true)]
    [InlineData("/*M!999999\\- enable the sandbox mode */ \n-- MariaDB dump", true)]
    [InlineData("CREATE TABLE `a` (`b` int);\n", true)]
    [InlineData("CREATE TABLE a(b int);\n", false)]
    [InlineData("-- PostgreSQL database dump\nCREATE TABLE public.a (b integer);\n", false)]
    [InlineData("PRAGMA foreign_keys=OFF;\nCREATE TABLE \"a\"(b);\n", false)]
    public void Scripts_are_recognised_by_what_only_they_have(string head, bool known) => Assert.Equal(known, _engine.Recognise(Encoding.UTF8.GetBytes(head)) is not null);

    private Task<DatabaseAddress> LoadAsync(IScratchDatabase scratch, string script) => _engine.LoadForeignAsync(scratch.Address, Foreign(), new MemoryStream(Encoding.UTF8.GetBytes(script)), default);

    private ForeignFormat Foreign() => _engine.Recognise("-- MySQL dump "u8)!;
}
