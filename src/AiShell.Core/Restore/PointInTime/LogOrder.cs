using AiShell.Engines;
using AiShell.Repository;

namespace AiShell.Restore;

/// <summary>Finds where in a run a moment lies that is none of its transactions' ends, for engines that can tell (<see cref="IChangeLog.Compare"/>).</summary>
internal static class LogOrder
{
    private static readonly EngineRegistry Engines = new();

    /// <summary>As <see cref="IChangeLog.Compare"/>, of the engine that a manifest names.</summary>
    public static int? Compare(Manifest of, LogPosition one, LogPosition other) => LogOf(of) is { } log ? log.Compare(one, other) : one == other ? 0 : null;

    /// <summary>The log of the engine that a manifest names; null where that has none.</summary>
    public static IChangeLog? LogOf(Manifest of) => Engines.All.FirstOrDefault(engine => engine.Name == of.Engine)?.Log;

    /// <summary>The place behind the last transaction that ends there or before; null where the moment is outside of the run, or that is not known.</summary>
    public static async Task<(LogPlace Place, SegmentCommit? Last, SegmentCommit? Next)?> FindAsync(LogRun run, LogPosition moment, ReadCommits readCommits)
    {
        for (int i = 0; i < run.Segments.Count; i++)
        {
            Manifest segment = run.Segments[i].Require();
            if (Compare(segment, moment, segment.Position.End) is not <= 0)
            {
                continue;
            }

            if (Compare(segment, moment, segment.Position.Start) is not >= 0)
            {
                return null;
            }

            IReadOnlyList<SegmentCommit> commits = await readCommits(run.Segments[i]);
            int done = commits.TakeWhile(commit => Compare(segment, commit.Position, moment) is < 0).Count();
            done += done < commits.Count && Compare(segment, commits[done].Position, moment) == 0 ? 1 : 0;
            return (new LogPlace(done < commits.Count ? i : i + 1, done < commits.Count ? done : 0), done > 0 ? commits[done - 1] : null, done < commits.Count ? commits[done] : null);
        }

        return null;
    }
}
