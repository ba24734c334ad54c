using AiShell.Repository;
using AiShell.Retention;
using AiShell.Storage;
using AiShell.Testing.Storage;

namespace AiShell.Tests.Repository.Locks;

public sealed class ReadingMarkTests : IDisposable
{
    private readonly TestRepository _test = new();

    public void Dispose() => _test.Dispose();

    [Fact]
    public async Task A_backup_being_read_is_deleted_by_nobody_and_any_number_may_read()
    {
        CatalogueEntry entry = await _test.BackUpAsync("shop");
        BackupRepository repository = await _test.OpenAsync();
        await using (await repository.LockForReadingAsync(entry, "backup restore", default))
        await using (await repository.LockForReadingAsync(entry, "backup verify", default))
        {
            AiShellException busy = await Assert.ThrowsAsync<AiShellException>(() => DeleteAsync(repository, entry));
            Assert.Equal(ErrorKind.Busy, busy.Kind);
            Assert.Contains("is being read", busy.Message, StringComparison.Ordinal);
        }

        Assert.Equal(3, (await _test.KeysAsync("backups/")).Length);
        await DeleteAsync(repository, entry);
        Assert.Empty(await _test.KeysAsync("backups/"));
        Assert.Equal(["locks/database-shop"], (await _test.KeysAsync("locks/")).Select(key => key.Split('.')[0]));
    }

    [Fact]
    public async Task A_reader_that_comes_after_the_deletion_is_told_so()
    {
        CatalogueEntry entry = await _test.BackUpAsync("shop");
        BackupRepository repository = await _test.OpenAsync();
        await DeleteAsync(repository, entry);

        Assert.Equal(ErrorKind.NotFound, (await Assert.ThrowsAsync<AiShellException>(() => repository.LockForReadingAsync(entry, "backup verify", default))).Kind);
        Assert.DoesNotContain(await _test.KeysAsync("locks/"), key => key.Contains("reading", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_reader_waits_for_a_deletion_that_has_begun_and_reads_on_if_it_was_given_up()
    {
        CatalogueEntry entry = await _test.BackUpAsync("shop");
        BackupRepository repository = await _test.OpenAsync();
        Lease deleting = await _test.Leases.AcquireSharedAsync($"deleting-{entry.Id}-", "delete", default);
        Task<Lease> reading = repository.LockForReadingAsync(entry, "backup verify", default);
        int opens = _test.Store.Count(StoreCall.Open);
        await AdvanceUntilAsync(() => _test.Store.Count(StoreCall.Open) > opens + 3);
        Assert.False(reading.IsCompleted);

        await deleting.DisposeAsync();
        await AdvanceUntilAsync(() => reading.IsCompleted);
        await (await reading).DisposeAsync();
    }

    [Fact]
    public async Task A_reader_that_comes_after_the_deletion_looked_for_readers_gets_no_mark()
    {
        CatalogueEntry entry = await _test.BackUpAsync("shop");
        BackupRepository repository = await _test.OpenAsync();
        Task<Lease>? reading = null;
        var store = new BeforeManifestGoes(_test.Local, async () =>
        {
            reading = repository.LockForReadingAsync(entry, "backup verify", default);
            await Task.WhenAny(reading, Task.Delay(500));
            Assert.False(reading.IsCompleted, "It reads what is about to go.");
        });
        await DeleteAsync(await BackupRepository.OpenAsync(store, new NoManifestCache(), _test.Time, default), entry);

        await AdvanceUntilAsync(() => reading!.IsCompleted);
        Assert.Equal(ErrorKind.NotFound, (await Assert.ThrowsAsync<AiShellException>(() => reading!)).Kind);
    }

    [Fact]
    public async Task The_mark_of_a_killed_reader_blocks_nobody_and_gc_collects_it()
    {
        CatalogueEntry entry = await _test.BackUpAsync("shop");
        CatalogueEntry other = await _test.BackUpAsync("shop");
        BackupRepository repository = await _test.OpenAsync();
        await using Lease alive = await repository.LockForReadingAsync(other, "backup restore", default);
        await using (Lease killed = await repository.LockForReadingAsync(entry, "backup restore", default))
        {
            string path = _test.PathOf($"locks/{killed.Name}.00000001.json");
            await File.WriteAllTextAsync(path, (await File.ReadAllTextAsync(path)).Replace($"\"processId\": {Environment.ProcessId}", $"\"processId\": {1 << 23}", StringComparison.Ordinal));

            await DeleteAsync(repository, entry);
            await new GarbageJob(repository, _test.Time).RunAsync(dryRun: false, default);
            Assert.False(File.Exists(path));
        }

        Assert.Contains($"locks/{alive.Name}.00000001.json", await _test.KeysAsync("locks/"));
        Assert.Equal(ErrorKind.Busy, (await Assert.ThrowsAsync<AiShellException>(() => DeleteAsync(repository, other))).Kind);
    }

    [Fact]
    public async Task A_mark_that_was_broken_is_not_revived_by_gc()
    {
        CatalogueEntry entry = await _test.BackUpAsync("shop");
        BackupRepository repository = await _test.OpenAsync();
        await using Lease reading = await repository.LockForReadingAsync(entry, "backup restore", default);
        await repository.BreakLockAsync(reading.Name, default);
        await new GarbageJob(repository, _test.Time).RunAsync(dryRun: false, default);

        Assert.Empty(await repository.ListLocksAsync(default));
        await DeleteAsync(repository, entry);
    }

    private static async Task DeleteAsync(BackupRepository repository, CatalogueEntry entry)
    {
        await using Lease databaseLock = await repository.LockDatabaseAsync("shop", "backup delete", TimeSpan.Zero, default);
        await repository.DeleteAsync(entry, databaseLock, default);
    }

    private sealed class BeforeManifestGoes(IObjectStore inner, Func<Task> act) : ForwardingStore(inner)
    {
        public override async Task DeleteAsync(string key, CancellationToken cancellationToken)
        {
            await (key.EndsWith("manifest.json", StringComparison.Ordinal) ? act() : Task.CompletedTask);
            await base.DeleteAsync(key, cancellationToken);
        }
    }

    private async Task AdvanceUntilAsync(Func<bool> done)
    {
        for (int attempt = 0; !done(); attempt++)
        {
            Assert.True(attempt < 3000, "It never happened.");
            _test.Time.Advance(TimeSpan.FromMilliseconds(10));
            await Task.Delay(10);
        }
    }
}
