using System.Globalization;
using AiShell.Configuration;
using AiShell.Connections;
using AiShell.Engines;
using AiShell.Engines.MySql;
using AiShell.Engines.MySql.Connecting;
using AiShell.Engines.MySql.Restore;
using AiShell.Engines.MySql.Wire;
using AiShell.Testing.Engines;

namespace AiShell.IntegrationTests.MySql.Restore;

/// <summary>Some tables into a database that stands, beside others that refer to them.</summary>
public sealed class TablesTargetTests(SharedMariaDb shared) : IClassFixture<SharedMariaDb>
{
    private readonly string _name = $"t{Guid.NewGuid().ToString("N")[..8]}";
    private readonly MySqlEngine _engine = new();

    private const string Parent = "CREATE TABLE `parent` (`id` int NOT NULL, `code` varchar(10), PRIMARY KEY (`id`)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;";
    private const string Other = "CREATE TABLE `other` (`id` int NOT NULL, `parent` int, PRIMARY KEY (`id`)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;";
    private const string Key = "ALTER TABLE `other` ADD CONSTRAINT `belongs` FOREIGN KEY (`parent`) REFERENCES `parent` (`id`) ON DELETE CASCADE;";

    private static TargetOptions Only(string table, bool keepOld = false) =>
        new(new TableFilter([table], []), IntoExisting: true, Replace: true, 2, Path.GetTempPath(), TimeSpan.FromSeconds(20)) { KeepOld = keepOld };

    private DatabaseAddress Address(string suffix) => shared.Server.AddressOf($"{_name}_{suffix}");

    private async Task<HandMadeBackup> MakeAsync()
    {
        string source = Address("src").Database;
        await shared.Server.RunAsync("", $"CREATE DATABASE {source} CHARACTER SET utf8mb4");
        await shared.Server.RunAsync(source, $"{Parent} {Other} {Key} INSERT INTO parent VALUES (1, 'new'), (2, 'new'); INSERT INTO other VALUES (1, 1)");
        HandMadeBackup backup = new();
        int parent = backup.Table("parent", Parent);
        int other = backup.Table("other", Other);
        backup.After("FOREIGN KEY", "other", Key, other, parent);
        backup.After("TRIGGER", "loud", "DELIMITER ;;\nCREATE TRIGGER `loud` BEFORE INSERT ON `parent` FOR EACH ROW SET NEW.code = upper(NEW.code)\n;;\nDELIMITER ;", parent);
        string target = Address("target").Database;
        await shared.Server.RunAsync("", $"CREATE DATABASE {target} CHARACTER SET utf8mb4");
        await shared.Server.RunAsync(
            target,
            $"{Parent} {Other} {Key} CREATE TRIGGER quiet BEFORE INSERT ON parent FOR EACH ROW SET NEW.code = lower(NEW.code); INSERT INTO parent VALUES (1, 'old'), (3, 'old'); INSERT INTO other VALUES (7, 1)");
        return backup.Write(Address("src"));
    }

    [Fact]
    public async Task Keys_of_tables_that_stay_lead_to_the_new_table()
    {
        HandMadeBackup backup = await MakeAsync();
        string target = Address("target").Database;

        string kept = (await backup.RestoreAsync(Address("target"), Only("parent", keepOld: true)))!;

        Assert.Equal("new\nnew", await shared.Server.RunAsync(target, "SELECT code FROM parent"));
        Assert.Equal("7", await shared.Server.RunAsync(target, "SELECT id FROM other"));
        await Assert.ThrowsAsync<InvalidOperationException>(() => shared.Server.RunAsync(target, "INSERT INTO other VALUES (8, 3)"));
        await shared.Server.RunAsync(target, "INSERT INTO other VALUES (8, 2); INSERT INTO parent VALUES (9, 'x'); DELETE FROM parent WHERE id = 1");
        Assert.Equal("8", await shared.Server.RunAsync(target, "SELECT id FROM other"));
        Assert.Equal("X", await shared.Server.RunAsync(target, "SELECT code FROM parent WHERE id = 9"));
        Assert.Equal("loud", await shared.Server.RunAsync("", $"SELECT TRIGGER_NAME FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = '{target}'"));
        Assert.Equal("quiet", await shared.Server.RunAsync("", $"SELECT TRIGGER_NAME FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = '{kept}'"));
        Assert.Equal("old\nold", await shared.Server.RunAsync(kept, "SELECT code FROM parent"));
    }

    [Theory]
    [InlineData("ALL PRIVILEGES", true)]
    [InlineData("SELECT, REFERENCES", false)] // without PROCESS
    public async Task Keys_of_other_databases_are_found_and_where_InnoDB_tells_no_other_table_is_opened_for_it(string privileges, bool isTold)
    {
        const int Unrelated = 60;
        string target = $"{_name} tärget/$";
        string odd = $"{_name} odd é/x.-#";
        string user = $"u{Guid.NewGuid().ToString("N")[..8]}";
        string tables = string.Concat(Enumerable.Range(0, Unrelated).Select(n => $"CREATE TABLE {_name}_far.t{n}(id int PRIMARY KEY, p int, FOREIGN KEY (p) REFERENCES {_name}_far.root(id)); "));
        await shared.Server.RunAsync(
            "",
            $"""
            CREATE USER {user}@'%' IDENTIFIED BY 'x'; GRANT {privileges} ON *.* TO {user}@'%';
            CREATE DATABASE `{target}`; CREATE DATABASE `{odd}`; CREATE DATABASE {_name}_far; CREATE TABLE {_name}_far.root(id int PRIMARY KEY); {tables}
            CREATE TABLE `{target}`.parent(id int PRIMARY KEY); CREATE TABLE `{target}`.own(id int PRIMARY KEY, CONSTRAINT within FOREIGN KEY (id) REFERENCES `{target}`.parent(id));
            CREATE TABLE `{odd}`.`t ❤/'"`(id int PRIMARY KEY, CONSTRAINT `out ❤` FOREIGN KEY (id) REFERENCES `{target}`.parent(id) ON DELETE CASCADE);
            CREATE TABLE {_name}_far.both(id int PRIMARY KEY, a int, b int, CONSTRAINT one FOREIGN KEY (a) REFERENCES `{target}`.parent(id), CONSTRAINT two FOREIGN KEY (b) REFERENCES `{target}`.own(id), CONSTRAINT three FOREIGN KEY (b) REFERENCES {_name}_far.root(id));
            FLUSH TABLES
            """);
        using MySqlSession session = MySqlSession.Open(SettingsReader.Read(shared.Server.AddressOf("", user, "x"), new ProcessEnvironment()));
        int before = Opened();

        IReadOnlyList<ForeignKey> keys = ForeignKey.Into(session, target);

        Assert.Equal(isTold, Opened() - before < Unrelated);
        Assert.Equal(
            new[] { $"{_name}_far.both.one", $"{_name}_far.both.two", $"{odd}.t ❤/'\".out ❤", $"{target}.own.within" }.Order(StringComparer.Ordinal),
            keys.Select(key => $"{key.Database}.{key.Table}.{key.Name}").Order(StringComparer.Ordinal));
        Assert.Equal((target, "parent", "CASCADE"), keys.Where(key => key.Database == odd).Select(key => (key.ReferencedDatabase, key.Referenced, key.OnDelete)).Single());
        await shared.Server.RunAsync("", $"SET foreign_key_checks = 0; DROP DATABASE `{target}`; DROP DATABASE `{odd}`; DROP DATABASE {_name}_far");

        int Opened() => int.Parse(session.Query("SHOW SESSION STATUS LIKE 'Opened_tables'")[0][1]!, CultureInfo.InvariantCulture);
    }

    [Fact]
    public async Task Rows_whose_values_the_standing_table_would_change_are_told_and_it_stays()
    {
        string source = Address("wide").Database;
        string target = Address("narrow").Database;
        await shared.Server.RunAsync("", $"CREATE DATABASE {source}; CREATE DATABASE {target}; CREATE TABLE {source}.t(a varchar(10), b int); CREATE TABLE {target}.t(a varchar(5), b smallint); INSERT INTO {source}.t VALUES ('long text', 1), ('x', 70000)");
        await shared.Server.RunAsync(target, "INSERT INTO t VALUES ('old', 0)");
        MemoryBackup backup = await MemoryBackup.MakeAsync(
            _engine, Address("wide"), new SnapshotOptions(BackupFormat.Sql, BackupScope.DataOnly, TableFilter.Everything, 1, Path.GetTempPath(), 1 << 20, TimeSpan.FromSeconds(5)));

        AiShellException failure = await Assert.ThrowsAsync<AiShellException>(() => backup.RestoreAsync(_engine, Address("narrow"), Only("t")));

        Assert.Equal(ErrorKind.Failed, failure.Kind);
        Assert.Contains("changed values on their way into table 't'", failure.Message, StringComparison.Ordinal);
        Assert.Equal("old\t0", await shared.Server.RunAsync(target, "SELECT * FROM t"));

        await shared.Server.RunAsync(target, "ALTER TABLE t MODIFY a varchar(20), MODIFY b bigint");
        Assert.Equal(backup.Contents.Tables, await backup.RestoreAsync(_engine, Address("narrow"), Only("t")));
        Assert.Equal("long text\t1\nx\t70000", await shared.Server.RunAsync(target, "SELECT * FROM t"));
    }

    [Fact]
    public async Task Keys_of_the_restored_table_lead_to_the_one_that_stays()
    {
        HandMadeBackup backup = await MakeAsync();
        string target = Address("target").Database;

        await backup.RestoreAsync(Address("target"), Only("other"));

        Assert.Equal("1", await shared.Server.RunAsync(target, "SELECT id FROM other"));
        await Assert.ThrowsAsync<InvalidOperationException>(() => shared.Server.RunAsync(target, "INSERT INTO other VALUES (8, 2)"));
        await shared.Server.RunAsync(target, "INSERT INTO other VALUES (8, 3)");
        Assert.Equal($"{target}\n{Address("src").Database}", await shared.Server.RunAsync("", $"SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME LIKE '{_name}%' ORDER BY SCHEMA_NAME DESC"));
    }

    [Theory]
    [InlineData("parent", "INSERT INTO other VALUES (8, 3)")]
    [InlineData("other", "DELETE FROM parent WHERE id = 1")]
    public async Task Rows_that_do_not_go_together_with_those_that_stay_are_refused(string table, string before)
    {
        HandMadeBackup backup = await MakeAsync();
        string target = Address("target").Database;
        await shared.Server.RunAsync(target, before);
        string old = await shared.Server.DumpAsync(target);

        AiShellException failure = await Assert.ThrowsAsync<AiShellException>(() => backup.RestoreAsync(Address("target"), Only(table)));

        Assert.Contains("belongs", failure.Message, StringComparison.Ordinal);
        Assert.Equal(old, await shared.Server.DumpAsync(target));
        Assert.Equal("2", await shared.Server.RunAsync("", $"SELECT count(*) FROM information_schema.SCHEMATA WHERE SCHEMA_NAME LIKE '{_name}%'"));
    }

    [Fact]
    public async Task A_whole_database_with_rows_that_refer_to_nothing_is_restored_and_told()
    {
        HandMadeBackup backup = await MakeAsync();
        await shared.Server.RunAsync(Address("src").Database, "SET foreign_key_checks = 0; DELETE FROM parent WHERE id = 1");
        HandMadeBackup orphaned = new();
        int parent = orphaned.Table("parent", Parent);
        int other = orphaned.Table("other", Other);
        orphaned.After("FOREIGN KEY", "other", Key, other, parent);
        orphaned.Write(Address("src"));

        await using IRestoreTarget target = await _engine.OpenTargetAsync(
            Address("copy"), orphaned.Contents, new TargetOptions(TableFilter.Everything, false, false, 2, Path.GetTempPath(), TimeSpan.FromSeconds(5)), default);
        await orphaned.LoadAsync(target);
        Assert.Equal(orphaned.Contents.Tables, await target.CompleteAsync(fingerprints: true, default));
        Assert.Contains("parent = 1", Assert.Single(target.Warnings), StringComparison.Ordinal);
        await target.PromoteAsync(default);
        Assert.Equal("1", await shared.Server.RunAsync(Address("copy").Database, "SELECT count(*) FROM other"));
        Assert.NotNull(backup);
    }
}
