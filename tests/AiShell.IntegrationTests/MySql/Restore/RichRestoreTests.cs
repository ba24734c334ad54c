using AiShell.Connections;
using AiShell.Engines;
using AiShell.Testing.Engines;
using AiShell.Testing.Engines.MySql;

namespace AiShell.IntegrationTests.MySql.Restore;

/// <summary>One of everything that the server has, by our own restore: in every format, by both ways to load rows, to a new target and over one that stands.</summary>
public sealed class RichRestoreTests(SharedMariaDb shared) : SnapshotSuite(shared), IClassFixture<SharedMariaDb>
{
    private const string DropThePackage = "SET sql_mode = 'ORACLE'; DROP PACKAGE tools;";

    // Of the standing target; all of it has to be gone afterwards, and to be found in what is kept.
    private const string Changes =
        """
        ALTER DATABASE COMMENT 'another'; DROP PROCEDURE ansi; DROP EVENT nightly; DROP TRIGGER second_one; DROP VIEW a_second; DELETE FROM `types`; INSERT INTO aria VALUES (2);
        CREATE TABLE later(id int); ALTER TABLE latin ADD COLUMN later int; CREATE OR REPLACE VIEW calls AS SELECT 'other' AS plus;
        SET sql_mode = 'ORACLE';
        DELIMITER ;;
        CREATE OR REPLACE PACKAGE tools AS FUNCTION two RETURN int; END;;
        CREATE OR REPLACE PACKAGE BODY tools AS FUNCTION two RETURN int AS BEGIN RETURN 2; END; END;;
        DELIMITER ;
        """;

    [Theory]
    [InlineData(BackupFormat.Sql, false)]
    [InlineData(BackupFormat.Json, true)]
    [InlineData(BackupFormat.Csv, false)]
    public async Task Everything_comes_back(BackupFormat format, bool newOneByLocalFiles)
    {
        DatabaseAddress source = await CreateAsync(RichSchema.Script);
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
        Assert.Equal("2\t2\t0", await Server.RunAsync(kept, "SET sql_mode = 'ORACLE'; SELECT tools.two(), (SELECT count(*) FROM aria), (SELECT count(*) FROM types)"));
        await Server.RunAsync("", $"DROP DATABASE {Quote(kept)}");
    }

    [Fact]
    public async Task A_package_that_the_target_lacks_or_has_is_the_backups_afterwards()
    {
        DatabaseAddress source = await CreateAsync("");
        await Server.RunAsync(source.Database, $"CREATE TABLE aria(id int); CREATE TABLE `types`(id int); {Changes[Changes.IndexOf("SET sql_mode", StringComparison.Ordinal)..]}");
        MemoryBackup backup = await BackUpAsync(source);
        DatabaseAddress target = NewAddress();
        foreach (string change in new[] { "", DropThePackage, "SET sql_mode = 'ORACLE'; DROP PACKAGE BODY tools" })
        {
            if (change.Length > 0)
            {
                await Server.RunAsync(target.Database, change);
            }

            await RestoreAsync(backup, target, keepOld: false);
            Assert.Equal("2", await Server.RunAsync(target.Database, "SET sql_mode = 'ORACLE'; SELECT tools.two()"));
        }
    }

    [Fact]
    public async Task With_history_the_rows_of_all_times_come_back()
    {
        DatabaseAddress source = await CreateAsync(RichSchema.Script);
        MemoryBackup backup = await BackUpAsync(source, Options() with { WithHistory = true });
        DatabaseAddress target = NewAddress();

        await LoadByLocalFilesAsync(true);
        await RestoreAsync(backup, target);

        Assert.Equal(await DumpAsync(source.Database), await DumpAsync(target.Database));
        Assert.Equal(await ChecksumsAsync(source.Database, "SYSTEM VERSIONED"), await ChecksumsAsync(target.Database, "SYSTEM VERSIONED"));
    }

    /// <returns>Where the old one is kept.</returns>
    private async Task<string?> RestoreAsync(MemoryBackup backup, DatabaseAddress address, bool keepOld = true)
    {
        TargetOptions options = new(TableFilter.Everything, IntoExisting: false, Replace: true, 2, Scratch, TimeSpan.FromSeconds(10)) { KeepOld = keepOld };
        await using IRestoreTarget target = await Engine.OpenTargetAsync(address, backup.Contents, options, default);
        await backup.LoadAsync(target, options.Tables);
        Assert.Equal(backup.Contents.Tables, await target.CompleteAsync(fingerprints: true, default));
        Assert.Empty(target.Warnings);
        await target.PromoteAsync(default);
        return target.KeptAs;
    }

    private async Task LoadByLocalFilesAsync(bool local) => await Server.RunAsync("", $"SET GLOBAL local_infile = {(local ? 1 : 0)}");

    /// <summary>All that can be compared; one table shows the time at which its rows were written.</summary>
    private async Task<string[]> StateAsync(string database) =>
    [
        .. await DumpAsync(database, $"--ignore-table-data={database}.{RichSchema.DatedTable}"),
        .. (await ChecksumsAsync(database, "BASE TABLE")).Split('\n'),
        await Server.RunAsync("", $"SELECT SCHEMA_COMMENT, DEFAULT_CHARACTER_SET_NAME, DEFAULT_COLLATION_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = '{database}'"),
    ];
}
