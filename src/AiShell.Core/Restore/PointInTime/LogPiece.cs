using AiShell.Repository;

namespace AiShell.Restore;

/// <summary>The log between two moments of one history.</summary>
/// <param name="Segments">That have it; none where the two moments are the same.</param>
/// <param name="StartOffset">Where in the plain bytes of the first it begins.</param>
/// <param name="StopOffset">Where in those of the last it ends; null for its end.</param>
/// <param name="IsBackwards">The second moment lies before the first: there is no such log.</param>
public sealed record LogPiece(IReadOnlyList<CatalogueEntry> Segments, long StartOffset, long? StopOffset, bool IsBackwards)
{
    public static readonly LogPiece Nothing = new([], 0, null, IsBackwards: false);

    /// <param name="from">The one place, and <paramref name="to"/> the other, in the same run.</param>
    internal static async Task<LogPiece> BetweenAsync(LogRun run, LogPlace from, LogPlace to, ReadCommits readCommits)
    {
        if (from.CompareTo(to) >= 0)
        {
            return from == to ? Nothing : Nothing with { IsBackwards = true };
        }

        int last = to.Commits > 0 ? to.Segments : to.Segments - 1;
        return new LogPiece(
            [.. run.Segments.Take(last + 1).Skip(from.Segments)],
            from.Commits == 0 ? 0 : (await readCommits(run.Segments[from.Segments]))[from.Commits - 1].Offset,
            to.Commits == 0 ? null : (await readCommits(run.Segments[last]))[to.Commits - 1].Offset,
            IsBackwards: false);
    }
}
