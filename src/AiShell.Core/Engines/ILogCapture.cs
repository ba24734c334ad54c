namespace AiShell.Engines;

/// <summary>
/// A database's log, followed from one moment on, commit by commit. Opened by <see cref="IChangeLog.OpenCaptureAsync"/>; disposing it leaves no lock,
/// transaction or file behind. <see cref="OpenPictureAsync"/> and <see cref="RunAsync"/> may go on at the same time, each once.
/// </summary>
public interface ILogCapture : IAsyncDisposable
{
    /// <summary>The moment from which the log is followed: <see cref="CaptureOptions.Resume"/>'s where it goes on from there.</summary>
    LogPosition Start { get; }

    /// <summary>Why the log does not go on from <see cref="CaptureOptions.Resume"/>, in words that follow a colon; null where it does, or where none was given.</summary>
    string? WhyAnew { get; }

    /// <summary>An instant at which the database stood at <see cref="Start"/>, or had gone on from there.</summary>
    DateTimeOffset StartedAt { get; }

    string EngineVersion { get; }

    /// <summary>File extension of a segment, without dot: <c>wal</c>.</summary>
    string SegmentExtension { get; }

    /// <summary>
    /// The database at <see cref="Start"/>: whole, or what changed since the end of <paramref name="chain"/>. To be read soon: a server keeps more for its sake as long as it is held. There is
    /// none where the log goes on from <see cref="CaptureOptions.Resume"/>.
    /// </summary>
    /// <exception cref="BrokenChainException">No increment can be made on the chain; the whole database still can be had.</exception>
    Task<ISnapshot> OpenPictureAsync(ChainSoFar? chain, SnapshotOptions options, CancellationToken cancellationToken);

    /// <summary>Hands over every commit after <see cref="Start"/> as it comes, until cancelled.</summary>
    /// <exception cref="BrokenChainException">The log does not go on where it was followed to. All before it was handed over, nothing after.</exception>
    Task RunAsync(ILogSink sink, CancellationToken cancellationToken);
}

/// <summary>Takes a log's transactions and cuts them into segments. Used by one capture, one call at a time.</summary>
public interface ILogSink
{
    /// <summary>
    /// A transaction begins; its bytes go to the stream, the offsets being those in the segment. With <paramref name="isFirst"/> it is the segment's first, and what a file of
    /// this kind begins with comes before it.
    /// </summary>
    Stream Begin(out bool isFirst);

    /// <summary>The transaction is whole: behind its last byte one may stop.</summary>
    /// <exception cref="IOException">It cannot be kept. The capture is over.</exception>
    void Commit(LogCommit commit);

    /// <summary>Up to this instant nothing was committed but what was handed over.</summary>
    void Quiet(DateTimeOffset through);
}

/// <summary>
/// One transaction in a log. The database was without it at <paramref name="After"/> and had it at <paramref name="At"/>: when between the two it was committed is not
/// known. The two are the same where the log itself has the time. Neither ever decreases from one commit to the next.
/// </summary>
/// <param name="Position">Of the moment right after it.</param>
public sealed record LogCommit(LogPosition Position, DateTimeOffset After, DateTimeOffset At);

/// <param name="LimitBytes">How much of its log the database may keep for our sake where the engine can bound it; null for the engine's own choice.</param>
/// <param name="Workers">How many will read the picture at once.</param>
/// <param name="ScratchDirectory">An existing private directory on local disk.</param>
/// <param name="LockWait">How long to wait for a database that is locked before <see cref="ErrorKind.Busy"/>.</param>
public sealed record CaptureOptions(long? LimitBytes, int Workers, string ScratchDirectory, TimeSpan LockWait, TimeProvider Time)
{
    /// <summary>Where to go on, if the database still has all that follows; null to begin now.</summary>
    public LogResume? Resume { get; init; }

    /// <summary>Told, in a sentence, what keeps the capture from going on for a time, and that it goes on again.</summary>
    public Action<string> Warn { get; init; } = _ => { };
}

/// <summary>Where the kept log of the present history ends.</summary>
/// <param name="Position">The end of its last transaction, or of the backup before its first. It must be proven that the database's own log goes on from there, and not from another state of the same name.</param>
/// <param name="Through">Up to this instant nothing else was committed: <see cref="ILogCapture.StartedAt"/> of what goes on, and no earlier than that is the first commit.</param>
public sealed record LogResume(LogPosition Position, DateTimeOffset Through);
