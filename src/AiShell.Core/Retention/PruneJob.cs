using AiShell.Repository;

namespace AiShell.Retention;

/// <param name="Decisions">As carried out: what could not be deleted is kept, and says why.</param>
/// <param name="Failures">Backups that should have gone but could not, with the reason.</param>
/// <param name="Segments">Of the log, that no kept backup can use: they go too.</param>
public sealed record PruneResult(IReadOnlyList<RetentionDecision> Decisions, int Deleted, long FreedBytes, IReadOnlyList<string> Failures, int Segments);

/// <summary>Applies retention to a database's backups, under its lock, so that it never meets a backup being written.</summary>
public sealed class PruneJob(BackupRepository repository, TimeProvider time)
{
    /// <param name="dryRun">Decide only.</param>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Busy"/>: a backup of the database is being written.</exception>
    public async Task<PruneResult> RunAsync(
        string database, RetentionRules rules, IReadOnlySet<string> knownBad, TimeSpan lockWait, bool dryRun, CancellationToken cancellationToken)
    {
        IReadOnlyList<RetentionDecision> decided = await DecideAsync(database, rules, knownBad, cancellationToken);
        if (dryRun)
        {
            LogRetention wouldGo = await new LogJob(repository).FindUselessAsync(database, KeptOf(decided), cancellationToken);
            return new PruneResult(decided, 0, 0, [], wouldGo.Segments.Count);
        }

        // After most backups, which takes no lock.
        if (decided.All(decision => decision.Keep) && (await repository.LogOf(database).ReadAsync(cancellationToken)).Timelines.Count == 0)
        {
            return new PruneResult(decided, 0, 0, [], 0);
        }

        await using Lease databaseLock = await repository.LockDatabaseAsync(database, "backup prune", lockWait, cancellationToken);
        IReadOnlyList<RetentionDecision> decisions = await DecideAsync(database, rules, knownBad, cancellationToken);
        List<RetentionDecision> outcome = [];
        List<string> failures = [];
        HashSet<string> needed = [];
        int deleted = 0;
        long freedBytes = 0;

        // Newest first: an increment goes before the base it needs, so a crash leaves no broken chain.
        foreach (RetentionDecision decision in decisions)
        {
            CatalogueEntry entry = decision.Entry;
            string? obstacle = decision.Keep ? null : await TryDeleteAsync(entry, needed, databaseLock, cancellationToken);
            if (decision.Keep || obstacle is not null)
            {
                needed.UnionWith(((string?[])[entry.Manifest?.Parent, entry.Manifest?.Base]).OfType<string>());
            }
            else
            {
                deleted++;
                freedBytes += entry.Manifest!.StoredBytes;
            }

            if (obstacle is not null)
            {
                failures.Add(obstacle);
            }

            outcome.Add(obstacle is null ? decision : decision with { Keep = true, Reason = obstacle });
        }

        (int segments, long logBytes, string? failure) = await new LogJob(repository).DropUselessAsync(database, KeptOf(outcome), databaseLock, cancellationToken);
        return new PruneResult(outcome, deleted, freedBytes + logBytes, failure is null ? failures : [.. failures, failure], segments);
    }

    private static CatalogueEntry[] KeptOf(IEnumerable<RetentionDecision> decisions) => [.. decisions.Where(decision => decision.Keep).Select(decision => decision.Entry)];

    /// <returns>Why the backup has to stay; null when it is gone.</returns>
    private async Task<string?> TryDeleteAsync(CatalogueEntry entry, HashSet<string> needed, Lease databaseLock, CancellationToken cancellationToken)
    {
        if (needed.Contains(entry.Id))
        {
            return $"The backup '{entry.Id}' stays: one that could not be deleted needs it.";
        }

        try
        {
            await repository.DeleteAsync(entry, databaseLock, cancellationToken);
            return null;
        }
        catch (AiShellException busy) when (busy.Kind == ErrorKind.Busy && databaseLock.IsHeld)
        {
            return busy.Message;
        }
    }

    private async Task<IReadOnlyList<RetentionDecision>> DecideAsync(
        string database, RetentionRules rules, IReadOnlySet<string> knownBad, CancellationToken cancellationToken) =>
        RetentionPolicy.Decide(await repository.ListAsync(database, cancellationToken), knownBad, rules, time.GetUtcNow());
}
