using AiShell.Engines;
using AiShell.IO;
using AiShell.Repository;
using AiShell.Verification;

namespace AiShell.Restore;

/// <summary>Brings the parts of a backup, and of the links after it, into a new copy and proves that they arrived.</summary>
internal static class RestoreLoading
{
    /// <exception cref="AiShellException"><see cref="ErrorKind.Integrity"/>: a part is damaged, or the copy is not what was backed up.</exception>
    public static async Task<IReadOnlyList<TableDigest>> LoadAsync(
        BackupRepository repository,
        BackupChain chain,
        BackupContents contents,
        TableFilter tables,
        IRestoreTarget target,
        bool fingerprints,
        IJobProgress progress,
        CancellationToken cancellationToken)
    {
        CatalogueEntry entry = chain.Base;
        progress.Begin("Restoring", chain.PlainBytes);
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

        await ReplayAsync(repository, [.. chain.Links], 0, chain.StopOffset, target.ApplyAsync, progress, cancellationToken);
        progress.Begin("Completing the copy", totalBytes: null);
        IReadOnlyList<TableDigest> found = await target.CompleteAsync(fingerprints, cancellationToken);

        // What a chain gives no manifest says table by table: the engine has proved it, by its image or by its log.
        if (contents.HasLinks)
        {
            return found;
        }

        TableDigest[] expected = [.. contents.Tables.Where(digest => tables.Takes(digest.Table))];
        IReadOnlyList<string> differences = DigestComparison.Compare(expected, found, "the restored copy has", fingerprints);
        return differences.Count == 0 ? found : throw new AiShellException(
            ErrorKind.Integrity,
            $"The restored copy is not what was backed up: {ListText.First(differences, "; ")}.",
            "The target was not touched. Run 'ai-shell backup verify --deep' on the backup, or restore another one.");
    }

    /// <summary>The links' changes, one part after another.</summary>
    /// <param name="startOffset">As <see cref="LinkPart.From"/> of the first.</param>
    /// <param name="stopOffset">Where in the plain bytes of the last it stops; null for its end.</param>
    public static async Task ReplayAsync(
        BackupRepository repository,
        IReadOnlyList<CatalogueEntry> links,
        long startOffset,
        long? stopOffset,
        Func<LinkPart, Stream, CancellationToken, Task> apply,
        IJobProgress progress,
        CancellationToken cancellationToken)
    {
        foreach ((int index, CatalogueEntry link) in links.Index())
        {
            Manifest manifest = link.Require();
            BackupContents contents = manifest.ToContents();
            long stop = (index == links.Count - 1 ? stopOffset : null) ?? long.MaxValue;
            BackupPart[] parts = [.. contents.Parts.Where(part => part.PlainOffset < stop)];
            await Lanes.RunAsync(
                parts,
                workers: 1,
                progress,
                part => manifest.Parts[part.Index].Path,
                (part, advance, token) => repository.ReadPartAsync(
                    link,
                    manifest.Parts[part.Index],
                    plain =>
                    {
                        bool isCut = part.PlainOffset + part.PlainBytes > stop;
                        LinkPart applied = new(index + 1, part, IsLast: part == parts[^1]) { From = index == 0 ? startOffset : 0, IsCut = isCut };
                        return apply(applied, isCut ? new BoundedReadStream(plain, stop - part.PlainOffset) : plain, token);
                    },
                    advance,
                    token),
                cancellationToken);
        }
    }
}
