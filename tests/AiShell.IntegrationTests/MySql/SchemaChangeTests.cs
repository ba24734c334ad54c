using AiShell.Connections;
using AiShell.Engines;
using AiShell.Testing.Engines;

namespace AiShell.IntegrationTests.MySql;

/// <summary>DDL between the moment and the reading of a table: the backup fails, and never has other rows or another shape than it says.</summary>
public sealed class SchemaChangeTests(SharedMariaDb shared) : SnapshotSuite(shared), IClassFixture<SharedMariaDb>
{
    private const string Tables =
        """
        CREATE TABLE t(id int PRIMARY KEY, v int); INSERT INTO t VALUES (1, 1);
        CREATE TABLE other(id int PRIMARY KEY, v int); INSERT INTO other VALUES (9, 9);
        CREATE TABLE p(id int PRIMARY KEY, v int) PARTITION BY RANGE(id) (PARTITION p0 VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN (20)); INSERT INTO p VALUES (1, 1), (11, 11);
        """;

    [Theory]
    [InlineData("TRUNCATE t")]
    [InlineData("DROP TABLE t")]
    [InlineData("DROP TABLE t; CREATE TABLE t(id int PRIMARY KEY, v int); INSERT INTO t VALUES (3, 3)")]
    [InlineData("RENAME TABLE t TO x, other TO t, x TO other")]
    [InlineData("ALTER TABLE t ADD COLUMN w int DEFAULT 3, ALGORITHM=INSTANT")]
    [InlineData("ALTER TABLE t DROP COLUMN v")]
    [InlineData("ALTER TABLE t MODIFY v bigint")]
    [InlineData("ALTER TABLE t ADD KEY(v)")]
    [InlineData("OPTIMIZE TABLE t")]
    [InlineData("ALTER TABLE p EXCHANGE PARTITION p0 WITH TABLE other")]
    [InlineData("ALTER TABLE p DROP PARTITION p1")]
    [InlineData("ALTER TABLE p TRUNCATE PARTITION p1")]
    [InlineData("ALTER TABLE p REORGANIZE PARTITION p0 INTO (PARTITION a VALUES LESS THAN (5), PARTITION b VALUES LESS THAN (10))")]
    public async Task A_table_that_is_changed_before_it_is_read_fails_the_backup(string change)
    {
        DatabaseAddress source = await CreateAsync(Tables);
        SnapshotOptions options = Options(workers: 1);
        await using ISnapshot snapshot = await Engine.OpenSnapshotAsync(source, options, default);
        await Server.RunAsync(source.Database, change);

        AiShellException failure = await Assert.ThrowsAsync<AiShellException>(() => MemoryBackup.WriteAsync(Engine, snapshot, options));

        Assert.Equal(ErrorKind.Busy, failure.Kind);
        Assert.NotNull(failure.Hint);
    }

    [Fact]
    public async Task Rows_that_are_added_to_a_table_that_numbers_them_are_no_change_of_it()
    {
        DatabaseAddress source = await CreateAsync("CREATE TABLE numbered(id int AUTO_INCREMENT PRIMARY KEY, v int); INSERT INTO numbered(v) VALUES (1), (2)");
        SnapshotOptions options = Options(workers: 1);
        await using ISnapshot snapshot = await Engine.OpenSnapshotAsync(source, options, default);
        await Server.RunAsync(source.Database, "INSERT INTO numbered(v) VALUES (3); CREATE TABLE fresh(id int)");

        MemoryBackup backup = await MemoryBackup.WriteAsync(Engine, snapshot, options);

        Assert.Equal(2, Assert.Single(backup.Contents.Tables).Fingerprint.Rows);
    }

    [Fact]
    public async Task What_is_changed_elsewhere_or_after_a_table_was_read_does_no_harm()
    {
        DatabaseAddress source = await CreateAsync(Tables);
        DatabaseAddress elsewhere = await CreateAsync(Tables);
        SnapshotOptions options = Options(workers: 2);
        await using ISnapshot snapshot = await Engine.OpenSnapshotAsync(source, options, default);
        await Server.RunAsync(elsewhere.Database, "RENAME TABLE t TO x; ALTER TABLE other ADD COLUMN z int");
        await Server.RunAsync(source.Database, "CREATE TABLE fresh(id int); CREATE VIEW w AS SELECT * FROM t; ANALYZE TABLE t; INSERT INTO t VALUES (5, 5)");

        MemoryBackup backup = await MemoryBackup.WriteAsync(Engine, snapshot, options);
        await Server.RunAsync(source.Database, "SET lock_wait_timeout = 1; ALTER TABLE t ADD COLUMN late int; TRUNCATE other");

        Assert.Equal([1, 2, 1], backup.Contents.Tables.OrderBy(digest => digest.Table).Select(digest => digest.Fingerprint.Rows));
    }

    [Fact]
    public async Task Without_PROCESS_a_possible_change_fails_the_backup_too()
    {
        DatabaseAddress source = await CreateAsync(Tables);
        string user = $"u{Guid.NewGuid().ToString("N")[..20]}";
        await Server.RunAsync("", $"CREATE USER {user}@'%' IDENTIFIED BY 'x'; GRANT SELECT, SHOW VIEW, TRIGGER, EVENT, LOCK TABLES ON `{source.Database}`.* TO {user}@'%'; GRANT RELOAD ON *.* TO {user}@'%'; GRANT SELECT ON mysql.proc TO {user}@'%'");
        SnapshotOptions options = Options(workers: 1);
        await using ISnapshot snapshot = await Engine.OpenSnapshotAsync(Server.AddressOf(source.Database, user, "x"), options, default);
        await Server.RunAsync(source.Database, "RENAME TABLE t TO x, other TO t, x TO other");

        AiShellException failure = await Assert.ThrowsAsync<AiShellException>(() => MemoryBackup.WriteAsync(Engine, snapshot, options));

        Assert.Equal(ErrorKind.Busy, failure.Kind);
        Assert.Contains("PROCESS", failure.Hint!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_schema_that_is_changed_all_the_time_is_backed_up_as_it_was_at_some_moment_or_not_at_all()
    {
        DatabaseAddress source = await CreateAsync("CREATE TABLE t(id int PRIMARY KEY, v int); CREATE TABLE u(id int PRIMARY KEY, v int); INSERT INTO t VALUES (1, 1); INSERT INTO u VALUES (2, 2)");
        using CancellationTokenSource stop = new();
        Task changes = ChangeAsync(source, stop.Token);
        int whole = 0;
        int refused = 0;
        try
        {
            for (int round = 0; round < 25; round++)
            {
                try
                {
                    MemoryBackup backup = await BackUpAsync(source);
                    string copy = await RestoreByClientAsync(backup);
                    Assert.Equal("1\t1\n2\t2", await Server.RunAsync(copy, "SELECT id, v FROM t UNION SELECT id, v FROM u ORDER BY id"));
                    Assert.Equal(await Server.RunAsync(copy, "SELECT IF(v = 1, 't', 'u') FROM t"), await Server.RunAsync(copy, "SELECT IF(count(*) = 2, 't', 'u') FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 't'"));
                    whole++;
                }
                catch (AiShellException failure) when (failure.Kind == ErrorKind.Busy)
                {
                    refused++;
                }
            }
        }
        finally
        {
            await stop.CancelAsync();
            await changes;
        }

        Assert.Equal(25, whole + refused);
    }

    /// <summary>The table with rows of 1 has two columns, the one with rows of 2 has two or three; they swap names.</summary>
    private async Task ChangeAsync(DatabaseAddress source, CancellationToken cancellationToken)
    {
        await Server.RunAsync(source.Database, "ALTER TABLE u ADD COLUMN w int");
        while (!cancellationToken.IsCancellationRequested)
        {
            await Server.RunAsync(source.Database, "RENAME TABLE t TO x, u TO t, x TO u; DO SLEEP(0.02); RENAME TABLE t TO x, u TO t, x TO u");
            await Task.Delay(Random.Shared.Next(200), CancellationToken.None);
        }
    }
}
