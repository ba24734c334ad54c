namespace AiShell.Engines.Sqlite.Log;

/// <summary>Takes the transactions that a <see cref="WalCapture"/> reads.</summary>
internal interface ICommitSink
{
    /// <summary>
    /// Takes one whole transaction; they come in the order of the log, none missing, none twice. The capture waits until this returns: writers do not, but
    /// the log grows meanwhile. An exception ends the capture.
    /// </summary>
    Task CommitAsync(CapturedCommit commit, CancellationToken cancellationToken);

    /// <summary>Up to this instant nothing was committed but what was handed over.</summary>
    void Quiet(DateTimeOffset through)
    {
    }
}

/// <summary>
/// One transaction. The database was without it at <paramref name="SeenAfter"/> and had it at <paramref name="SeenAt"/>: at which instant between the two it was committed
/// is not known, and several commits may have the same two.
/// </summary>
/// <param name="Position">Of the moment right after it.</param>
/// <param name="PageCount">How many pages the database has then: what lies behind them is cut off.</param>
/// <param name="PageSize">In bytes.</param>
/// <param name="FrameCount">How many pages it writes; the same page may come twice, the later one counts.</param>
/// <param name="Pages">Page numbers and images, in the order of the log. Good until <see cref="ICommitSink.CommitAsync"/> returns; each image until the next one is asked for.</param>
internal sealed record CapturedCommit(
    LogPosition Position,
    uint PageCount,
    int PageSize,
    uint FrameCount,
    DateTimeOffset SeenAfter,
    DateTimeOffset SeenAt,
    IEnumerable<CapturedPage> Pages);

/// <param name="Number">From 1.</param>
internal readonly record struct CapturedPage(uint Number, ReadOnlyMemory<byte> Image);

/// <summary>How a capture works.</summary>
internal sealed record WalCaptureOptions
{
    /// <summary>
    /// When the log has grown past this, it is let go for its next round, if need be with writers held for a moment. It grows further while a picture is read, while others' readers hold older
    /// moments, and where somebody writes faster than the sink takes or the disk syncs.
    /// </summary>
    public long LimitBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>Between two looks while there is something new.</summary>
    public TimeSpan ShortestPause { get; init; } = TimeSpan.FromMilliseconds(5);

    /// <summary>Between two looks when nothing happened for long.</summary>
    public TimeSpan LongestPause { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>How long to wait for others' locks when it is opened.</summary>
    public TimeSpan LockWait { get; init; } = TimeSpan.FromSeconds(10);

    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>As <see cref="CaptureOptions.Resume"/>.</summary>
    public LogResume? Resume { get; init; }
}
