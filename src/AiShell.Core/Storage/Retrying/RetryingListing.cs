namespace AiShell.Storage.Retrying;

/// <summary>A listing that can be begun again behind the last key it gave.</summary>
internal sealed class RetryingListing(IObjectStore store, string prefix, CancellationToken cancellationToken) : IAsyncDisposable
{
    private IAsyncEnumerator<StoredObject>? _current;

    public StoredObject? Current { get; private set; }

    public async Task<bool> MoveNextAsync()
    {
        try
        {
            _current ??= store.ListAsync(prefix, cancellationToken).GetAsyncEnumerator(cancellationToken);
            while (await _current.MoveNextAsync())
            {
                if (Current is null || string.CompareOrdinal(_current.Current.Key, Current.Key) > 0)
                {
                    Current = _current.Current;
                    return true;
                }
            }

            return false;
        }
        catch (TransientStoreException)
        {
            await DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_current is { } current)
        {
            _current = null;
            await current.DisposeAsync();
        }
    }
}
