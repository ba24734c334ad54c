using AiShell.Connections;

namespace AiShell.Engines.Sqlite.Log;

/// <summary>SQLite's log: the pages that changed between two pictures.</summary>
internal sealed class SqliteChangeLog : IChangeLog
{
    public BackupFormat BaseFormat => BackupFormat.Native;

    public async Task<ISnapshot> OpenChangesAsync(DatabaseAddress address, ChainSoFar chain, SnapshotOptions options, CancellationToken cancellationToken)
    {
        if (await SqliteErrors.RunAsync(address.Database, () => UnchangedSnapshot.TryOpenAsync(address.Database, chain, options, cancellationToken), cancellationToken) is { } unchanged)
        {
            return unchanged;
        }

        PinnedDatabase database = await PinnedDatabase.PinAsync(
            address.Database, Math.Max(1, options.Workers), options.ScratchDirectory, options.LockWait, cancellationToken);
        try
        {
            return await SqliteErrors.RunAsync(
                address.Database, () => IncrementSnapshot.OpenAsync(database, chain, options.ScratchDirectory, cancellationToken), cancellationToken);
        }
        catch
        {
            await database.DisposeAsync();
            throw;
        }
    }

    public Task<ILogCapture> OpenCaptureAsync(DatabaseAddress address, CaptureOptions options, CancellationToken cancellationToken) =>
        SqliteCapture.OpenAsync(address.Database, options, cancellationToken);
}
