namespace AiShell.Repository;

/// <summary>
/// A lock that this process holds and renews until disposed. When it is taken away, or the store cannot be reached until it
/// has run out, <see cref="Lost"/> is cancelled and <see cref="EnsureHeld"/> throws: whoever holds it must stop.
/// </summary>
public sealed class Lease : IAsyncDisposable
{
    private readonly LeaseStore _leases;
    private readonly int _generation;
    private readonly TimeProvider _time;
    private readonly bool _shared;
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationTokenSource _lost = new();
    private readonly Task _renewal;
    private LeaseRecord _record;

    internal Lease(LeaseStore leases, string name, int generation, LeaseRecord record, TimeProvider time, bool shared = false)
    {
        _leases = leases;
        _generation = generation;
        _time = time;
        _shared = shared;
        _record = record;
        Name = name;
        _renewal = Task.Run(RenewAsync);
    }

    public string Name { get; }

    /// <summary>Cancelled when the lock is no longer ours.</summary>
    public CancellationToken Lost => _lost.Token;

    /// <summary>As far as this process knows.</summary>
    public bool IsHeld => !_lost.IsCancellationRequested && _record.ExpiresAt >= _time.GetUtcNow();

    /// <summary>To be called between the steps of what the lock protects; asks only what this process knows.</summary>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Busy"/>: the lock is no longer ours.</exception>
    public void EnsureHeld()
    {
        if (!IsHeld)
        {
            throw WasLost();
        }
    }

    /// <summary>To be called right before what the lock protects is committed: asks the store, too, since a lock that was broken is noticed only at the next renewal.</summary>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Busy"/>: the lock is no longer ours.</exception>
    public async Task EnsureHeldAsync(CancellationToken cancellationToken)
    {
        EnsureHeld();
        if (!await _leases.IsCurrentAsync(Name, _generation, cancellationToken))
        {
            await _lost.CancelAsync();
            throw WasLost();
        }
    }

    /// <summary>Runs work that stops when the lock is lost.</summary>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Busy"/>: it was lost before the work was done.</exception>
    public async Task<T> GuardAsync<T>(Func<CancellationToken, Task<T>> work, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _lost.Token);
        try
        {
            return await work(stop.Token);
        }
        catch (OperationCanceledException) when (_lost.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw WasLost();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_stop.IsCancellationRequested)
        {
            return;
        }

        await _stop.CancelAsync();
        await _renewal;
        if (!_lost.IsCancellationRequested)
        {
            // A store that is gone now leaves the lock to its expiry: the work itself is done, its outcome must stand.
            try
            {
                await (_shared
                    ? _leases.RemoveAsync(Name, _generation, CancellationToken.None)
                    : _leases.UpdateAsync(Name, _generation, _record with { Released = true }, CancellationToken.None));
            }
            catch (Exception failure) when (failure is IOException or AiShellException)
            {
            }
        }

        _stop.Dispose();
        _lost.Dispose();
    }

    private async Task RenewAsync()
    {
        try
        {
            while (true)
            {
                await Task.Delay(LeaseStore.Duration / 4, _time, _stop.Token);
                await RenewOnceAsync();
            }
        }
        catch (OperationCanceledException)
        {
            // Stopped, or lost: either way there is nothing left to renew.
        }
    }

    private async Task RenewOnceAsync()
    {
        if (!IsHeld)
        {
            // Somebody may have seen that it had run out and be taking it at this moment.
            await _lost.CancelAsync();
            throw new OperationCanceledException();
        }

        LeaseRecord renewed = _record with { ExpiresAt = _time.GetUtcNow() + LeaseStore.Duration };
        try
        {
            if (await _leases.UpdateAsync(Name, _generation, renewed, _stop.Token))
            {
                _record = renewed;
                return;
            }
        }
        catch (Exception failure) when (failure is IOException or AiShellException)
        {
            // The next round tries again, until the lease has run out.
            return;
        }

        await _lost.CancelAsync();
        throw new OperationCanceledException();
    }

    private AiShellException WasLost() => new(
        ErrorKind.Busy,
        $"The lock '{Name}' was lost while it was needed: it was broken, or the repository could not be reached for {LeaseStore.Duration.TotalMinutes:0} minutes.",
        "Nothing was committed. Run the command again.");
}
