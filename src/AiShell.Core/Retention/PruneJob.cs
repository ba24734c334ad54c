using AiShell.Repository;

namespace AiShell.Retention;

/// <param name="Failures">Backups that should have gone but could not, with the reason.</param>
public sealed record PruneResult(IReadOnlyList<RetentionDecision> Decisions, int Deleted, long FreedBytes, IReadOnlyList<string> Failures);

/// <summary>Applies retention to a database's backups, under its lock, so that it never meets a backup being written.</summary>
public sealed class PruneJob(BackupRepository repository, TimeProvider time)
{
    /// <param name="dryRun">Decide only.</param>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Busy"/>: a backup of the database is being written.</exception>
    public async Task<PruneResult> RunAsync(
        string database, RetentionRules rules, IReadOnlySet<string> knownBad, TimeSpan lockWait, bool dryRun, CancellationToken cancellationToken)
    {
        if (dryRun)
        {
            return new PruneResult(await DecideAsync(database, rules, knownBad, cancellationToken), 0, 0, []);
        }

        await using Lease databaseLock = await repository.LockDatabaseAsync(database, "backup prune", lockWait, cancellationToken);
        IReadOnlyList<RetentionDecision> decisions = await DecideAsync(database, rules, knownBad, cancellationToken);
        int deleted = 0;
        long freedBytes = 0;
        List<string> failures = [];

        // Newest first within the doomed: an increment goes before the base it needs, so a crash leaves no broken chain.
        foreach (CatalogueEntry entry in decisions.Where(decision => !decision.Keep).Select(decision => decision.Entry))
        {
            try
            {
                await repository.DeleteAsync(entry, databaseLock, cancellationToken);
                deleted++;
                freedBytes += entry.Manifest!.StoredBytes;
            }
            catch (AiShellException busy) when (busy.Kind == ErrorKind.Busy && !databaseLock.Lost.IsCancellationRequested)
            {
                failures.Add(busy.Message);
            }
        }

        return new PruneResult(decisions, deleted, freedBytes, failures);
    }

    private async Task<IReadOnlyList<RetentionDecision>> DecideAsync(
        string database, RetentionRules rules, IReadOnlySet<string> knownBad, CancellationToken cancellationToken) =>
        RetentionPolicy.Decide(await repository.ListAsync(database, cancellationToken), knownBad, rules, time.GetUtcNow());
}
