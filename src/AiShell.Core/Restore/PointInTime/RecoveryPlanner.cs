using AiShell.Engines;
using AiShell.Repository;

namespace AiShell.Restore;

/// <summary>Finds the way to a moment, or says why there is none. Never guesses: an instant about which the log is not sure is refused, with the instants beside it about which it is.</summary>
public sealed class RecoveryPlanner(string database, IReadOnlyList<CatalogueEntry> backups, LogHistory log, ReadCommits readCommits)
{
    /// <summary>A server's stamps may be a second old when they are written.</summary>
    private static readonly TimeSpan ShortestForStamps = TimeSpan.FromSeconds(2);

    /// <summary>With what the repository has of a database.</summary>
    public static async Task<RecoveryPlanner> ReadAsync(
        BackupRepository repository, string database, IReadOnlySet<string> knownBad, string? onlyFrom, CancellationToken cancellationToken) => new(
            database,
            await repository.ListAsync(database, cancellationToken),
            await repository.LogOf(database).ReadAsync(cancellationToken),
            segment => repository.ReadCommitsAsync(segment, cancellationToken))
        {
            OnlyFrom = onlyFrom,
            KnownBad = knownBad,
            ReadTransactions = (link, use) => LinkTransactions.ReadAsync(repository, link, use, cancellationToken),
        };

    /// <summary>The log that plans go by.</summary>
    public LogHistory Log => log;

    /// <summary>Only from the end of this backup, or to a moment within it; null for the best way.</summary>
    public string? OnlyFrom { get; init; }

    /// <summary>Gives what is in an increment, and a server's stamps.</summary>
    public ReadTransactions ReadTransactions { get; init; } = (_, _) => Task.CompletedTask;

    /// <summary>Backups that failed their last verification: no way leads over them where there is another.</summary>
    public IReadOnlySet<string> KnownBad { get; init; } = new HashSet<string>();

    /// <summary>Everything that can be recovered, the oldest first.</summary>
    public Task<IReadOnlyList<RecoverableWindow>> FindWindowsAsync() => RecoverableWindow.FindAsync(
        backups,
        LogRun.Of(log),
        chain => (OnlyFrom is null || chain.End.Id == OnlyFrom) && IsGood(chain),
        readCommits);

    private IncrementMoments Increments => new(backups, chain => (OnlyFrom is null || chain.Entries.Any(entry => entry.Id == OnlyFrom)) && IsGood(chain), ReadTransactions);

    private bool IsGood(BackupChain chain) => !chain.Entries.Any(entry => KnownBad.Contains(entry.Id));

    /// <param name="timeline">Only this history; null for the newest that has the moment.</param>
    /// <exception cref="AiShellException">
    /// <see cref="ErrorKind.NotFound"/>: no backup at all; <see cref="ErrorKind.Refused"/>: the moment is outside the recoverable windows, in a gap, or not sure;
    /// <see cref="ErrorKind.Integrity"/>: what it needs is damaged.
    /// </exception>
    public async Task<RecoveryPlan> PlanAsync(RecoveryTarget target, int? timeline)
    {
        RecoverableWindow[] windows = [.. (await FindWindowsAsync()).Where(window => timeline is null || window.Timeline == timeline)];
        return target switch
        {
            RecoveryTarget.Instant instant => await PlanAsync(instant, windows, timeline),
            RecoveryTarget.Position position => await PlanAsync(position, windows, timeline),
            _ => await PlanLatestAsync(target, windows, timeline),
        };
    }

    private async Task<RecoveryPlan> PlanAsync(RecoveryTarget.Instant target, RecoverableWindow[] windows, int? timeline)
    {
        // Histories overlap where a capture went on for a moment after a restore: the newer one counts.
        RecoverableWindow? window = windows.Where(window => window.From <= target.At && target.At <= window.Through).OrderBy(window => window.Timeline).ThenBy(window => window.From).LastOrDefault();
        return window is null
            ? await Increments.FindAsync(target, timeline) ?? throw Outside(target, windows)
            : await PlanAsync(target, window, await FindInstantAsync(target, window), anchor => anchor.FixedAt <= target.At);
    }

    private async Task<RecoveryPlan> PlanLatestAsync(RecoveryTarget target, RecoverableWindow[] windows, int? timeline)
    {
        int newestTimeline = timeline ?? log.CurrentTimeline;
        CatalogueEntry? newest = backups.Where(backup => backup.Manifest?.TimelineNumber == newestTimeline && (OnlyFrom is null || backup.Id == OnlyFrom)).Order(NewestFirst.Instance).FirstOrDefault();
        RecoverableWindow? window = windows.LastOrDefault(window => window.Timeline == newestTimeline);
        if (window is not null && (newest is null || window.Anchors.Any(anchor => anchor.Chain.End.Id == newest.Id) || newest.Require().CreatedAt < window.Through))
        {
            return await PlanAsync(target, window, new LogPlace(window.Run.Segments.Count, 0), _ => true);
        }

        return newest is not null ? OnlyBackup(target, BackupChain.Of(newest, backups)) : throw Outside(target, windows);
    }

    private async Task<RecoveryPlan> PlanAsync(RecoveryTarget.Position target, RecoverableWindow[] windows, int? timeline)
    {
        foreach (RecoverableWindow window in windows.Reverse())
        {
            if (await FindPositionAsync(target.At, window) is { } place && window.Anchors.Any(anchor => anchor.Place.CompareTo(place) <= 0))
            {
                return await PlanAsync(target, window, place, _ => true);
            }
        }

        return backups.FirstOrDefault(backup => backup.Manifest is { } manifest && LogOrder.Compare(manifest, target.At, manifest.Position.End) == 0 && (OnlyFrom is null || backup.Id == OnlyFrom) && (timeline is null || manifest.TimelineNumber == timeline)) is { } exact
            ? OnlyBackup(target, BackupChain.Of(exact, backups))
            : await Increments.FindAsync(target, timeline) ?? throw Outside(target, windows);
    }

    /// <summary>The log that leads from one position to another in the same history; null where none does without a gap.</summary>
    public async Task<LogPiece?> FindBetweenAsync(LogPosition from, LogPosition to, int timeline)
    {
        if (from == to)
        {
            return LogPiece.Nothing;
        }

        foreach (RecoverableWindow window in (await FindWindowsAsync()).Where(window => window.Timeline == timeline).Reverse())
        {
            if (await FindPositionAsync(from, window) is { } start && await FindPositionAsync(to, window) is { } end)
            {
                return await LogPiece.BetweenAsync(window.Run, start, end, readCommits);
            }
        }

        return await Increments.FindBetweenAsync(from, to, timeline);
    }

    private static RecoveryPlan OnlyBackup(RecoveryTarget target, BackupChain chain) =>
        new(target, chain.End.Require().TimelineNumber, chain, chain.End.Require().Position.End, CommittedAt: null);

    /// <summary>From the newest backup that lies before the place.</summary>
    private async Task<RecoveryPlan> PlanAsync(RecoveryTarget target, RecoverableWindow window, LogPlace place, Func<LogAnchor, bool> isAllowed)
    {
        LogAnchor anchor = window.Anchors.LastOrDefault(anchor => anchor.Place.CompareTo(place) <= 0 && isAllowed(anchor)) ?? throw Outside(target, [window]);
        if (anchor.Place == place)
        {
            return OnlyBackup(target, anchor.Chain);
        }

        int last = place.Commits > 0 ? place.Segments : place.Segments - 1;
        CatalogueEntry[] segments = [.. window.Run.Segments.Take(last + 1).Skip(anchor.Place.Segments)];
        IReadOnlyList<SegmentCommit> commits = await readCommits(segments[^1]);
        SegmentCommit stop = commits[place.Commits > 0 ? place.Commits - 1 : commits.Count - 1];
        return new RecoveryPlan(target, window.Timeline, anchor.Chain.Then(segments, stop.Offset), stop.Position, stop.At);
    }

    /// <summary>The place after the last transaction that was committed by then.</summary>
    private async Task<LogPlace> FindInstantAsync(RecoveryTarget.Instant target, RecoverableWindow window)
    {
        IReadOnlyList<CatalogueEntry> segments = window.Run.Segments;
        LogPlace place = new(0, 0);
        for (int i = 0; i < segments.Count; i++)
        {
            ManifestSegment segment = segments[i].Require().Segment!;
            if (segment.Since >= target.At)
            {
                break;
            }

            if (segment.CommittedBy <= target.At)
            {
                place = new LogPlace(i + 1, 0);
                continue;
            }

            IReadOnlyList<SegmentCommit> commits = await readCommits(segments[i]);
            int done = commits.TakeWhile(commit => commit.At <= target.At).Count();
            if (commits[done].After < target.At)
            {
                throw NotSure(target, commits[done], await DescribeStampsAsync(target, segments, i, done > 0 ? commits[done - 1] : null));
            }

            return new LogPlace(i, done);
        }

        return place;
    }

    /// <summary>What the server's stamps say of those that were committed while nobody listened; empty where that was so short that they are of no use.</summary>
    /// <param name="first">The segment with the first of them.</param>
    /// <param name="before">The last in that segment that is not one of them.</param>
    private async Task<string> DescribeStampsAsync(RecoveryTarget.Instant target, IReadOnlyList<CatalogueEntry> segments, int first, SegmentCommit? before)
    {
        StampedInstant stamped = new(target.At);
        for (int i = first; i < segments.Count && segments[i].Require().Segment!.Since < target.At; i++)
        {
            IReadOnlyList<SegmentCommit> commits = await readCommits(segments[i]);
            SegmentCommit[] unsure = [.. commits.Where(commit => commit.After < target.At && commit.At > target.At)];
            if (unsure.Any(commit => commit.At - commit.After >= ShortestForStamps))
            {
                await ReadTransactions(segments[i], transaction => Add(transaction, unsure));
            }
        }

        return stamped.Count == 0 ? "" : " " + stamped.Describe(before?.Position ?? segments[first].Require().Position.Start);

        void Add(LinkTransaction transaction, SegmentCommit[] unsure)
        {
            if (transaction.Offset >= unsure[0].Offset && transaction.Offset <= unsure[^1].Offset)
            {
                stamped.Add(transaction);
            }
        }
    }

    private async Task<LogPlace?> FindPositionAsync(LogPosition position, RecoverableWindow window)
    {
        IReadOnlyList<CatalogueEntry> segments = window.Run.Segments;
        for (int i = segments.Count - 1; i >= 0; i--)
        {
            Manifest manifest = segments[i].Require();
            if (manifest.Position.End == position)
            {
                return new LogPlace(i + 1, 0);
            }

            if (manifest.Position.Start == position)
            {
                return new LogPlace(i, 0);
            }
        }

        for (int i = segments.Count - 1; i >= 0; i--)
        {
            IReadOnlyList<SegmentCommit> commits = await readCommits(segments[i]);
            for (int commit = commits.Count - 1; commit >= 0; commit--)
            {
                if (commits[commit].Position == position)
                {
                    return new LogPlace(i, commit + 1);
                }
            }
        }

        return (await LogOrder.FindAsync(window.Run, position, readCommits))?.Place;
    }

    private static AiShellException NotSure(RecoveryTarget.Instant target, SegmentCommit next, string stamps) => new(
        ErrorKind.Refused,
        $"What was committed at {target} is not known: the transaction that ends at '{next.Position}' was committed between {RecoveryTarget.Show(next.After)} and {RecoveryTarget.Show(next.At)}.",
        $"Without it: --point-in-time {RecoveryTarget.Show(next.After)}. With it, and what was committed in the same moment: --point-in-time {RecoveryTarget.Show(next.At)}. Right after it: --to-position '{next.Position}'.{stamps}");

    private AiShellException Outside(RecoveryTarget target, RecoverableWindow[] windows)
    {
        if (backups.Count == 0)
        {
            return new AiShellException(ErrorKind.NotFound, $"There is no backup of '{database}'.", "'ai-shell backup list' shows the backups there are.");
        }

        string hint = windows.Length == 0
            ? Increments.Reach ?? "There is no recoverable window: 'ai-shell backup watch' keeps the log. 'ai-shell backup list' shows the moments of the backups."
            : $"It can be restored to any instant {string.Join("; ", windows.Select(Describe))}.";
        string why = target is RecoveryTarget.Instant { At: var at } && GapAround(at, windows) is { } gap ? $" is in a gap of the log: {gap}" : " is outside of what can be recovered";
        return new AiShellException(ErrorKind.Refused, $"{char.ToUpperInvariant(target.ToString()![0])}{target.ToString()![1..]}{why}.", hint);
    }

    private static string Describe(RecoverableWindow window) =>
        $"from {RecoveryTarget.Show(window.From)} to {RecoveryTarget.Show(window.Through)}{(window.Timeline > 1 ? $" (timeline {window.Timeline})" : "")}";

    private static string? GapAround(DateTimeOffset at, RecoverableWindow[] windows)
    {
        RecoverableWindow? before = windows.LastOrDefault(window => window.Through < at);
        RecoverableWindow? after = windows.FirstOrDefault(window => window.From > at);
        return before is null || (after is null && before.WhyItEnds is null) ? null
            : $"{before.WhyItEnds ?? "the capture was interrupted"}, from {RecoveryTarget.Show(before.Through)} {(after is null ? "on" : $"to {RecoveryTarget.Show(after.From)}")}";
    }
}
