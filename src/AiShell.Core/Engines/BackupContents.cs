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

    public long PlainBytes => Parts.Sum(part => part.PlainBytes);
}

/// <param name="Index">Position in <see cref="BackupContents.Parts"/>.</param>
/// <param name="Table">The one table whose rows it holds, null for schema and page images.</param>
/// <param name="Extension">As <see cref="SnapshotStep.Extension"/>.</param>
/// <param name="PlainOffset">Sum of the plain bytes of all earlier parts of the same phase; where page images go.</param>
public sealed record BackupPart(int Index, PartPhase Phase, TableName? Table, string Extension, long Rows, long PlainBytes, long PlainOffset);
