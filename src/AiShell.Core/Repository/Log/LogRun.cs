using AiShell.Engines;

namespace AiShell.Repository;

/// <summary>A piece of the log without a gap.</summary>
/// <param name="Start">The moment from which it goes on.</param>
/// <param name="Since">Nothing of it was committed before this instant.</param>
/// <param name="Segments">Each begins where the one before ends; none where nothing was committed.</param>
/// <param name="Through">Up to this instant nothing was committed but what they have.</param>
/// <param name="WhyItEnds">In words that follow a colon; null for the last of a timeline.</param>
public sealed record LogRun(int Timeline, LogPosition Start, DateTimeOffset Since, IReadOnlyList<CatalogueEntry> Segments, DateTimeOffset Through, string? WhyItEnds)
{
    /// <summary>It ends because segments that were stored are gone, not because none were.</summary>
    public bool IsMissing { get; private init; }

    public LogPosition End => Segments.Count == 0 ? Start : Segments[^1].Require().Position.End;

    /// <summary>All runs, by timeline, the oldest first.</summary>
    public static IReadOnlyList<LogRun> Of(LogHistory log) => [.. log.Timelines.SelectMany(Of)];

    private static List<LogRun> Of(LogTimeline timeline)
    {
        List<LogRun> runs = [.. OfSegments(timeline)];
        HashSet<LogPosition> known = [.. runs.SelectMany(run => run.Segments.Select(segment => segment.Require().Position.End).Prepend(run.Start))];
        runs.AddRange(timeline.Heads.Where(head => !known.Contains(head.Start)).Select(head => OfHead(timeline, head)).OfType<LogRun>());
        runs.Sort((one, other) => one.Since.CompareTo(other.Since));
        for (int i = 0; i < runs.Count - 1; i++)
        {
            runs[i] = runs[i] with { WhyItEnds = runs[i].WhyItEnds ?? "the capture was interrupted" };
        }

        return runs;
    }

    /// <summary>A capture that met no commit, or in place of whose first segment there is another log's; null for one whose first ones are gone.</summary>
    private static LogRun? OfHead(LogTimeline timeline, LogHead head) =>
        head.Start == head.Position ? new(timeline.Number, head.Start, head.StartedAt, [], head.Through, WhyItEnds: null)
        : timeline.Segments.FirstOrDefault(timeline.IsForeign) is { } foreign ? new(timeline.Number, head.Start, head.StartedAt, [], head.StartedAt, Foreign(foreign))
        : null;

    private static IEnumerable<LogRun> OfSegments(LogTimeline timeline)
    {
        List<CatalogueEntry> segments = [];
        foreach (CatalogueEntry segment in timeline.Segments)
        {
            bool isForeign = timeline.IsForeign(segment);
            if (segments.Count > 0 && (isForeign ? Foreign(segment) : WhyNotAfter(segments[^1], segment)) is { } why)
            {
                yield return Of(timeline, segments, why) with { IsMissing = !isForeign && (DatabaseLog.NumberOf(segment) != DatabaseLog.NumberOf(segments[^1]) + 1 || IsOfOther(segments[^1], segment)) };
                segments = [];
            }

            if (segment.Manifest is not null && !isForeign)
            {
                segments.Add(segment);
            }
        }

        if (segments.Count > 0)
        {
            long last = DatabaseLog.NumberOf(segments[^1]);
            bool isMissing = timeline.LastNumber > last && timeline.Segments[^1] == segments[^1];
            string? why = isMissing ? $"{Numbers(last + 1, timeline.LastNumber)} missing" : timeline.LastNumber > last ? $"segment {last + 1} is damaged" : null;
            yield return Of(timeline, segments, why) with { IsMissing = isMissing };
        }
    }

    private static LogRun Of(LogTimeline timeline, List<CatalogueEntry> segments, string? why)
    {
        Manifest end = segments[^1].Require();
        IEnumerable<DateTimeOffset> heads = timeline.Heads.Where(head => head.Number == end.Segment!.Number && head.Position == end.Position.End).Select(head => head.Through);
        return new LogRun(timeline.Number, segments[0].Require().Position.Start, segments[0].Require().Segment!.Since, segments, heads.Append(end.Segment!.Through).Max(), why);
    }

    private static string? WhyNotAfter(CatalogueEntry before, CatalogueEntry segment)
    {
        (long last, long number) = (DatabaseLog.NumberOf(before), DatabaseLog.NumberOf(segment));
        return segment.Manifest is not { } manifest ? $"segment {number} is damaged"
            : number != last + 1 ? $"{Numbers(last + 1, number - 1)} missing"
            : IsOfOther(before, segment) ? $"segment {number} does not go on from segment {last}, but from another one"
            : manifest.Position.Start != before.Require().Position.End ? "the capture was interrupted"
            : null;
    }

    private static string Foreign(CatalogueEntry segment) => $"segment {DatabaseLog.NumberOf(segment)} is another log's";

    private static bool IsOfOther(CatalogueEntry before, CatalogueEntry segment) => segment.Manifest?.Segment!.Previous is { } previous && previous != before.Require().Digest;

    private static string Numbers(long first, long last) => first == last ? $"segment {first} is" : $"segments {first} to {last} are";
}
