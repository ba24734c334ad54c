using AiShell.Repository;
using AiShell.Retention;
using AiShell.Testing.Storage;
using AiShell.Tests.Repository;

namespace AiShell.Tests.Retention;

public sealed class RetentionJobTests : IDisposable
{
    private static readonly HashSet<string> NoneBad = [];
    private readonly TestRepository _test = new();

    public void Dispose() => _test.Dispose();

    [Fact]
    public async Task Prune_removes_what_the_rules_do_not_keep_and_only_of_its_database()
    {
        CatalogueEntry[] shop = [await _test.BackUpAsync("shop"), await _test.BackUpAsync("shop"), await _test.BackUpAsync("shop")];
        CatalogueEntry zoo = await _test.BackUpAsync("zoo");
        BackupRepository repository = await _test.OpenAsync();

        PruneResult dry = await Prune(repository, maxCount: 1, dryRun: true);
        Assert.Equal(0, dry.Deleted);
        Assert.Equal(4, (await repository.ListAsync(null, default)).Count);

        PruneResult result = await Prune(repository, maxCount: 1);
        Assert.Equal(2, result.Deleted);
        Assert.Equal(shop[0].Require().StoredBytes + shop[1].Require().StoredBytes, result.FreedBytes);
        Assert.Equal(dry.Decisions.Select(decision => decision.Keep), result.Decisions.Select(decision => decision.Keep));
        Assert.Equal([zoo.Id, shop[2].Id], (await repository.ListAsync(null, default)).Select(entry => entry.Id));
        Assert.Empty(await repository.ListOrphansAsync(default));
    }

    [Fact]
    public async Task Prune_waits_for_no_backup_being_written()
    {
        await _test.BackUpAsync("shop");
        await _test.BackUpAsync("shop");
        BackupRepository repository = await _test.OpenAsync();
        await using Lease writing = await repository.LockDatabaseAsync("shop", "backup create", TimeSpan.Zero, default);
        Assert.Equal(ErrorKind.Busy, (await Assert.ThrowsAsync<AiShellException>(() => Prune(repository, maxCount: 1))).Kind);

        // Where nothing goes, none is needed.
        Assert.Equal(0, (await Prune(repository, maxCount: 2)).Deleted);
    }

    [Fact]
    public async Task Prune_leaves_a_backup_that_is_read_and_all_that_it_needs()
    {
        CatalogueEntry full = await _test.BackUpAsync("shop");
        CatalogueEntry increment = await _test.BackUpAsync("shop", manifest => manifest with { Parent = full.Id, Base = full.Id });
        CatalogueEntry alone = await _test.BackUpAsync("shop");
        CatalogueEntry last = await _test.BackUpAsync("shop");
        BackupRepository repository = await _test.OpenAsync();
        await using Lease reading = await repository.LockForReadingAsync(increment, "backup restore", default);

        PruneResult result = await Prune(repository, maxCount: 1);

        Assert.Equal(1, result.Deleted);
        Assert.Equal(2, result.Failures.Count);
        Assert.Equal([last.Id, increment.Id, full.Id], (await repository.ListAsync(null, default)).Select(entry => entry.Id));
        Assert.Equal([alone.Id], result.Decisions.Where(decision => !decision.Keep).Select(decision => decision.Entry.Id));
    }

    [Fact]
    public async Task A_prune_that_breaks_off_leaves_no_backup_without_its_base()
    {
        CatalogueEntry full = await _test.BackUpAsync("shop");
        await _test.BackUpAsync("shop", manifest => manifest with { Parent = full.Id, Base = full.Id });
        await _test.BackUpAsync("shop");
        int deletes = await CountDeletesAsync();
        Assert.True(deletes > 6);
        for (int nth = 1; nth <= deletes; nth++)
        {
            using var test = new TestRepository();
            CatalogueEntry first = await test.BackUpAsync("shop");
            await test.BackUpAsync("shop", manifest => manifest with { Parent = first.Id, Base = first.Id });
            CatalogueEntry last = await test.BackUpAsync("shop");
            BackupRepository repository = await test.OpenAsync();
            test.Store.Fail(StoreCall.Delete, nth);
            _ = await Record.ExceptionAsync(() => new PruneJob(repository, test.Time).RunAsync("shop", new RetentionRules(null, 1), NoneBad, TimeSpan.Zero, false, default));

            IReadOnlyList<CatalogueEntry> left = await repository.ListAsync(null, default);
            Assert.Contains(left, entry => entry.Id == last.Id);
            Assert.All(left, entry => Assert.True(entry.Require().Base is null || left.Any(other => other.Id == entry.Require().Base)));
        }

        async Task<int> CountDeletesAsync()
        {
            BackupRepository repository = await _test.OpenAsync();
            int before = _test.Store.Count(StoreCall.Delete);
            Assert.Equal(2, (await Prune(repository, maxCount: 1)).Deleted);
            return _test.Store.Count(StoreCall.Delete) - before;
        }
    }

    [Fact]
    public async Task Delete_refuses_a_backup_that_others_need_and_lists_them_and_cascades_on_demand()
    {
        CatalogueEntry full = await _test.BackUpAsync("shop");
        CatalogueEntry first = await _test.BackUpAsync("shop", manifest => manifest with { Parent = full.Id, Base = full.Id });
        CatalogueEntry second = await _test.BackUpAsync("shop", manifest => manifest with { Parent = first.Id, Base = full.Id });
        CatalogueEntry other = await _test.BackUpAsync("shop");
        BackupRepository repository = await _test.OpenAsync();
        var job = new DeleteJob(repository);

        AiShellException refused = await Assert.ThrowsAsync<AiShellException>(() => job.PlanAsync([full], cascade: false, default));
        Assert.Equal(ErrorKind.Refused, refused.Kind);
        Assert.Contains(first.Id, refused.Message, StringComparison.Ordinal);
        Assert.Contains(second.Id, refused.Message, StringComparison.Ordinal);
        Assert.Equal(ErrorKind.Refused, (await Assert.ThrowsAsync<AiShellException>(() => job.PlanAsync([first], cascade: false, default))).Kind);
        Assert.Equal([second.Id], (await job.PlanAsync([second], cascade: false, default)).Select(entry => entry.Id));

        IReadOnlyList<CatalogueEntry> doomed = await job.PlanAsync([full], cascade: true, default);
        Assert.Equal([second.Id, first.Id, full.Id], doomed.Select(entry => entry.Id));
        await job.RunAsync(doomed, TimeSpan.Zero, default);
        Assert.Equal([other.Id], (await repository.ListAsync(null, default)).Select(entry => entry.Id));
        Assert.Empty(await repository.ListOrphansAsync(default));
    }

    [Fact]
    public async Task Delete_refuses_a_backup_that_has_got_a_dependant_since_the_plan()
    {
        CatalogueEntry full = await _test.BackUpAsync("shop");
        BackupRepository repository = await _test.OpenAsync();
        var job = new DeleteJob(repository);
        IReadOnlyList<CatalogueEntry> doomed = await job.PlanAsync([full], cascade: true, default);
        CatalogueEntry increment = await _test.BackUpAsync("shop", manifest => manifest with { Parent = full.Id, Base = full.Id });

        AiShellException refused = await Assert.ThrowsAsync<AiShellException>(() => job.RunAsync(doomed, TimeSpan.Zero, default));
        Assert.Equal(ErrorKind.Refused, refused.Kind);
        Assert.Contains(increment.Id, refused.Message, StringComparison.Ordinal);
        Assert.Equal(2, (await repository.ListAsync(null, default)).Count);
    }

    [Fact]
    public async Task Delete_removes_a_damaged_backup_whole()
    {
        CatalogueEntry entry = await _test.BackUpAsync("shop");
        await File.WriteAllTextAsync(_test.PathOf($"backups/shop/{entry.Id}/manifest.json"), "{");
        BackupRepository repository = await _test.OpenAsync();
        CatalogueEntry damaged = Assert.Single(await repository.ListAsync(null, default));
        await new DeleteJob(repository).RunAsync([damaged], TimeSpan.Zero, default);
        Assert.Empty(await _test.KeysAsync("backups/"));
    }

    [Fact]
    public async Task Gc_collects_leftovers_and_spares_a_writer_that_lives()
    {
        CatalogueEntry killed = await _test.BackUpAsync("zoo");
        File.Delete(_test.PathOf($"backups/zoo/{killed.Id}/manifest.json"));
        BackupRepository repository = await _test.OpenAsync();
        await using Lease databaseLock = await repository.LockDatabaseAsync("shop", "backup create", TimeSpan.Zero, default);
        await using BackupWriter writer = repository.Begin("shop", databaseLock);
        await TestRepository.WritePartAsync(writer, 0, "one");

        GarbageResult dry = await new GarbageJob(repository, _test.Time).RunAsync(dryRun: true, default);
        Assert.All(dry.Files, file => Assert.Equal("zoo", file.DatabaseFolder));
        Assert.Equal(2, dry.Files.Count);
        Assert.Single(dry.Busy);
        Assert.Equal(3, (await _test.KeysAsync("backups/")).Length);

        GarbageResult result = await new GarbageJob(repository, _test.Time).RunAsync(dryRun: false, default);
        Assert.Equal(dry.Files, result.Files);
        Assert.Contains("backup create", Assert.Single(result.Busy), StringComparison.Ordinal);
        Assert.Single(await _test.KeysAsync("backups/"));

        CatalogueEntry entry = await writer.CommitAsync(TestRepository.ManifestOf(writer, _test.Time.GetUtcNow()), default);
        Assert.Null(await repository.CheckPartAsync(entry, entry.Require().Parts[0], _ => { }, default));
    }

    [Fact]
    public async Task Gc_removes_old_unfinished_files_and_no_young_ones()
    {
        BackupRepository repository = await _test.OpenAsync();
        string old = _test.PathOf(".unfinished/1-old");
        string young = _test.PathOf(".unfinished/1-young");
        foreach ((string path, int hours) in new[] { (old, 25), (young, 23) })
        {
            await File.WriteAllTextAsync(path, "x");
            File.SetLastWriteTimeUtc(path, _test.Time.GetUtcNow().AddHours(-hours).UtcDateTime);
        }

        Assert.Equal(1, (await new GarbageJob(repository, _test.Time).RunAsync(dryRun: false, default)).Unfinished);
        Assert.False(File.Exists(old));
        Assert.True(File.Exists(young));
    }

    private Task<PruneResult> Prune(BackupRepository repository, int maxCount, bool dryRun = false) =>
        new PruneJob(repository, _test.Time).RunAsync("shop", new RetentionRules(null, maxCount), NoneBad, TimeSpan.Zero, dryRun, default);
}
