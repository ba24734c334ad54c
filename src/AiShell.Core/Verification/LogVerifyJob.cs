using System.Collections.Concurrent;
using AiShell.Repository;
using AiShell.Restore;

namespace AiShell.Verification;

/// <summary>
/// Checks a database's log without a database: every segment is there, whole, and joins the one before, and its list of transactions is right. That a capture was interrupted
/// is no damage; that a segment is missing is.
/// </summary>
public sealed class LogVerifyJob(BackupRepository repository, IJobProgress progress)
{
    /// <summary>One report a timeline that has segments; never throws for a bad log.</summary>
    public async Task<IReadOnlyList<VerifyReport>> RunAsync(string database, bool deep, int workers, CancellationToken cancellationToken)
    {
        DatabaseLog log = repository.LogOf(database);
        await using Lease reading = await log.LockForReadingAsync("backup verify", cancellationToken);
        LogHistory history = await log.ReadAsync(cancellationToken);
        List<VerifyReport> reports = [];
        foreach (LogTimeline timeline in history.Timelines.Where(timeline => timeline.LastNumber > 0))
        {
            reports.Add(await RunAsync(database, timeline, deep, workers, cancellationToken));
        }

        return reports;
    }

    private async Task<VerifyReport> RunAsync(string database, LogTimeline timeline, bool deep, int workers, CancellationToken cancellationToken)
    {
        ConcurrentDictionary<string, string> problems = new(StringComparer.Ordinal);
        progress.Begin("Checking the log", timeline.Segments.Sum(segment => segment.Manifest?.StoredBytes ?? 0));
        await Lanes.RunAsync(
            timeline.Segments,
            workers,
            progress,
            segment => segment.Id,
            async (segment, advance, token) =>
            {
                if ((await CheckAsync(segment, deep, advance, token) ?? (timeline.IsForeign(segment) ? "it is another log's: no capture of this one wrote it" : null)) is { } problem)
                {
                    problems[segment.Id] = $"{segment.Id}: {problem}";
                }
            },
            cancellationToken);
        Manifest[] manifests = [.. timeline.Segments.Select(segment => segment.Manifest).OfType<Manifest>()];
        return new VerifyReport(
            $"log-{timeline.Number}", database, deep, manifests.Sum(manifest => manifest.Parts.Count), 0, manifests.Sum(manifest => manifest.StoredBytes),
            [.. problems.OrderBy(problem => problem.Key, StringComparer.Ordinal).Select(problem => problem.Value), .. MissingOf(timeline)]);
    }

    private async Task<string?> CheckAsync(CatalogueEntry segment, bool deep, Action<long> advance, CancellationToken cancellationToken)
    {
        if (segment.Manifest is not { } manifest)
        {
            return segment.Damage!.Message;
        }

        foreach (ManifestPart part in manifest.Parts)
        {
            if (await repository.CheckPartAsync(segment, part, advance, cancellationToken) is { } problem)
            {
                return problem;
            }
        }

        if (await repository.CheckManifestAsync(segment, cancellationToken) is { } damage)
        {
            return damage;
        }

        try
        {
            await (deep ? repository.ReadCommitsAsync(segment, cancellationToken) : Task.CompletedTask);
            return null;
        }
        catch (AiShellException bad) when (bad.Kind == ErrorKind.Integrity)
        {
            return bad.Message;
        }
    }

    /// <summary>From the first that is there: what lies before was dropped with the backups that it followed.</summary>
    private static IEnumerable<string> MissingOf(LogTimeline timeline) =>
        LogRun.Of(new LogHistory("", [timeline])).Where(run => run.IsMissing).Select(run => $"{run.WhyItEnds}, after {RecoveryTarget.Show(run.Through)}");
}
