using System.Security.Cryptography;
using AiShell.Engines;
using AiShell.Repository;
using AiShell.Repository.Codecs;
using AiShell.Storage;
using AiShell.Testing.Storage;

namespace AiShell.Tests.Repository.Parts;

public sealed class PartWriterTests : IDisposable
{
    private const int Megabyte = 1024 * 1024;
    private readonly TestRepository _test = new();

    public static TheoryData<string> Codecs => [.. CodecRegistry.All.Select(codec => codec.Name)];

    public void Dispose() => _test.Dispose();

    [Theory]
    [MemberData(nameof(Codecs))]
    public async Task Parts_are_cut_by_plain_bytes_however_well_they_compress(string codec)
    {
        byte[] row = new byte[10_000];
        await using PartWriter writer = Open(_test.Store, codec, partBytes: 100_000);
        for (int rows = 1; rows <= 25; rows++)
        {
            await writer.Stream.WriteAsync(row);
            Assert.Equal(rows % 10 == 0, writer.IsFull);
            if (writer.IsFull)
            {
                await writer.EndPartAsync(10, default);
            }
        }

        await writer.EndPartAsync(5, default);
        await writer.EndPartAsync(7, default);

        Assert.Equal([100_000, 100_000, 50_000], writer.Parts.Select(part => part.PlainBytes));
        Assert.Equal([10, 10, 5], writer.Parts.Select(part => part.Rows));
        string extension = CodecRegistry.ByName(codec).Extension;
        Assert.Equal([$"parts/00003-orders.0001.csv{extension}", $"parts/00003-orders.0002.csv{extension}", $"parts/00003-orders.0003.csv{extension}"], writer.Parts.Select(part => part.Path));
        foreach (ManifestPart part in writer.Parts)
        {
            byte[] stored = await _test.ReadAsync("backups/shop/x/" + part.Path);
            Assert.Equal(stored.Length, part.StoredBytes);
            Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(stored)), part.Sha256);
        }
    }

    [Theory]
    [MemberData(nameof(Codecs))]
    public async Task A_part_flows_to_the_store_while_it_is_written_so_memory_does_not_grow_with_it(string codec)
    {
        var counting = new CountingStore(_test.Local);
        await using PartWriter writer = Open(counting, codec, partBytes: long.MaxValue);
        byte[] noise = new byte[Megabyte];
        var random = new Random(1);

        // What a compressor holds back: a window and its blocks.
        (int megabytes, long heldBack) = codec == "bzip2" ? (6, 3) : (24, 9);
        for (int written = 1; written <= megabytes; written++)
        {
            random.NextBytes(noise);
            writer.Stream.Write(noise);
            Assert.InRange(counting.Written, (written - heldBack) * Megabyte, (written + 1L) * Megabyte);
        }

        await writer.EndPartAsync(1, default);
    }

    [Theory]
    [MemberData(nameof(Codecs))]
    public async Task A_part_given_up_leaves_nothing_and_is_not_counted(string codec)
    {
        PartWriter writer = Open(_test.Store, codec, partBytes: 100);
        await writer.Stream.WriteAsync(new byte[200]);
        await writer.EndPartAsync(1, default);
        await writer.Stream.WriteAsync(new byte[3 * Megabyte]);
        await writer.DisposeAsync();

        Assert.Single(writer.Parts);
        Assert.Single(await _test.KeysAsync());
        Assert.Equal(0, await _test.Local.CollectUnfinishedAsync(DateTimeOffset.MaxValue, default));
    }

    [Theory]
    [InlineData(StoreCall.Create)]
    [InlineData(StoreCall.Write)]
    [InlineData(StoreCall.Commit)]
    public async Task A_part_that_the_store_did_not_take_is_not_counted(StoreCall call)
    {
        var full = new AiShellException(ErrorKind.Failed, "No space left.");
        await using PartWriter writer = Open(_test.Store, "gzip", partBytes: 100);
        _test.Store.FailEvery(call, 1, full);
        AiShellException thrown = await Assert.ThrowsAsync<AiShellException>(async () =>
        {
            await writer.Stream.WriteAsync(new byte[Megabyte]);
            await writer.EndPartAsync(1, default);
        });
        Assert.Same(full, thrown);
        Assert.Empty(writer.Parts);
    }

    [Fact]
    public async Task A_part_is_never_written_over_another()
    {
        await using (PartWriter first = Open(_test.Store, "none", partBytes: 100))
        {
            await first.Stream.WriteAsync(new byte[] { 1 });
            await first.EndPartAsync(1, default);
        }

        await using PartWriter second = Open(_test.Store, "none", partBytes: 100);
        await second.Stream.WriteAsync(new byte[] { 2 });
        await Assert.ThrowsAsync<ObjectExistsException>(() => second.EndPartAsync(1, default).AsTask());
        Assert.Equal([1], await _test.ReadAsync("backups/shop/x/parts/00003-orders.0001.csv"));
    }

    [Fact]
    public async Task A_cancelled_writer_stops_at_the_next_row()
    {
        using var cancel = new CancellationTokenSource();
        await using PartWriter writer = Open(_test.Store, "none", partBytes: 100, cancel.Token);
        writer.Stream.Write(new byte[10]);
        await cancel.CancelAsync();
        Assert.ThrowsAny<OperationCanceledException>(() => writer.Stream.Write(new byte[10]));
    }

    private static PartWriter Open(IObjectStore store, string codec, long partBytes, CancellationToken cancellationToken = default)
    {
        var step = new SnapshotStep(2, PartPhase.Data, "orders", "csv", new TableName("", "orders"), 0);
        ICodec found = CodecRegistry.ByName(codec);
        return new PartWriter(store, "backups/shop/x/", step, found, found.DefaultLevel, partBytes, new RateLimit(null, TimeProvider.System), _ => { }, cancellationToken);
    }

    /// <summary>Counts what reached the store.</summary>
    private sealed class CountingStore(IObjectStore inner) : ForwardingStore(inner)
    {
        public long Written { get; private set; }

        public override async Task<IObjectWriter> CreateAsync(string key, WriteMode mode, CancellationToken cancellationToken) =>
            new Writer(this, await base.CreateAsync(key, mode, cancellationToken));

        private sealed class Writer(CountingStore store, IObjectWriter inner) : IObjectWriter
        {
            public Stream Stream { get; } = new Counting(store, inner.Stream);

            public Task CommitAsync(CancellationToken cancellationToken) => inner.CommitAsync(cancellationToken);

            public ValueTask DisposeAsync() => inner.DisposeAsync();
        }

        private sealed class Counting(CountingStore store, Stream inner) : AiShell.IO.WriteOnlyStream
        {
            public override void Write(ReadOnlySpan<byte> buffer)
            {
                store.Written += buffer.Length;
                inner.Write(buffer);
            }
        }
    }
}
