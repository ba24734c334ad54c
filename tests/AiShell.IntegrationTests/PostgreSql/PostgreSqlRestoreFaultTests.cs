using AiShell.Connections;
using AiShell.Engines;
using AiShell.Engines.PostgreSql.Wire;
using AiShell.IntegrationTests.Storage;
using AiShell.Testing.Engines;
using CliWrap;

namespace AiShell.IntegrationTests.PostgreSql;

/// <summary>What goes wrong on the server in the middle of a restore: the target is as it was, and nothing stays behind unexplained.</summary>
public sealed class PostgreSqlRestoreFaultTests() : PostgreSqlRestoreSuite(null)
{
    private const string Old = "CREATE TABLE t(x int PRIMARY KEY); INSERT INTO t SELECT generate_series(1, 5000); CREATE TABLE old(x int); INSERT INTO old VALUES (1)";
    private const string New = "CREATE TABLE t(x int PRIMARY KEY); INSERT INTO t SELECT generate_series(1, 9000); CREATE TABLE u(x int); INSERT INTO u SELECT generate_series(1, 9000)";

    private Task<string> SessionsAsync() =>
        Server.RunAsync("postgres", "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'ai-shell'");

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_server_killed_in_the_middle_leaves_the_target_as_it_was(bool intoExisting)
    {
        MemoryBackup backup = await BackUpAsync(await CreateAsync("source", New));
        DatabaseAddress target = await CreateAsync("target", Old);
        string before = await ContentAsync(target);
        TargetOptions options = Options(replace: true, intoExisting, intoExisting ? "t" : null);
        await Server.RunAsync("postgres", "CHECKPOINT");
        await using (IRestoreTarget restore = await BeginAsync(backup, target, options))
        {
            await Server.ControlAsync("stop", "-m", "immediate");
            await Assert.ThrowsAsync<AiShellException>(() => LoadRestAsync(backup, restore, options));
        }

        await Server.ControlAsync("start", "-w", "-l", Path.Combine(Server.SocketFolder, "log"));
        Assert.Equal(before, await ContentAsync(target));
        IReadOnlyList<string> warnings = (await Engine.InspectTargetAsync(target, backup.Contents, options, default)).Warnings;
        Assert.Equal(intoExisting ? 0 : 1, warnings.Count(warning => warning.Contains("was left by a restore", StringComparison.Ordinal)));

        await backup.RestoreAsync(Engine, target, options);
        Assert.Equal("9000", await Server.RunAsync(target.Database, "SELECT count(*) FROM t"));
        Assert.Equal("0", await Server.RunAsync("postgres", "SELECT count(*) FROM pg_database WHERE datname LIKE '%ai\\_shell%'"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Connections_cut_in_the_middle_leave_the_target_as_it_was_and_nothing_behind(bool intoExisting)
    {
        MemoryBackup backup = await BackUpAsync(await CreateAsync("source", New));
        DatabaseAddress target = await CreateAsync("target", Old);
        string before = await ContentAsync(target);
        TargetOptions options = Options(replace: true, intoExisting, intoExisting ? "t" : null);
        await using (IRestoreTarget restore = await BeginAsync(backup, target, options))
        {
            Assert.NotEqual("0", await SessionsAsync());
            await Server.RunAsync("postgres", "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'ai-shell'");
            await Assert.ThrowsAsync<AiShellException>(() => LoadRestAsync(backup, restore, options));
        }

        Assert.Equal(before, await ContentAsync(target));
        Assert.Equal("0", await SessionsAsync());
        Assert.Equal("0", await Server.RunAsync("postgres", "SELECT count(*) FROM pg_database WHERE datname LIKE '%ai\\_shell%'"));
    }

    [RootFact]
    public async Task A_full_disk_on_the_server_is_told_and_leaves_the_target_as_it_was()
    {
        await using Testing.Engines.Sqlite.SmallDisk disk = await Testing.Engines.Sqlite.SmallDisk.MountAsync(12 << 20);
        await Cli.Wrap("chown").WithArguments(["postgres", disk.Path]).ExecuteAsync();
        await Cli.Wrap("chmod").WithArguments(["700", disk.Path]).ExecuteAsync();
        await Server.RunAsync("postgres", $"CREATE TABLESPACE small LOCATION '{disk.Path}'");
        DatabaseAddress source = await CreateAsync("source", "CREATE TABLE t(x text) TABLESPACE small; INSERT INTO t SELECT repeat('x', 1000) FROM generate_series(1, 7000)");
        MemoryBackup backup = await BackUpAsync(source);
        Assert.Equal(["small"], backup.Contents.Requires["tablespaces"]);
        DatabaseAddress target = await CreateAsync("target", Old);
        string before = await ContentAsync(target);

        AiShellException failure = await Assert.ThrowsAsync<AiShellException>(() => backup.RestoreAsync(Engine, target, Options(replace: true)));

        Assert.Contains("disk is full", failure.Message, StringComparison.Ordinal);
        Assert.Equal(before, await ContentAsync(target));
        Assert.Equal("0", await Server.RunAsync("postgres", "SELECT count(*) FROM pg_database WHERE datname LIKE '%ai\\_shell%'"));

        await backup.RestoreAsync(Engine, target, Options(replace: true) with { KeepOwners = false });
        Assert.Equal("7000", await Server.RunAsync(target.Database, "SELECT count(*) FROM t"));
        await Server.RunAsync("postgres", $"DROP DATABASE \"{source.Database}\"");
        await Server.RunAsync("postgres", "DROP TABLESPACE small");
    }

    /// <summary>All but the last part of rows and what follows it.</summary>
    private static async Task<IRestoreTarget> BeginAsync(MemoryBackup backup, DatabaseAddress target, TargetOptions options)
    {
        IRestoreTarget restore = await new AiShell.Engines.PostgreSql.PostgreSqlEngine().OpenTargetAsync(target, backup.Contents, options, default);
        foreach (BackupPart part in Parts(backup, options).SkipLast(2))
        {
            await restore.LoadAsync(part, backup.OpenPart(part), default);
        }

        return restore;
    }

    private static async Task LoadRestAsync(MemoryBackup backup, IRestoreTarget restore, TargetOptions options)
    {
        foreach (BackupPart part in Parts(backup, options).TakeLast(2))
        {
            await restore.LoadAsync(part, backup.OpenPart(part), default);
        }
    }

    private static IEnumerable<BackupPart> Parts(MemoryBackup backup, TargetOptions options) =>
        backup.Contents.Parts.Where(part => part.Table is null || options.Tables.Takes(part.Table));

    [Fact]
    public async Task A_deadlock_with_somebody_else_is_tried_again()
    {
        await Server.RunAsync("postgres", "ALTER SYSTEM SET deadlock_timeout = '3s'; SELECT pg_reload_conf()");
        MemoryBackup backup = await BackUpAsync(await CreateAsync("source", "CREATE TABLE first(x int); CREATE TABLE second(x int); CREATE RULE two AS ON INSERT TO first DO ALSO INSERT INTO second VALUES (1)"));
        DatabaseAddress target = Fixture.AddressOf("target");
        await using IRestoreTarget restore = await Engine.OpenTargetAsync(target, backup.Contents, Options(), default);
        foreach (BackupPart part in backup.Contents.Parts.Where(part => part.Phase != PartPhase.PostData))
        {
            await restore.LoadAsync(part, backup.OpenPart(part), default);
        }

        string filled = await Server.RunAsync("postgres", "SELECT datname FROM pg_database WHERE datname LIKE '%ai\\_shell\\_new%'");
        using WireSession other = await ConnectAsync(target with { Database = filled });
        other.Execute("SET deadlock_timeout = '60s'; BEGIN; LOCK TABLE public.second");
        BackupPart last = backup.Contents.Parts.Single(part => part.Phase == PartPhase.PostData);
        Task load = restore.LoadAsync(last, backup.OpenPart(last), default);
        for (int tries = 0; other.Scalar("SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'public.second'::regclass") is null; tries++)
        {
            Assert.True(tries < 500, "The rule is not being made.");
            await Task.Delay(10);
        }

        other.Execute("LOCK TABLE public.first IN ACCESS SHARE MODE"); // comes back when the rule's session was told of the deadlock
        other.Execute("ROLLBACK");
        await load;
        other.Dispose(); // who is connected keeps the database from being renamed
        await restore.CompleteAsync(fingerprints: false, default);
        await restore.PromoteAsync(default);
        Assert.Equal("two", await Server.RunAsync(target.Database, "SELECT rulename FROM pg_rules WHERE schemaname = 'public'"));
    }
}
