using AiShell.Connections;

namespace AiShell.Engines;

/// <summary>
/// One kind of database. An engine knows its server, its formats and its traps, and nothing of repositories, stores,
/// compression or the command line. All methods may be called concurrently. Errors a user can do something about are
/// <see cref="AiShellException"/>s: <see cref="ErrorKind.Unreachable"/> when the database cannot be opened,
/// <see cref="ErrorKind.Busy"/> when it stays locked past the wait, <see cref="ErrorKind.Integrity"/> when it is damaged.
/// </summary>
public interface IDatabaseEngine
{
    /// <summary>Lower case, as in manifests and JSON: <c>sqlite</c>.</summary>
    string Name { get; }

    EngineCapabilities Capabilities { get; }

    /// <summary>Null for an engine whose log this version cannot read: it has full backups only.</summary>
    IChangeLog? Log => null;

    /// <summary>Opens the database, asks for its version and closes it again; changes nothing, creates nothing.</summary>
    Task<DatabaseProbe> ProbeAsync(DatabaseAddress address, CancellationToken cancellationToken);

    /// <summary>Fixes one consistent view of the database and lays out the steps that write it.</summary>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Usage"/>: a format, filter or scope that the engine cannot serve.</exception>
    Task<ISnapshot> OpenSnapshotAsync(DatabaseAddress address, SnapshotOptions options, CancellationToken cancellationToken);

    /// <summary>Reads rows back from a backup's parts without restoring them anywhere (deep verification).</summary>
    Task<IBackupReader> OpenReaderAsync(BackupContents contents, ReaderOptions options, CancellationToken cancellationToken);

    /// <summary>What stands at the target now, and what would keep a restore from succeeding. Changes nothing.</summary>
    Task<TargetState> InspectTargetAsync(DatabaseAddress target, BackupContents contents, TargetOptions options, CancellationToken cancellationToken);

    /// <summary>Begins a new copy beside the target. The target itself stays as it is until <see cref="IRestoreTarget.PromoteAsync"/>.</summary>
    Task<IRestoreTarget> OpenTargetAsync(DatabaseAddress target, BackupContents contents, TargetOptions options, CancellationToken cancellationToken);

    /// <summary>The copy that an earlier restore to this target kept; null where there is none. Only for engines with <see cref="EngineOptions.KeepStaging"/>.</summary>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Busy"/>: another restore is at it.</exception>
    Task<IKeptCopy?> OpenKeptAsync(DatabaseAddress target, CancellationToken cancellationToken) => throw new NotSupportedException("This engine keeps no copy.");

    /// <summary>Fingerprints of all tables of a database as it is now, under one consistent view.</summary>
    Task<IReadOnlyList<TableDigest>> DigestAsync(DatabaseAddress address, CancellationToken cancellationToken);

    /// <summary>
    /// Looks each sampled row up in the database by its key and compares it value by value; returns a description
    /// ("orders rowid 7: total is 10, expected 12") of each that is missing or differs.
    /// </summary>
    Task<IReadOnlyList<string>> FindDifferencesAsync(DatabaseAddress address, IReadOnlyList<SampledRow> rows, CancellationToken cancellationToken);

    /// <summary>A throw-away empty database for a test restore or an import; disposing it drops it with all traces.</summary>
    /// <param name="near">The database that a test restore's backup came from, whose server it may use; null where that is not known.</param>
    /// <param name="scratchDirectory">An existing private directory for engines that are files.</param>
    Task<IScratchDatabase> CreateScratchAsync(DatabaseAddress? near, string scratchDirectory, CancellationToken cancellationToken);

    /// <summary>Runs one statement. Without <see cref="QueryOptions.AllowWrite"/> the engine itself refuses to write.</summary>
    Task<QueryResult> QueryAsync(DatabaseAddress address, string statement, QueryOptions options, CancellationToken cancellationToken);

    /// <summary>
    /// Says what a foreign, already decompressed file is, from its first bytes (at least 4 KiB unless the file is shorter);
    /// null where this engine does not know it.
    /// </summary>
    ForeignFormat? Recognise(ReadOnlySpan<byte> head);

    /// <summary>Loads a foreign file into an empty scratch database, so that it can be backed up like any other.</summary>
    /// <returns>The database that has it: the scratch one, or the file's own on a throw-away server, which goes with the scratch one.</returns>
    Task<DatabaseAddress> LoadForeignAsync(DatabaseAddress scratch, ForeignFormat format, Stream content, CancellationToken cancellationToken);
}

/// <summary>What an engine can serve.</summary>
/// <param name="Schemes">URL schemes, lower case, without <c>://</c>.</param>
/// <param name="Formats">Formats that create and restore accept.</param>
public sealed record EngineCapabilities(IReadOnlyList<string> Schemes, IReadOnlyList<BackupFormat> Formats)
{
    public EngineOptions Options { get; init; }
}

/// <summary>What some engines can be asked for and others cannot; the others refuse it.</summary>
[Flags]
public enum EngineOptions
{
    None = 0,

    /// <summary>Its server has things that databases use and that are in none of them, such as roles: <see cref="SnapshotOptions.WithGlobals"/>.</summary>
    Globals = 1,

    /// <summary><see cref="SnapshotOptions.WithHistory"/>.</summary>
    History = 2,

    /// <summary><see cref="SnapshotOptions.WithoutLock"/>.</summary>
    NoLock = 4,

    /// <summary><see cref="TargetOptions.WithoutBinaryLog"/>.</summary>
    NoBinaryLog = 8,

    /// <summary><see cref="TargetOptions.Definer"/>.</summary>
    Definer = 16,

    /// <summary><see cref="IRestoreTarget.KeepAsync"/>.</summary>
    KeepStaging = 32,
}

/// <param name="Version">The server's own version text: <c>3.53.4</c>.</param>
/// <param name="SizeBytes">Size of the database on its disk, null where unknown.</param>
/// <param name="Details">Shown to the user in order, e.g. <c>journal mode</c> → <c>wal</c>.</param>
/// <param name="Limits">Why something is not possible with this server as it is set up, one sentence each.</param>
public sealed record DatabaseProbe(
    string Version,
    long? SizeBytes,
    IReadOnlyList<KeyValuePair<string, string>> Details,
    IReadOnlyList<string> Limits)
{
    /// <summary>What makes a backup of the whole database fail for certain, each with what to do. None of it is in <see cref="Limits"/>.</summary>
    public IReadOnlyList<AiShellException> Obstacles { get; init; } = [];
}

/// <summary>A foreign file's kind, in words for the user: <c>SQLite database file</c>, <c>SQL script</c>.</summary>
public sealed record ForeignFormat(string Engine, string Description, BackupFormat Format);

/// <summary>A throw-away database.</summary>
public interface IScratchDatabase : IAsyncDisposable
{
    DatabaseAddress Address { get; }
}

/// <param name="AllowWrite">Without it a statement that would change the database fails with <see cref="ErrorKind.Refused"/>.</param>
/// <param name="Limit">The most rows returned; null for all.</param>
public sealed record QueryOptions(bool AllowWrite, int? Limit);

/// <param name="Columns">Column names as the server gives them; may repeat.</param>
/// <param name="Rows">Values: null, long, double, decimal, bool, string or byte[].</param>
/// <param name="Truncated">There were more rows than the limit.</param>
/// <param name="RowsAffected">For a statement that writes; -1 otherwise.</param>
public sealed record QueryResult(IReadOnlyList<string> Columns, IReadOnlyList<object?[]> Rows, bool Truncated, long RowsAffected);
