using AiShell.Engines;

namespace AiShell.Repository;

/// <summary>What the repository has of a database's log: its timelines, the oldest first.</summary>
public sealed record LogHistory(string Database, IReadOnlyList<LogTimeline> Timelines)
{
    /// <summary>The history that the database is in now.</summary>
    public int CurrentTimeline => Timelines.Count == 0 ? 1 : Timelines[^1].Number;

    public IEnumerable<CatalogueEntry> Segments => Timelines.SelectMany(timeline => timeline.Segments);
}

/// <summary>One history of a database.</summary>
/// <param name="Start">How it began; null for the first.</param>
/// <param name="Segments">By number; damaged ones too.</param>
/// <param name="Heads">How far each capture got, in no special order.</param>
public sealed record LogTimeline(int Number, TimelineStart? Start, IReadOnlyList<CatalogueEntry> Segments, IReadOnlyList<LogHead> Heads)
{
    /// <summary>The number of the last segment that was ever stored; 0 before the first.</summary>
    public long LastNumber => Segments.Select(DatabaseLog.NumberOf).Concat(Heads.Select(head => head.Number)).DefaultIfEmpty(0).Max();

    /// <summary>No capture of this log wrote it: logs of two servers may have the same positions.</summary>
    public bool IsForeign(CatalogueEntry segment) => segment.Manifest?.Segment?.Capture is { } capture && !Heads.Any(head => head.Capture == capture);
}

/// <summary>The record with which a timeline begins.</summary>
/// <param name="BeganAt">Right before the restored copy took the database's place.</param>
/// <param name="Restored">The backup it was.</param>
/// <param name="Position">Where in the earlier history that copy stands.</param>
public sealed record TimelineStart(int Timeline, DateTimeOffset BeganAt, string Restored, LogPosition Position);

/// <summary>How far a capture has got, also where nothing was committed.</summary>
/// <param name="Capture">Which one: eight hexadecimal digits.</param>
/// <param name="Start">The moment from which it followed the log, the end of a backup.</param>
/// <param name="StartedAt">At this instant the database stood there, or had gone on.</param>
/// <param name="Number">Of the last segment in the timeline.</param>
/// <param name="Position">The end of what is stored.</param>
/// <param name="Through">Up to this instant nothing else was committed.</param>
public sealed record LogHead(string Capture, LogPosition Start, DateTimeOffset StartedAt, long Number, LogPosition Position, DateTimeOffset Through);

/// <summary>A place in a segment where one may stop.</summary>
/// <param name="Offset">Behind the transaction, in the segment's plain bytes.</param>
public sealed record SegmentCommit(long Offset, LogPosition Position, DateTimeOffset After, DateTimeOffset At);
