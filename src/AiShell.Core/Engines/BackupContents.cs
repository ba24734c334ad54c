namespace AiShell.Engines;

/// <summary>What an engine needs to know of a backup in order to read it: the manifest without the repository's concerns.</summary>
/// <param name="Parts">In restore order.</param>
public sealed record BackupContents(
    string Engine,
    string EngineVersion,
    BackupFormat Format,
    BackupScope Scope,
    IReadOnlyList<BackupPart> Parts,
    IReadOnlyList<TableDigest> Tables)
{
    /// <summary>As <see cref="ISnapshot.Requires"/>.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Requires { get; init; } = new Dictionary<string, IReadOnlyList<string>>();

    /// <summary>As <see cref="ISnapshot.Objects"/>; empty where it is not known.</summary>
    public IReadOnlyDictionary<string, int> Objects { get; init; } = new Dictionary<string, int>();

    /// <summary>As <see cref="ISnapshot.Globals"/>.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Globals { get; init; } = new Dictionary<string, IReadOnlyList<string>>();

    /// <summary>As <see cref="ISnapshot.Image"/>; of a chain that of its end.</summary>
    public TableFingerprint? Image { get; init; }

    /// <summary>The parts are a base's, and links follow them: <see cref="Tables"/> is empty, for what the base had is not what there will be.</summary>
    public bool HasLinks { get; init; }

    /// <summary>What comes of a chain is compared as a whole with <see cref="Image"/>, by the engine, and not table by table.</summary>
    public bool IsProvedByImage => HasLinks && Image is not null;

    /// <summary>Whether <see cref="PartPhase.Globals"/> is among the parts; a restore of such contents makes what the server lacks of it.</summary>
    public bool HasGlobals => Parts.Any(part => part.Phase == PartPhase.Globals);

    /// <summary>The same without the parts of <see cref="PartPhase.Globals"/>; their names stay known.</summary>
    public BackupContents WithoutGlobals() => this with { Parts = [.. Parts.Where(part => part.Phase != PartPhase.Globals)] };

    /// <summary>The same without what only the next increment asks for.</summary>
    public BackupContents WithoutIndex() => this with { Parts = [.. Parts.Where(part => part.Phase != PartPhase.Index)] };

    public long PlainBytes => Parts.Sum(part => part.PlainBytes);
}

/// <param name="Index">Position in <see cref="BackupContents.Parts"/>.</param>
/// <param name="Table">The one table whose rows it holds, null for schema and page images.</param>
/// <param name="Extension">As <see cref="SnapshotStep.Extension"/>.</param>
/// <param name="PlainOffset">Sum of the plain bytes of all earlier parts of the same phase; where page images go.</param>
public sealed record BackupPart(int Index, PartPhase Phase, TableName? Table, string Extension, long Rows, long PlainBytes, long PlainOffset);
