using AiShell.Connections;
using AiShell.Engines;
using AiShell.Engines.MySql.Snapshot;
using AiShell.Engines.MySql.Wire;
using AiShell.Testing.Engines;

namespace AiShell.IntegrationTests.MySql.Restore;

/// <summary>Rows that are nearly as large, or larger, than what the server takes in one statement.</summary>
public sealed class LargeRowTests(SharedMariaDb shared) : SnapshotSuite(shared), IClassFixture<SharedMariaDb>
{
    private const int Mebibyte = 1 << 20;

    // By twos they do not fit, one alone does; between them are small ones.
    private const string Fitting =
        """
        CREATE TABLE fitting(id int PRIMARY KEY, t longtext, b longblob);
        INSERT INTO fitting SELECT seq, if(seq % 3 = 0, repeat('x', 1000000 + seq), 'small'), if(seq % 3 = 1, repeat('\0y', 240000 + seq), NULL) FROM seq_1_to_20;
        """;

    private const string Large = "CREATE TABLE small(id int PRIMARY KEY); INSERT INTO small SELECT seq FROM seq_1_to_1000; CREATE TABLE large(id int PRIMARY KEY, b longblob); INSERT INTO large VALUES (1, repeat('x', 2000000));";

    [Theory]
    [InlineData(BackupFormat.Sql, BackupScope.All, false)]
    [InlineData(BackupFormat.Json, BackupScope.All, false)]
    [InlineData(BackupFormat.Csv, BackupScope.All, true)]
    [InlineData(BackupFormat.Sql, BackupScope.DataOnly, true)]
    public async Task No_statement_is_longer_than_the_server_takes(BackupFormat format, BackupScope scope, bool local)
    {
        DatabaseAddress source = await MakeAsync(Fitting);
        MemoryBackup backup = await BackUpAsync(source, Options(format, scope));
        DatabaseAddress target = await CreateAsync(scope == BackupScope.DataOnly ? "CREATE TABLE fitting(id int PRIMARY KEY, t longtext, b longblob)" : "");
        await SetAsync(local, Mebibyte);

        Assert.Equal(backup.Contents.Tables, await backup.RestoreAsync(Engine, target, Target(scope)));

        Assert.Equal(await ChecksumsAsync(source.Database, "BASE TABLE"), await ChecksumsAsync(target.Database, "BASE TABLE"));
    }

    [Theory]
    [InlineData(BackupScope.All, false)]
    [InlineData(BackupScope.DataOnly, true)]
    public async Task A_row_that_fits_into_no_statement_is_told_with_its_table_before_anything_changes(BackupScope scope, bool local)
    {
        DatabaseAddress source = await MakeAsync(Large);
        MemoryBackup backup = await BackUpAsync(source, Options(scope: scope));
        DatabaseAddress target = await CreateAsync(scope == BackupScope.DataOnly ? "CREATE TABLE small(id int PRIMARY KEY); CREATE TABLE large(id int PRIMARY KEY, b longblob)" : "");
        await SetAsync(local, Mebibyte);

        RequireTold(Assert.Single((await Engine.InspectTargetAsync(target, backup.Contents, Target(scope), default)).Obstacles));
        RequireTold(await Assert.ThrowsAsync<AiShellException>(() => backup.RestoreAsync(Engine, target, Target(scope))));
        Assert.Equal(scope == BackupScope.DataOnly ? "0\t0" : "0", await Server.RunAsync(target.Database, scope == BackupScope.DataOnly ? "SELECT (SELECT count(*) FROM small), (SELECT count(*) FROM large)" : "SELECT count(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()"));

        TargetOptions without = Target(scope) with { Tables = new TableFilter([], ["large"]) };
        Assert.Empty((await Engine.InspectTargetAsync(target, backup.Contents, without, default)).Obstacles);
        if (scope == BackupScope.All)
        {
            await SetAsync(local: true, Mebibyte);
            Assert.Empty((await Engine.InspectTargetAsync(target, backup.Contents, Target(scope), default)).Obstacles);
            Assert.Equal(backup.Contents.Tables, await backup.RestoreAsync(Engine, target, Target(scope)));
        }

        static void RequireTold(AiShellException told)
        {
            Assert.Equal(ErrorKind.Failed, told.Kind);
            Assert.Contains("Table 'large'", told.Message, StringComparison.Ordinal);
            Assert.Contains("max_allowed_packet", told.Hint, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_statement_of_the_schema_that_the_server_does_not_take_is_told_with_what_to_raise()
    {
        DatabaseAddress source = await MakeAsync($"CREATE PROCEDURE `long`() SELECT length('{new string('x', 2 * Mebibyte)}')");
        MemoryBackup backup = await BackUpAsync(source, Options());
        DatabaseAddress target = await CreateAsync("");
        await SetAsync(local: true, Mebibyte);

        AiShellException told = await Assert.ThrowsAsync<AiShellException>(() => backup.RestoreAsync(Engine, target, Target(BackupScope.All)));

        Assert.Equal(ErrorKind.Failed, told.Kind);
        Assert.Contains("long", told.Message, StringComparison.Ordinal);
        Assert.Contains("1,048,576", told.Message, StringComparison.Ordinal);
        Assert.Contains("max_allowed_packet", told.Hint, StringComparison.Ordinal);
        Assert.Equal("0", await Server.RunAsync(target.Database, "SELECT count(*) FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = DATABASE()"));
    }

    [Fact]
    public async Task A_statement_may_be_one_byte_shorter_than_the_largest_packet()
    {
        const int Around = 1 + 29 + 4; // the command, INSERT INTO `t` (`a`) VALUES and a line's end, quotes in parentheses
        DatabaseAddress source = await CreateAsync("CREATE TABLE t(a longtext)");
        await SetAsync(local: false, Mebibyte);
        foreach ((int length, bool fits) in new[] { (Mebibyte - Around - 1, true), (Mebibyte - Around, false) })
        {
            using MySqlSession session = await RowSuite.OpenAsync(Server, source.Database);
            SourceTable table = RowSuite.Table(session, "t");
            AiShell.Engines.MySql.Restore.InsertLoad load = new(session, table.Name, table.Columns);
            load.BeginRow();
            load.BeginText();
            load.Piece(new byte[length].Select(_ => (byte)'x').ToArray());
            load.EndValue();
            if (fits)
            {
                load.EndRow();
                Assert.Equal(1, load.Complete().Rows);
            }
            else
            {
                Assert.Throws<AiShellException>(load.EndRow);
            }
        }
    }

    [Fact]
    public async Task A_row_of_several_packets_comes_as_it_was_with_others_around_it()
    {
        DatabaseAddress source = await MakeAsync(
            "CREATE TABLE wide(id int PRIMARY KEY, b longblob, t longtext); INSERT INTO wide VALUES (1, 'a', 'a'), (2, repeat('\\0b', 12000000), 'b'), (3, NULL, repeat('c', 17000000)), (4, 'd', NULL)");
        MemoryBackup backup = await BackUpAsync(source, Options(partBytes: 256 << 20));
        DatabaseAddress target = NewAddress();

        Assert.Equal(backup.Contents.Tables, await backup.RestoreAsync(Engine, target, Target(BackupScope.All)));

        Assert.Equal(await ChecksumsAsync(source.Database, "BASE TABLE"), await ChecksumsAsync(target.Database, "BASE TABLE"));
    }

    /// <summary>On a server that takes it.</summary>
    private async Task<DatabaseAddress> MakeAsync(string script)
    {
        await SetAsync(local: false, 256 * Mebibyte);
        return await CreateAsync(script);
    }

    private async Task SetAsync(bool local, int largestPacket) => await Server.RunAsync("", $"SET GLOBAL local_infile = {(local ? 1 : 0)}, GLOBAL max_allowed_packet = {largestPacket}");

    private TargetOptions Target(BackupScope scope) => new(TableFilter.Everything, IntoExisting: scope == BackupScope.DataOnly, Replace: true, 2, Scratch, TimeSpan.FromSeconds(10));
}
