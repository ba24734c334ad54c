using AiShell.Engines.Sqlite.Rows;

namespace AiShell.Engines.Sqlite;

/// <summary>A backup in one of the row formats, read by several workers from one pinned moment.</summary>
internal sealed class RowSnapshot(PinnedDatabase database, RowSnapshotPlan plan) : ISnapshot
{
    public string EngineVersion => PinnedDatabase.ServerVersion;

    public LogPosition Position => database.Position;

    public IReadOnlyList<SnapshotStep> Steps => plan.Steps;

    public IReadOnlyList<TableName> Tables => plan.Tables;

    public IReadOnlyDictionary<string, int> Objects => plan.Objects;

    public long EstimatedBytes => plan.EstimatedBytes;

    public static async Task<ISnapshot> OpenAsync(PinnedDatabase database, SnapshotOptions options, CancellationToken cancellationToken)
    {
        using PinnedReader reader = await database.RentAsync(cancellationToken);
        return new RowSnapshot(database, RowSnapshotPlan.Create(reader.Connection, reader.ReadPages, options));
    }

    public async Task<IReadOnlyList<TableDigest>> WriteAsync(SnapshotStep step, IPartSink sink, CancellationToken cancellationToken)
    {
        using PinnedReader reader = await database.RentAsync(cancellationToken);
        return await SqliteErrors.RunAsync(
            database.Path, () => plan.WriteAsync(reader.Connection, reader.ReadPages, step, sink, cancellationToken), cancellationToken);
    }

    public ValueTask DisposeAsync() => database.DisposeAsync();
}
