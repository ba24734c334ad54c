namespace AiShell.Engines.MySql.Restore;

/// <summary>A snapshot without its scripts.</summary>
internal sealed class KeptRows(ISnapshot snapshot, IReadOnlyDictionary<string, IReadOnlyList<string>> requires) : ISnapshot
{
    public string EngineVersion => snapshot.EngineVersion;

    public LogPosition Position => snapshot.Position;

    public IReadOnlyList<SnapshotStep> Steps { get; } = [.. snapshot.Steps.Where(step => step.Phase == PartPhase.Data)];

    public IReadOnlyList<TableName> Tables => snapshot.Tables;

    public IReadOnlyDictionary<string, int> Objects => snapshot.Objects;

    public IReadOnlyDictionary<string, IReadOnlyList<string>> Requires => requires;

    public long EstimatedBytes => snapshot.EstimatedBytes;

    public Task<IReadOnlyList<TableDigest>> WriteAsync(SnapshotStep step, IPartSink sink, CancellationToken cancellationToken) => snapshot.WriteAsync(step, sink, cancellationToken);

    public ValueTask DisposeAsync() => snapshot.DisposeAsync();
}
