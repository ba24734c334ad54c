using AiShell.Engines;
using AiShell.Repository;

namespace AiShell.Restore;

/// <summary>A time to any instant of which the database can be restored: a base and the log after it, without a gap.</summary>
/// <param name="Timeline">The history that it is in.</param>
/// <param name="From">The earliest instant.</param>
/// <param name="Through">The latest.</param>
/// <param name="Anchors">The backups from which the log goes on, the earliest first, and where.</param>
/// <param name="WhyItEnds">As <see cref="LogRun.WhyItEnds"/>.</param>
public sealed record RecoverableWindow(int Timeline, DateTimeOffset From, DateTimeOffset Through, LogRun Run, IReadOnlyList<LogAnchor> Anchors, string? WhyItEnds)
{
    /// <summary>All windows, the oldest first.</summary>
    /// <param name="backups">Of the log's database.</param>
    /// <param name="runs">Of its log.</param>
    /// <param name="isUsable">Whether the log may be followed from the end of a chain.</param>
    /// <param name="readCommits">Gives where one may stop in a segment.</param>
    public static async Task<IReadOnlyList<RecoverableWindow>> FindAsync(
        IReadOnlyList<CatalogueEntry> backups, IReadOnlyList<LogRun> runs, Func<BackupChain, bool> isUsable, ReadCommits readCommits)
    {
        List<RecoverableWindow> windows = [];
        foreach (LogRun run in runs)
        {
            List<LogAnchor> anchors = [];
            foreach (CatalogueEntry backup in backups.Where(backup => backup.Manifest is { } manifest && manifest.TimelineNumber == run.Timeline))
            {
                if (BackupChain.Find(backup, backups) is { } chain && CanBeFollowed(chain.Base.Require(), run) && isUsable(chain) && await FindPlaceAsync(backup.Require(), run, readCommits) is { } place)
                {
                    anchors.Add(new LogAnchor(chain, place));
                }
            }

            if (anchors.Count > 0)
            {
                anchors = [.. anchors.OrderBy(anchor => anchor.Place).ThenBy(anchor => anchor.FixedAt)];
                DateTimeOffset from = anchors.Min(anchor => anchor.FixedAt);
                windows.Add(new RecoverableWindow(run.Timeline, from, run.Through > from ? run.Through : from, run, anchors, run.WhyItEnds));
            }
        }

        return [.. windows.OrderBy(window => window.From)];
    }

    /// <summary>The log is laid over what it was written for: pages over pages, statements over what has all tables.</summary>
    private static bool CanBeFollowed(Manifest full, LogRun run) =>
        run.Segments.Count == 0 || (full.Format == run.Segments[0].Require().Format && full.Scope == BackupScope.All && full.Selection is null && full.Engine == run.Segments[0].Require().Engine);

    /// <summary>Where in the run a backup ends: at a segment's border, or, where it was made beside the capture, within one.</summary>
    private static async Task<LogPlace?> FindPlaceAsync(Manifest backup, LogRun run, ReadCommits readCommits)
    {
        for (int i = 0; i < run.Segments.Count; i++)
        {
            if (run.Segments[i].Require().Position.Start == backup.Position.End)
            {
                return new LogPlace(i, 0);
            }
        }

        // Also behind the end, where nothing of this database was committed since, as its capture says, and none has begun anew: a log of the whole server went on.
        if (run.End == backup.Position.End
            || (run.WhyItEnds is null && (backup.FixedAt ?? backup.CompletedAt) <= run.Through && LogOrder.Compare(backup, backup.Position.End, run.End) > 0))
        {
            return new LogPlace(run.Segments.Count, 0);
        }

        for (int i = 0; i < run.Segments.Count; i++)
        {
            ManifestSegment segment = run.Segments[i].Require().Segment!;
            if (segment.Since > (backup.FixedAt ?? backup.CompletedAt) || segment.CommittedBy < backup.CreatedAt)
            {
                continue;
            }

            IReadOnlyList<SegmentCommit> commits = await readCommits(run.Segments[i]);
            int found = commits.Index().Where(commit => commit.Item.Position == backup.Position.End).Select(commit => commit.Index).DefaultIfEmpty(-1).Last();
            if (found >= 0)
            {
                return new LogPlace(i, found + 1);
            }
        }

        // A log of the whole server goes on between two transactions of this database. The times say that it is the log of then, and not one with the same names.
        return await LogOrder.FindAsync(run, backup.Position.End, readCommits) is { } between
            && (between.Last is not { } last || last.After <= (backup.FixedAt ?? backup.CompletedAt))
            && (between.Next is not { } next || next.At >= backup.CreatedAt)
            ? between.Place
            : null;
    }
}

/// <summary>Gives where one may stop in a segment, in its order.</summary>
/// <exception cref="AiShellException"><see cref="ErrorKind.Integrity"/>: that is damaged.</exception>
public delegate Task<IReadOnlyList<SegmentCommit>> ReadCommits(CatalogueEntry segment);

/// <summary>A place in a run: so many whole segments, then so many transactions of the next.</summary>
public readonly record struct LogPlace(int Segments, int Commits) : IComparable<LogPlace>
{
    public int CompareTo(LogPlace other) => Segments != other.Segments ? Segments.CompareTo(other.Segments) : Commits.CompareTo(other.Commits);
}

/// <summary>A backup, with what it builds on, from which the log goes on.</summary>
public sealed record LogAnchor(BackupChain Chain, LogPlace Place)
{
    /// <summary>At this instant the database stood there, or had gone on.</summary>
    public DateTimeOffset FixedAt => Chain.FixedAt;
}
