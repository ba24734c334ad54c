using System.Globalization;
using System.Text;
using AiShell.Connections;
using AiShell.Engines;
using AiShell.Testing.Engines;

namespace AiShell.IntegrationTests.PostgreSql;

/// <summary>Tables and views come and go without a pause while a backup begins: it is right, or says what kept it.</summary>
public sealed class UnbrokenChangesTests(SharedServer shared) : PostgreSqlRestoreSuite(shared), IClassFixture<SharedServer>
{
    private const int Rows = 100;
    private const int Rounds = 3;
    private const string Locked = "table 'public\\.a_[0-9]+' is (waited for|held) by process";

    private SnapshotOptions Snapshot => new(BackupFormat.Sql, BackupScope.All, TableFilter.Everything, 2, Fixture.ScratchDirectory, 1 << 20, TimeSpan.FromSeconds(20));

    [Fact]
    public async Task Tables_that_are_made_without_a_pause_are_in_the_backup_with_all_their_rows_or_not_at_all()
    {
        DatabaseAddress source = await CreateAsync("made", $"CREATE TABLE fixed AS SELECT generate_series(1, {Rows}) AS x");
        for (int round = 0; round < Rounds; round++)
        {
            ISnapshot opened;
            await using (Changes changes = new(this, source, n => $"CREATE TABLE made_{n} AS SELECT generate_series(1, {Rows}) AS x;"))
            {
                await changes.GoOnAsync();
                opened = await Engine.OpenSnapshotAsync(source, Snapshot, default);
            }

            await using ISnapshot snapshot = opened;

            // Whatever the snapshot has is locked, and TRUNCATE, of which no snapshot protects, waits.
            await Server.RunAsync(
                source.Database,
                """
                DO $$ DECLARE t regclass; BEGIN
                  FOR t IN SELECT oid FROM pg_class WHERE relname LIKE 'made\_%' LOOP
                    BEGIN EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE NOWAIT; TRUNCATE %s', t, t); EXCEPTION WHEN lock_not_available THEN END;
                  END LOOP;
                END $$;
                """);
            MemoryBackup backup = await MemoryBackup.WriteAsync(Engine, snapshot, Snapshot);
            TableDigest[] wrong = [.. backup.Contents.Tables.Where(table => table.Fingerprint.Rows != Rows)];
            Assert.True(wrong.Length == 0, $"Round {round}: {wrong.Length} of {backup.Contents.Tables.Count} tables have not their rows, the first {wrong.FirstOrDefault()}.");
            await snapshot.DisposeAsync();
            await Server.RunAsync(source.Database, "DO $$ DECLARE t regclass; BEGIN FOR t IN SELECT oid FROM pg_class WHERE relname LIKE 'made\\_%' LOOP EXECUTE format('DROP TABLE %s', t); END LOOP; END $$");
        }
    }

    [Theory]
    [InlineData("CREATE TABLE a_{0} AS SELECT generate_series(1, 100) AS x; DROP TABLE IF EXISTS a_{1};", Locked)]
    [InlineData("CREATE VIEW a_{0} AS SELECT x FROM fixed; DROP VIEW IF EXISTS a_{1};", $"'public\\.a_[0-9]+' was dropped|{Locked}")]
    [InlineData("CREATE SEQUENCE a_{0}; DROP SEQUENCE IF EXISTS a_{1};", $"'public\\.a_[0-9]+' was dropped|{Locked}")]
    [InlineData("CREATE FUNCTION a_{0}(int) RETURNS int LANGUAGE sql AS 'SELECT 1'; DROP FUNCTION IF EXISTS a_{1};", "'public\\.a_[0-9]+.integer.' was dropped")]
    public async Task What_comes_and_goes_without_a_pause_is_kept_whole_or_named_as_what_keeps_the_backup(string statements, string named)
    {
        DatabaseAddress source = await CreateAsync("gone", $"CREATE TABLE fixed AS SELECT generate_series(1, {Rows}) AS x");
        await using (Changes changes = new(this, source, n => string.Format(CultureInfo.InvariantCulture, statements, n, n - 20)))
        {
            for (int round = 0; round < Rounds; round++)
            {
                await changes.GoOnAsync();
                try
                {
                    MemoryBackup backup = await MemoryBackup.MakeAsync(Engine, source, Snapshot with { LockWait = TimeSpan.FromSeconds(2) });
                    Assert.All(backup.Contents.Tables, table => Assert.Equal(Rows, table.Fingerprint.Rows));
                    Assert.Equal(backup.Contents.Tables, await backup.RestoreAsync(Engine, Fixture.AddressOf($"copy_{round}"), Options()));
                }
                catch (AiShellException failure)
                {
                    Assert.True(failure.Kind == ErrorKind.Busy, failure.Message);
                    Assert.Matches(named, failure.Message);
                    Assert.Contains("--lock-wait", failure.Hint, StringComparison.Ordinal);
                }
            }
        }

        await MemoryBackup.MakeAsync(Engine, source, Snapshot);
    }

    /// <summary>One psql that runs statements, numbered, one after the other without a pause, until it is disposed.</summary>
    private sealed class Changes : IAsyncDisposable
    {
        private const int Batch = 200;

        private readonly CancellationTokenSource _stop = new();
        private readonly Task _work;
        private int _done;

        public Changes(UnbrokenChangesTests test, DatabaseAddress source, Func<int, string> statement) => _work = Task.Run(async () =>
        {
            while (!_stop.IsCancellationRequested)
            {
                StringBuilder script = new("SET client_min_messages = error;\n");
                for (int n = 1; n <= Batch; n++)
                {
                    script.Append(CultureInfo.InvariantCulture, $"{statement(1000 + _done + n)}\n");
                }

                await test.Server.RunAsync(source.Database, script.ToString());
                _done += Batch;
            }
        });

        /// <summary>Waits until more has changed.</summary>
        public async Task GoOnAsync()
        {
            for (int before = _done, tries = 0; _done <= before + Batch; tries++)
            {
                if (_work.IsCompleted)
                {
                    await _work;
                }

                Assert.True(tries < 6000, "Nothing changes.");
                await Task.Delay(20);
            }
        }

        public async Task StopAsync()
        {
            await _stop.CancelAsync();
            await _work;
        }

        public async ValueTask DisposeAsync()
        {
            await StopAsync();
            _stop.Dispose();
        }
    }
}
