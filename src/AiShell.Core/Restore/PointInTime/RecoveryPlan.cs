using AiShell.Engines;
using AiShell.Repository;

namespace AiShell.Restore;

/// <summary>Which backups and which piece of the log bring a database to a moment. Worked out from manifests and commit indexes alone: the same ones give the same plan.</summary>
/// <param name="Target">What was asked for.</param>
/// <param name="Chain">What is read, in this order.</param>
/// <param name="Reached">The moment that comes of it: the end of the last transaction that is in it.</param>
/// <param name="CommittedAt">When that transaction had been committed at the latest; null where no transaction of the log is needed.</param>
public sealed record RecoveryPlan(RecoveryTarget Target, int Timeline, BackupChain Chain, LogPosition Reached, DateTimeOffset? CommittedAt)
{
    /// <summary>What of the chain is the log, and no backup.</summary>
    public IReadOnlyList<CatalogueEntry> Segments => [.. Chain.Entries.Where(entry => entry.Require().Segment is not null)];
}
