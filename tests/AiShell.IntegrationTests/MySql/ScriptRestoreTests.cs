using AiShell.Connections;
using AiShell.Engines;
using AiShell.Testing.Engines;
using AiShell.Testing.Engines.MySql;

namespace AiShell.IntegrationTests.MySql;

/// <summary>What whoever lost this program has: the plain parts, one after the other, and the stock client.</summary>
public sealed class ScriptRestoreTests(SharedMariaDb shared) : SnapshotSuite(shared), IClassFixture<SharedMariaDb>
{
    private const string Dated = RichSchema.DatedTable;

    [Fact]
    public async Task The_stock_client_restores_everything_from_the_parts_under_another_name()
    {
        DatabaseAddress source = await CreateAsync(RichSchema.Script);

        MemoryBackup backup = await BackUpAsync(source);
        string copy = await RestoreByClientAsync(backup);

        Assert.Equal(await DumpAsync(source.Database, $"--ignore-table-data={source.Database}.{Dated}"), await DumpAsync(copy, $"--ignore-table-data={copy}.{Dated}"));
        Assert.DoesNotContain(source.Database, backup.Statements(), StringComparison.Ordinal);
        Assert.Equal(await ChecksumsAsync(source.Database, "BASE TABLE"), await ChecksumsAsync(copy, "BASE TABLE"));
        Assert.Equal(["x", "🙂", "a,b", "it's", "q?", "back\\slash"], await LabelsAsync(copy));
    }

    [Fact]
    public async Task With_history_the_rows_of_all_times_come_back()
    {
        DatabaseAddress source = await CreateAsync(RichSchema.Script);

        MemoryBackup backup = await BackUpAsync(source, Options() with { WithHistory = true });
        string copy = await RestoreByClientAsync(backup);

        Assert.Equal(await DumpAsync(source.Database), await DumpAsync(copy));
        Assert.Equal(await ChecksumsAsync(source.Database, "SYSTEM VERSIONED"), await ChecksumsAsync(copy, "SYSTEM VERSIONED"));
        foreach (string table in new[] { "versioned", "versioned_own", "versioned_parts" })
        {
            string columns = table == "versioned_own" ? "*, till" : "*, row_start, row_end";
            string select = $"SET time_zone = '+00:00'; SELECT {columns} FROM {table} FOR SYSTEM_TIME ALL ORDER BY 1, 2, 3";
            Assert.Equal(await Server.RunAsync(source.Database, select), await Server.RunAsync(copy, select));
        }

        Assert.Equal(3, backup.Contents.Tables.Single(digest => digest.Table.Name == "versioned").Fingerprint.Rows);
    }

    [Fact]
    public async Task Each_format_has_the_same_rows()
    {
        DatabaseAddress source = await CreateAsync(RichSchema.Script);

        MemoryBackup sql = await BackUpAsync(source);

        Assert.Equal(sql.Contents.Tables, (await BackUpAsync(source, Options(BackupFormat.Json))).Contents.Tables);
        Assert.Equal(sql.Contents.Tables, (await BackUpAsync(source, Options(BackupFormat.Csv, workers: 1, partBytes: 1))).Contents.Tables);
    }

    /// <summary>As the column has them, which the server says in no definition.</summary>
    private async Task<string[]> LabelsAsync(string database)
    {
        string table = $"`{RichSchema.OddTable.Replace("`", "``", StringComparison.Ordinal)}`";
        string all = await Server.RunAsync(
            database,
            $"SET sql_mode = ''; CREATE TEMPORARY TABLE labels AS SELECT `c,(d)` AS label FROM {table} LIMIT 0; INSERT INTO labels SELECT seq FROM seq_1_to_6; SELECT label FROM labels ORDER BY label + 0");
        return all.Split('\n');
    }
}
