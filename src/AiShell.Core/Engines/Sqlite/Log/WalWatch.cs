using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;

namespace AiShell.Engines.Sqlite.Log;

/// <summary>The log stood there at some instant up to <paramref name="At"/>, and not yet at <paramref name="After"/>.</summary>
internal readonly record struct WalSighting(WalMoment Moment, DateTimeOffset After, DateTimeOffset At);

/// <summary>
/// Looks at the log's index again and again and notes when it moved, while others read what was written: so the times of commits do not depend on how fast
/// they are taken. One look costs a read transaction of some microseconds.
/// </summary>
internal sealed class WalWatch : IDisposable
{
    private readonly Lock _looking = new();
    private readonly ConcurrentQueue<WalSighting> _sightings = new();
    private readonly SemaphoreSlim _news = new(0);
    private readonly WalPin _probe;
    private readonly WalCaptureOptions _options;
    private readonly string _path;
    private readonly string _file;
    private DateTimeOffset _clock;
    private DateTimeOffset _lastLook;

    /// <param name="moment">Where the capture begins.</param>
    /// <param name="before">An instant before that moment was taken.</param>
    public WalWatch(string path, WalMoment moment, DateTimeOffset before, bool keepLog, WalCaptureOptions options)
    {
        _path = path;
        _file = DatabaseFile.Resolve(path);
        _options = options;
        Latest = moment;
        _clock = before;
        _lastLook = before;
        _probe = new WalPin(path, options.LockWait, keepLog);
    }

    /// <summary>What the last look saw.</summary>
    public WalMoment Latest { get; private set; }

    /// <summary>When the last look began. What it saw can be taken.</summary>
    public DateTimeOffset LastLook
    {
        get
        {
            lock (_looking)
            {
                return _lastLook;
            }
        }
    }

    /// <summary>Looks until cancelled.</summary>
    /// <exception cref="BrokenChainException">The file is another, or has no log any more.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        TimeSpan pause = _options.ShortestPause;
        while (true)
        {
            TimeSpan longer = pause * 2 < _options.LongestPause ? pause * 2 : _options.LongestPause;
            pause = Look() ? _options.ShortestPause : longer;
            RequireSameFile();
            await Task.Delay(pause, cancellationToken);
        }
    }

    /// <summary>Looks now. True when the log moved since the last look.</summary>
    public bool Look()
    {
        lock (_looking)
        {
            DateTimeOffset before = Now();
            if (!TryReadMoment(out WalMoment moment))
            {
                return false;
            }

            DateTimeOffset after = _lastLook;
            _lastLook = before;
            if (moment == Latest)
            {
                return false;
            }

            Latest = moment;
            _sightings.Enqueue(new WalSighting(moment, after, Now()));
            _news.Release();
            return true;
        }
    }

    /// <summary>Runs something while nobody looks.</summary>
    public void Undisturbed(Action work)
    {
        lock (_looking)
        {
            work();
        }
    }

    /// <summary>Waits until there is something to take, at most for <paramref name="timeout"/>.</summary>
    public Task WaitAsync(TimeSpan timeout, CancellationToken cancellationToken) => _news.WaitAsync(timeout, cancellationToken);

    /// <summary>How many there are to take.</summary>
    public int Count => _sightings.Count;

    public bool TryPeek(out WalSighting sighting) => _sightings.TryPeek(out sighting);

    public bool TryTake(out WalSighting sighting) => _sightings.TryDequeue(out sighting);

    public void Dispose()
    {
        _probe.Dispose();
        _news.Dispose();
    }

    /// <summary>Where the clock is set back, time stands still until it has caught up: commits and their times have the same order.</summary>
    private DateTimeOffset Now()
    {
        DateTimeOffset now = _options.Time.GetUtcNow();
        _clock = now > _clock ? now : _clock;
        return _clock;
    }

    /// <summary>False while somebody's checkpoint or recovery is in the way.</summary>
    private bool TryReadMoment(out WalMoment moment)
    {
        try
        {
            _probe.Hold();
            moment = _probe.Moment;
            if (moment == WalMoment.None && !SnapshotPinning.IsWal(_probe.Connection))
            {
                throw new BrokenChainException($"'{_path}' is no longer in WAL mode");
            }

            return true;
        }
        catch (SqliteException exception) when (SqliteErrors.IsBusy(exception))
        {
            moment = WalMoment.None;
            return false;
        }
        finally
        {
            _probe.Release();
        }
    }

    private void RequireSameFile()
    {
        if (PageFile.HasMoved(_probe.Connection) || DatabaseFile.Resolve(_path) != _file)
        {
            throw new BrokenChainException($"'{_path}' was replaced or removed");
        }

        if (!File.Exists(_file + "-wal"))
        {
            throw new BrokenChainException($"the write-ahead log of '{_path}' was removed");
        }
    }
}
