namespace AiShell.Storage;

/// <summary>
/// Named, immutable byte strings: a directory or a bucket. Keys are relative, use <c>/</c>, and hold only
/// <c>[A-Za-z0-9._%/-]</c> with no empty, <c>.</c> or <c>..</c> segment; anything else is an <see cref="ArgumentException"/>, so that no
/// caller's mistake leaves the store. All methods may be called concurrently, from several processes too.
/// </summary>
public interface IObjectStore
{
    /// <summary>Where it is, for the user; never holds a secret.</summary>
    string Display { get; }

    StoreCapabilities Capabilities { get; }

    /// <summary>
    /// Begins an object that nobody sees before <see cref="IObjectWriter.CommitAsync"/>. A writer that is disposed without it, or a
    /// process that dies, leaves nothing visible under the key, and what it replaced stays.
    /// </summary>
    Task<IObjectWriter> CreateAsync(string key, WriteMode mode, CancellationToken cancellationToken);

    /// <summary>Opens the object's bytes from <paramref name="offset"/>, at most <paramref name="length"/> of them (null: to the end). An offset at the end gives an empty stream.</summary>
    /// <exception cref="ObjectNotFoundException">No such object.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The offset is negative or behind the end.</exception>
    Task<Stream> OpenAsync(string key, long offset, long? length, CancellationToken cancellationToken);

    /// <summary>Size and time of an object, null where there is none.</summary>
    Task<StoredObject?> StatAsync(string key, CancellationToken cancellationToken);

    /// <summary>Every committed object whose key starts with <paramref name="prefix"/> (a text, not a folder), in ordinal order of keys.</summary>
    IAsyncEnumerable<StoredObject> ListAsync(string prefix, CancellationToken cancellationToken);

    /// <summary>Removes an object; no error when there is none.</summary>
    Task DeleteAsync(string key, CancellationToken cancellationToken);

    /// <summary>Bytes that can still be written, null where the store does not know.</summary>
    Task<long?> GetFreeBytesAsync(CancellationToken cancellationToken);

    /// <summary>Removes what unfinished writers left behind and is older than <paramref name="olderThan"/>; returns how many.</summary>
    Task<int> CollectUnfinishedAsync(DateTimeOffset olderThan, CancellationToken cancellationToken);
}

public enum WriteMode
{
    /// <summary>Commit fails with <see cref="ObjectExistsException"/> if the key exists, also when two writers race: exactly one wins.</summary>
    CreateOnly,

    /// <summary>Commit replaces what is there in one step.</summary>
    Replace,
}

/// <summary>An object being written.</summary>
public interface IObjectWriter : IAsyncDisposable
{
    /// <summary>Takes the bytes; synchronous and asynchronous writes both work.</summary>
    Stream Stream { get; }

    /// <summary>Makes the object durable (fsync of file and folder, or the store's acknowledgement), then visible.</summary>
    Task CommitAsync(CancellationToken cancellationToken);
}

/// <param name="LastModified">The store's own clock.</param>
public sealed record StoredObject(string Key, long SizeBytes, DateTimeOffset LastModified);

/// <param name="Remote">Calls cross a network: worth retrying, and worth not reading twice.</param>
public sealed record StoreCapabilities(bool Remote);

public sealed class ObjectNotFoundException(string key) : IOException($"There is no object '{key}'.")
{
    public string Key { get; } = key;
}

public sealed class ObjectExistsException(string key) : IOException($"The object '{key}' exists already.")
{
    public string Key { get; } = key;
}

/// <summary>A failure that may pass by itself: a broken connection, "slow down", a time-out. Only these are retried.</summary>
public sealed class TransientStoreException(string message, Exception? cause = null) : IOException(message, cause);
