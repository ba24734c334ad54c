using AiShell.Engines;
using AiShell.Repository;

namespace AiShell.Verification;

/// <summary>Reads all rows of a backup back from its parts, without a restore.</summary>
internal static class BackupReading
{
    public static async Task<ReaderResult> ReadAllAsync(
        BackupRepository repository, CatalogueEntry entry, IDatabaseEngine engine, ReaderOptions options, IJobProgress progress, CancellationToken cancellationToken)
    {
        Manifest manifest = entry.Require();
        BackupContents contents = manifest.ToContents();
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

        return await reader.CompleteAsync(cancellationToken);
    }
}
