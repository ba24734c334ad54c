using System.Collections.Concurrent;
using AiShell.Engines;
using AiShell.Repository;
using AiShell.Retention;
using AiShell.Storage;
using AiShell.Testing.Storage;
using AiShell.Verification;

namespace AiShell.IntegrationTests.Faults;

/// <summary>Real jobs at once on one repository. Each store call first waits for a random moment, so that rounds meet in different places.</summary>
public sealed class RaceTests
{
    private const int Rounds = 12;
    private static readonly TimeSpan LockWait = TimeSpan.FromSeconds(60);
    private static readonly HashSet<string> NoneBad = [];

    [Fact]
    public async Task A_create_and_a_prune_at_once_keep_the_new_backup_and_no_half_one() => await RunAsync(async (world, round, random) =>
    {
        Task<CatalogueEntry> create = CreateAsync(world, round, random);
        Task<PruneResult> prune = PruneAsync(round, random);
        await Task.WhenAll(create, prune);
        PruneResult last = await PruneAsync(round, random);

        Assert.Contains(last.Decisions, decision => decision.Keep && decision.Entry.Id == create.Result.Id);
        Assert.Equal(1, await round.VerifyAllAsync("create and prune"));
        Assert.Equal(create.Result.Id, (await round.LatestAsync()).Id);
    });

    [Fact]
    public async Task Two_creates_at_once_both_make_a_whole_backup_one_after_the_other() => await RunAsync(async (world, round, random) =>
    {
        CatalogueEntry[] made = await Task.WhenAll(CreateAsync(world, round, random), CreateAsync(world, round, random), CreateAsync(world, round, random));
        Assert.Equal(3, made.Select(entry => entry.Id).Distinct().Count());
        Assert.Equal(5, await round.VerifyAllAsync("two creates"));
        (DateTimeOffset Start, DateTimeOffset End)[] spans =
            [.. made.Select(entry => (entry.Require().CreatedAt, entry.Require().CompletedAt)).OrderBy(span => span.CreatedAt)];
        Assert.True(spans[0].End <= spans[1].Start && spans[1].End <= spans[2].Start, "Two held the lock at once.");
    });

    [Fact]
    public async Task Of_two_creates_that_do_not_wait_one_is_busy_or_both_are_made() => await RunAsync(async (world, round, random) =>
    {
        Exception?[] ends = await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => Record.ExceptionAsync(() => CreateAsync(world, round, random, TimeSpan.Zero))));
        Assert.All(ends, end => Assert.True(end is null or AiShellException { Kind: ErrorKind.Busy }, end?.ToString()));
        Assert.Contains(null, ends);
        Assert.Equal(2 + ends.Count(end => end is null), await round.VerifyAllAsync("creates without waiting"));
    });

    [Fact]
    public async Task A_create_and_gc_at_once_lose_no_part() => await RunAsync(async (world, round, random) =>
    {
        Task<CatalogueEntry> create = CreateAsync(world, round, random);
        var collected = new ConcurrentBag<OrphanedFile>();
        do
        {
            BackupRepository repository = await FaultWorld.OpenAsync(new HesitantStore(round.Local, random));
            foreach (OrphanedFile file in (await new GarbageJob(repository, TimeProvider.System).RunAsync(dryRun: false, default)).Files)
            {
                collected.Add(file);
            }
        }
        while (!create.IsCompleted);

        Assert.Equal(3, await round.VerifyAllAsync("create and gc"));
        Assert.Empty(collected);
        Assert.Equal((await create).Id, (await round.LatestAsync()).Id);
    });

    [Fact]
    public async Task A_verification_and_a_delete_at_once_never_call_a_good_backup_bad() => await RunAsync(async (world, round, random) =>
    {
        CatalogueEntry entry = await round.LatestAsync();
        Task<Exception?> delete = Record.ExceptionAsync(() => DeleteAsync(round, random, entry));
        Task<Exception?> verify = Record.ExceptionAsync(async () =>
        {
            BackupRepository repository = await FaultWorld.OpenAsync(new HesitantStore(round.Local, random));
            VerifyReport report = await world.VerifyAsync(repository, entry);
            Assert.True(report.IsGood, string.Join("; ", report.Problems));
        });
        await AssertOneOrBothAsync(round, entry, await delete, await verify);
    });

    [Fact]
    public async Task A_restore_and_a_delete_at_once_restore_all_or_nothing() => await RunAsync(async (world, round, random) =>
    {
        CatalogueEntry entry = await round.LatestAsync();
        Task<Exception?> delete = Record.ExceptionAsync(() => DeleteAsync(round, random, entry));
        Task<Exception?> restore = Record.ExceptionAsync(async () =>
        {
            BackupRepository repository = await FaultWorld.OpenAsync(new HesitantStore(round.Local, random));
            await world.RestoreAsync(repository, entry, round.Target, verifyFirst: false);
        });
        await AssertOneOrBothAsync(round, entry, await delete, await restore);
        Assert.Equal(await restore is null, await round.IsTargetNewAsync("restore and delete"));
    });

    /// <summary>A reader fails only because the backup is gone, a deletion only because it is read; one of them succeeds.</summary>
    private static async Task AssertOneOrBothAsync(FaultRound round, CatalogueEntry entry, Exception? delete, Exception? read)
    {
        Assert.True(delete is null or AiShellException { Kind: ErrorKind.Busy }, delete?.ToString());
        Assert.True(read is null or AiShellException { Kind: ErrorKind.NotFound }, read?.ToString());
        Assert.True(delete is null || read is null);
        IReadOnlyList<CatalogueEntry> left = await (await FaultWorld.OpenAsync(round.Local)).ListAsync(null, default);
        Assert.Equal(delete is not null, left.Any(other => other.Id == entry.Id));
        Assert.Equal(left.Count, await round.VerifyAllAsync("read and delete"));
    }

    private static async Task RunAsync(Func<FaultWorld, FaultRound, Random, Task> race)
    {
        using FaultWorld world = await FaultWorld.CreateAsync(BackupFormat.Native);
        for (int seed = 0; seed < Rounds; seed++)
        {
            using FaultRound round = world.Begin();
            await race(world, round, new Random(seed)).WaitAsync(TimeSpan.FromMinutes(2));
        }
    }

    private static async Task<CatalogueEntry> CreateAsync(FaultWorld world, FaultRound round, Random random, TimeSpan? lockWait = null) =>
        (await FaultWorld.BackUpAsync(world, await FaultWorld.OpenAsync(new HesitantStore(round.Local, random)), verifyAfter: false, lockWait ?? LockWait)).Entry;

    private static async Task<PruneResult> PruneAsync(FaultRound round, Random random) =>
        await new PruneJob(await FaultWorld.OpenAsync(new HesitantStore(round.Local, random)), TimeProvider.System)
            .RunAsync("shop", new RetentionRules(null, 1), NoneBad, LockWait, dryRun: false, default);

    private static async Task DeleteAsync(FaultRound round, Random random, CatalogueEntry entry) =>
        await new DeleteJob(await FaultWorld.OpenAsync(new HesitantStore(round.Local, random))).RunAsync([entry], LockWait, default);

    private sealed class HesitantStore(IObjectStore inner, Random random) : ForwardingStore(inner)
    {
        public override async Task<IObjectWriter> CreateAsync(string key, WriteMode mode, CancellationToken cancellationToken)
        {
            await HesitateAsync();
            return await base.CreateAsync(key, mode, cancellationToken);
        }

        public override async Task<Stream> OpenAsync(string key, long offset, long? length, CancellationToken cancellationToken)
        {
            await HesitateAsync();
            return await base.OpenAsync(key, offset, length, cancellationToken);
        }

        public override async Task<StoredObject?> StatAsync(string key, CancellationToken cancellationToken)
        {
            await HesitateAsync();
            return await base.StatAsync(key, cancellationToken);
        }

        public override async IAsyncEnumerable<StoredObject> ListAsync(
            string prefix, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
        {
            await HesitateAsync();
            await foreach (StoredObject found in base.ListAsync(prefix, cancellationToken))
            {
                yield return found;
            }
        }

        public override async Task DeleteAsync(string key, CancellationToken cancellationToken)
        {
            await HesitateAsync();
            await base.DeleteAsync(key, cancellationToken);
        }

        private Task HesitateAsync()
        {
            int milliseconds;
            lock (random)
            {
                milliseconds = Math.Max(0, random.Next(-4, 8));
            }

            return Task.Delay(milliseconds);
        }
    }
}
