using AiShell.Connections;
using AiShell.Testing.Engines;
using AiShell.Testing.Engines.MySql;

namespace AiShell.IntegrationTests.MySql.Restore;

/// <summary>As <see cref="RichRestoreTests"/> and <see cref="ScriptRestoreTests"/>, of one of everything that MySQL has.</summary>
[Collection(OnMySql.Name)]
public sealed class MySqlServerRichTests(SharedMySql shared) : RichRestoreSuite(shared.Server)
{
    protected override string Script => MySqlRichSchema.Script;

    protected override string Changes =>
        """
        DROP PROCEDURE ansi; DROP EVENT nightly; DROP TRIGGER second_one; DROP VIEW a_second; DELETE FROM `types`; INSERT INTO `my isam`(g, t) VALUES (5, 'later');
        CREATE TABLE later(id int); ALTER TABLE latin ADD COLUMN later int; CREATE OR REPLACE VIEW calls AS SELECT 'other' AS plus; ALTER TABLE child DROP FOREIGN KEY self;
        """;

    protected override (string Query, string Answer) SeesChanges => ("SELECT (SELECT count(*) FROM `my isam`), (SELECT count(*) FROM types)", "4\t0");

    [Fact]
    public async Task The_stock_client_restores_everything_from_the_parts_under_another_name()
    {
        DatabaseAddress source = await CreateAsync(Script);

        MemoryBackup backup = await BackUpAsync(source);
        string copy = await RestoreByClientAsync(backup);

        Assert.Equal(await StateAsync(source.Database), await StateAsync(copy));
        Assert.DoesNotContain(source.Database, backup.Statements(), StringComparison.Ordinal);
        Assert.Equal(["x", "🙂", "a,b", "it's", "q?", "back\\slash", "😀 no row has"], await LabelsAsync(copy));
        Assert.Equal(backup.Contents.Tables, await Engine.DigestAsync(Server.AddressOf(copy), default));
    }

    /// <summary>What CHECKSUM TABLE says of a table with JSON or virtual columns is another thing each time it is made: rows are compared by their fingerprints.</summary>
    protected override async Task<string[]> StateAsync(string database) =>
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
