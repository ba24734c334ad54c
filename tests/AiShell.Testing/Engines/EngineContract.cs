using AiShell.Connections;
using AiShell.Engines;

namespace AiShell.Testing.Engines;

/// <summary>What every engine promises of reading a database, tested in every format it declares.</summary>
public abstract class EngineContract : EngineSuite
{
    private async Task<T> LeavesNoTraceAsync<T>(Func<Task<T>> work)
    {
        IReadOnlyList<string> before = await Fixture.TracesAsync();
        T result = await work();
        Assert.Equal(before, await Fixture.TracesAsync());
        return result;
    }

    [Fact]
    public async Task A_probe_tells_the_version_and_leaves_no_trace()
    {
        DatabaseAddress bank = await Fixture.CreateBankAsync("bank");

        DatabaseProbe probe = await LeavesNoTraceAsync(() => Engine.ProbeAsync(bank, default));

        Assert.Matches("^[0-9]+\\.", probe.Version);
    }

    [Fact]
    public async Task A_missing_database_is_unreachable_and_is_not_made()
    {
        DatabaseAddress nowhere = Fixture.AddressOf("nowhere");

        await FailsAsync(ErrorKind.Unreachable, () => Engine.ProbeAsync(nowhere, default));
        await FailsAsync(ErrorKind.Unreachable, () => Engine.DigestAsync(nowhere, default));
        await FailsAsync(ErrorKind.Unreachable, () => Engine.QueryAsync(nowhere, Fixture.CountStatement, new QueryOptions(false, null), default));
        foreach (BackupFormat format in Engine.Capabilities.Formats)
        {
            await FailsAsync(ErrorKind.Unreachable, () => Engine.OpenSnapshotAsync(nowhere, Options(format), default));
        }

        Assert.False(await Fixture.ExistsAsync(nowhere));
    }

    [Fact]
    public async Task A_snapshot_is_one_moment_while_others_write()
    {
        DatabaseAddress bank = await Fixture.CreateBankAsync("bank");
        long total = await Fixture.TotalAsync(bank);
        foreach (BackupFormat format in Engine.Capabilities.Formats)
        {
            using CancellationTokenSource stop = new();
            Task<int> writer = Task.Run(() => Fixture.TransferAsync(bank, int.MaxValue, stop.Token));
            for (int round = 0; round < 3; round++)
            {
                MemoryBackup backup = await BackUpAsync(bank, format);
                DatabaseAddress copy = Fixture.AddressOf($"copy-{format}-{round}");
                IReadOnlyList<TableDigest> restored = await backup.RestoreAsync(Engine, copy, Target());

                Assert.Equal(backup.Contents.Tables, restored);
                Assert.Equal(total, await Fixture.TotalAsync(copy));
            }

            await stop.CancelAsync();
            Assert.True(await writer > 0, "The writer never got through.");
        }
    }

    [Fact]
    public async Task What_is_written_after_the_snapshot_opened_is_not_in_it()
    {
        DatabaseAddress bank = await Fixture.CreateBankAsync("bank");
        foreach (BackupFormat format in Engine.Capabilities.Formats)
        {
            IReadOnlyList<TableDigest> before = await Engine.DigestAsync(bank, default);
            await using ISnapshot snapshot = await Engine.OpenSnapshotAsync(bank, Options(format), default);
            await Fixture.TransferAsync(bank, 5, default);
            MemoryBackup backup = await MemoryBackup.WriteAsync(Engine, snapshot, Options(format));

            Assert.Equal(before, backup.Contents.Tables);
            Assert.NotEqual(before, await Engine.DigestAsync(bank, default));
        }
    }

    [Fact]
    public async Task Steps_may_run_in_any_order_and_again()
    {
        DatabaseAddress bank = await Fixture.CreateBankAsync("bank");
        foreach (BackupFormat format in Engine.Capabilities.Formats)
        {
            await using ISnapshot snapshot = await Engine.OpenSnapshotAsync(bank, Options(format), default);
            MemoryBackup inOrder = await MemoryBackup.WriteAsync(Engine, snapshot, Options(format, workers: 1));
            MemoryBackup backwards = await MemoryBackup.WriteAsync(Engine, snapshot, Options(format, workers: 1), steps => steps.Reverse());
            MemoryBackup parallel = await MemoryBackup.WriteAsync(Engine, snapshot, Options(format, workers: 3));

            Assert.Equal(inOrder.Plain, backwards.Plain);
            Assert.Equal(inOrder.Plain, parallel.Plain);
            Assert.Equal(inOrder.Contents.Tables, backwards.Contents.Tables);
            Assert.Equal(inOrder.Contents.Tables, parallel.Contents.Tables);
        }
    }

    [Fact]
    public async Task Steps_are_in_restore_order_and_cut_into_parts()
    {
        DatabaseAddress bank = await Fixture.CreateBankAsync("bank");
        foreach (BackupFormat format in Engine.Capabilities.Formats)
        {
            await using ISnapshot snapshot = await Engine.OpenSnapshotAsync(bank, Options(format), default);
            MemoryBackup backup = await MemoryBackup.WriteAsync(Engine, snapshot, Options(format));

            Assert.Equal(Enumerable.Range(0, snapshot.Steps.Count), snapshot.Steps.Select(step => step.Index));
            Assert.Equal(snapshot.Steps.Select(step => step.Phase).Order(), snapshot.Steps.Select(step => step.Phase));
            Assert.True(backup.Contents.Parts.Count(part => part.Phase == PartPhase.Data) > 2, $"{format}: too few parts to show anything.");
            Assert.Equal(snapshot.Tables.Order(), backup.Contents.Tables.Select(digest => digest.Table));
            Assert.Contains(Fixture.Accounts, snapshot.Tables);
            Assert.True(snapshot.EstimatedBytes > 0);
        }
    }

    [Fact]
    public async Task Digests_of_the_database_the_backup_and_its_parts_agree()
    {
        DatabaseAddress bank = await Fixture.CreateBankAsync("bank");
        IReadOnlyList<TableDigest> digests = await Engine.DigestAsync(bank, default);
        foreach (BackupFormat format in Engine.Capabilities.Formats)
        {
            MemoryBackup backup = await BackUpAsync(bank, format);
            ReaderResult read = await backup.ReadAsync(Engine, new ReaderOptions(2, 3, Fixture.ScratchDirectory));

            Assert.Equal(digests, backup.Contents.Tables);
            Assert.Equal(digests, read.Tables.OrderBy(digest => digest.Table));
            Assert.Equal(3, read.Sample.Count(row => row.Table == Fixture.Accounts));
            Assert.Empty(await Engine.FindDifferencesAsync(bank, read.Sample, default));
        }
    }

    [Fact]
    public async Task Sampled_rows_that_changed_or_went_are_found()
    {
        DatabaseAddress bank = await Fixture.CreateBankAsync("bank");
        MemoryBackup backup = await BackUpAsync(bank, Engine.Capabilities.Formats[0]);
        ReaderResult read = await backup.ReadAsync(Engine, new ReaderOptions(2, int.MaxValue, Fixture.ScratchDirectory));

        await Fixture.SetFirstBalanceAsync(bank, 4711);
        string changed = Assert.Single(await Engine.FindDifferencesAsync(bank, read.Sample, default));
        Assert.Contains("4711", changed, StringComparison.Ordinal);

        await Fixture.DeleteFirstAccountAsync(bank);
        string missing = Assert.Single(await Engine.FindDifferencesAsync(bank, read.Sample, default));
        Assert.Contains(Fixture.Accounts.Name, missing, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cancelled_snapshot_leaves_no_trace_and_no_lock()
    {
        DatabaseAddress bank = await Fixture.CreateBankAsync("bank");
        foreach (BackupFormat format in Engine.Capabilities.Formats)
        {
            IReadOnlyList<string> before = await Fixture.TracesAsync();
            using CancellationTokenSource stop = new();
            await using (ISnapshot snapshot = await Engine.OpenSnapshotAsync(bank, Options(format), default))
            {
                await stop.CancelAsync();
                await Assert.ThrowsAnyAsync<OperationCanceledException>(
                    () => MemoryBackup.WriteAsync(Engine, snapshot, Options(format), cancellationToken: stop.Token));
            }

            Assert.Equal(before, await Fixture.TracesAsync());
            Assert.Equal(1, await Fixture.TransferAsync(bank, 1, default));
        }
    }

    [Fact]
    public async Task A_query_reads_and_only_with_consent_writes()
    {
        DatabaseAddress bank = await Fixture.CreateBankAsync("bank");
        IReadOnlyList<string> before = await Fixture.ReadContentAsync(bank);

        QueryResult count = await Engine.QueryAsync(bank, Fixture.CountStatement, new QueryOptions(false, null), default);
        QueryResult some = await Engine.QueryAsync(bank, Fixture.ListStatement, new QueryOptions(false, 2), default);
        await FailsAsync(ErrorKind.Refused, () => Engine.QueryAsync(bank, Fixture.WriteStatement, new QueryOptions(false, null), default));

        Assert.False(count.Truncated);
        Assert.Equal(-1, count.RowsAffected);
        Assert.True(Assert.Single(count.Rows)[0] is long accounts && accounts > 2);
        Assert.Equal(2, some.Rows.Count);
        Assert.True(some.Truncated);
        Assert.Equal(before, await Fixture.ReadContentAsync(bank));

        QueryResult written = await Engine.QueryAsync(bank, Fixture.WriteStatement, new QueryOptions(true, null), default);
        Assert.True(written.RowsAffected > 0);
        Assert.NotEqual(before, await Fixture.ReadContentAsync(bank));
    }

    [Fact]
    public async Task A_scratch_database_is_empty_takes_a_restore_and_goes_without_a_trace()
    {
        DatabaseAddress bank = await Fixture.CreateBankAsync("bank");
        foreach (BackupFormat format in Engine.Capabilities.Formats)
        {
            MemoryBackup backup = await BackUpAsync(bank, format);
            await LeavesNoTraceAsync(async () =>
            {
                await using IScratchDatabase scratch = await Engine.CreateScratchAsync(Fixture.AddressOf("near"), Fixture.ScratchDirectory, default);
                Assert.Empty(await Engine.DigestAsync(scratch.Address, default));
                Assert.Equal(backup.Contents.Tables, await backup.RestoreAsync(Engine, scratch.Address, Target()));
                return true;
            });
        }
    }
}
