using AiShell.Repository;

namespace AiShell.Verification;

/// <param name="Reports">One for each backup, newest first, then one for each timeline of a log.</param>
/// <param name="Orphans">Files that no manifest names.</param>
public sealed record RepositoryCheckReport(
    IReadOnlyList<VerifyReport> Reports, IReadOnlyList<OrphanedFile> Orphans, IReadOnlyList<HeldLock> Locks)
{
    public bool IsGood => Reports.All(report => report.IsGood);
}

/// <summary>Checks everything in a repository: every manifest, every part's size and SHA-256, and what does not belong there.</summary>
public sealed class RepositoryCheckJob(BackupRepository repository, IJobProgress progress)
{
    public async Task<RepositoryCheckReport> RunAsync(int workers, string scratchDirectory, CancellationToken cancellationToken)
    {
        List<VerifyReport> reports = [];
        var verify = new VerifyJob(repository, progress);
        IReadOnlyList<CatalogueEntry> entries = await repository.ListAsync(database: null, cancellationToken);
        foreach (CatalogueEntry entry in entries)
        {
            try
            {
                reports.Add(await verify.RunAsync(new VerifyRequest(entry, Engine: null, Deep: false, workers, scratchDirectory), cancellationToken));
            }
            catch (AiShellException gone) when (gone.Kind == ErrorKind.NotFound)
            {
                // Deleted since it was listed: nothing to check any more.
            }
        }

        var log = new LogVerifyJob(repository, progress);
        foreach (string database in entries.Select(entry => entry.Database).Distinct())
        {
            reports.AddRange(await log.RunAsync(database, deep: false, workers, cancellationToken));
        }

        return new RepositoryCheckReport(
            reports, await repository.ListOrphansAsync(cancellationToken), await repository.ListLocksAsync(cancellationToken));
    }
}
