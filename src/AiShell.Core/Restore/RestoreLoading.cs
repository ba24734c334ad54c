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
        foreach (PartPhase phase in Enum.GetValues<PartPhase>())
        {
            int lanes = target.ParallelismOf(phase);
            IEnumerable<BackupPart> parts = contents.Parts.Where(part => part.Phase == phase && (part.Table is null || tables.Takes(part.Table)));
            await Lanes.RunAsync(
                lanes > 1 ? LargestTablesFirst(contents, parts) : parts,
                lanes,
                progress,
                part => part.Table?.ToString() ?? entry.Require().Parts[part.Index].Path,
                (part, advance, token) => repository.ReadPartAsync(
                    entry, entry.Require().Parts[part.Index], plain => target.LoadAsync(part, plain, token), advance, token),
                cancellationToken);
        }

        progress.Begin("Checking the copy", totalBytes: null);
        IReadOnlyList<TableDigest> found = await target.CompleteAsync(fingerprints, cancellationToken);
        TableDigest[] expected = [.. contents.Tables.Where(digest => tables.Takes(digest.Table))];
        IReadOnlyList<string> differences = DigestComparison.Compare(expected, found, "the restored copy has", fingerprints);
        return differences.Count == 0 ? found : throw new AiShellException(
            ErrorKind.Integrity,
            $"The restored copy is not what was backed up: {string.Join("; ", differences.Take(5))}{(differences.Count > 5 ? $"; and {differences.Count - 5} more" : "")}.",
            "The target was not touched. Run 'ai-shell backup verify --deep' on the backup, or restore another one.");
    }

    /// <summary>What takes longest must not begin last, when there is nothing left for the other lanes.</summary>
    private static IEnumerable<BackupPart> LargestTablesFirst(BackupContents contents, IEnumerable<BackupPart> parts)
    {
        var bytes = contents.Parts.Where(part => part.Table is not null).GroupBy(part => part.Table!).ToDictionary(table => table.Key, table => table.Sum(part => part.PlainBytes));
        return parts.OrderByDescending(part => part.Table is null ? part.PlainBytes : bytes[part.Table]);
    }
}
