using System.Security.Cryptography;
using AiShell.Engines;
using AiShell.Repository;

namespace AiShell.Capture;

/// <summary>Brings spooled segments into the repository, in their order, and says how far that has got.</summary>
/// <param name="left">Of the capture that goes on here; null for one of its own.</param>
internal sealed class SegmentUploader(DatabaseLog log, Lease logLock, WatchRequest request, ILogCapture capture, int timeline, long lastNumber, Resumption? left, TimeProvider time)
{
    private readonly LogHead _head = left?.Head ?? new LogHead(RandomNumberGenerator.GetHexString(8, lowercase: true), capture.Start, capture.StartedAt, lastNumber, capture.Start, capture.StartedAt);
    private LogPosition _position = capture.Start;
    private long _number = lastNumber;
    private string? _previous = left?.Previous;
    private bool _isHeadStored;
    private long _segments;
    private long _commits;
    private DateTimeOffset _through = capture.StartedAt;

    public WatchState State(SegmentSpool spool) =>
        new(timeline, _position, _through, time.GetUtcNow() - _through, spool.WaitingBytes, _segments, _commits);

    /// <summary>Stores what there is, then the head.</summary>
    /// <exception cref="BrokenChainException">Somebody else has written to this timeline.</exception>
    public async Task StoreAsync(SegmentSpool spool, CancellationToken cancellationToken)
    {
        DateTimeOffset through = spool.Through;
        bool all = spool.AskForMore();
        DateTimeOffset stored = _through;
        while (spool.Next() is { } segment)
        {
            if (!_isHeadStored)
            {
                // No segment is there without the head that says whose it is.
                await StoreHeadAsync(_through, cancellationToken);
            }

            await StoreAsync(segment, cancellationToken);
            spool.Remove(segment);
            _position = segment.To;
            _segments++;
            _commits += segment.Commits.Count;
            stored = segment.Through;
        }

        stored = all ? through : stored;
        await StoreHeadAsync(stored, cancellationToken);
        _through = stored;
    }

    private async Task StoreHeadAsync(DateTimeOffset through, CancellationToken cancellationToken)
    {
        await logLock.EnsureHeldAsync(cancellationToken);
        await log.WriteHeadAsync(timeline, _head with { Number = _number, Position = _position, Through = through }, cancellationToken);
        _isHeadStored = true;
    }

    private async Task StoreAsync(SpooledSegment segment, CancellationToken cancellationToken)
    {
        string attempt = RandomNumberGenerator.GetHexString(8, lowercase: true);
        await using BackupWriter writer = log.Begin(timeline, _number + 1, logLock);
        await WriteAsync(writer, new SnapshotStep(0, PartPhase.Data, $"changes-{attempt}", capture.SegmentExtension, null, segment.Bytes), CopyAsync, cancellationToken);
        await WriteAsync(writer, new SnapshotStep(1, PartPhase.Index, "commits", $"{attempt}.jsonl", null, 0), WriteIndexAsync, cancellationToken);
        Manifest manifest = ManifestOf(writer, segment);
        _previous = await DatabaseLog.TryCommitAsync(writer, manifest, cancellationToken) ? ManifestJson.DigestOf(manifest) : await FindOursAsync(segment, cancellationToken);
        _number++;

        async Task CopyAsync(IPartSink sink)
        {
            await using FileStream file = File.OpenRead(segment.Path);
            await file.CopyToAsync(sink.Stream, cancellationToken);
        }

        Task WriteIndexAsync(IPartSink sink)
        {
            SegmentIndex.Write(sink.Stream, segment.Commits);
            return Task.CompletedTask;
        }
    }

    private Task<IReadOnlyList<TableDigest>> WriteAsync(BackupWriter writer, SnapshotStep step, Func<IPartSink, Task> write, CancellationToken cancellationToken) => writer.WriteStepAsync(
        step,
        request.Backup.Compression,
        long.MaxValue,
        new RateLimit(request.Backup.RateLimitBytesPerSecond, time),
        async sink =>
        {
            await write(sink);
            await sink.EndPartAsync(0, cancellationToken);
            return [];
        },
        _ => { },
        cancellationToken);

    /// <summary>A store may say that it failed after it did what it was asked to.</summary>
    /// <returns>Its manifest's digest.</returns>
    private async Task<string> FindOursAsync(SpooledSegment segment, CancellationToken cancellationToken)
    {
        LogHistory history = await log.ReadAsync(cancellationToken);
        CatalogueEntry? ours = history.Segments.FirstOrDefault(entry =>
            entry.Manifest is { Segment: { } found } manifest
            && manifest.TimelineNumber == timeline && found.Number == _number + 1 && found.Previous == _previous
            && manifest.Position == new PositionRange(segment.From, segment.To) && found.Commits == segment.Commits.Count);
        return ours?.Require().Digest ?? throw new BrokenChainException($"somebody else wrote segment {_number + 1} of timeline {timeline}");
    }

    private Manifest ManifestOf(BackupWriter writer, SpooledSegment segment) => new()
    {
        FormatVersion = Manifest.CurrentFormatVersion,
        Id = writer.Id,
        Database = log.Database,
        Source = request.Backup.Address.Display,
        Engine = request.Backup.Engine.Name,
        EngineVersion = capture.EngineVersion,
        ToolVersion = ToolVersion.Text,
        Kind = BackupKind.Segment,
        TimelineNumber = timeline,
        Segment = new ManifestSegment(_number + 1, segment.Since, segment.Commits[^1].At, segment.Through, segment.Commits.Count) { Previous = _previous, Capture = _head.Capture },
        Format = request.Backup.Engine.Log!.BaseFormat,
        Scope = BackupScope.All,
        CreatedAt = segment.Since,
        CompletedAt = time.GetUtcNow(),
        Position = new PositionRange(segment.From, segment.To),
        Compression = request.Backup.Compression,
        Parts = writer.Parts,
        Tables = [],
        Objects = new Dictionary<string, int>(),
        Tags = new Dictionary<string, string>(),
    };
}
