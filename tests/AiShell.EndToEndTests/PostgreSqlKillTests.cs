using System.Diagnostics;

namespace AiShell.EndToEndTests;

/// <summary>kill -9 of the built binary while it reads a real PostgreSQL server. Restores: <see cref="PostgreSqlRestoreTests"/>.</summary>
public sealed class PostgreSqlKillTests : PostgreSqlSuite
{
    private const int Kills = 8;

    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        await CreateAsync(
            "shop",
            """
            CREATE TABLE customer(id serial PRIMARY KEY, name text); INSERT INTO customer(name) SELECT 'name ' || i FROM generate_series(1, 100000) i;
            CREATE TABLE orders(id int PRIMARY KEY, note text); INSERT INTO orders SELECT i, repeat(md5(i::text), 8) FROM generate_series(1, 50000) i;
            """);
        await Shell.ExpectAsync(null, "connect", Url("shop"), "--name", "shop");
    }

    [Fact]
    public async Task Killing_a_backup_leaves_no_session_and_no_half_backup_and_the_next_one_works()
    {
        string[] create = ["backup", "create", "-d", "shop", "--jobs", "2"];
        RandomKills kills = new(Shell, from: 0.3);
        await kills.MeasureAsync(create);
        int backups = Shell.Backups;
        await kills.KillAsync(Kills, _ => create, enough: (Kills / 4) + 1, async _ =>
        {
            await UntilNoSessionAsync();
            return backups == (backups = Shell.Backups);
        });

        await Shell.ExpectAsync(null, "backup", "verify", "--all", "--deep");
        await Shell.ExpectAsync(null, [.. create, "--verify", "--lock-wait", "0s"]);
        await Shell.ExpectAsync(null, "repo", "gc");
        Assert.Empty((await Shell.JsonAsync(null, "repo", "check")).GetProperty("orphans").EnumerateArray());
    }

    [Fact]
    public async Task A_backup_that_is_killed_while_it_waits_for_a_lock_does_not_wait_on()
    {
        using Process psql = Server.StartPsql("shop");
        await psql.StandardInput.WriteLineAsync("BEGIN; LOCK TABLE orders;");
        await UntilAsync("SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted AND locktype = 'relation'", "1");
        using Process process = Shell.Start("backup", "create", "-d", "shop", "--lock-wait", "10m");
        await UntilAsync("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'ai-shell' AND wait_event_type = 'Lock'", "1");

        process.Kill();

        await process.WaitForExitAsync();
        await UntilNoSessionAsync();
        psql.Kill();
        await psql.WaitForExitAsync();
        await Shell.ExpectAsync(null, "backup", "create", "-d", "shop", "--lock-wait", "10s");
    }
}
