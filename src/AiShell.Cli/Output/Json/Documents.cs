using System.Text.Json.Serialization;

namespace AiShell.Cli.Output.Json;

internal sealed record FailureDocument(FailureDetail Error, int ExitCode);

internal sealed record FailureDetail(string Kind, string Message, string? Hint);

/// <summary>A backup, as in <c>create</c>, <c>list</c>, <c>info</c> and <c>import</c>.</summary>
/// <param name="Checksum">The manifest's digest.</param>
/// <param name="Path">The folder of the backup.</param>
/// <param name="Status"><c>completed</c>, or <c>damaged</c> when the manifest cannot be read.</param>
/// <param name="DurationMs">From the first look at the database to the manifest.</param>
internal sealed record BackupDocument(
    string Id,
    string? Name,
    string Database,
    string? Engine,
    string? Kind,
    string? Base,
    string? Parent,
    string? Format,
    string? Scope,
    string? Compression,
    int? Level,
    bool Encrypted,
    DateTimeOffset? CreatedAt,
    DateTimeOffset? CompletedAt,
    long? DurationMs,
    int? Tables,
    long? Rows,
    long? PlainBytes,
    long? StoredBytes,
    string? Checksum,
    string Path,
    string Status,
    string? Damage,
    VerifiedDocument? Verified,
    IReadOnlyDictionary<string, string> Tags)
{
    /// <summary>How old the database's snapshot was when the last row was read; only of a backup that was made just now.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? SnapshotHeldMs { get; init; }

    /// <summary>Why a full backup was made where an increment was asked for; only of such a backup that was made just now.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? WhyFull { get; init; }
}

/// <param name="Level"><c>checksum</c>, <c>deep</c> or <c>test</c>.</param>
internal sealed record VerifiedDocument(string Level, bool Ok, DateTimeOffset Time, string? Message);

internal sealed record BackupInfoDocument(
    BackupDocument Backup,
    string? EngineVersion,
    string? ToolVersion,
    string? Source,
    string? Position,
    IReadOnlyDictionary<string, int> Objects,
    int Parts,
    IReadOnlyList<TableDocument>? TableList)
{
    public required IReadOnlyDictionary<string, IReadOnlyList<string>> Requires { get; init; }

    /// <summary>What of the server's the backup holds.</summary>
    public required IReadOnlyDictionary<string, IReadOnlyList<string>> Globals { get; init; }

    /// <summary>The history of the database that it belongs to.</summary>
    public required int Timeline { get; init; }

    /// <summary>The times to any instant of which its database can be restored, the oldest first.</summary>
    public required IReadOnlyList<WindowDocument> Windows { get; init; }
}

internal sealed record TableDocument(string Schema, string Name, long Rows, string Fingerprint);

internal sealed record ConnectedDocument(string Name, string Url, string Engine, string? Version, double? LatencyMs, bool Stored, bool Replaced);

internal sealed record ConnectionDocument(
    string Name, string Url, string? Engine, string? State, double? LatencyMs, string? Version, IReadOnlyList<string>? Limits, string? Error);

internal sealed record DisconnectedDocument(string Name, string Url);

internal sealed record VerifyDocument(
    string Id, string Database, bool Ok, string Level, int PartsChecked, int TablesChecked, long BytesChecked, IReadOnlyList<string> Problems)
{
    /// <summary>The whole copy was compared, page by page, with the sum in the manifest: so it is with increments of images.</summary>
    public bool ImageCompared { get; init; }
}

internal sealed record TestDocument(
    string Id, string Database, bool Ok, int Tables, long Rows, int RowsSampled, bool DataValidated, long DurationMs, IReadOnlyList<string> Problems)
{
    /// <summary>The whole copy was compared, page by page, with the sum in the manifest: so it is with increments of images.</summary>
    public bool ImageCompared { get; init; }
}

internal sealed record RestoreDocument(
    string Id,
    string Database,
    string Target,
    bool DryRun,
    bool TargetExists,
    bool IntoExisting,
    IReadOnlyList<string> Replaces,
    IReadOnlyList<string> Tables,
    long Rows,
    long PlainBytes,
    long NeededBytes,
    long? FreeBytes,
    IReadOnlyList<string> Steps,
    IReadOnlyList<string> Problems,
    bool FingerprintsCompared,
    long? DurationMs)
{
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>The backups that are read, the full one first, then the segments of the log.</summary>
    public IReadOnlyList<string> Chain { get; init; } = [];

    /// <summary>The instant that was asked for; null without one.</summary>
    [JsonConverter(typeof(ExactTimeConverter))]
    public DateTimeOffset? PointInTime { get; init; }

    /// <summary>Where the copy is that was kept; null where it was put in the target's place.</summary>
    public string? Staging { get; init; }

    /// <summary>The moment that comes of it, of a restore to a moment of the log.</summary>
    public string? Position { get; init; }

    /// <summary>When the last transaction that is in it had been committed at the latest.</summary>
    [JsonConverter(typeof(ExactTimeConverter))]
    public DateTimeOffset? CommittedAt { get; init; }

    public int? Timeline { get; init; }

    /// <summary>Where what was replaced still is.</summary>
    public string? KeptAs { get; init; }
}

internal sealed record DeletedDocument(IReadOnlyList<string> Deleted, bool DryRun, long FreedBytes);

internal sealed record PruneDocument(bool DryRun, int Deleted, long FreedBytes, IReadOnlyList<DecisionDocument> Decisions, IReadOnlyList<string> Failures)
{
    /// <summary>Of the log, that no kept backup can use: they go, too.</summary>
    public int Segments { get; init; }
}

internal sealed record DecisionDocument(string Id, string Database, bool Keep, string Reason, DateTimeOffset? CreatedAt, long? StoredBytes);

internal sealed record ExportDocument(string Id, string Path, long SizeBytes, string Sha256, string MetadataPath, string? GlobalsPath);

internal sealed record ImportDocument(string Path, string Recognised, BackupDocument Backup);

/// <summary>A capture that has ended.</summary>
/// <param name="BackupId">The backup from which the log was followed last.</param>
/// <param name="Through">Everything committed up to this instant is stored.</param>
internal sealed record WatchDocument(
    string Database,
    string? BackupId,
    int Timeline,
    string? Position,
    [property: JsonConverter(typeof(ExactTimeConverter))] DateTimeOffset? Through,
    long Segments,
    long Commits,
    long WaitingBytes);

/// <param name="WhyItEnds">Null for a window that may still grow.</param>
internal sealed record WindowDocument(
    int Timeline,
    [property: JsonConverter(typeof(ExactTimeConverter))] DateTimeOffset From,
    [property: JsonConverter(typeof(ExactTimeConverter))] DateTimeOffset Through,
    string? WhyItEnds);

internal sealed record StatusDocument(
    string Database,
    string? LastBackupId,
    DateTimeOffset? LastBackupAt,
    long? AgeMs,
    int Backups,
    long StoredBytes,
    DateTimeOffset? RecoverableFrom,
    DateTimeOffset? RecoverableTo,
    string Health,
    string Explanation)
{
    /// <summary>The times to any instant of which it can be restored, the oldest first.</summary>
    public IReadOnlyList<WindowDocument> Windows { get; init; } = [];

    /// <summary>What was committed in this last time is not stored; null without a log.</summary>
    public long? LagMs { get; init; }

    public long LogBytes { get; init; }
}

internal sealed record HistoryDocument(
    DateTimeOffset Time,
    string Operation,
    string? Database,
    string? BackupId,
    string Outcome,
    int ExitCode,
    long DurationMs,
    string? Message,
    string Command,
    string User,
    string Host);

internal sealed record SettingDocument(string Key, string Value, string Source);

internal sealed record HealthDocument(bool Ok, IReadOnlyList<FindingDocument> Findings);

internal sealed record FindingDocument(string Subject, string Check, bool Ok, string Detail, string? Hint);

internal sealed record QueryDocument(IReadOnlyList<string> Columns, IReadOnlyList<object?[]> Rows, bool Truncated, long? RowsAffected);

internal sealed record RepositoryDocument(string Id, string Location, int FormatVersion, DateTimeOffset CreatedAt, string CreatedBy, bool Created);

internal sealed record CheckDocument(bool Ok, IReadOnlyList<VerifyDocument> Backups, IReadOnlyList<OrphanDocument> Orphans, IReadOnlyList<LockDocument> Locks);

internal sealed record OrphanDocument(string Key, long SizeBytes);

internal sealed record LockDocument(string Name, string Operation, string Host, int ProcessId, DateTimeOffset AcquiredAt, DateTimeOffset ExpiresAt);

internal sealed record StatsDocument(
    string Location, int Backups, int Damaged, long PlainBytes, long StoredBytes, long? FreeBytes, IReadOnlyList<DatabaseStatsDocument> Databases);

internal sealed record DatabaseStatsDocument(string Database, int Backups, long PlainBytes, long StoredBytes, DateTimeOffset? Oldest, DateTimeOffset? Newest);

internal sealed record GarbageDocument(bool DryRun, IReadOnlyList<OrphanDocument> Files, int Unfinished, long FreedBytes, IReadOnlyList<string> Busy);

internal sealed record UnlockDocument(IReadOnlyList<string> Broken);

internal sealed record RebuildDocument(int Backups, IReadOnlyList<string> Damaged);

internal sealed record DemoDocument(bool Ok, IReadOnlyList<DemoCheckDocument> Checks);

internal sealed record DemoCheckDocument(string Check, bool Ok);

internal sealed record CompletionDocument(string Shell, string Script);

/// <summary>JSON of every result; without reflection, so that start-up stays fast.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    WriteIndented = true,
    NewLine = "\n",
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    Converters = [typeof(UtcTimeConverter)])]
[JsonSerializable(typeof(FailureDocument))]
[JsonSerializable(typeof(BackupDocument))]
[JsonSerializable(typeof(IReadOnlyList<BackupDocument>))]
[JsonSerializable(typeof(BackupInfoDocument))]
[JsonSerializable(typeof(ConnectedDocument))]
[JsonSerializable(typeof(IReadOnlyList<ConnectionDocument>))]
[JsonSerializable(typeof(DisconnectedDocument))]
[JsonSerializable(typeof(VerifyDocument))]
[JsonSerializable(typeof(IReadOnlyList<VerifyDocument>))]
[JsonSerializable(typeof(TestDocument))]
[JsonSerializable(typeof(RestoreDocument))]
[JsonSerializable(typeof(DeletedDocument))]
[JsonSerializable(typeof(PruneDocument))]
[JsonSerializable(typeof(IReadOnlyList<ExportDocument>))]
[JsonSerializable(typeof(IReadOnlyList<ImportDocument>))]
[JsonSerializable(typeof(IReadOnlyList<StatusDocument>))]
[JsonSerializable(typeof(IReadOnlyList<HistoryDocument>))]
[JsonSerializable(typeof(IReadOnlyList<SettingDocument>))]
[JsonSerializable(typeof(SettingDocument))]
[JsonSerializable(typeof(HealthDocument))]
[JsonSerializable(typeof(QueryDocument))]
[JsonSerializable(typeof(RepositoryDocument))]
[JsonSerializable(typeof(CheckDocument))]
[JsonSerializable(typeof(StatsDocument))]
[JsonSerializable(typeof(GarbageDocument))]
[JsonSerializable(typeof(UnlockDocument))]
[JsonSerializable(typeof(RebuildDocument))]
[JsonSerializable(typeof(DemoDocument))]
[JsonSerializable(typeof(CompletionDocument))]
[JsonSerializable(typeof(long))]
[JsonSerializable(typeof(WatchDocument))]
[JsonSerializable(typeof(double))]
[JsonSerializable(typeof(decimal))]
[JsonSerializable(typeof(bool))]
[JsonSerializable(typeof(string))]
[JsonSerializable(typeof(byte[]))]
internal sealed partial class Documents : JsonSerializerContext;
