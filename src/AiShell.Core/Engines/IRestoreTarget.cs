namespace AiShell.Engines;

/// <summary>
/// A new copy being built beside the target. Disposing it without <see cref="PromoteAsync"/> or <see cref="KeepAsync"/> discards the copy and leaves
/// no trace.
/// </summary>
public interface IRestoreTarget : IAsyncDisposable
{
    /// <summary>The order in which the parts shall come, each once.</summary>
    /// <param name="parts">Those that are restored, in the backup's order.</param>
    IReadOnlyList<LoadStage> Arrange(IReadOnlyList<BackupPart> parts);

    /// <summary>Loads a whole part. A failure is final: the target is discarded.</summary>
    Task LoadAsync(BackupPart part, Stream plain, CancellationToken cancellationToken);

    /// <summary>Replays a part of a link on the copy: after all parts of the base, in order, one at a time. A failure is final.</summary>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Integrity"/>: the part is damaged, or does not follow what is there.</exception>
    Task ApplyAsync(LinkPart part, Stream plain, CancellationToken cancellationToken) => throw new NotSupportedException("This engine has no log.");

    /// <summary>
    /// After the last part: completes the copy (makes it durable), runs the engine's own consistency checks and reads it
    /// back: one digest for each table of the backup that was restored. With <paramref name="fingerprints"/> false only rows are counted and sums are zero.
    /// </summary>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Integrity"/>: the copy is not consistent.</exception>
    Task<IReadOnlyList<TableDigest>> CompleteAsync(bool fingerprints, CancellationToken cancellationToken);

    /// <summary>Makes the copy visible in one step. Before it the target is wholly old, after it wholly new, also across kill -9.</summary>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Busy"/>: others use the target; <see cref="ErrorKind.Refused"/>: it is no longer what was inspected.</exception>
    Task PromoteAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Instead of the promotion: leaves the completed copy beside the target, durably, with a note, in the place of one that was kept there before. <see cref="IDatabaseEngine.OpenKeptAsync"/> finds it again. Only for engines
    /// with <see cref="EngineOptions.KeepStaging"/>.
    /// </summary>
    /// <param name="note">JSON.</param>
    /// <returns>Where the copy is, for people.</returns>
    Task<string> KeepAsync(string note, CancellationToken cancellationToken) => throw new NotSupportedException("This engine keeps no copy.");

    /// <summary>After the promotion: where what was replaced still is (<see cref="TargetOptions.KeepOld"/>); null when nothing was kept.</summary>
    string? KeptAs => null;

    /// <summary>After <see cref="CompleteAsync"/>: what the user should know of the copy, one sentence each; none keeps it from being promoted.</summary>
    IReadOnlyList<string> Warnings => [];
}

/// <param name="Tables">Which tables to take from the backup.</param>
/// <param name="IntoExisting">Put the chosen tables into the database that stands there, keeping its others (<c>--tables</c>); otherwise the whole database is new.</param>
/// <param name="Replace">Consent to replace what stands there.</param>
/// <param name="LockWait">How long <see cref="IRestoreTarget.PromoteAsync"/> waits for others to let go.</param>
public sealed record TargetOptions(
    TableFilter Tables,
    bool IntoExisting,
    bool Replace,
    int Workers,
    string ScratchDirectory,
    TimeSpan LockWait)
{
    /// <summary>Give objects their owners, grants and storage places; what these need must be on the server.</summary>
    public bool KeepOwners { get; init; } = true;

    /// <summary>The copy will be kept and not promoted: nothing is replaced.</summary>
    public bool KeepStaging { get; init; }

    /// <summary>Keep the database that is replaced, under another name.</summary>
    public bool KeepOld { get; init; }

    /// <summary>Try what an older server may not know; without it a backup of a newer one is an obstacle.</summary>
    public bool IntoOlder { get; init; }

    /// <summary>Keep the restore out of the server's log of changes, and so from its replicas; only for engines with <see cref="EngineOptions.NoBinaryLog"/>.</summary>
    public bool WithoutBinaryLog { get; init; }

    /// <summary>The account (<c>user@host</c>) in whose name views, triggers and routines run, whatever the backup says; null for the backup's. Only for engines with <see cref="EngineOptions.Definer"/>.</summary>
    public string? Definer { get; init; }
}

/// <param name="Exists">A database stands at the target.</param>
/// <param name="IsEmpty">It has no table, view or other object (or does not exist).</param>
/// <param name="Replaced">What a restore would replace, for the plan: <c>table orders (1,204 rows)</c>.</param>
/// <param name="FreeBytes">Free space where the new copy goes, null where unknown.</param>
/// <param name="NeededBytes">Roughly what the new copy takes.</param>
/// <param name="Obstacles">What would make the restore fail, one sentence each; empty when nothing is known.</param>
public sealed record TargetState(
    bool Exists,
    bool IsEmpty,
    IReadOnlyList<string> Replaced,
    long? FreeBytes,
    long NeededBytes,
    IReadOnlyList<AiShellException> Obstacles)
{
    /// <summary>What is worth knowing before the restore, one sentence each; none keeps it from being done.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>What the server lacks and the restore makes outside the database, with the contents' globals: <c>role 'app'</c>.</summary>
    public IReadOnlyList<string> Makes { get; init; } = [];
}
