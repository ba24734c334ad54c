using System.Diagnostics;
using AiShell.Connections;
using AiShell.Engines;
using AiShell.Engines.PostgreSql;
using AiShell.Testing.Engines;
using AiShell.Testing.Engines.PostgreSql;

namespace AiShell.IntegrationTests.PostgreSql;

/// <summary>A backup is no burden to the database that it reads, and says so when it cannot read it.</summary>
public sealed class SourceSafetyTests(SharedServer shared) : IClassFixture<SharedServer>, IDisposable
{
    private const string Bank =
        """
        CREATE TABLE account(id int PRIMARY KEY, balance int NOT NULL);
        INSERT INTO account SELECT i, 100 FROM generate_series(1, 2000) i;
        CREATE TABLE other(id serial PRIMARY KEY, account int REFERENCES account);
        INSERT INTO other SELECT i, i FROM generate_series(1, 100) i;
        CREATE VIEW both_tables AS SELECT a.balance, o.id FROM account a JOIN other o ON o.account = a.id;
        CREATE MATERIALIZED VIEW above AS SELECT count(*) AS n FROM both_tables;
        CREATE FUNCTION takes_row(other) RETURNS int LANGUAGE sql AS 'SELECT $1.id';
        CREATE VIEW plain_view AS SELECT balance FROM account;
        """;

    private readonly PostgreSqlEngine _engine = new();
    private readonly string _scratch = FastFolder.Create("ai-shell-pg-scratch-");

    private PostgreSqlServer Server => shared.Server;

    public void Dispose() => Directory.Delete(_scratch, recursive: true);

    [Fact]
    public async Task No_lock_is_taken_beyond_access_share()
    {
        DatabaseAddress bank = await CreateAsync("only_share");
        await using ISnapshot snapshot = await _engine.OpenSnapshotAsync(bank, Options(), default);
        await MemoryBackup.WriteAsync(_engine, snapshot, Options());

        string modes = await Server.RunAsync(
            bank.Database,
            "SELECT DISTINCT l.mode FROM pg_locks l JOIN pg_database d ON d.oid = l.database WHERE d.datname = current_database() AND l.locktype = 'relation' AND l.pid <> pg_backend_pid()");

        Assert.Equal("AccessShareLock", modes);
    }

    [Fact]
    public async Task A_backup_waits_for_nobody_whose_lock_lets_others_read()
    {
        // EXCLUSIVE goes together with ACCESS SHARE and nothing else: whatever asked for more, for a moment, or pg_dump, would wait and fail.
        DatabaseAddress bank = await CreateAsync("exclusive");
        await Server.RunAsync(bank.Database, "CREATE UNIQUE INDEX ON above (n); CREATE TABLE parted(x int) PARTITION BY RANGE (x); CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (9)");
        await using Holder holder = await HoldAsync(
            bank, "REFRESH MATERIALIZED VIEW CONCURRENTLY above; LOCK TABLE account, other, both_tables, plain_view, parted IN EXCLUSIVE MODE; SELECT count(*) FROM pg_locks WHERE mode = 'ExclusiveLock' AND granted AND relation = 'parted_1'::regclass", mode: "ExclusiveLock");

        Assert.Equal("1", await holder.ReadLineAsync());
        Assert.Equal(3, (await MakeAsync(bank, Options() with { LockWait = TimeSpan.FromMilliseconds(200) })).Contents.Tables.Count);
        await _engine.DigestAsync(bank, default);
        await _engine.ProbeAsync(bank, default);
    }

    [Fact]
    public async Task Others_write_and_make_tables_while_a_snapshot_is_open_and_nobody_takes_one_away()
    {
        DatabaseAddress bank = await CreateAsync("writers");
        await using ISnapshot snapshot = await _engine.OpenSnapshotAsync(bank, Options(), default);

        await Server.RunAsync(bank.Database, "UPDATE account SET balance = balance + 1; CREATE TABLE made_meanwhile(x int); INSERT INTO made_meanwhile VALUES (1)");
        foreach (string statement in (string[])["TRUNCATE account CASCADE", "DROP TABLE other CASCADE", "ALTER TABLE account ADD COLUMN extra int"])
        {
            InvalidOperationException waits = await Assert.ThrowsAsync<InvalidOperationException>(() => Server.RunAsync(bank.Database, $"SET lock_timeout = 100; {statement}"));
            Assert.Contains("lock timeout", waits.Message, StringComparison.Ordinal);
        }

        MemoryBackup backup = await MemoryBackup.WriteAsync(_engine, snapshot, Options());
        DatabaseAddress copy = Server.AddressOf("writers_copy");
        await backup.RestoreAsync(_engine, copy, Target());
        Assert.Equal("200000|100", await Server.RunAsync(copy.Database, "SELECT (SELECT sum(balance) FROM account), (SELECT count(*) FROM other)"));
        Assert.Equal("", await Server.RunAsync(copy.Database, "SELECT to_regclass('made_meanwhile')"));
    }

    [Fact]
    public async Task A_table_that_stays_locked_is_named_with_who_holds_it()
    {
        DatabaseAddress bank = await CreateAsync("locked");
        await using Holder holder = await HoldAsync(bank, "LOCK TABLE other IN ACCESS EXCLUSIVE MODE");

        AiShellException failure = await Assert.ThrowsAsync<AiShellException>(() => MakeAsync(bank, Options() with { LockWait = TimeSpan.FromMilliseconds(300) }));

        Assert.Equal(ErrorKind.Busy, failure.Kind);
        Assert.Contains("'public.other'", failure.Message, StringComparison.Ordinal);
        Assert.Contains($"process {holder.ProcessId}", failure.Message, StringComparison.Ordinal);
        Assert.Contains("--exclude-tables", failure.Hint, StringComparison.Ordinal);

        MemoryBackup without = await MakeAsync(bank, Options(exclude: ["other"]) with { LockWait = TimeSpan.FromSeconds(2) });
        await AssertOnlyAccountAsync(without, "locked_copy");
    }

    [Fact]
    public async Task A_view_that_stays_locked_does_not_keep_pg_dump_waiting_and_is_named()
    {
        DatabaseAddress bank = await CreateAsync("locked_view");
        await using Holder holder = await HoldAsync(bank, "ALTER VIEW plain_view SET (security_barrier)");
        using CancellationTokenSource patience = new(TimeSpan.FromSeconds(60));

        AiShellException failure = await Assert.ThrowsAsync<AiShellException>(
            () => MemoryBackup.MakeAsync(_engine, bank, Options() with { LockWait = TimeSpan.FromSeconds(1) }, patience.Token));

        Assert.Equal(ErrorKind.Busy, failure.Kind);
        Assert.Contains("'public.plain_view'", failure.Message, StringComparison.Ordinal);
        Assert.Contains($"process {holder.ProcessId}", failure.Message, StringComparison.Ordinal);
        await EventuallyAsync(bank, "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'ai-shell%' AND datname = current_database()", "0");

        // Left out, it is in nobody's way; so with a materialized view while it is refreshed.
        await using Holder refresh = await HoldAsync(bank, "REFRESH MATERIALIZED VIEW above; SELECT 'refreshed'");
        Assert.Equal("refreshed", await refresh.ReadLineAsync());
        MemoryBackup without = await MakeAsync(bank, Options(exclude: ["plain_view", "above"]) with { LockWait = TimeSpan.FromSeconds(1) });
        await without.RestoreAsync(_engine, Server.AddressOf("locked_view_copy"), Target());
        Assert.Equal("both_tables", await Server.RunAsync("locked_view_copy", "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('v', 'm')"));
    }

    [Fact]
    public async Task Who_queues_for_a_table_after_the_snapshot_does_not_stop_it()
    {
        DatabaseAddress bank = await CreateAsync("queue");
        Holder waiter;
        await using (ISnapshot snapshot = await _engine.OpenSnapshotAsync(bank, Options(), default))
        {
            waiter = await HoldAsync(bank, "ALTER TABLE account ADD COLUMN waited int", waits: true);
            using CancellationTokenSource patience = new(TimeSpan.FromSeconds(30));

            MemoryBackup backup = await MemoryBackup.WriteAsync(_engine, snapshot, Options(), cancellationToken: patience.Token);

            Assert.Equal(2000, backup.Contents.Tables.Single(digest => digest.Table.Name == "account").Fingerprint.Rows);
        }

        await using (waiter)
        {
            await EventuallyAsync(bank, $"SELECT state FROM pg_stat_activity WHERE pid = {waiter.ProcessId}", "idle in transaction");
        }
    }

    [Fact]
    public async Task Tables_that_come_go_and_change_while_snapshots_open_do_no_harm()
    {
        DatabaseAddress bank = await CreateAsync("churn");
        using CancellationTokenSource stop = new();
        Task<int> churn = Task.Run(async () =>
        {
            int rounds = 0;
            for (; !stop.IsCancellationRequested; rounds++)
            {
                await Server.RunAsync(
                    bank.Database,
                    "CREATE TABLE IF NOT EXISTS short_lived AS SELECT generate_series(1, 100) AS x; ALTER TABLE account ADD COLUMN IF NOT EXISTS c int; "
                    + "BEGIN; TRUNCATE other; INSERT INTO other SELECT i, i FROM generate_series(1, 100) i; COMMIT; ALTER TABLE account DROP COLUMN c; DROP TABLE short_lived");
                await Task.Delay(Random.Shared.Next(500, 1500)); // a migration now and then, not one after the other
            }

            return rounds;
        });

        for (int round = 0; round < 5; round++)
        {
            MemoryBackup backup = await MakeAsync(bank, Options() with { LockWait = TimeSpan.FromSeconds(30) });
            DatabaseAddress copy = Server.AddressOf($"churn_copy_{round}");
            Assert.Equal(backup.Contents.Tables, await backup.RestoreAsync(_engine, copy, Target()));
            Assert.Equal("2000|100", await Server.RunAsync(copy.Database, "SELECT (SELECT count(*) FROM account), (SELECT count(*) FROM other)"));
        }

        await stop.CancelAsync();
        Assert.True(await churn > 0, "Nothing happened meanwhile.");
    }

    [Fact]
    public async Task A_table_that_may_not_be_read_fails_the_backup_by_name_and_may_be_left_out()
    {
        DatabaseAddress bank = await CreateAsync("forbidden");
        await Server.RunAsync(bank.Database, "DROP ROLE IF EXISTS limited; CREATE ROLE limited LOGIN PASSWORD 'x'; GRANT SELECT ON account, above, plain_view, both_tables TO limited");
        DatabaseAddress limited = Server.AddressOf(bank.Database, "limited", "x");

        AiShellException failure = await Assert.ThrowsAsync<AiShellException>(() => MakeAsync(limited, Options()));
        Assert.Equal(ErrorKind.Failed, failure.Kind);
        Assert.Contains("other", failure.Message, StringComparison.Ordinal);
        Assert.Contains("--exclude-tables", failure.Hint, StringComparison.Ordinal);

        await AssertOnlyAccountAsync(await MakeAsync(limited, Options(exclude: ["other"])), "forbidden_copy");

        // Its sequence serves another table too; and there is one to whose schema there is no way.
        await Server.RunAsync(bank.Database, "CREATE SCHEMA closed; CREATE TABLE closed.t(x int); GRANT SELECT ON closed.t TO limited; CREATE TABLE shares(id int DEFAULT nextval('other_id_seq')); INSERT INTO shares DEFAULT VALUES; GRANT SELECT ON shares, other_id_seq TO limited");
        DatabaseAddress copy = Server.AddressOf("sharing_copy");
        await (await MakeAsync(limited, Options(exclude: ["other", "closed.*"]))).RestoreAsync(_engine, copy, Target());
        Assert.Equal(await Server.RunAsync(bank.Database, "INSERT INTO shares DEFAULT VALUES; TABLE shares"), await Server.RunAsync(copy.Database, "INSERT INTO shares DEFAULT VALUES; TABLE shares"));
    }

    [Fact]
    public async Task Row_level_security_that_would_hide_rows_fails_the_backup()
    {
        DatabaseAddress bank = await CreateAsync("hidden");
        await Server.RunAsync(
            bank.Database,
            "DROP ROLE IF EXISTS all_reader; CREATE ROLE all_reader LOGIN PASSWORD 'x' IN ROLE pg_read_all_data; ALTER TABLE account ENABLE ROW LEVEL SECURITY; CREATE POLICY few ON account USING (id < 10)");
        DatabaseAddress reader = Server.AddressOf(bank.Database, "all_reader", "x");

        AiShellException failure = await Assert.ThrowsAsync<AiShellException>(() => MakeAsync(reader, Options()));
        Assert.Contains("'public.account' has row-level security", failure.Message, StringComparison.Ordinal);

        await Server.RunAsync(bank.Database, "ALTER ROLE all_reader BYPASSRLS");
        MemoryBackup backup = await MakeAsync(reader, Options());
        Assert.Equal(2000, backup.Contents.Tables.Single(digest => digest.Table.Name == "account").Fingerprint.Rows);
    }

    [Fact]
    public async Task A_reader_of_all_data_may_back_up_large_objects_of_others()
    {
        DatabaseAddress bank = await CreateAsync("large");
        await Server.RunAsync(bank.Database, "DROP ROLE IF EXISTS lo_reader; CREATE ROLE lo_reader LOGIN PASSWORD 'x' IN ROLE pg_read_all_data; SELECT lo_from_bytea(77, '\\x0102')");

        MemoryBackup backup = await MakeAsync(Server.AddressOf(bank.Database, "lo_reader", "x"), Options());

        Assert.Equal(1, backup.Contents.Tables.Single(digest => digest.Table.Name == "pg_largeobject").Fingerprint.Rows);
        DatabaseAddress copy = Server.AddressOf("large_copy");
        await backup.RestoreAsync(_engine, copy, Target());
        Assert.Equal("\\x0102", await Server.RunAsync(copy.Database, "SELECT lo_get(77)"));
    }

    [Fact]
    public async Task A_session_that_the_server_ends_fails_the_backup()
    {
        DatabaseAddress bank = await CreateAsync("ended");
        await using ISnapshot snapshot = await _engine.OpenSnapshotAsync(bank, Options(), default);
        await Server.RunAsync(bank.Database, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ai-shell' AND datname = current_database()");

        AiShellException failure = await Assert.ThrowsAsync<AiShellException>(() => MemoryBackup.WriteAsync(_engine, snapshot, Options() with { Workers = 1 }));

        Assert.Equal(ErrorKind.Failed, failure.Kind);
    }

    private async Task AssertOnlyAccountAsync(MemoryBackup backup, string name)
    {
        Assert.Equal([new TableName("public", "account")], backup.Contents.Tables.Select(digest => digest.Table));
        await backup.RestoreAsync(_engine, Server.AddressOf(name), Target());
        Assert.Equal(
            "account\nplain_view",
            await Server.RunAsync(name, "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v', 'm', 'S') ORDER BY 1"));
        Assert.Equal("0", await Server.RunAsync(name, "SELECT count(*) FROM pg_proc WHERE proname = 'takes_row'"));
    }

    private async Task<DatabaseAddress> CreateAsync(string name)
    {
        await Server.RunAsync("postgres", $"CREATE DATABASE {name} TEMPLATE template0");
        await Server.RunAsync(name, Bank);
        return Server.AddressOf(name);
    }

    private Task<MemoryBackup> MakeAsync(DatabaseAddress address, SnapshotOptions options) => MemoryBackup.MakeAsync(_engine, address, options);

    private SnapshotOptions Options(string[]? exclude = null) =>
        new(BackupFormat.Sql, BackupScope.All, new TableFilter([], exclude ?? []), 3, _scratch, 4096, TimeSpan.FromSeconds(5));

    private TargetOptions Target() => new(TableFilter.Everything, IntoExisting: false, Replace: false, 2, _scratch, TimeSpan.FromSeconds(5));

    private async Task<Holder> HoldAsync(DatabaseAddress address, string statement, bool waits = false, string mode = "AccessExclusiveLock")
    {
        Process psql = Server.StartPsql(address.Database);
        await psql.StandardInput.WriteLineAsync($"BEGIN; SELECT pg_backend_pid();");
        string processId = (await psql.StandardOutput.ReadLineAsync())!;
        await psql.StandardInput.WriteLineAsync($"{statement};");
        await EventuallyAsync(
            address,
            waits ? $"SELECT count(*) > 0 FROM pg_locks WHERE pid = {processId} AND NOT granted" : $"SELECT count(*) > 0 FROM pg_locks WHERE pid = {processId} AND locktype = 'relation' AND mode = '{mode}' AND granted",
            "t");
        return new Holder(psql, processId);
    }

    private async Task EventuallyAsync(DatabaseAddress address, string query, string expected)
    {
        string found = "";
        for (int attempt = 0; attempt < 1200; attempt++)
        {
            found = await Server.RunAsync(address.Database, query);
            if (found == expected)
            {
                return;
            }

            await Task.Delay(50);
        }

        Assert.Equal(expected, found);
    }

    /// <summary>A psql that holds something, or waits for it, until it is disposed.</summary>
    private sealed class Holder(Process psql, string processId) : IAsyncDisposable
    {
        public string ProcessId { get; } = processId;

        /// <summary>The next line that it prints.</summary>
        public async Task<string?> ReadLineAsync() => await psql.StandardOutput.ReadLineAsync();

        public async ValueTask DisposeAsync()
        {
            psql.Kill();
            await psql.WaitForExitAsync();
            psql.Dispose();
        }
    }
}
