using AiShell.Connections;
using AiShell.Engines;

namespace AiShell.Testing.Engines;

/// <summary>A restore is all or nothing, and what it restores is what was backed up.</summary>
public abstract class EngineRestoreContract : EngineSuite
{
    [Fact]
    public async Task Every_format_restores_the_same_database()
    {
        DatabaseAddress bank = await Fixture.CreateBankAsync("bank");
        IReadOnlyList<string> content = await Fixture.ReadContentAsync(bank);
        foreach (BackupFormat format in Engine.Capabilities.Formats)
        {
            MemoryBackup backup = await BackUpAsync(bank, format);
            DatabaseAddress copy = Fixture.AddressOf($"copy-{format}");

            Assert.Equal(backup.Contents.Tables, await backup.RestoreAsync(Engine, copy, Target()));
            Assert.Equal(backup.Contents.Tables, await Engine.DigestAsync(copy, default));
            Assert.Equal(content, await Fixture.ReadContentAsync(copy));
        }
    }

    [Fact]
    public async Task An_empty_database_is_backed_up_and_restored_too()
    {
        DatabaseAddress empty = await Fixture.CreateEmptyAsync("empty");
        foreach (BackupFormat format in Engine.Capabilities.Formats)
        {
            MemoryBackup backup = await BackUpAsync(empty, format);
            DatabaseAddress copy = Fixture.AddressOf($"copy-{format}");
            Assert.Empty(backup.Contents.Tables);
            Assert.Empty((await backup.ReadAsync(Engine, new ReaderOptions(1, 0, Fixture.ScratchDirectory))).Tables);
            Assert.Empty(await backup.RestoreAsync(Engine, copy, Target()));
            Assert.True(await Fixture.ExistsAsync(copy));
            Assert.Empty(await Engine.DigestAsync(copy, default));
        }
    }

    [Fact]
    public async Task The_target_stays_as_it_is_until_it_is_promoted()
    {
        DatabaseAddress bank = await Fixture.CreateBankAsync("bank");
        DatabaseAddress other = await Fixture.CreateBankAsync("other");
        foreach (BackupFormat format in Engine.Capabilities.Formats)
        {
            await Fixture.SetFirstBalanceAsync(other, 815 + (int)format);
            IReadOnlyList<string> old = await Fixture.ReadContentAsync(other);
            MemoryBackup backup = await BackUpAsync(bank, format);
            await using IRestoreTarget target = await Engine.OpenTargetAsync(other, backup.Contents, Target(replace: true), default);
            await backup.LoadAsync(target, TableFilter.Everything);
            Assert.Equal(old, await Fixture.ReadContentAsync(other));
            await target.CompleteAsync(fingerprints: false, default);
            Assert.Equal(old, await Fixture.ReadContentAsync(other));

            await target.PromoteAsync(default);
            Assert.Equal(await Fixture.ReadContentAsync(bank), await Fixture.ReadContentAsync(other));
        }
    }

    [Fact]
    public async Task A_restore_that_is_given_up_leaves_no_trace()
    {
        DatabaseAddress bank = await Fixture.CreateBankAsync("bank");
        DatabaseAddress nowhere = Fixture.AddressOf("nowhere");
        foreach (BackupFormat format in Engine.Capabilities.Formats)
        {
            MemoryBackup backup = await BackUpAsync(bank, format);
            IReadOnlyList<string> before = await Fixture.TracesAsync();
            foreach (DatabaseAddress address in new[] { bank, nowhere })
            {
                await using (await Engine.OpenTargetAsync(address, backup.Contents, Target(replace: true), default))
                {
                    // Nothing loaded.
                }

                await using (IRestoreTarget target = await Engine.OpenTargetAsync(address, backup.Contents, Target(replace: true), default))
                {
                    await backup.LoadAsync(target, TableFilter.Everything);
                    await target.CompleteAsync(fingerprints: true, default);
                }

                Assert.Equal(before, await Fixture.TracesAsync());
            }

            Assert.False(await Fixture.ExistsAsync(nowhere));
        }
    }

    [Fact]
    public async Task Damaged_parts_are_found_by_reader_and_restore_and_the_target_stays()
    {
        DatabaseAddress bank = await Fixture.CreateBankAsync("bank");
        IReadOnlyList<string> content = await Fixture.ReadContentAsync(bank);
        foreach (BackupFormat format in Engine.Capabilities.Formats)
        {
            MemoryBackup backup = await BackUpAsync(bank, format);
            IReadOnlyList<string> before = await Fixture.TracesAsync();
            int index = backup.Contents.Parts.Last(part => part.Phase == PartPhase.Data).Index;
            foreach (Func<byte[], byte[]> change in new Func<byte[], byte[]>[] { bytes => bytes[..^7], _ => [], bytes => [.. bytes, .. bytes] })
            {
                MemoryBackup damaged = backup.WithPart(index, change);

                Assert.True(await IsFoundBadAsync(backup, [ErrorKind.Integrity], () => ReadTablesAsync(damaged)), $"{format}: the reader took a damaged part.");
                Assert.True(
                    await IsFoundBadAsync(backup, [ErrorKind.Integrity, ErrorKind.Failed], () => damaged.RestoreAsync(Engine, Fixture.AddressOf($"copy-{Guid.NewGuid():N}"), Target())),
                    $"{format}: the restore took a damaged part.");
            }

            await FailsAsync(ErrorKind.Integrity, async () =>
            {
                await using IRestoreTarget target = await Engine.OpenTargetAsync(bank, backup.Contents, Target(replace: true), default);
                await backup.WithPart(index, bytes => bytes[..(bytes.Length / 2)]).LoadAsync(target, TableFilter.Everything);
            });
            Assert.Equal(WithoutCopies(before), WithoutCopies(await Fixture.TracesAsync()));
            Assert.Equal(content, await Fixture.ReadContentAsync(bank));
        }

        static IEnumerable<string> WithoutCopies(IEnumerable<string> traces) => traces.Where(trace => !trace.Contains("copy-", StringComparison.Ordinal));

        // Either the engine says so itself, or the digests, which the job compares, do.
        static async Task<bool> IsFoundBadAsync(MemoryBackup backup, ErrorKind[] kinds, Func<Task<IReadOnlyList<TableDigest>>> read)
        {
            try
            {
                return !(await read()).SequenceEqual(backup.Contents.Tables);
            }
            catch (AiShellException failure)
            {
                return kinds.Contains(failure.Kind);
            }
        }

        async Task<IReadOnlyList<TableDigest>> ReadTablesAsync(MemoryBackup damaged) =>
            [.. (await damaged.ReadAsync(Engine, new ReaderOptions(2, 0, Fixture.ScratchDirectory))).Tables.OrderBy(digest => digest.Table)];
    }

    [Fact]
    public async Task A_cancelled_restore_leaves_no_trace()
    {
        DatabaseAddress bank = await Fixture.CreateBankAsync("bank");
        foreach (BackupFormat format in Engine.Capabilities.Formats)
        {
            MemoryBackup backup = await BackUpAsync(bank, format);
            IReadOnlyList<string> before = await Fixture.TracesAsync();
            using CancellationTokenSource stop = new();
            await using (IRestoreTarget target = await Engine.OpenTargetAsync(bank, backup.Contents, Target(replace: true), default))
            {
                BackupPart first = backup.Contents.Parts[0];
                await target.LoadAsync(first, backup.OpenPart(first), default);
                await stop.CancelAsync();
                await Assert.ThrowsAnyAsync<OperationCanceledException>(
                    () => target.LoadAsync(backup.Contents.Parts[1], backup.OpenPart(backup.Contents.Parts[1]), stop.Token));
            }

            Assert.Equal(before, await Fixture.TracesAsync());
        }
    }

    [Fact]
    public async Task Nothing_is_replaced_without_consent()
    {
        DatabaseAddress bank = await Fixture.CreateBankAsync("bank");
        DatabaseAddress other = await Fixture.CreateBankAsync("other");
        await Fixture.SetFirstBalanceAsync(other, 1);
        IReadOnlyList<string> old = await Fixture.ReadContentAsync(other);
        foreach (BackupFormat format in Engine.Capabilities.Formats)
        {
            MemoryBackup backup = await BackUpAsync(bank, format);

            TargetState state = await Engine.InspectTargetAsync(other, backup.Contents, Target(), default);
            Assert.True(state.Exists);
            Assert.False(state.IsEmpty);
            Assert.Contains(state.Replaced, line => line.Contains(Fixture.Accounts.Name, StringComparison.Ordinal));
            Assert.Empty(state.Obstacles);

            await FailsAsync(ErrorKind.Refused, () => backup.RestoreAsync(Engine, other, Target()));
            Assert.Equal(old, await Fixture.ReadContentAsync(other));
        }
    }

    [Fact]
    public async Task What_was_filled_after_the_inspection_is_not_replaced_without_consent()
    {
        DatabaseAddress bank = await Fixture.CreateBankAsync("bank");
        foreach (BackupFormat format in Engine.Capabilities.Formats)
        {
            MemoryBackup backup = await BackUpAsync(bank, format);
            DatabaseAddress target = await Fixture.CreateEmptyAsync($"target-{format}");
            Assert.True((await Engine.InspectTargetAsync(target, backup.Contents, Target(), default)).IsEmpty);

            await using IRestoreTarget restore = await Engine.OpenTargetAsync(target, backup.Contents, Target(), default);
            await backup.LoadAsync(restore, TableFilter.Everything);
            await restore.CompleteAsync(fingerprints: false, default);
            await Fixture.AddTableAsync(target, "late");

            await FailsAsync(ErrorKind.Refused, () => restore.PromoteAsync(default));
            Assert.Equal("late", Assert.Single(await Engine.DigestAsync(target, default)).Table.Name);
        }
    }

    [Fact]
    public async Task A_missing_target_is_no_obstacle_and_an_empty_one_needs_no_consent()
    {
        DatabaseAddress bank = await Fixture.CreateBankAsync("bank");
        foreach (BackupFormat format in Engine.Capabilities.Formats)
        {
            MemoryBackup backup = await BackUpAsync(bank, format);
            TargetState missing = await Engine.InspectTargetAsync(Fixture.AddressOf("nowhere"), backup.Contents, Target(), default);
            Assert.Equal((false, true), (missing.Exists, missing.IsEmpty));
            Assert.Empty(missing.Replaced);
            Assert.Empty(missing.Obstacles);
            Assert.True(missing.NeededBytes > 0);
            Assert.False(await Fixture.ExistsAsync(Fixture.AddressOf("nowhere")));

            DatabaseAddress empty = await Fixture.CreateEmptyAsync($"empty-{format}");
            await backup.RestoreAsync(Engine, empty, Target());
            Assert.Equal(await Fixture.ReadContentAsync(bank), await Fixture.ReadContentAsync(empty));
        }
    }
}
