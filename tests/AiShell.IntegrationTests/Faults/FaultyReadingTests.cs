using AiShell.Engines;
using AiShell.Repository;
using AiShell.Storage;
using AiShell.Testing.Storage;
using AiShell.Verification;

namespace AiShell.IntegrationTests.Faults;

public sealed class FaultyReadingTests
{
    [Theory]
    [InlineData(BackupFormat.Sql, true)]
    [InlineData(BackupFormat.Native, false)]
    public async Task Whatever_call_fails_in_a_restore_the_target_is_old_or_new_and_whole(BackupFormat format, bool verifyFirst)
    {
        using FaultWorld world = await FaultWorld.CreateAsync(format);
        foreach (bool silent in new[] { false, true })
        {
            await FaultSweep.RunAsync(
                world,
                silent,
                async round => await world.RestoreAsync(await FaultWorld.OpenAsync(round.Store), await round.LatestAsync(), round.Target, verifyFirst),
                async (round, thrown, what) =>
                {
                    Assert.Equal(thrown is null, await round.IsTargetNewAsync(what));
                    if (thrown is not null && !silent)
                    {
                        FaultSweep.AssertIsTheStoresFailure(thrown, what);
                    }

                    Assert.True(thrown is null or AiShellException { Kind: ErrorKind.Integrity or ErrorKind.Unreachable }, what + thrown);
                    round.AssertEarlierUntouched(what);
                });
        }
    }

    [Fact]
    public async Task Whatever_call_fails_in_a_verification_no_good_backup_is_called_bad_and_no_scratch_file_stays()
    {
        using FaultWorld world = await FaultWorld.CreateAsync(BackupFormat.Sql);
        await FaultSweep.RunAsync(
            world,
            silent: false,
            async round => Assert.True((await world.VerifyAsync(await FaultWorld.OpenAsync(round.Store), await round.LatestAsync())).IsGood),
            (_, thrown, what) => CheckReading(world, thrown, what));
    }

    [Fact]
    public async Task Whatever_call_fails_in_a_test_restore_no_good_backup_is_called_bad_and_no_scratch_file_stays()
    {
        using FaultWorld world = await FaultWorld.CreateAsync(BackupFormat.Sql);
        await FaultSweep.RunAsync(
            world,
            silent: false,
            async round => Assert.True((await world.TestRestoreAsync(await FaultWorld.OpenAsync(round.Store), await round.LatestAsync())).IsGood),
            (_, thrown, what) => CheckReading(world, thrown, what));
    }

    [Theory]
    [InlineData(BackupFormat.Sql)]
    [InlineData(BackupFormat.Native)]
    public async Task A_store_that_flips_a_bit_on_reading_is_an_integrity_error_and_the_target_is_untouched(BackupFormat format)
    {
        using FaultWorld world = await FaultWorld.CreateAsync(format);
        using FaultRound round = world.Begin();
        CatalogueEntry entry = await round.LatestAsync();
        int parts = entry.Require().Parts.Count;
        Assert.True(parts > 1);
        for (int part = 0; part < parts; part++)
        {
            string path = entry.Require().Parts[part].Path;
            long size = entry.Require().Parts[part].StoredBytes;
            foreach (long offset in new[] { 0, size / 3, size - 1 })
            {
                round.Store.ClearFaults().FlipBit(StoreCall.Read, offset, bit: part % 8, path);
                BackupRepository repository = await FaultWorld.OpenAsync(round.Store);
                VerifyReport report = await world.VerifyAsync(repository, entry);
                Assert.Contains(report.Problems, problem => problem.Contains(path, StringComparison.Ordinal));
                if (entry.Require().Parts[part].Phase == PartPhase.Index)
                {
                    continue; // no restore reads it
                }

                AiShellException thrown = await Assert.ThrowsAsync<AiShellException>(() => world.RestoreAsync(repository, entry, round.Target, verifyFirst: offset == 0));
                Assert.Equal(ErrorKind.Integrity, thrown.Kind);
                Assert.Contains(path, thrown.Message, StringComparison.Ordinal);
                Assert.False(await round.IsTargetNewAsync(path));
                Assert.False((await world.TestRestoreAsync(repository, entry)).IsGood);
            }
        }
    }

    [Theory]
    [InlineData(BackupFormat.Sql)]
    [InlineData(BackupFormat.Native)]
    public async Task A_bit_that_flips_only_once_between_check_and_use_never_reaches_the_target(BackupFormat format)
    {
        using FaultWorld world = await FaultWorld.CreateAsync(format);
        using FaultRound round = world.Begin();
        CatalogueEntry entry = await round.LatestAsync();
        for (int nth = 1; nth <= 2; nth++)
        {
            foreach (ManifestPart part in entry.Require().Parts.Where(part => part.Phase != PartPhase.Index))
            {
                for (long offset = nth; offset < part.StoredBytes; offset += 1 + (part.StoredBytes / 25))
                {
                    BackupRepository repository = await FaultWorld.OpenAsync(new NthOpenFlips(round.Local, part.Path, nth, offset));
                    AiShellException thrown = await Assert.ThrowsAsync<AiShellException>(() => world.RestoreAsync(repository, entry, round.Target, verifyFirst: false));
                    Assert.True(thrown.Kind == ErrorKind.Integrity, $"{part.Path} at {offset}: {thrown.Kind} {thrown.Message}");
                    Assert.False(await round.IsTargetNewAsync(part.Path));
                }
            }
        }
    }

    private static Task CheckReading(FaultWorld world, Exception? thrown, string what)
    {
        if (thrown is not null)
        {
            FaultSweep.AssertIsTheStoresFailure(thrown, what);
        }

        Assert.Empty(Directory.EnumerateFileSystemEntries(world.Scratch));
        return Task.CompletedTask;
    }

    private sealed class NthOpenFlips(IObjectStore inner, string keyEnd, int nth, long offset) : ForwardingStore(inner)
    {
        private int _opened;

        public override Task<Stream> OpenAsync(string key, long from, long? length, CancellationToken cancellationToken) =>
            key.EndsWith(keyEnd, StringComparison.Ordinal) && ++_opened == nth
                ? new FaultyStore(Inner).FlipBit(StoreCall.Read, offset, bit: (int)(offset % 8)).OpenAsync(key, from, length, cancellationToken)
                : base.OpenAsync(key, from, length, cancellationToken);
    }
}
