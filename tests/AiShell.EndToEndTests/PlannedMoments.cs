using AiShell.Engines;
using AiShell.Repository;
using AiShell.Restore;

namespace AiShell.EndToEndTests;

/// <param name="Least">How many transactions had surely been committed by then.</param>
/// <param name="Most">How many may have been.</param>
internal sealed record PlannedMoment(RecoveryPlan Plan, int Least, int Most);

/// <summary>Moments at random to which a database can be restored, and what of its writers' journal belongs to each.</summary>
internal sealed class PlannedMoments(RecoveryPlanner planner, IReadOnlyList<RecoverableWindow> windows, Random random)
{
    /// <summary>How many of the instants stand beside one of which it is not sure what had been committed.</summary>
    public int Unsure { get; private set; }

    /// <summary>Instants within the windows. One that is not sure is refused with two that are: those are taken.</summary>
    /// <param name="committed">How many transactions had, and may have, been committed by then.</param>
    public async Task<IReadOnlyList<PlannedMoment>> InstantsAsync(int count, Func<DateTimeOffset, (int Least, int Most)> committed)
    {
        List<PlannedMoment> plans = [];
        while (plans.Count < count)
        {
            RecoverableWindow window = windows[random.Next(windows.Count)];
            DateTimeOffset instant = window.From + (random.NextDouble() * (window.Through - window.From));
            foreach (DateTimeOffset at in await SureAsync(instant))
            {
                Unsure += at == instant ? 0 : 1;
                (int least, int most) = committed(at);
                plans.Add(new PlannedMoment(await planner.PlanAsync(new RecoveryTarget.Instant(at), null), least, most));
            }
        }

        return plans;
    }

    /// <summary>Pairs of positions that follow each other.</summary>
    /// <param name="given">How the position is said, with the number of those before it.</param>
    public async Task<IReadOnlyList<PlannedMoment>> PositionsAsync(int count, BackupRepository repository, Func<SegmentCommit, int, LogPosition> given)
    {
        CatalogueEntry[] segments = [.. windows.SelectMany(window => window.Run.Segments)];
        List<PlannedMoment> plans = [];
        while (plans.Count < count)
        {
            IReadOnlyList<SegmentCommit> commits = await repository.ReadCommitsAsync(segments[random.Next(segments.Length)], default);
            if (commits.Count < 2)
            {
                continue;
            }

            int chosen = random.Next(commits.Count - 1);
            foreach (SegmentCommit commit in commits.Skip(chosen).Take(2))
            {
                RecoveryPlan plan = await planner.PlanAsync(new RecoveryTarget.Position(given(commit, plans.Count)), null);
                Assert.Equal(commit.Position, plan.Reached);
                plans.Add(new PlannedMoment(plan, 1, int.MaxValue));
            }
        }

        return plans;
    }

    /// <summary>The instant, or the two beside it.</summary>
    private async Task<DateTimeOffset[]> SureAsync(DateTimeOffset instant)
    {
        try
        {
            await planner.PlanAsync(new RecoveryTarget.Instant(instant), null);
            return [instant];
        }
        catch (AiShellException refused) when (refused.Kind == ErrorKind.Refused && refused.Message.Contains("is not known", StringComparison.Ordinal))
        {
            DateTimeOffset[] beside =
            [
                .. refused.Hint!.Split("--point-in-time ").Skip(1)
                    .Select(text => DateTimeOffset.Parse(text.Split(' ')[0].TrimEnd('.'), System.Globalization.CultureInfo.InvariantCulture)),
            ];
            Assert.True(beside is [var without, var with] && without < instant && instant < with, refused.Hint);
            List<DateTimeOffset> sure = [];
            foreach (DateTimeOffset at in beside)
            {
                try
                {
                    await planner.PlanAsync(new RecoveryTarget.Instant(at), null);
                    sure.Add(at);
                }
                catch (AiShellException unsure) when (unsure.Kind == ErrorKind.Refused)
                {
                    // Between two looks of the capture that follow each other at once.
                }
            }

            return [.. sure];
        }
    }
}
