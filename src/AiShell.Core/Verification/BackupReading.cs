using AiShell.Engines;
using AiShell.Repository;
using AiShell.Restore;

namespace AiShell.Verification;

/// <summary>Reads all rows of a backup, and of the links after it, back from their parts, without a restore.</summary>
internal static class BackupReading
{
    public static async Task<ReaderResult> ReadAllAsync(
        BackupRepository repository, BackupChain chain, IDatabaseEngine engine, ReaderOptions options, IJobProgress progress, CancellationToken cancellationToken)
    {
        CatalogueEntry entry = chain.Base;
        Manifest manifest = entry.Require();
        BackupContents contents = chain.Contents;
        await using IBackupReader reader = await engine.OpenReaderAsync(contents, options, cancellationToken);

        // Readers need the schema before they understand rows.
        foreach (PartPhase phase in Enum.GetValues<PartPhase>())
        {
            await Lanes.RunAsync(
                contents.Parts.Where(part => part.Phase == phase),
                phase == PartPhase.Data ? reader.Parallelism : 1,
                progress,
                part => manifest.Parts[part.Index].Path,
                (part, advance, token) => repository.ReadPartAsync(
                    entry, manifest.Parts[part.Index], plain => reader.ReadAsync(part, plain, token), advance, token),
                cancellationToken);
        }

        await RestoreLoading.ReplayAsync(repository, [.. chain.Links], 0, chain.StopOffset, reader.ApplyAsync, progress, cancellationToken);
        return await reader.CompleteAsync(cancellationToken);
    }
}
