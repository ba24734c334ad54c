using AiShell.Connections;
using AiShell.Engines;
using AiShell.Repository;

namespace AiShell.Restore;

/// <summary>What <c>backup restore</c> is asked for.</summary>
/// <param name="VerifyFirst">Verify the backup deep before, and compare every table's fingerprint after.</param>
/// <param name="Replace">Consent, given beforehand, to replace what stands at the target.</param>
/// <param name="LockWait">How long to wait for others to let go of the target.</param>
public sealed record RestoreRequest(
    CatalogueEntry Entry,
    IDatabaseEngine Engine,
    DatabaseAddress Target,
    TableFilter Tables,
    bool VerifyFirst,
    bool Replace,
    int Workers,
    TimeSpan LockWait,
    string ScratchDirectory)
{
    /// <summary>As <see cref="TargetOptions.KeepOwners"/>.</summary>
    public bool KeepOwners { get; init; } = true;

    /// <summary>Keep the copy beside the target instead of promoting it, so that it can be brought to a later moment (<see cref="ContinueJob"/>).</summary>
    public bool KeepStaging { get; init; }

    /// <summary>As <see cref="TargetOptions.KeepOld"/>.</summary>
    public bool KeepOld { get; init; }

    /// <summary>As <see cref="TargetOptions.IntoOlder"/>.</summary>
    public bool IntoOlder { get; init; }

    /// <summary>As <see cref="TargetOptions.WithoutBinaryLog"/>.</summary>
    public bool WithoutBinaryLog { get; init; }

    /// <summary>As <see cref="TargetOptions.Definer"/>.</summary>
    public string? Definer { get; init; }

    /// <summary>The way to a moment in the log, of which <see cref="Entry"/> is the last backup; null for the backup itself.</summary>
    public RecoveryPlan? Recovery { get; init; }

    /// <summary>The name that the target's own backups are filed under; null where it has none.</summary>
    public string? TargetName { get; init; }

    /// <summary>First make what the backup holds of its server (<see cref="PartPhase.Globals"/>) and the target's server lacks.</summary>
    public bool WithGlobals { get; init; }
}

/// <summary>What a restore will do, worked out from the manifest and a look at the target. Changes nothing by itself.</summary>
/// <param name="Replaces">What stands at the target and would be replaced, one line each; empty when nothing would.</param>
/// <param name="IntoExisting">Only some tables of a database that stays.</param>
/// <param name="Steps">What happens, in order, in words.</param>
/// <param name="Problems">What would make it fail, one line each; empty when nothing is known.</param>
public sealed record RestorePlan(
    string BackupId,
    string Database,
    DateTimeOffset CreatedAt,
    string Engine,
    BackupFormat Format,
    string Target,
    bool TargetExists,
    bool IntoExisting,
    IReadOnlyList<string> Replaces,
    IReadOnlyList<string> Tables,
    long Rows,
    long PlainBytes,
    long StoredBytes,
    long NeededBytes,
    long? FreeBytes,
    IReadOnlyList<string> Steps,
    IReadOnlyList<string> Problems)
{
    /// <summary>The backups that are read, the full one first.</summary>
    public IReadOnlyList<string> Chain { get; init; } = [];

    /// <summary>As <see cref="BackupContents.IsProvedByImage"/>.</summary>
    public bool IsProvedByImage { get; init; }

    /// <summary>Which moment of the log comes of it; null for the end of the backup.</summary>
    public RecoveryPlan? Recovery { get; init; }

    /// <summary>What is worth knowing before, and of a restore that was done what was found besides, one sentence each; none keeps it from being done.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>What helps against <see cref="Problems"/>, one sentence or two each.</summary>
    public IReadOnlyList<string> Hints { get; init; } = [];
}

/// <summary>A restore that was done and checked.</summary>
public sealed record RestoreResult(RestorePlan Plan, int Tables, long Rows, bool FingerprintsCompared, TimeSpan Duration)
{
    /// <summary>Where the copy is that was kept and not promoted; null when it was promoted.</summary>
    public string? Staging { get; init; }

    /// <summary>Where what was replaced still is; null when nothing was kept.</summary>
    public string? KeptAs { get; init; }
}
