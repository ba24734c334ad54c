using System.Security.Cryptography;
using System.Text;
using AiShell.Storage;

namespace AiShell.Testing.Storage;

/// <summary>What <see cref="IObjectStore"/> promises, sentence by sentence. Every store has a subclass of this.</summary>
public abstract partial class ObjectStoreContract
{
    private const int Megabyte = 1024 * 1024;

    /// <summary>Another instance on the test's own, at first empty place.</summary>
    protected abstract IObjectStore Open();

    /// <summary>Whether a reader that was interrupted may be refused the rest of an object replaced meanwhile, rather than given it.</summary>
    protected virtual bool MayRefuseTheRestOfAReplacedObject => false;

    protected static CancellationToken None => CancellationToken.None;

    [Fact]
    public async Task A_committed_object_reads_back_with_its_size_and_time()
    {
        IObjectStore store = Open();
        byte[] content = Encoding.UTF8.GetBytes("the content");
        DateTimeOffset before = DateTimeOffset.UtcNow;
        await PutAsync(store, "folder/object", content);

        StoredObject? found = await store.StatAsync("folder/object", None);
        Assert.NotNull(found);
        Assert.Equal("folder/object", found.Key);
        Assert.Equal(content.Length, found.SizeBytes);
        Assert.InRange(found.LastModified, before.AddMinutes(-5), DateTimeOffset.UtcNow.AddMinutes(5));
        Assert.Equal(content, await ReadAsync(store, "folder/object"));
        Assert.Equal([found], await ListAsync(store, ""));
    }

    [Fact]
    public async Task Another_instance_sees_what_was_committed()
    {
        await PutAsync(Open(), "a/b", [1, 2, 3]);
        Assert.Equal([1, 2, 3], await ReadAsync(Open(), "a/b"));
    }

    [Fact]
    public async Task An_object_may_be_empty()
    {
        IObjectStore store = Open();
        await PutAsync(store, "empty", []);
        Assert.Equal(0, (await store.StatAsync("empty", None))!.SizeBytes);
        Assert.Empty(await ReadAsync(store, "empty"));
    }

    [Theory]
    [InlineData(WriteMode.CreateOnly)]
    [InlineData(WriteMode.Replace)]
    public async Task Nobody_sees_an_object_before_its_commit(WriteMode mode)
    {
        IObjectStore store = Open();
        await using IObjectWriter writer = await store.CreateAsync("a/b", mode, None);
        await writer.Stream.WriteAsync(new byte[3 * Megabyte]);
        await writer.Stream.FlushAsync();

        foreach (IObjectStore other in new[] { store, Open() })
        {
            Assert.Null(await other.StatAsync("a/b", None));
            Assert.Empty(await ListAsync(other, ""));
            await Assert.ThrowsAsync<ObjectNotFoundException>(() => other.OpenAsync("a/b", 0, null, None));
        }

        await writer.CommitAsync(None);
        Assert.Equal(3 * Megabyte, (await store.StatAsync("a/b", None))!.SizeBytes);
    }

    [Theory]
    [InlineData(WriteMode.CreateOnly)]
    [InlineData(WriteMode.Replace)]
    public async Task A_writer_disposed_without_commit_leaves_nothing(WriteMode mode)
    {
        IObjectStore store = Open();
        IObjectWriter writer = await store.CreateAsync("a/b", mode, None);
        await writer.Stream.WriteAsync(new byte[100_000]);
        await writer.DisposeAsync();
        await writer.DisposeAsync();

        Assert.Null(await store.StatAsync("a/b", None));
        Assert.Empty(await ListAsync(store, ""));
        Assert.Equal(0, await store.CollectUnfinishedAsync(DateTimeOffset.MaxValue, None));
        await PutAsync(store, "a/b", [7]);
        Assert.Equal([7], await ReadAsync(store, "a/b"));
    }

    [Fact]
    public async Task What_an_aborted_writer_would_have_replaced_stays()
    {
        IObjectStore store = Open();
        await PutAsync(store, "key", [1]);
        await using (IObjectWriter writer = await store.CreateAsync("key", WriteMode.Replace, None))
        {
            await writer.Stream.WriteAsync(new byte[] { 2, 2 });
        }

        Assert.Equal([1], await ReadAsync(store, "key"));
    }

    [Fact]
    public async Task Create_only_does_not_replace()
    {
        IObjectStore store = Open();
        await PutAsync(store, "key", [1]);
        ObjectExistsException error = await Assert.ThrowsAsync<ObjectExistsException>(() => PutAsync(store, "key", [2]));

        Assert.Equal("key", error.Key);
        Assert.Equal([1], await ReadAsync(store, "key"));
        Assert.Equal(0, await store.CollectUnfinishedAsync(DateTimeOffset.MaxValue, None));
    }

    [Fact]
    public async Task Create_only_of_the_same_bytes_is_still_refused()
    {
        IObjectStore store = Open();
        await PutAsync(store, "key", [1]);
        await Assert.ThrowsAsync<ObjectExistsException>(() => PutAsync(store, "key", [1]));
    }

    [Fact]
    public async Task Of_racing_create_only_writers_exactly_one_wins()
    {
        for (int round = 0; round < 10; round++)
        {
            string key = $"locks/{round}";
            byte[][] contents = [.. Enumerable.Range(0, 12).Select(i => Encoding.UTF8.GetBytes($"writer {i}"))];
            bool[] won = await Task.WhenAll(contents.Select(content => Task.Run(() => TryPutAsync(Open(), key, content))));

            Assert.Equal(1, won.Count(one => one));
            Assert.Equal(contents[Array.IndexOf(won, true)], await ReadAsync(Open(), key));
        }
    }

    [Fact]
    public async Task Replace_replaces_and_creates()
    {
        IObjectStore store = Open();
        await PutAsync(store, "key", new byte[1000], WriteMode.Replace);
        await PutAsync(store, "key", [2], WriteMode.Replace);
        Assert.Equal([2], await ReadAsync(store, "key"));
    }

    [Fact]
    public async Task A_reader_of_an_object_being_replaced_sees_one_whole_version()
    {
        IObjectStore store = Open();
        await PutAsync(store, "key", Version(0));
        Task writing = Task.Run(async () =>
        {
            for (byte version = 1; version <= 30; version++)
            {
                await PutAsync(Open(), "key", Version(version), WriteMode.Replace);
            }
        });
        int reads = 0;
        do
        {
            try
            {
                byte[] seen = await ReadAsync(store, "key");
                Assert.Equal(Version(seen[0]), seen);
                reads++;
            }
            catch (AiShellException refusal) when (MayRefuseTheRestOfAReplacedObject && refusal.Kind == ErrorKind.Failed)
            {
            }
        }
        while (!writing.IsCompleted);

        await writing;
        Assert.True(reads > 1);
        Assert.Equal(Version(30), await ReadAsync(store, "key"));

        static byte[] Version(byte number) => [.. Enumerable.Repeat(number, 50_000 + (number * 1000))];
    }

    [Fact]
    public async Task A_big_object_streams_through()
    {
        IObjectStore store = Open();
        byte[] piece = new byte[Megabyte];
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var random = new Random(1);
        await using (IObjectWriter writer = await store.CreateAsync("big", WriteMode.CreateOnly, None))
        {
            for (int i = 0; i < 64; i++)
            {
                random.NextBytes(piece);
                hash.AppendData(piece);
                await writer.Stream.WriteAsync(piece);
            }

            await writer.CommitAsync(None);
        }

        Assert.Equal(64L * Megabyte, (await store.StatAsync("big", None))!.SizeBytes);
        await using Stream stream = await store.OpenAsync("big", 0, null, None);
        Assert.Equal(hash.GetHashAndReset(), await SHA256.HashDataAsync(stream));
    }

#pragma warning disable CA1835 // the older overloads are what is tried here
    [Fact]
    public async Task Every_way_to_write_and_to_read_works()
    {
        IObjectStore store = Open();
        await using (IObjectWriter writer = await store.CreateAsync("key", WriteMode.CreateOnly, None))
        {
            writer.Stream.WriteByte(0);
            writer.Stream.Write([9, 1, 2, 9], 1, 2);
            writer.Stream.Write([3, 4]);
            await writer.Stream.WriteAsync(new byte[] { 5 });
            await writer.Stream.WriteAsync(new byte[] { 9, 6, 9 }, 1, 1, None);
            writer.Stream.Flush();
            await writer.Stream.FlushAsync();
            await writer.CommitAsync(None);
        }

        await using Stream stream = await store.OpenAsync("key", 0, null, None);
        byte[] read = new byte[7];
        Assert.Equal(0, stream.ReadByte());
        Assert.Equal(1, stream.Read(read, 1, 1));
        Assert.Equal(1, stream.Read(read.AsSpan(2, 1)));
        Assert.Equal(1, await stream.ReadAsync(read.AsMemory(3, 1)));
        Assert.Equal(1, await stream.ReadAsync(read, 4, 1));
        await stream.ReadExactlyAsync(read.AsMemory(5, 2));
        Assert.Equal([0, 1, 2, 3, 4, 5, 6], read);
        Assert.Equal(0, stream.Read(read));
        Assert.Equal(-1, stream.ReadByte());
    }
#pragma warning restore CA1835

    [Fact]
    public async Task Readers_writers_and_deleters_do_not_disturb_each_other()
    {
        await Parallel.ForAsync(0, 8, async (worker, _) =>
        {
            IObjectStore store = Open();
            for (int i = 0; i < 15; i++)
            {
                // Two workers share a folder, so that one removes what the other needs.
                string key = $"shared/{worker / 2}/{worker}";
                byte[] content = [.. Enumerable.Repeat((byte)i, 10_000 + i)];
                await PutAsync(store, key, content);
                Assert.Equal(content, await ReadAsync(store, key));
                Assert.Contains(key, await KeysAsync(store, "shared/"));
                await store.DeleteAsync(key, None);
            }
        });

        Assert.Empty(await KeysAsync(Open(), ""));
    }

    [Fact]
    public async Task Collection_spares_a_writer_that_lives()
    {
        IObjectStore store = Open();
        await using IObjectWriter writer = await store.CreateAsync("a/b", WriteMode.CreateOnly, None);
        await writer.Stream.WriteAsync(new byte[Megabyte]);
        Assert.Equal(0, await Open().CollectUnfinishedAsync(DateTimeOffset.UtcNow.AddDays(1), None));

        await writer.CommitAsync(None);
        Assert.Equal(0, await Open().CollectUnfinishedAsync(DateTimeOffset.UtcNow.AddDays(1), None));
        Assert.Equal(Megabyte, (await ReadAsync(store, "a/b")).Length);
    }

    [Fact]
    public async Task Free_bytes_are_known_or_null_and_the_place_has_a_name()
    {
        IObjectStore store = Open();
        Assert.True(await store.GetFreeBytesAsync(None) is null or > 0);
        Assert.NotEmpty(store.Display);
    }

    [Fact]
    public async Task A_cancelled_call_does_nothing()
    {
        IObjectStore store = Open();
        await PutAsync(store, "key", [1]);
        var cancelled = new CancellationToken(canceled: true);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => store.CreateAsync("other", WriteMode.Replace, cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => store.OpenAsync("key", 0, null, cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => store.DeleteAsync("key", cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (StoredObject _ in store.ListAsync("", cancelled))
            {
            }
        });
        await using (IObjectWriter writer = await store.CreateAsync("other", WriteMode.Replace, None))
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => writer.CommitAsync(cancelled));
        }

        Assert.Equal(["key"], await KeysAsync(store, ""));
    }

    protected static async Task PutAsync(IObjectStore store, string key, byte[] content, WriteMode mode = WriteMode.CreateOnly)
    {
        await using IObjectWriter writer = await store.CreateAsync(key, mode, None);
        await writer.Stream.WriteAsync(content);
        await writer.CommitAsync(None);
    }

    protected static async Task<byte[]> ReadAsync(IObjectStore store, string key)
    {
        await using Stream stream = await store.OpenAsync(key, 0, null, None);
        using var read = new MemoryStream();
        await stream.CopyToAsync(read);
        return read.ToArray();
    }

    protected static async Task<List<StoredObject>> ListAsync(IObjectStore store, string prefix)
    {
        var found = new List<StoredObject>();
        await foreach (StoredObject one in store.ListAsync(prefix, None))
        {
            found.Add(one);
        }

        return found;
    }

    protected static async Task<string[]> KeysAsync(IObjectStore store, string prefix) =>
        [.. (await ListAsync(store, prefix)).Select(found => found.Key)];

    private static async Task<bool> TryPutAsync(IObjectStore store, string key, byte[] content)
    {
        try
        {
            await PutAsync(store, key, content);
            return true;
        }
        catch (ObjectExistsException)
        {
            return false;
        }
    }
}
