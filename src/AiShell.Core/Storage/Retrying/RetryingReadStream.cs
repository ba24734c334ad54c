using AiShell.IO;
using Polly;

namespace AiShell.Storage.Retrying;

/// <summary>
/// Reads an object up to a known end. A stream that breaks, or ends early, is reopened where it stopped, unless the
/// object was replaced meanwhile: two objects' bytes are never mixed.
/// </summary>
internal sealed class RetryingReadStream(
    IObjectStore store, ResiliencePipeline pipeline, StoredObject found, Stream first, long offset, long end) : ReadOnlyStream
{
    private Stream? _current = first;
    private long _next = offset;

    /// <summary>Blocks, also while it waits between attempts.</summary>
    public override int Read(Span<byte> buffer)
    {
        if (buffer.IsEmpty || _next == end)
        {
            return 0;
        }

        if (_current is { } current)
        {
            try
            {
                return Took(current.Read(buffer));
            }
            catch (TransientStoreException)
            {
                Drop();
            }
        }

        byte[] copy = new byte[Math.Min(buffer.Length, 81920)];
        int read = ReadAsync(copy, CancellationToken.None).AsTask().GetAwaiter().GetResult();
        copy.AsSpan(0, read).CopyTo(buffer);
        return read;
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (buffer.IsEmpty || _next == end)
        {
            return 0;
        }

        try
        {
            return await pipeline.ExecuteAsync(async token => await AttemptAsync(buffer, token), cancellationToken);
        }
        catch (TransientStoreException last)
        {
            throw Exhaustion.Of(store, last);
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            Drop();
        }

        base.Dispose(disposing);
    }

    private async ValueTask<int> AttemptAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        try
        {
            _current ??= await ReopenAsync(cancellationToken);
            return Took(await _current.ReadAsync(buffer, cancellationToken));
        }
        catch (TransientStoreException)
        {
            Drop();
            throw;
        }
    }

    private async Task<Stream> ReopenAsync(CancellationToken cancellationToken)
    {
        Stream again = await store.OpenAsync(found.Key, _next, end - _next, cancellationToken);
        try
        {
            if (await store.StatAsync(found.Key, cancellationToken) != found)
            {
                throw new AiShellException(
                    ErrorKind.Failed, $"'{found.Key}' was replaced in {store.Display} while it was read.", "Try again.");
            }

            return again;
        }
        catch
        {
            await again.DisposeAsync();
            throw;
        }
    }

    private int Took(int count)
    {
        if (count == 0)
        {
            throw new TransientStoreException($"{store.Display}: '{found.Key}' ended after {_next} of {end} bytes.");
        }

        _next += count;
        return count;
    }

    private void Drop()
    {
        _current?.Dispose();
        _current = null;
    }
}
