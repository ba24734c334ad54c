using AiShell.Repository;

namespace AiShell.Retention;

/// <param name="Busy">Folders left alone because a backup is being written there.</param>
/// <param name="Unfinished">Temporary files of writers that died.</param>
public sealed record GarbageResult(IReadOnlyList<OrphanedFile> Files, int Unfinished, IReadOnlyList<string> Busy)
{
    public long FreedBytes => Files.Sum(file => file.SizeBytes);
}

/// <summary>Collects what failed and killed backups left behind: files that no manifest names.</summary>
public sealed class GarbageJob(BackupRepository repository, TimeProvider time)
{
    /// <summary>A temporary file younger than this may belong to a writer on another host.</summary>
    private static readonly TimeSpan UnfinishedAge = TimeSpan.FromHours(24);

    public async Task<GarbageResult> RunAsync(bool dryRun, CancellationToken cancellationToken)
    {
        IReadOnlyList<OrphanedFile> suspects = await repository.ListOrphansAsync(cancellationToken);
        if (dryRun)
        {
            return await WithoutBusyAsync(suspects, cancellationToken);
        }

        List<OrphanedFile> collected = [];
        List<string> busy = [];
        foreach (string folder in suspects.Select(file => file.DatabaseFolder).Distinct())
        {
            try
            {
                collected.AddRange(await CollectFolderAsync(folder, cancellationToken));
            }
            catch (AiShellException held) when (held.Kind == ErrorKind.Busy)
            {
                busy.Add(held.Message);
            }
        }

        await repository.CollectDeadMarksAsync(cancellationToken);
        int unfinished = await repository.CollectUnfinishedAsync(time.GetUtcNow() - UnfinishedAge, cancellationToken);
        return new GarbageResult(collected, unfinished, busy);
    }

    /// <summary>What lies in the folder of a living writer is its own.</summary>
    private async Task<GarbageResult> WithoutBusyAsync(IReadOnlyList<OrphanedFile> suspects, CancellationToken cancellationToken)
    {
        HashSet<string> busy = [];
        foreach (string folder in suspects.Select(file => file.DatabaseFolder).Distinct())
        {
            if (await repository.IsFolderLockedAsync(folder, cancellationToken))
            {
                busy.Add(folder);
            }
        }

        HashSet<string> followed = [];
        foreach (string folder in suspects.Where(file => file.IsOfLog).Select(file => file.DatabaseFolder).Distinct())
        {
            if (await repository.LogOfFolder(folder).IsFollowedAsync(cancellationToken))
            {
                followed.Add(folder);
            }
        }

        return new GarbageResult(
            [.. suspects.Where(file => !busy.Contains(file.DatabaseFolder) && !(file.IsOfLog && followed.Contains(file.DatabaseFolder)))], 0, [.. busy.Select(folder => $"A backup is being written or deleted in '{folder}'.")]);
    }

    /// <summary>Looks again under the lock: what was being written a moment ago may be a backup by now.</summary>
    private async Task<IReadOnlyList<OrphanedFile>> CollectFolderAsync(string folder, CancellationToken cancellationToken)
    {
        await using Lease databaseLock = await repository.LockFolderAsync(folder, "repo gc", TimeSpan.Zero, cancellationToken);
        await using Lease? logLock = await TryLockLogAsync(folder, cancellationToken);
        await databaseLock.EnsureHeldAsync(cancellationToken);
        OrphanedFile[] orphans = [.. (await repository.ListOrphansAsync(cancellationToken)).Where(file => file.DatabaseFolder == folder && (logLock is not null || !file.IsOfLog))];
        foreach (OrphanedFile orphan in orphans)
        {
            databaseLock.EnsureHeld();
            await repository.DeleteOrphanAsync(orphan, cancellationToken);
        }

        return orphans;
    }

    /// <summary>Null while a capture is at work: what lies in its newest segment is its own.</summary>
    private async Task<Lease?> TryLockLogAsync(string folder, CancellationToken cancellationToken)
    {
        try
        {
            return await repository.LogOfFolder(folder).LockAsync("repo gc", TimeSpan.Zero, cancellationToken);
        }
        catch (AiShellException held) when (held.Kind == ErrorKind.Busy)
        {
            return null;
        }
    }
}
