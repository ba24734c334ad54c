using AiShell.Backup;
using AiShell.Connections;
using AiShell.Engines;
using AiShell.Repository;
using AiShell.Storage.Local;
using AiShell.Testing.Storage;

namespace AiShell.IntegrationTests.MySql;

/// <summary>A store that fails while rows are being read: the worker's session is in the middle of a result.</summary>
public sealed class FailingStoreTests(SharedMariaDb shared) : SnapshotSuite(shared), IClassFixture<SharedMariaDb>
{
    // Incompressible, more than what lies in the buffers between server and store.
    private const string Tables =
        """
        CREATE TABLE a(id int PRIMARY KEY, b blob); INSERT INTO a SELECT seq, RANDOM_BYTES(1024) FROM seq_1_to_12000;
        CREATE TABLE b LIKE a; INSERT INTO b SELECT * FROM a; CREATE TABLE c LIKE a; INSERT INTO c SELECT * FROM a; CREATE TABLE d(id int, b blob) ENGINE=MyISAM; INSERT INTO d SELECT * FROM a;
        """;

    [Theory]
    [InlineData(1, 5, false)]
    [InlineData(2, 5, false)]
    [InlineData(2, 40, true)]
    [InlineData(4, 25, true)]
    public async Task A_backup_whose_store_fails_in_the_middle_ends_with_the_stores_error_and_leaves_nothing(int workers, int write, bool isIo)
    {
        DatabaseAddress source = await CreateAsync(Tables);
        string folder = Path.Combine(Scratch, "repository");
        FaultyStore store = new(new LocalStore(folder));
        BackupRepository repository = await BackupRepository.OpenOrCreateAsync(store, new NoManifestCache(), TimeProvider.System, default);
        Exception error = isIo ? new IOException("the cable was pulled") : new AiShellException(ErrorKind.Unreachable, "the cable was pulled");
        store.Fail(StoreCall.Write, write, error); // once: the lock is written too, when it is given back

        Exception thrown = await Assert.ThrowsAnyAsync<Exception>(() => BackUpAsync(repository, source, workers).WaitAsync(TimeSpan.FromMinutes(3)));

        Assert.Contains("the cable was pulled", thrown.Message, StringComparison.Ordinal);
        Assert.True(store.Count(StoreCall.Write) >= write);
        await UntilNoSessionAsync(source.Database);
        store.ClearFaults();
        Assert.Empty(await repository.ListAsync(null, default));
        Assert.Equal([folder], Directory.EnumerateFileSystemEntries(Scratch));

        // Nothing is locked any more, and the next backup is whole.
        await Server.RunAsync(source.Database, "SET lock_wait_timeout = 1, innodb_lock_wait_timeout = 1; ALTER TABLE a ADD COLUMN late int; ALTER TABLE d ADD COLUMN late int; TRUNCATE c");
        Assert.Equal([12000, 12000, 0, 12000], (await BackUpAsync(repository, source, workers)).Manifest.Tables.Select(table => table.Rows));
    }

    private Task<BackupResult> BackUpAsync(BackupRepository repository, DatabaseAddress source, int workers) =>
        new BackupJob(repository, TimeProvider.System, NoProgress.Instance).RunAsync(
            new BackupRequest(
                Engine, source, "shop", Name: null, BackupFormat.Sql, BackupScope.All, TableFilter.Everything, new CompressionSettings("none", 0),
                workers, RateLimitBytesPerSecond: null, new Dictionary<string, string>(), TimeSpan.FromSeconds(5), AllowEmpty: false, VerifyAfter: false, Scratch)
            { PartBytes = 8 << 20 },
            default);

    private async Task UntilNoSessionAsync(string database)
    {
        string sessions = "";
        for (int tries = 0; tries < 600 && (sessions = await Server.RunAsync("", $"SELECT concat_ws(' ', ID, COMMAND, STATE, INFO) FROM information_schema.PROCESSLIST WHERE DB = '{database}'")) != ""; tries++)
        {
            await Task.Delay(100);
        }

        Assert.Equal("", sessions);
    }
}
