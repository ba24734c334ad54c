using AiShell.Backup;
using AiShell.Engines;

namespace AiShell.Capture;

/// <summary>What <c>backup watch</c> is asked for.</summary>
/// <param name="Backup">How the base, and the increments that close holes, are made.</param>
/// <param name="FlushEvery">How long committed work may wait before it is stored.</param>
/// <param name="SegmentBytes">A segment of so many plain bytes is stored at once.</param>
public sealed record WatchRequest(BackupRequest Backup, TimeSpan FlushEvery, long SegmentBytes)
{
    /// <summary>As <see cref="CaptureOptions.LimitBytes"/>.</summary>
    public long? LimitBytes { get; init; }
}

/// <summary>From where a log is followed.</summary>
/// <param name="Backup">That was made for it, or beside it; null where it goes on where it was left.</param>
/// <param name="Through">What was committed up to this instant is stored.</param>
public sealed record WatchStart(LogPosition Position, DateTimeOffset Through, BackupResult? Backup);

/// <summary>How far a capture has got.</summary>
/// <param name="Timeline">The history that it follows.</param>
/// <param name="Position">The end of what is stored.</param>
/// <param name="Through">Everything that was committed up to this instant is stored.</param>
/// <param name="Lag">What was committed in this last time is not.</param>
/// <param name="WaitingBytes">Of the log that are not stored yet.</param>
/// <param name="Segments">Stored by this capture.</param>
/// <param name="Commits">In them.</param>
public sealed record WatchState(int Timeline, LogPosition Position, DateTimeOffset Through, TimeSpan Lag, long WaitingBytes, long Segments, long Commits);
