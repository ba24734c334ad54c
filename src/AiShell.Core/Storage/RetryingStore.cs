using System.Runtime.CompilerServices;
using AiShell.Storage.Retrying;
using Polly;
using Polly.Retry;

namespace AiShell.Storage;

/// <summary>
/// The only retry loop: repeats what failed with a <see cref="TransientStoreException"/>, waiting longer each time, and
/// nothing else. An object being written is spooled, so that it is replayed whole; one being read is reopened where it
/// broke off; a listing goes on behind the last key it gave. When all attempts failed it is an <see cref="AiShellException"/> of kind <see cref="ErrorKind.Unreachable"/>.
/// </summary>
public sealed class RetryingStore : IObjectStore
{
    private readonly IObjectStore _inner;
    private readonly string _scratchDirectory;
    private readonly ResiliencePipeline _pipeline;

    /// <param name="scratchDirectory">Where an object larger than 8 MiB waits for its commit; made, mode 700, when needed.</param>
    /// <param name="attempts">In all, at least 1.</param>
    /// <param name="firstDelay">Before the second attempt; doubled for each further one up to 30 seconds, with jitter. Null: 500 ms.</param>
    public RetryingStore(IObjectStore inner, string scratchDirectory, TimeProvider time, int attempts = 5, TimeSpan? firstDelay = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(attempts, 1);
        _inner = inner;
        _scratchDirectory = scratchDirectory;
        var builder = new ResiliencePipelineBuilder { TimeProvider = time };
        if (attempts > 1)
        {
            builder.AddRetry(new RetryStrategyOptions
            {
                ShouldHandle = new PredicateBuilder().Handle<TransientStoreException>(),
                MaxRetryAttempts = attempts - 1,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                Delay = firstDelay ?? TimeSpan.FromMilliseconds(500),
                MaxDelay = TimeSpan.FromSeconds(30),
            });
        }

        _pipeline = builder.Build();
    }

    public string Display => _inner.Display;

    public StoreCapabilities Capabilities => _inner.Capabilities;

    public async Task<IObjectWriter> CreateAsync(string key, WriteMode mode, CancellationToken cancellationToken)
    {
        IObjectWriter first = await RunAsync(token => _inner.CreateAsync(key, mode, token), cancellationToken);
        return new RetryingWriter(_inner, _pipeline, first, new Spool(_scratchDirectory), key, mode);
    }

    /// <summary>
    /// Asks for the object's size before and after opening it, so that a stream which ends early is noticed, and continued,
    /// and the size is that of the version which was opened.
    /// </summary>
    public async Task<Stream> OpenAsync(string key, long offset, long? length, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length ?? 0, nameof(length));
        return await RunAsync(
            async token =>
            {
                StoredObject found = await _inner.StatAsync(key, token) ?? throw new ObjectNotFoundException(key);
                ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, found.SizeBytes);
                long end = length is { } bytes && bytes < found.SizeBytes - offset ? offset + bytes : found.SizeBytes;
                Stream stream = await _inner.OpenAsync(key, offset, end - offset, token);
                if (await _inner.StatAsync(key, token) != found)
                {
                    // The size may be that of the version before the one that was opened, which would then end early.
                    await stream.DisposeAsync();
                    throw new TransientStoreException($"The object '{key}' was replaced while it was opened.");
                }

                return (Stream)new RetryingReadStream(_inner, _pipeline, found, stream, offset, end);
            },
            cancellationToken);
    }

    public Task<StoredObject?> StatAsync(string key, CancellationToken cancellationToken) =>
        RunAsync(token => _inner.StatAsync(key, token), cancellationToken);

    public async IAsyncEnumerable<StoredObject> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var listing = new RetryingListing(_inner, prefix, cancellationToken);
        while (await RunAsync(_ => listing.MoveNextAsync(), cancellationToken))
        {
            yield return listing.Current!;
        }
    }

    public Task DeleteAsync(string key, CancellationToken cancellationToken) =>
        RunAsync(
            async token =>
            {
                await _inner.DeleteAsync(key, token);
                return true;
            },
            cancellationToken);

    public Task<long?> GetFreeBytesAsync(CancellationToken cancellationToken) =>
        RunAsync(_inner.GetFreeBytesAsync, cancellationToken);

    public Task<int> CollectUnfinishedAsync(DateTimeOffset olderThan, CancellationToken cancellationToken) =>
        RunAsync(token => _inner.CollectUnfinishedAsync(olderThan, token), cancellationToken);

    private async Task<T> RunAsync<T>(Func<CancellationToken, Task<T>> call, CancellationToken cancellationToken)
    {
        try
        {
            return await _pipeline.ExecuteAsync(async token => await call(token), cancellationToken);
        }
        catch (TransientStoreException last)
        {
            throw Exhaustion.Of(_inner, last);
        }
    }
}
