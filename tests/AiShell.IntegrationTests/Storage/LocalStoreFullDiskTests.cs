using AiShell.Storage;
using AiShell.Storage.Local;

namespace AiShell.IntegrationTests.Storage;

/// <summary>A directory on a disk that fills up, turns read-only, or goes away.</summary>
public sealed class LocalStoreFullDiskTests
{
    private const int Megabyte = 1024 * 1024;

    private static CancellationToken None => CancellationToken.None;

    [RootFact]
    public async Task A_disk_that_fills_up_in_the_middle_of_a_put_leaves_nothing_of_it()
    {
        using var disk = new SmallDisk("size=1m");
        var store = new LocalStore(disk.Path);
        await PutAsync(store, "kept", 100);
        long free = (await store.GetFreeBytesAsync(None))!.Value;

        foreach (WriteMode mode in Enum.GetValues<WriteMode>())
        {
            IObjectWriter writer = await store.CreateAsync(mode == WriteMode.Replace ? "kept" : "new", mode, None);
            AssertFull(await Assert.ThrowsAsync<AiShellException>(async () => await writer.Stream.WriteAsync(new byte[3 * Megabyte])));
            AssertFull(await Assert.ThrowsAsync<AiShellException>(() => writer.CommitAsync(None)));
            AssertFull(Assert.Throws<AiShellException>(() => writer.Stream.Write([1])));
            await writer.DisposeAsync();

            await AssertOnlyKeptAsync(store, disk);
            Assert.InRange((await store.GetFreeBytesAsync(None))!.Value, free - 65536, free);
        }

        await PutAsync(store, "new", 1000);
        Assert.Equal(1000, (await store.StatAsync("new", None))!.SizeBytes);
    }

    [RootFact]
    public async Task A_disk_that_is_found_full_only_at_the_commit_leaves_nothing_either()
    {
        using var disk = new SmallDisk("size=1m");
        var store = new LocalStore(disk.Path);
        await PutAsync(store, "kept", 100);
        await File.WriteAllBytesAsync(Path.Combine(disk.Path, ".unfinished", "filler"), new byte[900 * 1024]);

        await using (IObjectWriter writer = await store.CreateAsync("new", WriteMode.CreateOnly, None))
        {
            // Less than the writer's buffer: nothing has reached the disk yet.
            await writer.Stream.WriteAsync(new byte[200 * 1024]);
            AssertFull(await Assert.ThrowsAsync<AiShellException>(() => writer.CommitAsync(None)));
        }

        File.Delete(Path.Combine(disk.Path, ".unfinished", "filler"));
        await AssertOnlyKeptAsync(store, disk);
    }

    [RootFact]
    public async Task A_disk_without_room_for_another_folder_is_a_full_disk()
    {
        using var disk = new SmallDisk("size=1m,nr_inodes=5");
        var store = new LocalStore(disk.Path);
        await PutAsync(store, "kept", 100);

        // The root, .unfinished, kept and the new file leave one folder of two.
        await using (IObjectWriter writer = await store.CreateAsync("a/b/new", WriteMode.CreateOnly, None))
        {
            await writer.Stream.WriteAsync(new byte[10]);
            AssertFull(await Assert.ThrowsAsync<AiShellException>(() => writer.CommitAsync(None)));
        }

        await AssertOnlyKeptAsync(store, disk);
    }

    [RootFact]
    public async Task A_disk_that_turned_read_only_is_read_and_writing_to_it_is_explained()
    {
        using var disk = new SmallDisk("size=1m");
        var store = new LocalStore(disk.Path);
        await PutAsync(store, "folder/kept", 100);
        disk.MakeReadOnly();

        Assert.Equal(100, (await store.StatAsync("folder/kept", None))!.SizeBytes);
        foreach (Func<Task> change in new Func<Task>[]
        {
            () => store.CreateAsync("folder/new", WriteMode.CreateOnly, None),
            () => store.DeleteAsync("folder/kept", None),
        })
        {
            AiShellException refusal = await Assert.ThrowsAsync<AiShellException>(change);
            Assert.Equal(ErrorKind.Unreachable, refusal.Kind);
            Assert.Contains("read-only", refusal.Message, StringComparison.Ordinal);
            Assert.NotNull(refusal.Hint);
        }

        await using Stream content = await store.OpenAsync("folder/kept", 0, null, None);
        Assert.Equal(100, await content.ReadAtLeastAsync(new byte[200], 200, throwOnEndOfStream: false));
    }

    [RootFact]
    public async Task A_disk_that_goes_away_in_the_middle_of_a_put_is_not_replaced_by_the_folder_below_it()
    {
        using var disk = new SmallDisk("size=1m");
        var store = new LocalStore(disk.Path);
        await using IObjectWriter writer = await store.CreateAsync("a/b", WriteMode.CreateOnly, None);
        await writer.Stream.WriteAsync(new byte[1000]);
        disk.Detach();

        AiShellException gone = await Assert.ThrowsAsync<AiShellException>(() => writer.CommitAsync(None));

        AssertGone(gone, disk.Path);
        Assert.Empty(Directory.EnumerateFileSystemEntries(disk.Path));
    }

    [Theory]
    [InlineData(WriteMode.CreateOnly)]
    [InlineData(WriteMode.Replace)]
    public async Task A_folder_that_vanishes_in_the_middle_of_a_put_is_not_made_again(WriteMode mode)
    {
        string root = Directory.CreateTempSubdirectory("ai-shell-vanish-").FullName;
        var store = new LocalStore(root);
        await PutAsync(store, "a/b", 10);
        await using IObjectWriter writer = await store.CreateAsync("a/c", mode, None);
        await writer.Stream.WriteAsync(new byte[1000]);
        Directory.Delete(root, recursive: true);

        AssertGone(await Assert.ThrowsAsync<AiShellException>(() => writer.CommitAsync(None)), root);

        await writer.DisposeAsync();
        Assert.False(Directory.Exists(root));
        Assert.Null(await store.StatAsync("a/b", None));
        await Assert.ThrowsAsync<ObjectNotFoundException>(() => store.OpenAsync("a/b", 0, null, None));
        Assert.Equal(0, await store.CollectUnfinishedAsync(DateTimeOffset.MaxValue, None));
        await store.DeleteAsync("a/b", None);
    }

    private static void AssertFull(AiShellException failure)
    {
        Assert.Equal(ErrorKind.Failed, failure.Kind);
        Assert.Contains("No space left", failure.Message, StringComparison.Ordinal);
        Assert.Contains("Free some space", failure.Hint, StringComparison.Ordinal);
    }

    private static void AssertGone(AiShellException failure, string root)
    {
        Assert.Equal(ErrorKind.Unreachable, failure.Kind);
        Assert.Contains(root, failure.Message, StringComparison.Ordinal);
        Assert.NotNull(failure.Hint);
    }

    private static async Task AssertOnlyKeptAsync(LocalStore store, SmallDisk disk)
    {
        var keys = new List<string>();
        await foreach (StoredObject found in store.ListAsync("", None))
        {
            keys.Add(found.Key);
        }

        Assert.Equal(["kept"], keys);
        Assert.Equal(100, (await store.StatAsync("kept", None))!.SizeBytes);
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(disk.Path, ".unfinished")));
    }

    private static async Task PutAsync(LocalStore store, string key, int sizeBytes)
    {
        await using IObjectWriter writer = await store.CreateAsync(key, WriteMode.CreateOnly, None);
        await writer.Stream.WriteAsync(new byte[sizeBytes]);
        await writer.CommitAsync(None);
    }
}
