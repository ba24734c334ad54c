using System.Text;
using AiShell.Engines;
using AiShell.Engines.MySql;
using AiShell.Testing.Engines;
using AiShell.Testing.Engines.MySql;

namespace AiShell.IntegrationTests.MySql;

/// <summary>Servers that are set up in other ways.</summary>
public sealed class SnapshotServerTests : IDisposable
{
    private readonly string _scratch = FastFolder.Create("ai-shell-my-scratch-");

    public void Dispose() => Directory.Delete(_scratch, recursive: true);

    private SnapshotOptions Options(int workers = 2) =>
        new(BackupFormat.Sql, BackupScope.All, TableFilter.Everything, workers, _scratch, 64 << 20, TimeSpan.FromSeconds(10));

    private TargetOptions Target(int workers = 2) => new(TableFilter.Everything, IntoExisting: false, Replace: true, workers, _scratch, TimeSpan.FromSeconds(10));

    [Theory]
    [InlineData("sql-mode=ANSI_QUOTES,NO_BACKSLASH_ESCAPES,PIPES_AS_CONCAT")]
    [InlineData("character-set-server=latin1")]
    [InlineData("skip-log-bin")]
    [InlineData("sql-mode=TRADITIONAL", "innodb-strict-mode=OFF", "transaction-isolation=SERIALIZABLE", "default-time-zone=-03:00", "explicit-defaults-for-timestamp=OFF", "innodb-default-row-format=compact", "binlog-format=MIXED", "completion-type=CHAIN", "innodb-lock-wait-timeout=1")]
    public async Task A_rich_database_is_the_same_after_a_restore_by_the_stock_client_and_by_ours(string setting, params string[] more)
    {
        await using MariaDbServer server = await MariaDbServer.StartAsync([setting, .. more]);
        string before = await server.RunAsync("", "SELECT @@sql_mode");
        string character = setting.StartsWith("character", StringComparison.Ordinal) ? "latin1" : "utf8mb4";
        await server.RunAsync("", "CREATE DATABASE `from` CHARACTER SET utf8mb4; CREATE DATABASE `into`");
        await server.RunAsync("from", $"SET sql_mode = DEFAULT; SET SESSION sql_mode = ''; {RichSchema.Script}");

        MemoryBackup backup = await MemoryBackup.MakeAsync(new MySqlEngine(), server.AddressOf("from"), Options());
        await server.RunAsync("into", backup.Plain, "--comments");

        string[] expected = await DumpAsync(server, "from");
        Assert.Equal(expected, await DumpAsync(server, "into"));
        foreach (int local in new[] { 1, 0 })
        {
            await server.RunAsync("", $"SET GLOBAL local_infile = {local}");
            Assert.Equal(backup.Contents.Tables, await backup.RestoreAsync(new MySqlEngine(), server.AddressOf("own"), Target()));
            Assert.Equal(expected, await DumpAsync(server, "own"));
        }

        Assert.Equal(before, await server.RunAsync("", "SELECT @@sql_mode"));
        Assert.Equal(setting == "skip-log-bin" ? "no binary log" : "binlog", setting == "skip-log-bin" ? backup.Position.Value : backup.Position.Value.Split('.')[0]);
        Assert.Equal(character, await server.RunAsync("", "SELECT @@character_set_server"));
    }

    [Theory]
    [InlineData("lower-case-table-names=1", "MixedCase", "mixedcase")]
    [InlineData("lower-case-table-names=0", "MixedCase", "MixedCase")]
    public async Task Names_in_mixed_case_are_kept_as_the_server_keeps_them(string setting, string written, string kept)
    {
        await using MariaDbServer server = await MariaDbServer.StartAsync(setting);
        await server.RunAsync("", "CREATE DATABASE FromHere; CREATE DATABASE `into`");
        await server.RunAsync(
            "FromHere",
            $"CREATE TABLE {written}(id int PRIMARY KEY); CREATE TABLE Child(id int, FOREIGN KEY(id) REFERENCES {written}(id)); CREATE VIEW Looks AS SELECT * FROM {written}; INSERT INTO {written} VALUES (1); CREATE TRIGGER FromHere.Trig BEFORE INSERT ON FromHere.{kept} FOR EACH ROW SET @x = 1");

        MemoryBackup backup = await MemoryBackup.MakeAsync(new MySqlEngine(), server.AddressOf("FromHere"), Options());
        await server.RunAsync("into", backup.Plain, "--comments");

        Assert.Contains(backup.Contents.Tables, digest => digest.Table.Name == kept && digest.Fingerprint.Rows == 1);
        Assert.Equal(await DumpAsync(server, "FromHere"), await DumpAsync(server, "into"));
        Assert.DoesNotContain("FromHere", backup.Statements(), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Without_a_binary_log_and_the_privilege_to_lock_one_session_reads_all()
    {
        await using MariaDbServer server = await MariaDbServer.StartAsync("skip-log-bin");
        await server.RunAsync("", "CREATE DATABASE d; CREATE TABLE d.t(id int); INSERT INTO d.t VALUES (1); CREATE USER u@'%' IDENTIFIED BY 'x'; GRANT SELECT, TRIGGER, EVENT ON *.* TO u@'%'");

        await using ISnapshot snapshot = await new MySqlEngine().OpenSnapshotAsync(server.AddressOf("d", "u", "x"), Options(4), default);

        Assert.Equal("no binary log", snapshot.Position.Value);
        Assert.Contains("one session", Assert.Single(snapshot.Warnings), StringComparison.Ordinal);
        Assert.Equal("1", await server.RunAsync("", "SELECT count(*) FROM information_schema.INNODB_TRX"));
    }

    [Fact]
    public async Task An_empty_database_and_ten_thousand_tables_are_backed_up_and_restored()
    {
        await using MariaDbServer server = await MariaDbServer.StartAsync("table-open-cache=2000", "innodb-file-per-table=0");
        await server.RunAsync("", "CREATE DATABASE empty; CREATE DATABASE many; CREATE DATABASE `into`");
        MemoryBackup nothing = await MemoryBackup.MakeAsync(new MySqlEngine(), server.AddressOf("empty"), Options());
        Assert.Empty(nothing.Contents.Tables);
        Assert.NotEmpty(nothing.Contents.Parts);

        await server.RunAsync("many", string.Concat(Enumerable.Range(0, 10_000).Select(number => $"CREATE TABLE t{number}(id int PRIMARY KEY, v int, KEY(v)); INSERT INTO t{number} VALUES ({number}, 1);\n")));
        MemoryBackup backup = await MemoryBackup.MakeAsync(new MySqlEngine(), server.AddressOf("many"), Options(4));

        Assert.Equal(10_000, backup.Contents.Tables.Count);
        Assert.All(backup.Contents.Tables, digest => Assert.Equal(1, digest.Fingerprint.Rows));
        Assert.Equal(10_000, Encoding.UTF8.GetString(backup.Plain).Split("ADD KEY").Length - 1);

        Assert.Equal(backup.Contents.Tables, await backup.RestoreAsync(new MySqlEngine(), server.AddressOf("many_back"), Target(4)));
        Assert.Equal("10000", await server.RunAsync("many_back", "SELECT count(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()"));
    }

    [Fact]
    public async Task A_thousand_tables_take_the_places_of_those_that_stand()
    {
        await using MariaDbServer server = await MariaDbServer.StartAsync("innodb-file-per-table=0");
        await server.RunAsync("", "CREATE DATABASE many");
        await server.RunAsync("many", string.Concat(Enumerable.Range(0, 1000).Select(number => $"CREATE TABLE t{number}(id int PRIMARY KEY, v int, KEY(v)); INSERT INTO t{number} VALUES ({number}, 1);\n")));
        MemoryBackup backup = await MemoryBackup.MakeAsync(new MySqlEngine(), server.AddressOf("many"), Options(4));
        await server.RunAsync("many", string.Concat(Enumerable.Range(0, 100).Select(number => $"DELETE FROM t{number}; DROP TABLE t{number + 100};\n")));

        Assert.Equal(backup.Contents.Tables, await backup.RestoreAsync(new MySqlEngine(), server.AddressOf("many"), Target(4)));

        Assert.Equal(backup.Contents.Tables, await new MySqlEngine().DigestAsync(server.AddressOf("many"), default));
    }

    private static async Task<string[]> DumpAsync(MariaDbServer server, string database) =>
        (await server.DumpAsync(database, $"--ignore-table-data={database}.versioned_own")).Replace($"`{database}`", "(db)", StringComparison.Ordinal).Replace("FromHere.", "", StringComparison.Ordinal).Split('\n');
}
