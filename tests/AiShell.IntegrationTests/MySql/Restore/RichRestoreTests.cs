using AiShell.Connections;
using AiShell.Testing.Engines;
using AiShell.Testing.Engines.MySql;

namespace AiShell.IntegrationTests.MySql.Restore;

public sealed class RichRestoreTests(SharedMariaDb shared) : RichRestoreSuite(shared.Server), IClassFixture<SharedMariaDb>
{
    private const string DropThePackage = "SET sql_mode = 'ORACLE'; DROP PACKAGE tools;";

    private const string OtherPackage =
        """
        SET sql_mode = 'ORACLE';
        DELIMITER ;;
        CREATE OR REPLACE PACKAGE tools AS FUNCTION two RETURN int; END;;
        CREATE OR REPLACE PACKAGE BODY tools AS FUNCTION two RETURN int AS BEGIN RETURN 2; END; END;;
        DELIMITER ;
        """;

    protected override string Script => RichSchema.Script;

    protected override string Changes =>
        $"""
        ALTER DATABASE COMMENT 'another'; DROP PROCEDURE ansi; DROP EVENT nightly; DROP TRIGGER second_one; DROP VIEW a_second; DELETE FROM `types`; INSERT INTO aria VALUES (2);
        CREATE TABLE later(id int); ALTER TABLE latin ADD COLUMN later int; CREATE OR REPLACE VIEW calls AS SELECT 'other' AS plus;
        {OtherPackage}
        """;

    protected override (string Query, string Answer) SeesChanges => ("SET sql_mode = 'ORACLE'; SELECT tools.two(), (SELECT count(*) FROM aria), (SELECT count(*) FROM types)", "2\t2\t0");

    [Fact]
    public async Task A_package_that_the_target_lacks_or_has_is_the_backups_afterwards()
    {
        DatabaseAddress source = await CreateAsync("");
        await Server.RunAsync(source.Database, $"CREATE TABLE aria(id int); CREATE TABLE `types`(id int); {OtherPackage}");
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

    /// <summary>One table shows the time at which its rows were written.</summary>
    protected override async Task<string[]> StateAsync(string database) =>
    [
        .. await DumpAsync(database, $"--ignore-table-data={database}.{RichSchema.DatedTable}"),
        .. (await ChecksumsAsync(database, "BASE TABLE")).Split('\n'),
        await Server.RunAsync("", $"SELECT SCHEMA_COMMENT, DEFAULT_CHARACTER_SET_NAME, DEFAULT_COLLATION_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = '{database}'"),
    ];
}
