using AiShell.Engines;
using AiShell.Repository;
using AiShell.Restore;

namespace AiShell.Capture;

/// <summary>Where a capture goes on that was interrupted.</summary>
/// <param name="Head">What the capture before had said; null where it did not come to that.</param>
/// <param name="Last">The last transaction that is stored; null where there is none.</param>
/// <param name="Previous">The digest of the manifest of the segment that has it.</param>
internal sealed record Resumption(LogResume At, LogHead? Head, SegmentCommit? Last, string? Previous)
{
    /// <summary>The end of the present history's log, where a backup leads into it; null where there is none.</summary>
    public static async Task<Resumption?> FindAsync(RecoveryPlanner planner, BackupRepository repository, CancellationToken cancellationToken)
    {
        if (planner.Log.Timelines is not [.., var timeline] || LogRun.Of(planner.Log).LastOrDefault(run => IsLast(run, timeline)) is not { } run)
        {
            return null;
        }

        try
        {
            IReadOnlyList<RecoverableWindow> windows = await planner.FindWindowsAsync();
            if (!windows.Any(window => window.Timeline == run.Timeline && window.Run.Start == run.Start && window.Run.Since == run.Since))
            {
                return null;
            }

            SegmentCommit? last = run.Segments is [.., var segment] ? (await repository.ReadCommitsAsync(segment, cancellationToken))[^1] : null;
            string? capture = run.Segments is [.., var newest] ? newest.Require().Segment!.Capture : null;
            LogHead? head = timeline.Heads.Where(head => head.Capture == capture || head.Start == run.Start || head.Position == run.End).MaxBy(head => (head.Capture == capture, head.Number, head.Through));

            // Transactions have an order: what follows the last one was not there before that was.
            DateTimeOffset through = last?.After > run.Through ? last.After : run.Through;
            return new Resumption(new LogResume(run.End, through), head, last, run.Segments is [.., var end] ? end.Require().Digest : null);
        }
        catch (AiShellException damage) when (damage.Kind == ErrorKind.Integrity)
        {
            // Nothing can be built on it.
            return null;
        }
    }

    /// <summary>By numbers and not by time: the clock may have been set back.</summary>
    private static bool IsLast(LogRun run, LogTimeline timeline) =>
        run.Timeline == timeline.Number && run.WhyItEnds is null
        && (run.Segments.Count > 0 ? DatabaseLog.NumberOf(run.Segments[^1]) : timeline.Heads.Where(head => head.Start == run.Start).Max(head => head.Number)) == timeline.LastNumber;
}
