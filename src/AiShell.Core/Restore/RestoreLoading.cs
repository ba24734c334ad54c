using AiShell.Engines;
using AiShell.Repository;
using AiShell.Verification;

namespace AiShell.Restore;

/// <summary>Brings a backup's parts into a new copy and proves that they arrived.</summary>
internal static class RestoreLoading
{
    /// <exception cref="AiShellException"><see cref="ErrorKind.Integrity"/>: a part is damaged, or the copy is not what was backed up.</exception>
    public static async Task<IReadOnlyList<TableDigest>> LoadAsync(
        BackupRepository repository,
        CatalogueEntry entry,
        BackupContents contents,
        TableFilter tables,
        IRestoreTarget target,
        bool fingerprints,
        IJobProgress progress,
        CancellationToken cancellationToken)
    {
        progress.Begin("Restoring", contents.PlainBytes);
        foreach (LoadStage stage in target.Arrange([.. contents.Parts.Where(part => part.Table is null || tables.Takes(part.Table))]))
        {
            await Lanes.RunAsync(
                stage.Runs.Where(run => run.Count > 0),
                stage.Parallelism,
                progress,
                run => run[0].Table?.ToString() ?? entry.Require().Parts[run[0].Index].Path,
                async (run, advance, token) =>
                {
                    foreach (BackupPart part in run)
                    {
                        await repository.ReadPartAsync(entry, entry.Require().Parts[part.Index], plain => target.LoadAsync(part, plain, token), advance, token);
                    }
                },
                cancellationToken);
        }

        progress.Begin("Completing the copy", totalBytes: null);
        IReadOnlyList<TableDigest> found = await target.CompleteAsync(fingerprints, cancellationToken);
        TableDigest[] expected = [.. contents.Tables.Where(digest => tables.Takes(digest.Table))];
        IReadOnlyList<string> differences = DigestComparison.Compare(expected, found, "the restored copy has", fingerprints);
        return differences.Count == 0 ? found : throw new AiShellException(
            ErrorKind.Integrity,
            $"The restored copy is not what was backed up: {ListText.First(differences, "; ")}.",
            "The target was not touched. Run 'ai-shell backup verify --deep' on the backup, or restore another one.");
    }
}
