using System.Globalization;
using AiShell.Engines;
using AiShell.Repository;
using AiShell.Restore;
using AiShell.Tests.Repository;
using CsCheck;

namespace AiShell.Tests.Restore;

/// <summary>Moments within increments of a server's log, of which nothing but the increments is there.</summary>
public sealed class IncrementMomentsTests
{
    private static readonly DateTimeOffset Start = new(2026, 11, 28, 12, 0, 0, TimeSpan.Zero);

    /// <summary>Increments and differentials cut anywhere, also where other databases changed: a plan to any place has exactly what is before it.</summary>
    [Fact]
    public void Any_place_is_reached_exactly_or_refused() => Gen.Select(Gen.Int[0, 1_000_000], Gen.Int[0, RandomChain.End + 40]).Sample(
        (seed, place) =>
        {
            RandomChain chain = new(new Random(seed));
            RecoveryTarget target = new RecoveryTarget.Position(new LogPosition(string.Create(CultureInfo.InvariantCulture, $"binlog.000001:{place}")));
            if (place < chain.Places[0] || place > chain.Places[^1])
            {
                AiShellException refused = Assert.Throws<AiShellException>(() => chain.Plan(target));
                Assert.Equal(ErrorKind.Refused, refused.Kind);
                Assert.Equal(chain.Places.Length > 1, refused.Hint!.Contains($"from '{RandomChain.PositionOf(chain.Places[0])}' to '{RandomChain.PositionOf(chain.Places[^1])}'", StringComparison.Ordinal));
                return;
            }

            Assert.Equal(chain.Transactions.Count(end => end <= place), chain.Done(chain.Plan(target)));
        },
        iter: 3000,
        threads: 1);

    [Fact]
    public void The_log_between_two_places_is_what_lies_between() => Gen.Select(Gen.Int[0, 1_000_000], Gen.Double[0, 1], Gen.Double[0, 1]).Sample(
        (seed, one, other) =>
        {
            RandomChain chain = new(new Random(seed), differentials: false);
            (int from, int to) = (chain.PlaceAt(one), chain.PlaceAt(other));
            LogPiece piece = chain.Planner().FindBetweenAsync(RandomChain.PositionOf(from), RandomChain.PositionOf(to), 1).GetAwaiter().GetResult()!;
            int between = chain.Transactions.Count(end => end <= to) - chain.Transactions.Count(end => end <= from);
            if (piece.IsBackwards)
            {
                Assert.True(to < from && between <= 0); // with nothing between it may say either
            }
            else
            {
                Assert.Equal(between, chain.Done(piece));
            }
        },
        iter: 3000,
        threads: 1);

    /// <summary>A backup that is named is on the way; one that is known to be bad is not.</summary>
    [Fact]
    public void A_way_leads_over_the_backup_that_was_named_and_over_none_that_is_bad()
    {
        RandomChain chain = new(new Random(3), differentials: false);
        int place = chain.Places[2] - 1;
        RecoveryTarget target = new RecoveryTarget.Position(RandomChain.PositionOf(place));
        for (int named = 0; named < chain.Places.Length; named++)
        {
            RecoveryPlanner only = chain.Planner(onlyFrom: $"backup-{named}");
            RecoveryPlanner without = chain.Planner(bad: $"backup-{named}");
            Assert.Equal(named <= 2, TryPlan(only, target));
            Assert.Equal(named > 2, TryPlan(without, target));
        }
    }

    /// <summary>An instant is never guessed; with stamps in order, the position that is named has what was stamped before it, and no more.</summary>
    [Fact]
    public void An_instant_is_refused_with_what_the_stamps_say() => Gen.Select(Gen.Int[0, 1_000_000], Gen.Double[0, 1]).Sample(
        (seed, share) =>
        {
            RandomChain chain = new(new Random(seed), differentials: false);
            DateTimeOffset at = Start.AddSeconds(share * chain.Places[^1]);
            if (at < chain.FixedAt(0))
            {
                Assert.Equal(ErrorKind.Refused, Assert.Throws<AiShellException>(() => chain.Plan(new RecoveryTarget.Instant(at))).Kind);
                return;
            }

            int increment = Enumerable.Range(1, chain.Places.Length - 1).Last(number => chain.FixedAt(number - 1) <= at);
            if (chain.In(increment).Length == 0)
            {
                Assert.Equal(chain.Transactions.Count(end => end <= chain.Places[increment]), chain.Done(chain.Plan(new RecoveryTarget.Instant(at))));
                return;
            }

            AiShellException refused = Assert.Throws<AiShellException>(() => chain.Plan(new RecoveryTarget.Instant(at)));
            Assert.Equal(ErrorKind.Refused, refused.Kind);
            Assert.Contains($"backup-{increment} has {chain.In(increment).Length} transactions", refused.Message, StringComparison.Ordinal);
            LogPosition suggested = new(refused.Hint!.Split("--to-position '")[1].Split('\'')[0]);
            Assert.Equal(chain.Transactions.Count(end => end <= chain.Places[increment - 1] || Start.AddSeconds(end + 1) <= at), chain.Done(chain.Plan(new RecoveryTarget.Position(suggested))));
        },
        iter: 3000,
        threads: 1);

    [Theory]
    [InlineData("10,20,30", 25, "the last before it is of 2026-11-28T12:00:20Z: --to-position 'p2'; the next is of 2026-11-28T12:00:30Z.")]
    [InlineData("10,20,20,30", 20.5, "the last before it is of 2026-11-28T12:00:10Z: --to-position 'p1'; 2 of the same second, with them: --to-position 'p3'; the next is of 2026-11-28T12:00:30Z.")]
    [InlineData("20,30", 5, "none is before it: --to-position 'start'; the next is of 2026-11-28T12:00:20Z.")]
    [InlineData("1,2", 5, "the last before it is of 2026-11-28T12:00:02Z: --to-position 'p2'; none is after it.")]
    [InlineData("10,30,5,40", 20, "the last before it is of 2026-11-28T12:00:10Z: --to-position 'p1'; the next is of 2026-11-28T12:00:30Z. Behind that, 1 have earlier stamps: a clock was set back, or sessions overlapped.")]
    public void Stamps_are_told_in_the_order_of_the_log(string seconds, double at, string expected)
    {
        StampedInstant stamped = new(Start.AddSeconds(at));
        foreach ((int index, string second) in seconds.Split(',').Index())
        {
            stamped.Add(new LinkTransaction(new LogPosition($"p{index + 1}"), index, new LogStamp(Start.AddSeconds(int.Parse(second, CultureInfo.InvariantCulture)), TimeSpan.FromSeconds(1), "when it began")));
        }

        Assert.Equal($"By the server's own stamps, each to the second when it began, {expected}", stamped.Describe(new LogPosition("start")));
    }

    private static bool TryPlan(RecoveryPlanner planner, RecoveryTarget target)
    {
        try
        {
            planner.PlanAsync(target, null).GetAwaiter().GetResult();
            return true;
        }
        catch (AiShellException refused) when (refused.Kind == ErrorKind.Refused)
        {
            return false;
        }
    }

    /// <summary>A full backup and what follows it, of a log in which a transaction of this database ends at some offsets, stamped with as many seconds.</summary>
    private sealed class RandomChain
    {
        public const int End = 400;

        private readonly List<CatalogueEntry> _backups = [];

        public RandomChain(Random random, bool differentials = true)
        {
            Transactions = [.. Enumerable.Range(0, 30).Select(_ => random.Next(1, End)).Distinct().Order()];
            Places = [.. Enumerable.Range(0, 6).Select(_ => random.Next(1, End)).Distinct().Order()];
            for (int number = 0; number < Places.Length; number++)
            {
                int parent = differentials && random.Next(3) == 0 ? 0 : number - 1;
                _backups.Insert(0, new CatalogueEntry($"backup-{number}", "shop", ManifestOf(number, Math.Max(0, parent)), Damage: null));
            }
        }

        /// <summary>Where each ends.</summary>
        public int[] Transactions { get; }

        /// <summary>Where each backup ends.</summary>
        public int[] Places { get; }

        public static LogPosition PositionOf(int place) => new(string.Create(CultureInfo.InvariantCulture, $"binlog.000001:{place} 0-1-{place}"));

        public DateTimeOffset FixedAt(int number) => Start.AddSeconds(Places[number]);

        /// <summary>A place between the first backup and the last.</summary>
        public int PlaceAt(double share) => Places[0] + (int)(share * (Places[^1] - Places[0]));

        /// <summary>The transactions of an increment on the one before it.</summary>
        public int[] In(int number) => [.. Transactions.Where(end => end > Places[number - 1] && end <= Places[number])];

        public RecoveryPlanner Planner(string? onlyFrom = null, string? bad = null) => new("shop", _backups, new LogHistory("shop", []), _ => throw new InvalidOperationException("There is no segment."))
        {
            OnlyFrom = onlyFrom,
            KnownBad = new HashSet<string>(bad is null ? [] : [bad]),
            ReadTransactions = (link, use) =>
            {
                foreach (LinkTransaction transaction in TransactionsOf(link))
                {
                    use(transaction);
                }

                return Task.CompletedTask;
            },
        };

        public RecoveryPlan Plan(RecoveryTarget target) => Planner().PlanAsync(target, null).GetAwaiter().GetResult();

        /// <summary>How many transactions a plan brings.</summary>
        public int Done(RecoveryPlan plan)
        {
            Manifest last = plan.Chain.End.Require();
            int done = plan.Chain.StopOffset is { } stop
                ? Transactions.Count(end => end <= OffsetOf(last.Position.Start)) + TransactionsOf(plan.Chain.End).Count(transaction => transaction.Offset <= stop)
                : Transactions.Count(end => end <= OffsetOf(last.Position.End));
            Assert.Equal(done, Transactions.Count(end => end <= OffsetOf(plan.Reached)));
            return done;
        }

        /// <summary>How many transactions a piece has that are not there before it.</summary>
        public int Done(LogPiece piece) => piece.Segments.Select((link, index) => TransactionsOf(link).Count(transaction =>
            (index > 0 || transaction.Offset > piece.StartOffset) && (index < piece.Segments.Count - 1 || piece.StopOffset is null || transaction.Offset <= piece.StopOffset))).Sum();

        private static int OffsetOf(LogPosition position) => int.Parse(position.Value.Split(':', ' ')[1], CultureInfo.InvariantCulture);

        private IEnumerable<LinkTransaction> TransactionsOf(CatalogueEntry link) => Transactions
            .Where(end => end > OffsetOf(link.Require().Position.Start) && end <= OffsetOf(link.Require().Position.End))
            .Select((end, index) => new LinkTransaction(PositionOf(end), 100 * (index + 1), new LogStamp(Start.AddSeconds(end), TimeSpan.FromSeconds(1), "when it began")));

        private Manifest ManifestOf(int number, int parent) => TestRepository.ManifestOf($"backup-{number}", "shop", FixedAt(number)) with
        {
            Engine = "mysql",
            Kind = number == 0 ? BackupKind.Full : parent == number - 1 ? BackupKind.Incremental : BackupKind.Differential,
            Parent = number == 0 ? null : $"backup-{parent}",
            Position = number == 0 ? new PositionRange(PositionOf(Places[0]), PositionOf(Places[0])) : new PositionRange(PositionOf(Places[parent]), PositionOf(Places[number])),
            FixedAt = FixedAt(number),
            CompletedAt = FixedAt(number).AddSeconds(5),
        };
    }
}
