using System.Globalization;
using AiShell.Engines;
using AiShell.Repository;
using AiShell.Restore;
using AiShell.Tests.Repository;
using CsCheck;

namespace AiShell.Tests.Restore;

public sealed class RecoveryPlannerTests
{
    private static readonly DateTimeOffset Start = new(2026, 11, 27, 12, 0, 0, TimeSpan.Zero);

    /// <summary>A log cut at random, bases at random places in it, and any instant: what the plan reaches is what a look at the list of all commits says.</summary>
    [Fact]
    public void Any_instant_is_what_was_committed_by_then_or_is_refused() => Gen.Select(Gen.Int[0, 1_000_000], Gen.Int[-50, 1200]).Sample(
        (seed, milliseconds) =>
        {
            RandomLog log = new(new Random(seed));
            DateTimeOffset at = Start.AddMilliseconds(milliseconds);
            int[] bases = [.. log.Bases.Where(place => log.FixedAt(place) <= at)];
            SegmentCommit[] done = [.. log.Commits.TakeWhile(commit => commit.At <= at)];
            bool isSure = done.Length == log.Commits.Count || log.Commits[done.Length].After >= at;
            if (bases.Length == 0 || at > log.Through || !isSure)
            {
                Assert.Equal(ErrorKind.Refused, Assert.Throws<AiShellException>(() => Plan(log, new RecoveryTarget.Instant(at))).Kind);
                return;
            }

            Check(log, Plan(log, new RecoveryTarget.Instant(at)), done.Length, bases.Where(place => place <= done.Length).DefaultIfEmpty(-1).Max());
        },
        iter: 3000,
        threads: 1);

    [Fact]
    public void Any_position_is_the_moment_after_its_commit() => Gen.Select(Gen.Int[0, 1_000_000], Gen.Double[0, 1]).Sample(
        (seed, share) =>
        {
            RandomLog log = new(new Random(seed));
            int place = 1 + (int)(share * (log.Commits.Count - 1));
            int[] bases = [.. log.Bases.Where(before => before <= place)];
            if (bases.Length == 0)
            {
                Assert.Equal(ErrorKind.Refused, Assert.Throws<AiShellException>(() => Plan(log, new RecoveryTarget.Position(log.Commits[place - 1].Position))).Kind);
                return;
            }

            Check(log, Plan(log, new RecoveryTarget.Position(log.Commits[place - 1].Position)), place, bases.Max());
        },
        iter: 2000,
        threads: 1);

    [Fact]
    public void The_latest_moment_is_the_end_of_the_log()
    {
        for (int seed = 0; seed < 200; seed++)
        {
            RandomLog log = new(new Random(seed));
            Check(log, Plan(log, new RecoveryTarget.Latest()), log.Commits.Count, log.Bases.Max());
        }
    }

    [Fact]
    public async Task A_segment_that_is_gone_divides_the_log()
    {
        for (int seed = 0; seed < 300; seed++)
        {
            RandomLog log = new(new Random(seed));
            if (log.Segments.Count < 3)
            {
                continue;
            }

            int gone = 1 + (seed % (log.Segments.Count - 2));
            LogHistory holed = log.History([.. log.Segments.Where((_, index) => index != gone)]);
            IReadOnlyList<LogRun> runs = LogRun.Of(holed);
            Assert.Equal(2, runs.Count);
            Assert.Equal($"segment {gone + 1} is missing", runs[0].WhyItEnds);
            Assert.True(runs[0].IsMissing);
            RecoverableWindow[] windows = [.. await Planner(log, holed).FindWindowsAsync()];
            foreach (RecoverableWindow window in windows)
            {
                Assert.True(window.Through <= log.Segments[gone].Require().Segment!.Since || window.From >= log.Segments[gone].Require().Segment!.Since);
            }
        }
    }

    /// <summary>Whatever its positions say, also where it stands first: what another capture wrote is another log.</summary>
    [Fact]
    public async Task A_segment_of_another_log_is_no_part_of_this_one()
    {
        for (int seed = 0; seed < 100; seed++)
        {
            RandomLog log = new(new Random(seed));
            int foreign = seed % log.Segments.Count;
            LogHistory mixed = log.History([.. log.Segments.Select((segment, index) => WrittenBy(segment, index == foreign ? "ffffffff" : "00000000"))]);
            RecoveryPlanner planner = Planner(log, mixed);
            Assert.DoesNotContain(LogRun.Of(mixed), run => run.Segments.Any(mixed.Timelines[0].IsForeign));
            foreach (SegmentCommit commit in log.CommitsOf(log.Segments[foreign]).Where(commit => log.Bases.All(place => commit.Position != log.PositionAfter(place))))
            {
                await Assert.ThrowsAsync<AiShellException>(() => planner.PlanAsync(new RecoveryTarget.Position(commit.Position), null));
            }

            Assert.Contains(LogRun.Of(mixed), run => run.WhyItEnds == $"segment {foreign + 1} is another log's");
        }

        static CatalogueEntry WrittenBy(CatalogueEntry segment, string capture) => segment with { Manifest = segment.Require() with { Segment = segment.Require().Segment! with { Capture = capture } } };
    }

    /// <summary>Pages go over pages: a backup of statements at the same place makes another file.</summary>
    [Fact]
    public async Task A_backup_that_the_log_was_not_written_for_is_no_base_of_it()
    {
        RandomLog log = new(new Random(7));
        foreach (Func<Manifest, Manifest> other in (Func<Manifest, Manifest>[])
            [manifest => manifest with { Format = BackupFormat.Csv }, manifest => manifest with { Scope = BackupScope.DataOnly }, manifest => manifest with { Engine = "mysql" }])
        {
            CatalogueEntry[] backups = [.. log.Backups.Select(backup => backup with { Manifest = other(backup.Require()) })];
            RecoveryPlanner planner = new("shop", backups, log.History(log.Segments), segment => Task.FromResult(log.CommitsOf(segment)));
            Assert.Empty(await planner.FindWindowsAsync());
        }
    }

    /// <summary>Else a database that rests beside a busy one would get one full backup after the other: none would ever join its log.</summary>
    [Theory]
    [InlineData(-1, false, true)]
    [InlineData(1, false, false)] // Something may have been committed since the log was looked at.
    [InlineData(-1, true, false)] // Clocks are set back: where a capture had to begin anew, times prove nothing.
    public async Task A_backup_made_while_nothing_of_the_database_was_committed_joins_its_log(int fixedAfterThrough, bool isInterrupted, bool joins)
    {
        LogPosition end = new("binlog.000001:400 0-1-4");
        DateTimeOffset through = Start.AddMinutes(5);
        Manifest first = TestRepository.ManifestOf("backup-1", "shop", Start) with { Engine = "mysql", Position = new PositionRange(end, end), FixedAt = Start };
        LogPosition busy = new("binlog.000001:90000 0-1-800");
        LogPosition later = new("binlog.000001:99000 0-1-900");
        Manifest second = first with { Id = "backup-2", Position = new PositionRange(busy, busy), CreatedAt = through.AddMinutes(-2), FixedAt = through.AddMinutes(fixedAfterThrough), CompletedAt = through.AddMinutes(3) };
        LogHistory history = new("shop", [new LogTimeline(1, null, [], [
            new LogHead("00000000", end, Start, 0, end, through),
            .. isInterrupted ? [new LogHead("00000001", later, through.AddMinutes(9), 0, later, through.AddMinutes(9))] : Array.Empty<LogHead>(),
        ])]);
        RecoveryPlanner planner = new("shop", [.. new[] { first, second }.Select(manifest => new CatalogueEntry(manifest.Id, "shop", manifest, Damage: null))], history, _ => throw new InvalidOperationException("There is no segment."));

        RecoverableWindow window = Assert.Single(await planner.FindWindowsAsync());
        Assert.Equal(joins ? ["backup-1", "backup-2"] : ["backup-1"], window.Anchors.Select(anchor => anchor.Chain.End.Id));
        Assert.Equal(joins ? "backup-2" : "backup-1", (await planner.PlanAsync(new RecoveryTarget.Instant(through), null)).Chain.LastBackup.Id);
    }

    private static RecoveryPlanner Planner(RandomLog log, LogHistory history) => new("shop", log.Backups, history, segment => Task.FromResult(log.CommitsOf(segment)));

    private static RecoveryPlan Plan(RandomLog log, RecoveryTarget target) => Planner(log, log.History(log.Segments)).PlanAsync(target, null).GetAwaiter().GetResult();

    private static void Check(RandomLog log, RecoveryPlan plan, int commits, int @base)
    {
        Assert.Equal(log.PositionAfter(commits), plan.Reached);
        Assert.Equal($"backup-{@base}", plan.Chain.LastBackup.Id);
        if (@base == commits)
        {
            Assert.Empty(plan.Segments);
            return;
        }

        // From the segment that the base lies in, or begins, to the one of the last commit, without a gap.
        Assert.Equal(log.Commits[commits - 1].Offset, plan.Chain.StopOffset);
        Assert.Equal(log.Segments.Where(segment => log.LastOf(segment) > @base && log.FirstOf(segment) < commits).Select(segment => segment.Id), plan.Segments.Select(segment => segment.Id));
    }

    /// <summary>Commits that looks at a log have met: several in one, or none.</summary>
    private sealed class RandomLog
    {
        private readonly Dictionary<string, (int First, int Last)> _places = [];

        public RandomLog(Random random)
        {
            DateTimeOffset begun = Start;
            DateTimeOffset before = Start;
            while (Commits.Count < 30)
            {
                DateTimeOffset look = begun.AddMilliseconds(random.Next(1, 60));
                DateTimeOffset seen = look.AddMilliseconds(random.Next(3));
                for (int i = random.Next(4); i > 0; i--)
                {
                    Commits.Add(new SegmentCommit(0, new LogPosition($"p{Commits.Count + 1}"), before, seen));
                }

                (before, begun) = (look, seen);
            }

            Through = before;
            for (int first = 0; first < Commits.Count;)
            {
                int last = Math.Min(Commits.Count, first + random.Next(1, 9));
                for (int i = first; i < last; i++)
                {
                    Commits[i] = Commits[i] with { Offset = (i - first + 1) * 100 };
                }

                Add(first, last);
                first = last;
            }

            // At a border of segments, or inside one.
            Bases.AddRange(Enumerable.Range(0, random.Next(1, 4)).Select(_ => random.Next(Commits.Count)).Distinct().Order());
            Backups = [.. Bases.Select(BackupAt)];
        }

        public List<SegmentCommit> Commits { get; } = [];

        public List<CatalogueEntry> Segments { get; } = [];

        /// <summary>After how many commits.</summary>
        public List<int> Bases { get; } = [];

        public IReadOnlyList<CatalogueEntry> Backups { get; }

        public DateTimeOffset Through { get; }

        public LogPosition PositionAfter(int commits) => new($"p{commits}");

        public int FirstOf(CatalogueEntry segment) => _places[segment.Id].First;

        public int LastOf(CatalogueEntry segment) => _places[segment.Id].Last;

        public IReadOnlyList<SegmentCommit> CommitsOf(CatalogueEntry segment) => Commits[FirstOf(segment)..LastOf(segment)];

        /// <summary>By then its last commit had been made, and the next one had not been seen.</summary>
        public DateTimeOffset FixedAt(int place) => place == 0 ? Start : Commits[place - 1].At;

        public LogHistory History(IReadOnlyList<CatalogueEntry> segments) => new(
            "shop", [new LogTimeline(1, null, segments, [new LogHead("00000000", PositionAfter(0), Start, Segments.Count, PositionAfter(Commits.Count), Through)])]);

        private void Add(int first, int last)
        {
            string id = string.Create(CultureInfo.InvariantCulture, $"segment-1-{Segments.Count + 1:D12}");
            _places[id] = (first, last);
            Manifest manifest = TestRepository.ManifestOf(id, "shop", Commits[first].After) with
            {
                Kind = BackupKind.Segment,
                Position = new PositionRange(PositionAfter(first), PositionAfter(last)),
                Segment = new ManifestSegment(Segments.Count + 1, Commits[first].After, Commits[last - 1].At, Commits[last - 1].After, last - first),
            };
            Segments.Add(new CatalogueEntry(id, "shop", manifest, Damage: null));
        }

        private CatalogueEntry BackupAt(int place) => new(
            $"backup-{place}",
            "shop",
            TestRepository.ManifestOf($"backup-{place}", "shop", FixedAt(place)) with
            {
                Position = new PositionRange(PositionAfter(place), PositionAfter(place)),
                FixedAt = FixedAt(place),
                CompletedAt = FixedAt(place).AddSeconds(5),
            },
            Damage: null);
    }
}
