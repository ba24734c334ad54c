using AiShell.Repository;

namespace AiShell.Verification;

/// <param name="Reports">One for each backup, newest first.</param>
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
        foreach (CatalogueEntry entry in await repository.ListAsync(database: null, cancellationToken))
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

        return new RepositoryCheckReport(
            reports, await repository.ListOrphansAsync(cancellationToken), await repository.ListLocksAsync(cancellationToken));
    }
}
