using AiShell.Storage;
using AiShell.Storage.Local;

namespace AiShell.IntegrationTests.Storage;

public sealed class ReplacedWhileOpenedTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("ai-shell-replaced-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task An_object_replaced_by_a_larger_one_while_it_is_opened_is_not_cut_to_the_old_size()
    {
        var local = new LocalStore(Path.Combine(_folder, "store"));
        await PutAsync(local, new byte[10]);
        byte[] larger = [.. Enumerable.Repeat((byte)1, 5000)];
        var store = new RetryingStore(
            new ReplacingStore(local, () => PutAsync(local, larger)), Path.Combine(_folder, "scratch"), TimeProvider.System, firstDelay: TimeSpan.FromMilliseconds(1));

        await using Stream stream = await store.OpenAsync("key", 0, null, default);
        using var seen = new MemoryStream();
        await stream.CopyToAsync(seen);

        Assert.Equal(larger, seen.ToArray());
    }

    private static async Task PutAsync(LocalStore store, byte[] content)
    {
        await using IObjectWriter writer = await store.CreateAsync("key", WriteMode.Replace, default);
        await writer.Stream.WriteAsync(content);
        await writer.CommitAsync(default);
    }

    /// <summary>Replaces the object in the moment before it is first opened.</summary>
    private sealed class ReplacingStore(IObjectStore inner, Func<Task> replace) : IObjectStore
    {
        private bool _replaced;

        public string Display => inner.Display;

        public StoreCapabilities Capabilities => inner.Capabilities;

        public Task<IObjectWriter> CreateAsync(string key, WriteMode mode, CancellationToken cancellationToken) => inner.CreateAsync(key, mode, cancellationToken);

        public async Task<Stream> OpenAsync(string key, long offset, long? length, CancellationToken cancellationToken)
        {
            if (!_replaced)
            {
                _replaced = true;
                await replace();
            }

            return await inner.OpenAsync(key, offset, length, cancellationToken);
        }

        public Task<StoredObject?> StatAsync(string key, CancellationToken cancellationToken) => inner.StatAsync(key, cancellationToken);

        public IAsyncEnumerable<StoredObject> ListAsync(string prefix, CancellationToken cancellationToken) => inner.ListAsync(prefix, cancellationToken);

        public Task DeleteAsync(string key, CancellationToken cancellationToken) => inner.DeleteAsync(key, cancellationToken);

        public Task<long?> GetFreeBytesAsync(CancellationToken cancellationToken) => inner.GetFreeBytesAsync(cancellationToken);

        public Task<int> CollectUnfinishedAsync(DateTimeOffset olderThan, CancellationToken cancellationToken) => inner.CollectUnfinishedAsync(olderThan, cancellationToken);
    }
}
