namespace AiShell.Engines;

/// <summary>
/// A consistent view of a database, shared by several workers. Disposing it leaves no lock, transaction or file behind.
/// </summary>
public interface ISnapshot : IAsyncDisposable
{
    string EngineVersion { get; }

    LogPosition Position { get; }

    /// <summary>The steps in restore order. Their number and order do not change; running all of them writes the backup.</summary>
    IReadOnlyList<SnapshotStep> Steps { get; }

    /// <summary>The tables whose rows this backup holds, by name; never null, may be empty.</summary>
    IReadOnlyList<TableName> Tables { get; }

    /// <summary>Counts of what else is kept, e.g. <c>indexes</c> → 12, <c>views</c> → 3.</summary>
    IReadOnlyDictionary<string, int> Objects { get; }

    /// <summary>What a server must have, outside the database, to restore it whole: names by kind (<c>roles</c>, <c>extensions</c>), in order.</summary>
    IReadOnlyDictionary<string, IReadOnlyList<string>> Requires => new Dictionary<string, IReadOnlyList<string>>();

    /// <summary>What of the server's the backup holds, with <see cref="SnapshotOptions.WithGlobals"/>: names by kind (<c>roles</c>, <c>tablespaces</c>), in order.</summary>
    IReadOnlyDictionary<string, IReadOnlyList<string>> Globals => new Dictionary<string, IReadOnlyList<string>>();

    /// <summary>
    /// After all steps: how many pages, or whatever an engine's images are made of, the whole database has, and their sum, where the engine has such a
    /// thing. A restore of a chain is compared with it.
    /// </summary>
    TableFingerprint? Image => null;

    /// <summary>What the user should know of this backup, one sentence each; none makes it a bad one.</summary>
    IReadOnlyList<string> Warnings => [];

    /// <summary>Roughly how many plain bytes all steps write; for progress and the space check.</summary>
    long EstimatedBytes { get; }

    /// <summary>
    /// Writes one step's content. Steps may run in any order, in parallel, those of <see cref="PartPhase.Index"/> after all others, and again after a failure (the same rows come
    /// out). Bytes go to <see cref="IPartSink.Stream"/> synchronously or not, as suits the engine; after at least one whole row, whenever
    /// <see cref="IPartSink.IsFull"/> says so, the engine ends the part with <see cref="IPartSink.EndPartAsync"/>. A step
    /// ends its own last part too. A step may write nothing, when it only reads for the digests.
    /// </summary>
    /// <returns>Fingerprints of the rows this step read, one entry a table, in no special order.</returns>
    /// <exception cref="AiShellException">The view is lost, a table changed shape or cannot be read: the whole backup fails.</exception>
    Task<IReadOnlyList<TableDigest>> WriteAsync(SnapshotStep step, IPartSink sink, CancellationToken cancellationToken);
}

/// <param name="Index">Position in <see cref="ISnapshot.Steps"/>.</param>
/// <param name="Label">Short name for the part's file and the progress display: <c>schema</c>, <c>orders</c>, <c>pages</c>. Any characters.</param>
/// <param name="Extension">File extension of the plain part, without dot: <c>sql</c>, <c>jsonl</c>, <c>csv</c>, <c>db</c>.</param>
/// <param name="Table">The one table whose rows the step writes, if it is so.</param>
/// <param name="EstimatedBytes">Roughly; larger steps are started first.</param>
public sealed record SnapshotStep(int Index, PartPhase Phase, string Label, string Extension, TableName? Table, long EstimatedBytes);

/// <summary>Takes a step's bytes and cuts them into parts, each a file of its own. Used by one worker at a time.</summary>
public interface IPartSink
{
    /// <summary>One stream for the whole step. The first byte after a cut begins the next part.</summary>
    Stream Stream { get; }

    /// <summary>The current part has reached its size; end it at the next row boundary.</summary>
    bool IsFull { get; }

    /// <summary>Ends the current part, which holds <paramref name="rows"/> rows. Does nothing if no byte was written since the last cut.</summary>
    ValueTask EndPartAsync(long rows, CancellationToken cancellationToken);
}

/// <param name="Workers">How many steps will run at once.</param>
/// <param name="ScratchDirectory">An existing private directory on local disk for temporary copies; the engine removes what it puts there.</param>
/// <param name="PartBytes">Where steps cut: plain bytes of a part.</param>
/// <param name="LockWait">How long to wait for a database that is locked before <see cref="ErrorKind.Busy"/>.</param>
public sealed record SnapshotOptions(
    BackupFormat Format,
    BackupScope Scope,
    TableFilter Tables,
    int Workers,
    string ScratchDirectory,
    long PartBytes,
    TimeSpan LockWait)
{
    /// <summary>Also what the database uses of its server; only for engines with <see cref="EngineOptions.Globals"/>.</summary>
    public bool WithGlobals { get; init; }

    /// <summary>Also the earlier rows of system-versioned tables; only for engines with <see cref="EngineOptions.History"/>.</summary>
    public bool WithHistory { get; init; }

    /// <summary>Take no lock at all, and refuse what could not be read consistently without one; only for engines with <see cref="EngineOptions.NoLock"/>.</summary>
    public bool WithoutLock { get; init; }
}
