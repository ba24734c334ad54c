using System.Collections.Concurrent;
using AiShell.Engines;
using AiShell.Repository;

namespace AiShell.Verification;

/// <summary>
/// Checks a backup without a database: every part is there, of the right size and SHA-256, the manifest intact; deep:
/// every byte also decompresses and parses, and every table has the rows and the fingerprint that the manifest says. Of an
/// increment also its chain: nothing missing, each link where the one before ends; deep: what the whole chain gives.
/// </summary>
public sealed class VerifyJob(BackupRepository repository, IJobProgress progress)
{
    /// <summary>Never throws for a bad backup: the report says what is wrong.</summary>
    /// <exception cref="AiShellException"><see cref="ErrorKind.NotFound"/>: the backup was deleted since it was listed.</exception>
    public async Task<VerifyReport> RunAsync(VerifyRequest request, CancellationToken cancellationToken)
    {
        CatalogueEntry entry = request.Entry;
        if (entry.Manifest is not { } manifest)
        {
            return new VerifyReport(entry.Id, entry.Database, request.Deep, 0, 0, 0, [entry.Damage!.Message]);
        }

        await using Lease reading = await repository.LockForReadingAsync(entry, "backup verify", cancellationToken);
        IReadOnlyList<string> problems = await reading.GuardAsync(token => FindProblemsAsync(request, manifest, token), cancellationToken);
        return new VerifyReport(entry.Id, entry.Database, request.Deep, manifest.Parts.Count, request.Deep ? manifest.Tables.Count : 0, manifest.StoredBytes, problems)
        {
            ImageCompared = request.Deep && manifest.IsProvedByImage,
        };
    }

    private async Task<IReadOnlyList<string>> FindProblemsAsync(VerifyRequest request, Manifest manifest, CancellationToken cancellationToken)
    {
        List<string> problems = [.. await CheckPartsAsync(request.Entry, manifest, request.Workers, cancellationToken)];
        if (!request.Entry.IsPending && await repository.CheckManifestAsync(request.Entry, cancellationToken) is { } damage)
        {
            problems.Insert(0, damage);
        }

        return problems.Count == 0 && (request.Deep || manifest.Kind != BackupKind.Full) ? await CheckChainAsync(request, cancellationToken) : problems;
    }

    private async Task<IReadOnlyList<string>> CheckPartsAsync(CatalogueEntry entry, Manifest manifest, int workers, CancellationToken cancellationToken)
    {
        progress.Begin("Checking parts", manifest.StoredBytes);
        var problems = new ConcurrentDictionary<int, string>();
        await Lanes.RunAsync(
            manifest.Parts.Index(),
            workers,
            progress,
            part => part.Item.Path,
            async (part, advance, token) =>
            {
                if (await repository.CheckPartAsync(entry, part.Item, advance, token) is { } problem)
                {
                    problems[part.Index] = problem;
                }
            },
            cancellationToken);
        return [.. problems.OrderBy(problem => problem.Key).Select(problem => problem.Value)];
    }

    /// <summary>An increment is worth as much as what it builds on.</summary>
    private async Task<IReadOnlyList<string>> CheckChainAsync(VerifyRequest request, CancellationToken cancellationToken)
    {
        try
        {
            BackupChain chain = await repository.FindChainAsync(request.Entry, cancellationToken);
            return request.Deep ? await CheckContentAsync(request, chain, cancellationToken) : [];
        }
        catch (AiShellException damage) when (damage.Kind == ErrorKind.Integrity)
        {
            return [damage.Message];
        }
    }

    private async Task<IReadOnlyList<string>> CheckContentAsync(VerifyRequest request, BackupChain chain, CancellationToken cancellationToken)
    {
        BackupContents contents = chain.Contents;
        progress.Begin("Reading every row", chain.PlainBytes);
        ReaderResult result = await BackupReading.ReadAllAsync(
            repository, chain, request.Engine!, new ReaderOptions(request.Workers, SampleRows: 0, request.ScratchDirectory), progress, cancellationToken);
        return contents.HasLinks
            ? []
            : DigestComparison.Compare(contents.Tables, result.Tables, "the parts hold", fingerprints: true);
    }
}
