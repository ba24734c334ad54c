using AiShell.Connections;
using AiShell.Engines;
using AiShell.Testing.Engines;

namespace AiShell.IntegrationTests.PostgreSql;

/// <summary>How the rows of large tables come into a new database.</summary>
public sealed class TableLoadTests(SharedServer shared) : PostgreSqlRestoreSuite(shared), IClassFixture<SharedServer>
{
    private const string Two =
        """
        CREATE EXTENSION pg_visibility;
        CREATE TABLE one(id int PRIMARY KEY, filler text); INSERT INTO one SELECT i, repeat('x', 200) FROM generate_series(1, 12000) i;
        CREATE TABLE two(id int PRIMARY KEY, filler text); INSERT INTO two SELECT i, repeat('y', 200) FROM generate_series(1, 12000) i;
        CREATE INDEX ON two(filler)
        """;

    [Fact]
    public async Task A_table_of_several_parts_comes_frozen_in_one_transaction()
    {
        DatabaseAddress source = await CreateAsync("source", Two);
        MemoryBackup backup = await BackUpAsync(source);
        Assert.True(backup.Contents.Parts.Count(part => part.Table?.Name == "one") > 1);
        DatabaseAddress target = await Fixture.CreateEmptyAsync("target");

        await backup.RestoreAsync(Engine, target, Options(replace: true));

        Assert.Equal(await Engine.DigestAsync(source, default), await Engine.DigestAsync(target, default));
        foreach (string table in new[] { "one", "two" })
        {
            Assert.Equal("t", await Server.RunAsync(target.Database, $"SELECT all_frozen > 0 AND all_frozen >= pg_relation_size('{table}') / 8192 - 1 FROM pg_visibility_map_summary('{table}')"));
        }
    }

    [Fact]
    public async Task A_table_that_is_nearly_all_there_is_is_spread_over_the_workers()
    {
        DatabaseAddress source = await CreateAsync("source", "CREATE TABLE one(id int PRIMARY KEY, filler text); INSERT INTO one SELECT i, repeat('x', 200) FROM generate_series(1, 24000) i");
        MemoryBackup backup = await BackUpAsync(source);
        DatabaseAddress target = await Fixture.CreateEmptyAsync("target");
        await using IRestoreTarget restore = await Engine.OpenTargetAsync(target, backup.Contents, Options(replace: true), default);

        LoadStage rows = restore.Arrange(backup.Contents.Parts)[^1];

        Assert.True(rows.Runs.Count > 1);
        Assert.All(rows.Runs, run => Assert.Single(run));
        Assert.Equal(2, rows.Parallelism);
        await backup.LoadAsync(restore, TableFilter.Everything);
        Assert.Equal(backup.Contents.Tables, await restore.CompleteAsync(fingerprints: true, default));
    }

    [Fact]
    public async Task The_largest_table_begins_first_wherever_it_stands()
    {
        DatabaseAddress source = await CreateAsync(
            "source",
            string.Concat(new (string, int)[] { ("a", 300), ("b", 5000), ("c", 20), ("d", 7000), ("e", 3000), ("f", 6000) }
                .Select(table => $"CREATE TABLE {table.Item1} AS SELECT i, repeat('x', 200) FROM generate_series(1, {table.Item2}) i;")));
        MemoryBackup backup = await BackUpAsync(source);
        await using IRestoreTarget restore = await Engine.OpenTargetAsync(Fixture.AddressOf("target"), backup.Contents, Options(), default);

        LoadStage rows = restore.Arrange(backup.Contents.Parts)[^1];

        Assert.Equal(["d", "f", "b", "e", "a", "c"], rows.Runs.Select(run => run[0].Table!.Name));
    }

    [Fact]
    public async Task A_failing_index_ends_the_restore_while_rows_are_still_loaded_or_after()
    {
        DatabaseAddress source = await CreateAsync("source", Two);
        MemoryBackup backup = await BackUpAsync(source);
        int script = Assert.Single(backup.Contents.Parts, part => part.Phase == PartPhase.PostData).Index;
        MemoryBackup broken = backup.WithPart(script, bytes => [.. System.Text.Encoding.UTF8.GetBytes(System.Text.Encoding.UTF8.GetString(bytes).Replace("\"two\" USING \"btree\"", "\"twx\" USING \"btree\"", StringComparison.Ordinal))]);
        DatabaseAddress target = await CreateAsync("target", "CREATE TABLE old(x int)");

        AiShellException failure = await FailsAsync(ErrorKind.Failed, () => broken.RestoreAsync(Engine, target, Options(replace: true)));

        Assert.Contains("twx", failure.Message, StringComparison.Ordinal);
        Assert.Equal("old", Assert.Single(await Engine.DigestAsync(target, default)).Table.Name);
        Assert.Equal("0", await Server.RunAsync("postgres", $"SELECT count(*) FROM pg_database WHERE datname LIKE '{target.Database}_ai_shell_%'"));
    }
}
