using AiShell.Engines;
using AiShell.Repository;
using AiShell.Retention;
using AiShell.Storage;
using AiShell.Testing.Storage;

namespace AiShell.IntegrationTests.Faults;

public sealed class FaultyBackupTests
{
    private const int Earlier = 2;

    [Theory]
    [InlineData(BackupFormat.Sql)]
    [InlineData(BackupFormat.Native)]
    public async Task Whatever_call_fails_no_half_backup_is_listed_and_the_earlier_ones_are_whole(BackupFormat format)
    {
        using FaultWorld world = await FaultWorld.CreateAsync(format);
        await FaultSweep.RunAsync(
            world,
            silent: false,
            async round => await FaultWorld.BackUpAsync(world, await FaultWorld.OpenAsync(round.Store), verifyAfter: false),
            async (round, thrown, what) =>
            {
                int listed = await round.VerifyAllAsync(what);
                if (thrown is null)
                {
                    Assert.True(listed == Earlier + 1, what);
                }
                else
                {
                    FaultSweep.AssertIsTheStoresFailure(thrown, what);

                    // A store may make the manifest visible and fail all the same; the backup is then whole.
                    bool mayBeThere = what.StartsWith("Commit done", StringComparison.Ordinal);
                    Assert.True(listed == Earlier || (mayBeThere && listed == Earlier + 1), $"{what}: {listed} are listed");
                }

                await AssertGarbageGoesAsync(round, listed, what);
                Assert.Empty(Directory.EnumerateFileSystemEntries(world.Scratch));
            });
    }

    [Fact]
    public async Task A_store_that_loses_bytes_silently_makes_a_verified_backup_fail_or_is_found_out()
    {
        using FaultWorld world = await FaultWorld.CreateAsync(BackupFormat.Sql);
        await FaultSweep.RunAsync(
            world,
            silent: true,
            async round => await FaultWorld.BackUpAsync(world, await FaultWorld.OpenAsync(round.Store), verifyAfter: true),
            async (round, thrown, what) =>
            {
                int listed = await round.VerifyAllAsync(what);
                Assert.True(listed == (thrown is null ? Earlier + 1 : Earlier), $"{what}: {listed} are listed");
                Assert.True(thrown is null or AiShellException { Kind: ErrorKind.Integrity or ErrorKind.Busy }, what + thrown);
            });
    }

    [Theory]
    [InlineData(".0001.")]
    [InlineData("manifest.json")]
    public async Task A_bit_that_flips_on_the_way_into_the_store_makes_a_verified_backup_fail(string key)
    {
        using FaultWorld world = await FaultWorld.CreateAsync(BackupFormat.Native);
        for (long offset = 0; offset < 200; offset += 9)
        {
            using FaultRound round = world.Begin();
            round.Store.FlipBit(StoreCall.Write, offset, bit: (int)(offset % 8), key);
            BackupRepository repository = await FaultWorld.OpenAsync(round.Store);
            AiShellException thrown = await Assert.ThrowsAsync<AiShellException>(() => FaultWorld.BackUpAsync(world, repository, verifyAfter: true));
            Assert.Equal(ErrorKind.Integrity, thrown.Kind);
            Assert.Equal(Earlier, await round.VerifyAllAsync($"bit at {offset}"));
            await AssertGarbageGoesAsync(round, Earlier, $"bit at {offset}");
        }
    }

    [Fact]
    public async Task Failures_that_pass_by_themselves_do_not_fail_a_job_behind_the_retrying_store()
    {
        foreach (int period in new[] { 3, 5, 7 })
        {
            using FaultWorld world = await FaultWorld.CreateAsync(BackupFormat.Sql);
            using FaultRound round = world.Begin();
            foreach (StoreCall call in Enum.GetValues<StoreCall>())
            {
                round.Store.FailEvery(call, call is StoreCall.List or StoreCall.Read or StoreCall.Write ? period * 7 : period);
            }

            var store = new RetryingStore(round.Store, world.Scratch, TimeProvider.System, attempts: 12, firstDelay: TimeSpan.FromMilliseconds(1));
            BackupRepository repository = await FaultWorld.OpenAsync(store);
            CatalogueEntry entry = (await FaultWorld.BackUpAsync(world, repository, verifyAfter: true)).Entry;
            Assert.True((await world.TestRestoreAsync(repository, entry)).IsGood);
            await world.RestoreAsync(repository, entry, round.Target, verifyFirst: true);
            Assert.True(round.Store.Count(StoreCall.Create) > 10);

            round.Store.ClearFaults();
            Assert.True(await round.IsTargetNewAsync("retried"));
            Assert.Equal(Earlier + 1, await round.VerifyAllAsync("retried"));
        }
    }

    [Fact]
    public async Task A_store_that_stays_away_is_unreachable_in_the_end()
    {
        using FaultWorld world = await FaultWorld.CreateAsync(BackupFormat.Sql);
        foreach (StoreCall call in new[] { StoreCall.Create, StoreCall.Write, StoreCall.Commit, StoreCall.List, StoreCall.Stat, StoreCall.Open, StoreCall.Read })
        {
            using FaultRound round = world.Begin();
            var store = new RetryingStore(round.Store, world.Scratch, TimeProvider.System, attempts: 2, firstDelay: TimeSpan.FromMilliseconds(1));
            BackupRepository repository = await FaultWorld.OpenAsync(store);
            round.Store.FailEvery(call, 1);
            AiShellException thrown = await Assert.ThrowsAsync<AiShellException>(() => FaultWorld.BackUpAsync(world, repository, verifyAfter: true));
            FaultSweep.AssertIsTheStoresFailure(thrown, $"{call}");
            round.Store.ClearFaults();
            Assert.Equal(Earlier, await round.VerifyAllAsync($"{call}"));
        }
    }

    private static async Task AssertGarbageGoesAsync(FaultRound round, int listed, string what)
    {
        BackupRepository repository = await FaultWorld.OpenAsync(round.Local);
        foreach (HeldLock held in await repository.ListLocksAsync(default))
        {
            // A release that failed: this process lives on, so its lock would have to expire.
            await repository.BreakLockAsync(held.Name, default);
        }

        GarbageResult collected = await new GarbageJob(repository, TimeProvider.System).RunAsync(dryRun: false, default);
        Assert.Empty(collected.Busy);
        Assert.Empty(await repository.ListOrphansAsync(default));
        Assert.Equal(listed, (await repository.ListAsync(null, default)).Count);
        round.AssertEarlierUntouched($"{what}, after gc");
    }
}
