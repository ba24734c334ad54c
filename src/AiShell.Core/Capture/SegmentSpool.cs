using AiShell.Engines;
using AiShell.Repository;

namespace AiShell.Capture;

/// <summary>
/// Keeps what a capture hands over in files of this machine until it is in the repository: a store that is slow or gone does not hold the database's log back. One capture
/// writes, one uploader takes, at the same time.
/// </summary>
/// <param name="before">The last transaction of the log that goes on here; null for the first.</param>
internal sealed class SegmentSpool(string directory, LogPosition start, DateTimeOffset startedAt, SegmentCommit? before, long segmentBytes) : ILogSink, IDisposable
{
    private const int BufferBytes = 128 * 1024;
    private readonly Lock _changing = new();
    private readonly Queue<SpooledSegment> _sealed = [];
    private readonly SemaphoreSlim _news = new(0);
    private readonly List<SegmentCommit> _commits = [];
    private FileStream? _file;
    private bool _inTransaction;
    private bool _isWanted;
    private LogPosition _from = start;
    private DateTimeOffset _through = startedAt;
    private DateTimeOffset _after = before?.After ?? DateTimeOffset.MinValue;
    private DateTimeOffset _at = before?.At ?? DateTimeOffset.MinValue;
    private long _waitingBytes;

    /// <summary>Up to this instant everything was handed over.</summary>
    public DateTimeOffset Through
    {
        get
        {
            lock (_changing)
            {
                return _through;
            }
        }
    }

    /// <summary>Bytes that are not in the repository yet.</summary>
    public long WaitingBytes => Interlocked.Read(ref _waitingBytes);

    public Stream Begin(out bool isFirst)
    {
        lock (_changing)
        {
            isFirst = _file is null;
            _file ??= new FileStream(
                Path.Combine(directory, $"segment-{Guid.NewGuid():n}"),
                new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.ReadWrite, BufferSize = BufferBytes });
            _inTransaction = true;
            return _file;
        }
    }

    public void Commit(LogCommit commit)
    {
        lock (_changing)
        {
            // Also where the clock was set back since an earlier capture: transactions and their times have the same order.
            _after = commit.After > _after ? commit.After : _after;
            _at = commit.At > _at ? commit.At : _at;
            long written = _commits.Count == 0 ? 0 : _commits[^1].Offset;
            _commits.Add(new SegmentCommit(_file!.Position, commit.Position, _after, _at));
            Interlocked.Add(ref _waitingBytes, _file.Position - written);
            _inTransaction = false;
            if (_isWanted || _file.Position >= segmentBytes)
            {
                // Only for one that nobody waits for already: others are stored in their time.
                Seal();
                _news.Release();
            }
        }
    }

    public void Quiet(DateTimeOffset through)
    {
        lock (_changing)
        {
            _through = through > _through ? through : _through;
        }
    }

    /// <summary>Waits until a segment is full, at most for <paramref name="timeout"/>.</summary>
    public Task WaitAsync(TimeSpan timeout, CancellationToken cancellationToken) => _news.WaitAsync(timeout, cancellationToken);

    /// <summary>Ends the segment that is being written, at once or where its transaction ends.</summary>
    /// <returns>Whether everything that was handed over is in segments now.</returns>
    public bool AskForMore()
    {
        lock (_changing)
        {
            _isWanted = _inTransaction;
            if (!_inTransaction)
            {
                Seal();
            }

            return !_inTransaction;
        }
    }

    /// <summary>The capture is over: what it began and did not finish is dropped.</summary>
    public void Close()
    {
        lock (_changing)
        {
            Seal();
        }
    }

    /// <summary>The next segment, until it is <see cref="Remove"/>d; null where none is ready.</summary>
    public SpooledSegment? Next()
    {
        lock (_changing)
        {
            return _sealed.TryPeek(out SpooledSegment? next) ? next : null;
        }
    }

    /// <summary>It is in the repository.</summary>
    public void Remove(SpooledSegment segment)
    {
        lock (_changing)
        {
            _sealed.Dequeue();
        }

        Interlocked.Add(ref _waitingBytes, -segment.Bytes);
        File.Delete(segment.Path);
    }

    public void Dispose()
    {
        _file?.Dispose();
        _news.Dispose();
    }

    private void Seal()
    {
        _isWanted = false;
        if (_file is null || _commits.Count == 0)
        {
            return;
        }

        _file.SetLength(_commits[^1].Offset);
        _file.Dispose();
        DateTimeOffset since = _commits[0].After;
        _sealed.Enqueue(new SpooledSegment(_file.Name, _commits[^1].Offset, _from, since, _through, [.. _commits]));
        _from = _commits[^1].Position;
        _commits.Clear();
        _file = null;
    }
}

/// <summary>A segment that waits to be stored.</summary>
internal sealed record SpooledSegment(string Path, long Bytes, LogPosition From, DateTimeOffset Since, DateTimeOffset Through, IReadOnlyList<SegmentCommit> Commits)
{
    public LogPosition To => Commits[^1].Position;
}
