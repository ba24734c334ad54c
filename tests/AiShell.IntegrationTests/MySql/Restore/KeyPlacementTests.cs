using AiShell.Connections;
using AiShell.Engines;
using AiShell.Engines.MySql;
using AiShell.Testing.Engines;

namespace AiShell.IntegrationTests.MySql.Restore;

/// <summary>Tables of few rows have their keys from the start, others get them after their rows; all are as they were.</summary>
public sealed class KeyPlacementTests(SharedMariaDb shared) : IClassFixture<SharedMariaDb>
{
    private const string Tables =
        """
        CREATE TABLE many(id int PRIMARY KEY, a varchar(80), b int, UNIQUE KEY u(a, b), KEY k(b), FULLTEXT KEY f(a));
        CREATE TABLE none(id int AUTO_INCREMENT PRIMARY KEY, a varchar(80), UNIQUE KEY u(a), KEY k(a(7), id) COMMENT 'a, ADD b');
        CREATE TABLE few(id int PRIMARY KEY, a varchar(80), b int, parent int, UNIQUE KEY u(a, b), KEY d(b DESC), KEY p(parent), CONSTRAINT own FOREIGN KEY (parent) REFERENCES many(id));
        CREATE TABLE words(id int PRIMARY KEY, a text, p point NOT NULL, KEY k(a(9)), FULLTEXT KEY f(a), SPATIAL KEY s(p));
        CREATE TABLE parts(id int, a varchar(80), KEY k(a), UNIQUE KEY u(id)) PARTITION BY HASH(id) PARTITIONS 3;
        CREATE TABLE counted(a int, id bigint NOT NULL AUTO_INCREMENT, KEY k(a), KEY c(id), KEY l(a, id));
        INSERT INTO many SELECT seq, concat('row ', sha1(seq)), seq % 7 FROM seq_1_to_9000;
        INSERT INTO few SELECT id, a, b, id FROM many WHERE id < 30;
        INSERT INTO words SELECT id, a, POINT(id, b) FROM many WHERE id < 30; INSERT INTO parts SELECT id, a FROM many WHERE id < 30; INSERT INTO counted(a) VALUES (1), (2);
        """;

    private readonly string _prefix = $"k{Guid.NewGuid().ToString("N")[..8]}_";
    private readonly MySqlEngine _engine = new();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Keys_are_made_with_the_table_or_after_its_rows(bool someTables)
    {
        DatabaseAddress source = shared.Server.AddressOf(_prefix + "source");
        DatabaseAddress target = shared.Server.AddressOf(_prefix + "target");
        await shared.Server.RunAsync("", $"CREATE DATABASE {source.Database}; CREATE DATABASE {target.Database}");
        await shared.Server.RunAsync(source.Database, Tables);
        MemoryBackup backup = await MemoryBackup.MakeAsync(
            _engine, source, new SnapshotOptions(BackupFormat.Sql, BackupScope.All, TableFilter.Everything, 2, Path.GetTempPath(), 1 << 20, TimeSpan.FromSeconds(5)));

        await shared.Server.RunAsync("", "TRUNCATE mysql.general_log; SET GLOBAL log_output = 'TABLE', general_log = 1");
        await backup.RestoreAsync(
            _engine, target, new TargetOptions(someTables ? new TableFilter(["none", "few", "words", "many", "parts", "counted"], []) : TableFilter.Everything, someTables, false, 2, Path.GetTempPath(), TimeSpan.FromSeconds(5)));
        await shared.Server.RunAsync("", "SET GLOBAL general_log = 0, log_output = 'FILE'");

        Assert.Equal("many,words", await shared.Server.RunAsync("", "SELECT group_concat(regexp_substr(argument, '(?<=ALTER TABLE `)[a-z]+') ORDER BY 1) FROM mysql.general_log WHERE command_type = 'Query' AND argument LIKE 'ALTER TABLE %ADD % KEY %' AND argument NOT LIKE '%FOREIGN KEY%'"));
        Assert.Equal(await shared.Server.DumpAsync(source.Database), await shared.Server.DumpAsync(target.Database));
        Assert.Equal("1", await shared.Server.RunAsync(target.Database, "SELECT count(*) FROM words FORCE INDEX (f) WHERE MATCH(a) AGAINST ('356a192b7913b04c54574d18c28d46e6395428ab')"));
        await Assert.ThrowsAsync<InvalidOperationException>(() => shared.Server.RunAsync(target.Database, "INSERT INTO few SELECT 99, a, b, id FROM few WHERE id = 1"));
    }
}
