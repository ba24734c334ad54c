using AiShell.Connections;
using AiShell.Engines;
using AiShell.Repository;

namespace AiShell.Backup;

/// <summary>What <c>backup create</c> is asked for.</summary>
/// <param name="Database">The name its backups are filed under.</param>
/// <param name="Workers">Steps that run at once, at least 1.</param>
/// <param name="RateLimitBytesPerSecond">Of plain bytes read from the database; null for none.</param>
/// <param name="LockWait">How long to wait for a lock, on the backups or in the database.</param>
/// <param name="AllowEmpty">Accept a database without tables where the backup before had some.</param>
/// <param name="VerifyAfter">Verify deep before it counts as done.</param>
/// <param name="ScratchDirectory">An existing private directory on local disk.</param>
public sealed record BackupRequest(
    IDatabaseEngine Engine,
    DatabaseAddress Address,
    string Database,
    string? Name,
    BackupFormat Format,
    BackupScope Scope,
    TableFilter Tables,
    CompressionSettings Compression,
    int Workers,
    long? RateLimitBytesPerSecond,
    IReadOnlyDictionary<string, string> Tags,
    TimeSpan LockWait,
    bool AllowEmpty,
    bool VerifyAfter,
    string ScratchDirectory)
{
    /// <summary>Where parts are cut, in plain bytes.</summary>
    public long PartBytes { get; init; } = 64 * 1024 * 1024;

    /// <summary>As <see cref="SnapshotOptions.WithGlobals"/>.</summary>
    public bool WithGlobals { get; init; }

    /// <summary>As <see cref="SnapshotOptions.WithHistory"/>.</summary>
    public bool WithHistory { get; init; }

    /// <summary>As <see cref="SnapshotOptions.WithoutLock"/>.</summary>
    public bool WithoutLock { get; init; }

    /// <summary>What to make; anything but a full backup makes that first where there is none to build on.</summary>
    public BackupKind Kind { get; init; } = BackupKind.Full;

    /// <summary>A full backup older than this is not continued by increments.</summary>
    public TimeSpan FullEvery { get; init; } = TimeSpan.FromDays(7);

    /// <summary>Ids of backups that failed their last verification: no increment builds on them.</summary>
    public IReadOnlySet<string> KnownBad { get; init; } = new HashSet<string>();

    /// <summary>The history that the database is in; found out by the job.</summary>
    internal int Timeline { get; init; } = 1;

    /// <summary>What has fixed the view of the database already, so that the log goes on where this backup ends; null for a view of its own.</summary>
    public ILogCapture? Capture { get; init; }

    /// <summary>Where the rows came from, for the manifest, when it is not <see cref="Address"/>: an imported file.</summary>
    public string? Source { get; init; }
}

/// <summary>A backup that was made.</summary>
/// <param name="Duration">From the lock to the manifest.</param>
/// <param name="SnapshotHeld">How old the database's snapshot was when it was let go of, with the wait for it.</param>
public sealed record BackupResult(CatalogueEntry Entry, TimeSpan Duration, TimeSpan SnapshotHeld)
{
    public Manifest Manifest => Entry.Require();

    /// <summary>Why a full backup was made where an increment was asked for, in words that follow a colon; null otherwise.</summary>
    public string? WhyFull { get; init; }
}
