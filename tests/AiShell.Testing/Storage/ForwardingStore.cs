using AiShell.Storage;

namespace AiShell.Testing.Storage;

/// <summary>Passes every call on; a test overrides what it watches or disturbs.</summary>
public abstract class ForwardingStore(IObjectStore inner) : IObjectStore
{
    protected IObjectStore Inner => inner;

    public string Display => inner.Display;

    public StoreCapabilities Capabilities => inner.Capabilities;

    public virtual Task<IObjectWriter> CreateAsync(string key, WriteMode mode, CancellationToken cancellationToken) =>
        inner.CreateAsync(key, mode, cancellationToken);

    public virtual Task<Stream> OpenAsync(string key, long offset, long? length, CancellationToken cancellationToken) =>
        inner.OpenAsync(key, offset, length, cancellationToken);

    public virtual Task<StoredObject?> StatAsync(string key, CancellationToken cancellationToken) => inner.StatAsync(key, cancellationToken);

    public virtual IAsyncEnumerable<StoredObject> ListAsync(string prefix, CancellationToken cancellationToken) =>
        inner.ListAsync(prefix, cancellationToken);

    public virtual Task DeleteAsync(string key, CancellationToken cancellationToken) => inner.DeleteAsync(key, cancellationToken);

    public Task<long?> GetFreeBytesAsync(CancellationToken cancellationToken) => inner.GetFreeBytesAsync(cancellationToken);

    public Task<int> CollectUnfinishedAsync(DateTimeOffset olderThan, CancellationToken cancellationToken) =>
        inner.CollectUnfinishedAsync(olderThan, cancellationToken);
}
