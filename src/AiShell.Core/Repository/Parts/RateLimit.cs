namespace AiShell.Repository;

/// <summary>
/// Keeps the plain bytes that all workers of a job read from the database under a rate, so that a backup does not take
/// the disk away from the database. Thread-safe.
/// </summary>
/// <param name="bytesPerSecond">Null: no limit.</param>
public sealed class RateLimit(long? bytesPerSecond, TimeProvider time)
{
    private readonly Lock _gate = new();
    private readonly long _start = time.GetTimestamp();
    private double _grantedSeconds;

    /// <summary>Blocks the calling worker until the bytes fit the rate.</summary>
    public void Wait(int bytes, CancellationToken cancellationToken)
    {
        if (bytesPerSecond is not { } rate)
        {
            return;
        }

        TimeSpan ahead;
        lock (_gate)
        {
            // Idle time is not saved up: at most a quarter of a second's worth may come at once.
            double elapsed = time.GetElapsedTime(_start).TotalSeconds;
            _grantedSeconds = Math.Max(_grantedSeconds, elapsed - 0.25) + ((double)bytes / rate);
            ahead = TimeSpan.FromSeconds(_grantedSeconds - elapsed);
        }

        if (ahead > TimeSpan.Zero)
        {
            // Engines write synchronously.
            Task.Delay(ahead, time, cancellationToken).GetAwaiter().GetResult();
        }
    }
}
