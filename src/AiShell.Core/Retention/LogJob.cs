using AiShell.Repository;

namespace AiShell.Retention;

/// <summary>Drops the log that no backup can use any more.</summary>
internal sealed class LogJob(BackupRepository repository)
{
    /// <param name="kept">The backups that will stay.</param>
    public async Task<LogRetention> FindUselessAsync(string database, IReadOnlyList<CatalogueEntry> kept, CancellationToken cancellationToken)
    {
        DatabaseLog log = repository.LogOf(database);
        LogHistory history = await log.ReadAsync(cancellationToken);
        return history.Timelines.Count == 0
            ? LogRetention.Nothing
            : await LogRetention.FindUselessAsync(history, kept, await log.IsFollowedAsync(cancellationToken), segment => repository.ReadCommitsAsync(segment, cancellationToken));
    }

    /// <summary>The caller has deleted the backups that go, and holds the database's lock.</summary>
    /// <param name="kept">The backups that are left.</param>
    /// <returns>How many segments went, and why no more did.</returns>
    public async Task<(int Segments, long FreedBytes, string? Failure)> DropUselessAsync(string database, IReadOnlyList<CatalogueEntry> kept, Lease databaseLock, CancellationToken cancellationToken)
    {
        int segments = 0;
        long freedBytes = 0;
        try
        {
            LogRetention useless = await FindUselessAsync(database, kept, cancellationToken);
            DatabaseLog log = repository.LogOf(database);
            foreach (CatalogueEntry segment in useless.Segments)
            {
                await log.DeleteAsync(segment, databaseLock, cancellationToken);
                segments++;
                freedBytes += segment.Require().StoredBytes;
            }

            foreach ((int timeline, LogHead head) in useless.Heads)
            {
                await log.DeleteHeadAsync(timeline, head, cancellationToken);
            }

            return (segments, freedBytes, null);
        }
        catch (AiShellException obstacle) when (obstacle.Kind is ErrorKind.Busy or ErrorKind.Integrity && databaseLock.IsHeld)
        {
            return (segments, freedBytes, $"Old log of '{database}' stays: {obstacle.Message}");
        }
    }
}
