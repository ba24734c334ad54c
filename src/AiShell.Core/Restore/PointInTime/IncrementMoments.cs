using System.Globalization;
using AiShell.Engines;
using AiShell.Repository;

namespace AiShell.Restore;

/// <summary>Moments within increments. Which transactions an increment has is known, and in which order; when they were committed is not, for nobody listened then.</summary>
/// <param name="backups">Of one database.</param>
/// <param name="isUsable">Whether a way may lead over a chain.</param>
internal sealed class IncrementMoments(IReadOnlyList<CatalogueEntry> backups, Func<BackupChain, bool> isUsable, ReadTransactions read)
{
    /// <summary>Between which positions the newest of them can be left, in a sentence; null where there is none.</summary>
    public string? Reach => Chains(timeline: null).FirstOrDefault() is { } chain
        ? $"Its increments can be restored to any position from '{chain.Base.Require().Position.End}' to '{chain.End.Require().Position.End}' (--to-position)."
        : null;

    /// <summary>The way to a position within an increment; null where none has it.</summary>
    /// <param name="timeline">Only in this history; null for any.</param>
    public async Task<RecoveryPlan?> FindAsync(RecoveryTarget.Position target, int? timeline)
    {
        foreach (BackupChain chain in Chains(timeline))
        {
            if (await FindStopAsync(chain.End, target.At) is { } stop)
            {
                BackupChain way = stop.Last is not { } last ? BeforeEnd(chain) : stop.IsWhole ? chain : chain.StoppedAt(last.Offset);
                if (isUsable(way))
                {
                    return PlanOf(target, way, stop is { Last: { } reached, IsWhole: false } ? reached.Position : way.End.Require().Position.End);
                }
            }
        }

        return null;
    }

    /// <summary>The way to an instant within an increment: there is one where nothing was committed in it.</summary>
    /// <returns>Null where the instant is in no increment.</returns>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Refused"/>: something was; it says what the server's stamps say.</exception>
    public async Task<RecoveryPlan?> FindAsync(RecoveryTarget.Instant target, int? timeline)
    {
        BackupChain? chain = Chains(timeline)
            .Where(chain => isUsable(chain) && BeforeEnd(chain).FixedAt <= target.At && target.At <= chain.FixedAt)
            .MaxBy(chain => BeforeEnd(chain).FixedAt);
        if (chain is null)
        {
            return null;
        }

        StampedInstant stamped = new(target.At);
        await read(chain.End, stamped.Add);
        Manifest before = BeforeEnd(chain).End.Require();
        Manifest increment = chain.End.Require();
        if (stamped.Count == 0)
        {
            return target.At <= increment.CreatedAt ? PlanOf(target, BeforeEnd(chain), before.Position.End) : null;
        }

        throw new AiShellException(
            ErrorKind.Refused,
            string.Create(CultureInfo.InvariantCulture, $"What was committed at {target} is not known: {increment.Id} has {stamped.Count} transactions that were committed between {RecoveryTarget.Show(before.CreatedAt)} and {RecoveryTarget.Show(chain.FixedAt)}, when no 'backup watch' followed the log."),
            stamped.Describe(before.Position.End));
    }

    /// <summary>The log between two positions of one chain; null where there is none with both.</summary>
    public async Task<LogPiece?> FindBetweenAsync(LogPosition from, LogPosition to, int timeline)
    {
        foreach (BackupChain chain in Chains(timeline))
        {
            CatalogueEntry[] increments = [.. chain.Links];
            if (await FindPlaceAsync(increments, from) is { } start && await FindPlaceAsync(increments, to) is { } end)
            {
                return start.CompareTo(end) >= 0
                    ? LogPiece.Nothing with { IsBackwards = start != end }
                    : new LogPiece([.. increments[start.Increment..(end.Offset > 0 ? end.Increment + 1 : end.Increment)]], start.Offset, end.Offset > 0 ? end.Offset : null, IsBackwards: false);
            }
        }

        return null;
    }

    /// <summary>So many whole increments, then up to an offset of the next.</summary>
    private async Task<(int Increment, long Offset)?> FindPlaceAsync(CatalogueEntry[] increments, LogPosition position)
    {
        for (int i = 0; i < increments.Length; i++)
        {
            if (increments[i].Require().Position.Start == position)
            {
                return (i, 0);
            }

            if (increments[i].Require().Position.End == position)
            {
                return (i + 1, 0);
            }
        }

        for (int i = 0; i < increments.Length; i++)
        {
            if (await FindStopAsync(increments[i], position) is { } stop)
            {
                return stop.IsWhole ? (i + 1, 0) : (i, stop.Last?.Offset ?? 0);
            }
        }

        return null;
    }

    /// <summary>The last transaction that ends there or before, null for none, and whether none follows; null as a whole where the increment does not have the position.</summary>
    private async Task<(LinkTransaction? Last, bool IsWhole)?> FindStopAsync(CatalogueEntry increment, LogPosition position)
    {
        Manifest manifest = increment.Require();
        int? fromStart = LogOrder.Compare(manifest, position, manifest.Position.Start);
        int? fromEnd = LogOrder.Compare(manifest, position, manifest.Position.End);
        if (fromStart is <= 0 || fromEnd is >= 0)
        {
            return null;
        }

        LinkTransaction? last = null;
        bool isWhole = false;
        bool isExact = false;
        await read(increment, transaction =>
        {
            int? order = LogOrder.Compare(manifest, transaction.Position, position);
            isWhole = order is <= 0;
            isExact |= order == 0;
            last = order is <= 0 ? transaction : last;
        });

        // A position that the ends cannot be compared with is there only if a transaction ends at it.
        return isExact || (fromStart is not null && fromEnd is not null) ? (last, isWhole) : null;
    }

    /// <summary>That end in an increment whose transactions can be told, the newest first.</summary>
    private IEnumerable<BackupChain> Chains(int? timeline) => backups
        .Where(backup => backup.Manifest is { Kind: not BackupKind.Full } manifest && (timeline is null || manifest.TimelineNumber == timeline) && LinkTransactions.AreIn(manifest))
        .Order(NewestFirst.Instance)
        .Select(backup => BackupChain.Find(backup, backups))
        .OfType<BackupChain>();

    private BackupChain BeforeEnd(BackupChain chain) => BackupChain.Of(chain.Entries[^2], backups);

    private static RecoveryPlan PlanOf(RecoveryTarget target, BackupChain way, LogPosition reached) => new(target, way.End.Require().TimelineNumber, way, reached, CommittedAt: null);
}
