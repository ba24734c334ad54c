using AiShell.Repository;
using AiShell.Restore;

namespace AiShell.Retention;

/// <summary>Finds the log that no kept backup can use: nothing before the first backup of a run leads anywhere.</summary>
/// <param name="Segments">The oldest first.</param>
/// <param name="Heads">With the timeline of each.</param>
public sealed record LogRetention(IReadOnlyList<CatalogueEntry> Segments, IReadOnlyList<(int Timeline, LogHead Head)> Heads)
{
    public static readonly LogRetention Nothing = new([], []);

    /// <param name="kept">The backups that stay.</param>
    /// <param name="isFollowed">A capture is at work: the backup from which it follows the log may not be there yet.</param>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Integrity"/>: a segment that would have to be looked into is damaged.</exception>
    public static async Task<LogRetention> FindUselessAsync(LogHistory log, IReadOnlyList<CatalogueEntry> kept, bool isFollowed, ReadCommits readCommits)
    {
        if (kept.Any(backup => backup.Manifest is null))
        {
            // Whoever puts the manifest back from a copy wants the log after it, too.
            return Nothing;
        }

        IReadOnlyList<LogRun> runs = LogRun.Of(log);
        IReadOnlyList<RecoverableWindow> windows = await RecoverableWindow.FindAsync(kept, runs, _ => true, readCommits);
        List<CatalogueEntry> segments = [];
        List<LogRun> useful = [];
        foreach (LogRun run in runs)
        {
            RecoverableWindow? window = windows.FirstOrDefault(window => window.Run == run);
            bool mayComeToUse = isFollowed && run == runs[^1];
            segments.AddRange(window is not null ? run.Segments.Take(window.Anchors[0].Place.Segments) : mayComeToUse ? [] : run.Segments);
            if (window is not null || mayComeToUse)
            {
                useful.Add(run);
            }
        }

        return new LogRetention(segments, [.. log.Timelines.SelectMany(timeline => HeadsOf(timeline, useful))]);
    }

    /// <summary>All but those of a useful run, and the last one: it has the number after which the next segment comes.</summary>
    private static IEnumerable<(int, LogHead)> HeadsOf(LogTimeline timeline, IReadOnlyList<LogRun> useful) => timeline.Heads
        .Where(head => head.Number < timeline.LastNumber && !useful.Any(run => run.Timeline == timeline.Number && (run.End == head.Position || run.Segments.Any(segment => segment.Require().Segment!.Capture == head.Capture))))
        .Select(head => (timeline.Number, head));
}
