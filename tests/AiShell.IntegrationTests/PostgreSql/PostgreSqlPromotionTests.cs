using AiShell.Connections;
using AiShell.Engines;
using AiShell.Engines.PostgreSql.Restore;
using AiShell.Engines.PostgreSql.Wire;
using AiShell.Testing.Engines;

namespace AiShell.IntegrationTests.PostgreSql;

/// <summary>The new database takes the target's name, and what ended restores left behind goes.</summary>
public sealed class PostgreSqlPromotionTests(SharedServer shared) : PostgreSqlRestoreSuite(shared), IClassFixture<SharedServer>
{
    private async Task<MemoryBackup> MakeBackupAsync() => await BackUpAsync(await CreateAsync("source", "CREATE TABLE fresh(x int); INSERT INTO fresh VALUES (1)"));

    [Fact]
    public async Task Busy_says_who_is_connected()
    {
        MemoryBackup backup = await MakeBackupAsync();
        DatabaseAddress target = await CreateAsync("target", "CREATE TABLE old(x int)");
        using WireSession other = await ConnectAsync(target);
        other.Execute("SET application_name = 'the web shop'");

        AiShellException failure = await FailsAsync(ErrorKind.Busy, () => backup.RestoreAsync(Engine, target, Options(replace: true, lockWaitSeconds: 0.3)));

        Assert.Contains($"process {other.ProcessId}: postgres with the web shop from 127.0.0.1", failure.Message, StringComparison.Ordinal);
        Assert.Equal("old", Assert.Single(await Engine.DigestAsync(target, default)).Table.Name);
    }

    [Fact]
    public async Task The_replaced_database_is_kept_where_it_is_told_and_stays_there()
    {
        MemoryBackup backup = await MakeBackupAsync();
        DatabaseAddress target = await CreateAsync("target", "CREATE TABLE old(x int)");
        string? kept;
        await using (IRestoreTarget restore = await Engine.OpenTargetAsync(target, backup.Contents, Options(replace: true) with { KeepOld = true }, default))
        {
            await backup.LoadAsync(restore, TableFilter.Everything);
            await restore.PromoteAsync(default);
            kept = restore.KeptAs;
        }

        await backup.RestoreAsync(Engine, target, Options(replace: true));

        Assert.Equal("old", Assert.Single(await Engine.DigestAsync(target with { Database = kept! }, default)).Table.Name);
        Assert.Equal("fresh", Assert.Single(await Engine.DigestAsync(target, default)).Table.Name);
    }

    [Fact]
    public async Task What_is_filled_while_the_swap_waits_is_put_back()
    {
        MemoryBackup backup = await MakeBackupAsync();
        DatabaseAddress target = await Fixture.CreateEmptyAsync("target");
        await using IRestoreTarget restore = await Engine.OpenTargetAsync(target, backup.Contents, Options(lockWaitSeconds: 120), default);
        await backup.LoadAsync(restore, TableFilter.Everything);
        using WireSession other = await ConnectAsync(target);
        other.Execute("BEGIN; CREATE TABLE public.late(x int)"); // nobody sees it yet
        Task promotion = restore.PromoteAsync(default);
        await UntilAsync(async () => await Server.RunAsync("postgres", $"SELECT count(*) FROM pg_stat_activity WHERE application_name = 'ai-shell' AND datname = 'postgres' AND query = 'ROLLBACK'") != "0");
        other.Execute("COMMIT");
        other.Dispose();

        AiShellException failure = await FailsAsync(ErrorKind.Refused, () => promotion);

        Assert.Contains("late", failure.Message, StringComparison.Ordinal);
        Assert.Equal("late", Assert.Single(await Engine.DigestAsync(target, default)).Table.Name);
        await restore.DisposeAsync();
        Assert.Equal("2", await Server.RunAsync("postgres", $"SELECT count(*) FROM pg_database WHERE datname LIKE '{target.Database[..10]}%'"));
    }

    [Fact]
    public async Task Leftovers_are_told_and_dropped_and_what_lives_or_is_others_stays()
    {
        MemoryBackup backup = await MakeBackupAsync();
        DatabaseAddress target = await CreateAsync("target", "CREATE TABLE old(x int)");
        string[] dead = [TargetNames.Beside(target.Database, TargetNames.New, 0xf0000001), TargetNames.Beside(target.Database, TargetNames.Old, 2)];
        string living = TargetNames.Beside(target.Database, TargetNames.New, 0xf0000003);
        string visited = TargetNames.Beside(target.Database, TargetNames.New, 4);
        string[] others = [TargetNames.Beside(target.Database, TargetNames.Kept, 5), TargetNames.Beside(target.Database + "2", TargetNames.New, 6)];
        foreach (string name in (string[])[.. dead, living, visited, .. others])
        {
            await Server.RunAsync("postgres", $"CREATE DATABASE \"{name}\"");
        }

        using WireSession restore = await ConnectAsync(target with { Database = "postgres" });
        Leftovers.HoldMark(restore, 0xf0000003);
        using WireSession visitor = await ConnectAsync(target with { Database = visited });

        IReadOnlyList<string> warnings = (await Engine.InspectTargetAsync(target, backup.Contents, Options(), default)).Warnings;
        Assert.Equal(2, warnings.Count);
        Assert.All(dead, name => Assert.Contains(warnings, warning => warning.Contains($"'{name}'", StringComparison.Ordinal)));
        Assert.Equal(2, (await Engine.ProbeAsync(target, default)).Limits.Count(limit => limit.Contains("left by a restore", StringComparison.Ordinal)));

        await backup.RestoreAsync(Engine, target, Options(replace: true));
        foreach (string name in dead)
        {
            Assert.False(await Fixture.ExistsAsync(target with { Database = name }), name);
        }

        foreach (string name in (string[])[living, visited, .. others])
        {
            Assert.True(await Fixture.ExistsAsync(target with { Database = name }), name);
        }
    }

    private static async Task UntilAsync(Func<Task<bool>> isSo)
    {
        for (int tries = 0; !await isSo(); tries++)
        {
            Assert.True(tries < 3000, "Still not so.");
            await Task.Delay(20);
        }
    }
}
