using AiShell.Connections;
using AiShell.Engines;
using AiShell.Testing.Engines;
using AiShell.Testing.Engines.MySql;

namespace AiShell.IntegrationTests.MySql.Restore;

/// <summary>As <see cref="RichRestoreTests"/> and <see cref="ScriptRestoreTests"/>, of one of everything that MySQL has.</summary>
[Collection(OnMySql.Name)]
public sealed class MySqlServerRichTests(SharedMySql shared) : SnapshotSuite(shared.Server)
{
    // As in RichRestoreTests.
    private const string Changes =
        """
        DROP PROCEDURE ansi; DROP EVENT nightly; DROP TRIGGER second_one; DROP VIEW a_second; DELETE FROM `types`; INSERT INTO `my isam`(g, t) VALUES (5, 'later');
        CREATE TABLE later(id int); ALTER TABLE latin ADD COLUMN later int; CREATE OR REPLACE VIEW calls AS SELECT 'other' AS plus; ALTER TABLE child DROP FOREIGN KEY self;
        """;

    [Theory]
    [InlineData(BackupFormat.Sql, false)]
    [InlineData(BackupFormat.Json, true)]
    [InlineData(BackupFormat.Csv, false)]
    public async Task Everything_comes_back(BackupFormat format, bool newOneByLocalFiles)
    {
        DatabaseAddress source = await CreateAsync(MySqlRichSchema.Script);
        MemoryBackup backup = await BackUpAsync(source, Options(format));
        string[] expected = await StateAsync(source.Database);
        DatabaseAddress target = NewAddress();

        await LoadByLocalFilesAsync(newOneByLocalFiles);
        Assert.Null(await RestoreAsync(backup, target));
        Assert.Equal(expected, await StateAsync(target.Database));

        await Server.RunAsync(target.Database, Changes);
        await LoadByLocalFilesAsync(!newOneByLocalFiles);
        string kept = (await RestoreAsync(backup, target))!;
        Assert.Equal(expected, await StateAsync(target.Database));
        Assert.Equal("4\t0", await Server.RunAsync(kept, "SELECT (SELECT count(*) FROM `my isam`), (SELECT count(*) FROM types)"));
        await Server.RunAsync("", $"DROP DATABASE {Quote(kept)}");
    }

    [Fact]
    public async Task The_stock_client_restores_everything_from_the_parts_under_another_name()
    {
        DatabaseAddress source = await CreateAsync(MySqlRichSchema.Script);

        MemoryBackup backup = await BackUpAsync(source);
        string copy = await RestoreByClientAsync(backup);

        Assert.Equal(await StateAsync(source.Database), await StateAsync(copy));
        Assert.DoesNotContain(source.Database, backup.Statements(), StringComparison.Ordinal);
        Assert.Equal(["x", "🙂", "a,b", "it's", "q?", "back\\slash", "😀 no row has"], await LabelsAsync(copy));
        Assert.Equal(backup.Contents.Tables, await Engine.DigestAsync(Server.AddressOf(copy), default));
    }

    /// <returns>Where the old one is kept.</returns>
    private async Task<string?> RestoreAsync(MemoryBackup backup, DatabaseAddress address)
    {
        TargetOptions options = new(TableFilter.Everything, IntoExisting: false, Replace: true, 2, Scratch, TimeSpan.FromSeconds(10)) { KeepOld = true };
        await using IRestoreTarget target = await Engine.OpenTargetAsync(address, backup.Contents, options, default);
        await backup.LoadAsync(target, options.Tables);
        Assert.Equal(backup.Contents.Tables, await target.CompleteAsync(fingerprints: true, default));
        Assert.Empty(target.Warnings);
        await target.PromoteAsync(default);
        return target.KeptAs;
    }

    private async Task LoadByLocalFilesAsync(bool local) => await Server.RunAsync("", $"SET GLOBAL local_infile = {(local ? 1 : 0)}");

    /// <summary>What CHECKSUM TABLE says of a table with JSON or virtual columns is another thing each time it is made: rows are compared by their fingerprints.</summary>
    private async Task<string[]> StateAsync(string database) =>
    [
        .. await DumpAsync(database),
        await Server.RunAsync("", $"SELECT DEFAULT_CHARACTER_SET_NAME, DEFAULT_COLLATION_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = '{database}'"),
        await Server.RunAsync(database, $"SELECT COUNT(*) FROM `{RichSchema.OddTable.Replace("`", "``", StringComparison.Ordinal)}` WHERE expr = concat('🙂é', 'x;?', '\\n') AND raw = x'ff00e98a5c' AND more = '🙂'"),
    ];

    private async Task<string[]> LabelsAsync(string database)
    {
        string table = $"`{RichSchema.OddTable.Replace("`", "``", StringComparison.Ordinal)}`";
        string all = await Server.RunAsync(
            database,
            $"SET sql_mode = ''; CREATE TEMPORARY TABLE labels AS SELECT `c,(d)` AS label FROM {table} LIMIT 0; INSERT INTO labels VALUES (1), (2), (3), (4), (5), (6), (7); SELECT label FROM labels ORDER BY label + 0");
        return all.Split('\n');
    }
}
