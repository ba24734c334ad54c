using AiShell.Connections;

namespace AiShell.Engines;

/// <summary>
/// An engine's log of changes (docs/design.md, "The log"). Everything outside the engine's folder treats its content and its positions as
/// opaque; a link joins the one before where the positions are the same.
/// </summary>
public interface IChangeLog
{
    /// <summary>The format that a full backup must have so that links can follow it.</summary>
    BackupFormat BaseFormat { get; }

    /// <summary>
    /// The order of two moments of one history, less than 0 where <paramref name="one"/> is first; null where it is not known. Where a log is the whole server's, a backup's position need
    /// not be one at which this database changed. A user may give a part of a position, as far as it says which one is meant.
    /// </summary>
    int? Compare(LogPosition one, LogPosition other) => one == other ? 0 : null;

    /// <summary>What tells the transactions in a link's data, one may stop behind each of them; null where a link is done in one step.</summary>
    /// <param name="start">Where the link begins.</param>
    ILinkReader? ReadLink(LogPosition start) => null;

    /// <summary>
    /// Fixes one consistent view of the database and lays out the steps that write what changed since <paramref name="chain"/>'s end. The
    /// snapshot's position is the link's end. Its steps have the phases <see cref="PartPhase.Data"/> (the changes, in order) and <see cref="PartPhase.Index"/>.
    /// </summary>
    /// <exception cref="BrokenChainException">The log does not reach back to the chain's end, or the database is no continuation of it.</exception>
    Task<ISnapshot> OpenChangesAsync(DatabaseAddress address, ChainSoFar chain, SnapshotOptions options, CancellationToken cancellationToken);

    /// <summary>Begins to follow the log: from <see cref="CaptureOptions.Resume"/> on where it can, else from now on.</summary>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Usage"/>: this database keeps no log that can be followed; the message says what to change.</exception>
    Task<ILogCapture> OpenCaptureAsync(DatabaseAddress address, CaptureOptions options, CancellationToken cancellationToken);
}

/// <summary>A base and the links after it, as an engine sees them that is to add one.</summary>
/// <param name="End">The position up to which they reach.</param>
/// <param name="Links">The base first; each link follows the one before.</param>
/// <param name="Read">Gives a part of a link, by its number in <paramref name="Links"/>, checked.</param>
public sealed record ChainSoFar(LogPosition End, IReadOnlyList<BackupContents> Links, ReadLinkPart Read);

/// <summary>Gives the plain bytes of a part of a link to <paramref name="use"/>.</summary>
public delegate Task ReadLinkPart(int link, BackupPart part, Func<Stream, Task> use, CancellationToken cancellationToken);

/// <summary>No increment can be made on what there is; a new base can. The message says why, in a few words that follow a colon.</summary>
public sealed class BrokenChainException(string message) : Exception(message);

/// <summary>A part of a link, when it is replayed.</summary>
/// <param name="Link">Number of the link in the chain, from 1.</param>
/// <param name="IsLast">Nothing of this link follows it.</param>
public sealed record LinkPart(int Link, BackupPart Part, bool IsLast)
{
    /// <summary>Up to this offset in the link's plain bytes the copy has it already. Whoever can replay the same twice need not skip it; the bytes come all the same.</summary>
    public long From { get; init; }

    /// <summary>The bytes end behind one of its transactions, and not where the part does.</summary>
    public bool IsCut { get; init; }
}
