using System.Text.Json;
using System.Text.Json.Serialization;
using AiShell.Engines;

namespace AiShell.Repository;

/// <summary>Whether a backup stands alone or needs others.</summary>
public enum BackupKind
{
    /// <summary>A base: complete by itself.</summary>
    Full,

    /// <summary>What changed since the backup before it, its <see cref="Manifest.Parent"/>.</summary>
    Incremental,

    /// <summary>What changed since its <see cref="Manifest.Base"/>, which is its parent too.</summary>
    Differential,

    /// <summary>No backup: a piece of the log that a capture wrote, with a <see cref="Manifest.Segment"/>.</summary>
    Segment,
}

/// <summary>
/// The record of one backup; its presence in the store is the commit. Immutable. Unknown keys written by a newer version
/// are kept; an unknown <see cref="FormatVersion"/> is refused. Field by field in docs/format.md.
/// </summary>
public sealed record Manifest
{
    /// <summary>The major version of the format that this program reads and writes.</summary>
    public const int CurrentFormatVersion = 1;

    /// <summary>The key of <see cref="Objects"/> under which an increment counts the tables.</summary>
    public const string TablesObject = "tables";

    public required int FormatVersion { get; init; }

    public required string Id { get; init; }

    /// <summary>What the user calls this backup; null when not named.</summary>
    public string? Name { get; init; }

    /// <summary>The connection's name, or the database's own when it was given directly.</summary>
    public required string Database { get; init; }

    /// <summary>Where the database was, without secrets.</summary>
    public required string Source { get; init; }

    public required string Engine { get; init; }

    public required string EngineVersion { get; init; }

    public required string ToolVersion { get; init; }

    public required BackupKind Kind { get; init; }

    /// <summary>The full backup this one builds on; null for a full backup.</summary>
    public string? Base { get; init; }

    /// <summary>The backup directly before it in the chain; null for a full backup.</summary>
    public string? Parent { get; init; }

    /// <summary>Which history of the database it belongs to; null for 1, the first. A restore over the database begins the next.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? Timeline { get; init; }

    /// <summary>Of a piece of the log; null for a backup.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ManifestSegment? Segment { get; init; }

    public required BackupFormat Format { get; init; }

    public required BackupScope Scope { get; init; }

    /// <summary>Only some tables were wanted, so that no log can follow it; null for all.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? Selection { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset CompletedAt { get; init; }

    /// <summary>At this instant the database stood at the end of <see cref="Position"/>, or had gone on from there; null where that was not noted.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DateTimeOffset? FixedAt { get; init; }

    public required PositionRange Position { get; init; }

    public required CompressionSettings Compression { get; init; }

    /// <summary>Null: the parts are not encrypted.</summary>
    public EncryptionSettings? Encryption { get; init; }

    /// <summary>In restore order.</summary>
    public required IReadOnlyList<ManifestPart> Parts { get; init; }

    /// <summary>By schema and name.</summary>
    public required IReadOnlyList<ManifestTable> Tables { get; init; }

    /// <summary>Counts of what else is kept: indexes, views, triggers, sequences.</summary>
    public required IReadOnlyDictionary<string, int> Objects { get; init; }

    /// <summary>What a server must have, outside the database, to restore it whole: names by kind; null for nothing.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, IReadOnlyList<string>>? Requires { get; init; }

    /// <summary>What the part of phase <see cref="PartPhase.Globals"/> holds: names by kind; null where there is none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, IReadOnlyList<string>>? Globals { get; init; }

    /// <summary>The whole database's pages and their sum, of engines whose backups are images; null for others.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ManifestImage? Image { get; init; }

    public required IReadOnlyDictionary<string, string> Tags { get; init; }

    /// <summary>SHA-256 of the canonical JSON of everything else in this manifest, in lower-case hexadecimal.</summary>
    public string? Digest { get; init; }

    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Unknown { get; set; }

    /// <summary>As <see cref="Timeline"/>, from 1.</summary>
    [JsonIgnore]
    public int TimelineNumber
    {
        get => Timeline ?? 1;
        init => Timeline = value == 1 ? null : value;
    }

    /// <summary>Of the content, without what only the next increment asks for.</summary>
    [JsonIgnore]
    public long PlainBytes => Parts.Where(part => part.Phase != PartPhase.Index).Sum(part => part.PlainBytes);

    /// <summary>How many tables the database had, also in an increment, which lists none.</summary>
    [JsonIgnore]
    public int TableCount => Tables.Count > 0 ? Tables.Count : Objects.GetValueOrDefault(TablesObject);

    /// <summary>As <see cref="BackupContents.IsProvedByImage"/>.</summary>
    [JsonIgnore]
    public bool IsProvedByImage => Kind != BackupKind.Full && Image is not null;

    [JsonIgnore]
    public long StoredBytes => Parts.Sum(part => part.StoredBytes);

    [JsonIgnore]
    public long Rows => Tables.Sum(table => table.Rows);
}

public sealed record PositionRange(LogPosition Start, LogPosition End);

public sealed record CompressionSettings(string Codec, int Level);

public sealed record EncryptionSettings(IReadOnlyList<string> Recipients);

/// <param name="Path">Relative to the backup's folder.</param>
/// <param name="StoredBytes">Size of the file in the store.</param>
/// <param name="Sha256">Of the stored bytes, lower-case hexadecimal: <c>sha256sum</c> checks it.</param>
public sealed record ManifestPart(
    string Path,
    PartPhase Phase,
    TableName? Table,
    long Rows,
    long PlainBytes,
    long StoredBytes,
    string Sha256);

/// <param name="Number">From 1 in each timeline, without gaps.</param>
/// <param name="Since">The database was without any of its transactions at this instant.</param>
/// <param name="CommittedBy">The database had all of them at this instant.</param>
/// <param name="Through">Up to this instant nothing was committed but what this segment and those before have.</param>
/// <param name="Commits">How many transactions, at least one.</param>
public sealed record ManifestSegment(long Number, DateTimeOffset Since, DateTimeOffset CommittedBy, DateTimeOffset Through, int Commits)
{
    /// <summary>The digest of the manifest of the segment on which it goes on; null for a capture's first, and those of earlier versions. Another server's log may have the same positions.</summary>
    public string? Previous { get; init; }

    /// <summary>The capture that wrote it, which has a head in the same timeline (<see cref="LogHead.Capture"/>): by that a capture's first is known to be this log's. Null for those of earlier versions.</summary>
    public string? Capture { get; init; }
}

/// <param name="Pages">Of the whole database, also in an increment.</param>
/// <param name="Sum">32 hexadecimal digits; docs/format.md says of what.</param>
public sealed record ManifestImage(long Pages, string Sum)
{
    [JsonIgnore]
    public TableFingerprint Fingerprint => TableFingerprint.Parse(Pages, Sum);
}

/// <param name="Fingerprint">32 hexadecimal digits; see <see cref="TableFingerprint"/>.</param>
public sealed record ManifestTable(string Schema, string Name, long Rows, string Fingerprint)
{
    [JsonIgnore]
    public TableDigest Digest => new(new TableName(Schema, Name), TableFingerprint.Parse(Rows, Fingerprint));
}
