using System.Diagnostics;

namespace AiShell.Engines.Sqlite.Log;

/// <summary>
/// Keeps the log bounded: SQLite begins it anew when all of it is in the main file and no reader has a mark in it. With a log half as large as the limit we checkpoint what is read
/// and, if nobody wrote meanwhile, let go. Writers that never pause always write meanwhile: so at the limit they are held, when almost everything is
/// read, checkpointed and durable, while the rest is copied to memory and checkpointed; it is handed over when they go on. Writers that are faster than that would
/// let the log fill the disk: at eight times the limit they wait until all of it is read, two seconds at most each time.
/// </summary>
internal sealed class WalRotation(WalCapture capture, string path, bool keepLog, long limitBytes) : IDisposable
{
    private const int Passes = 6;
    private const int MostCopies = 4;
    private const int HoldsKept = 1000;
    private const int MostTimesLimit = 8;
    private const long LeastRestBytes = 512 * 1024;
    private static readonly TimeSpan MostRead = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan MostHold = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LeastPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan MostPause = TimeSpan.FromSeconds(2);
    private readonly WalCheckpointer _checkpointer = new(path, keepLog);
    private readonly Queue<TimeSpan> _holds = [];
    private long _tried = Stopwatch.GetTimestamp();
    private ulong _triedAt;
    private TimeSpan _pause;
    private long _restBytes = LeastRestBytes;
    private bool _isBehind;

    public IReadOnlyList<TimeSpan> Holds
    {
        get
        {
            lock (_holds)
            {
                return [.. _holds];
            }
        }
    }

    public int Rounds { get; private set; }

    private long LogBytes => WalView.OffsetOfFrame(capture.Watch.Latest.LastFrame + 1, capture.Cursor.PageSize);

    /// <summary>Does what is due.</summary>
    public async Task ContinueAsync(ICommitSink sink, CancellationToken cancellationToken)
    {
        WalCursor cursor = capture.Cursor;
        if (LogBytes <= limitBytes / 2 || cursor.MayBeReset || (cursor.Salts == _triedAt && Stopwatch.GetElapsedTime(_tried) < _pause))
        {
            return;
        }

        long start = Stopwatch.GetTimestamp();
        _triedAt = cursor.Salts;
        _isBehind = false;
        bool done = TryWithoutLock()
            || (LogBytes > MostTimesLimit * limitBytes
                ? await ReadWhileHeldAsync(sink, cancellationToken)
                : LogBytes > limitBytes && await TryWithLockAsync(sink, cancellationToken));
        _tried = Stopwatch.GetTimestamp();
        if (done)
        {
            Rounds++;
        }

        // Also after a success, unless another generation has begun: readers of others may keep the log from that.
        TimeSpan pause = Stopwatch.GetElapsedTime(start, _tried) * 2;
        _pause = _isBehind || pause < LeastPause ? LeastPause : pause > MostPause ? MostPause : pause;
    }

    public void Dispose() => _checkpointer.Dispose();

    private bool TryWithoutLock()
    {
        // Sightings may have come after the pin was moved: it must not hold back what was read.
        capture.MovePin();
        uint frame = capture.Cursor.Frame;
        if (!_checkpointer.Checkpoint(frame, out _) || !capture.TryLetGo(frame))
        {
            return false;
        }

        capture.Cursor.AllowReset();
        return true;
    }

    private async Task<bool> TryWithLockAsync(ICommitSink sink, CancellationToken cancellationToken)
    {
        int heldBack = 0;
        for (int pass = 0; pass < Passes; pass++, _restBytes = Math.Min(_restBytes * 2, 2 * limitBytes))
        {
            capture.Watch.Look();
            if (!await capture.FollowAsync(sink, MostRead, cancellationToken))
            {
                return false;
            }

            // First what there is, then, much quicker, what came meanwhile.
            if (TryWithoutLock())
            {
                return true;
            }

            _checkpointer.Sync();
            bool all = BringHome(out uint done);
            if (!all && heldBack++ > 0)
            {
                // Somebody's reader holds an older moment, and not just for a moment: no lock of ours would help.
                return false;
            }

            capture.Watch.Look();
            if (all && done != 0
                && Rest(capture.Watch.Latest, done) <= _restBytes
                && await _checkpointer.TryLockAsync(cancellationToken)
                && await FinishAsync(done, sink, cancellationToken))
            {
                _restBytes = Math.Max(LeastRestBytes, _restBytes / 2);
                return true;
            }
        }

        return false;
    }

    private async Task<bool> ReadWhileHeldAsync(ICommitSink sink, CancellationToken cancellationToken)
    {
        // Somebody's reader that holds the log would hold it then, too. Our own looks are readers.
        bool all = false;
        capture.Watch.Undisturbed(() => all = BringHome(out _));
        if (!all || !await _checkpointer.TryLockAsync(cancellationToken))
        {
            return false;
        }

        long held = Stopwatch.GetTimestamp();
        try
        {
            capture.Watch.Look();
            _isBehind = !await capture.FollowAsync(sink, MostHold, cancellationToken);
            return !_isBehind && TryWithoutLock();
        }
        finally
        {
            LetGo(held);
        }
    }

    /// <param name="done">The last frame that is in the main file; 0 where others were at it all the time.</param>
    private bool BringHome(out uint done)
    {
        uint present = capture.MovePin();
        _checkpointer.Checkpoint(present, out done);
        _checkpointer.Sync();
        return done == 0 || done >= present;
    }

    /// <summary>Writers are held when it begins, and go on when it ends or fails. False, with nothing changed, where too much is left.</summary>
    private async Task<bool> FinishAsync(uint done, ICommitSink sink, CancellationToken cancellationToken)
    {
        WalCursor cursor = capture.Cursor;
        WalMoment end = WalMoment.None;
        ReadLogBytes? rest = null;
        bool free = false;
        long held = Stopwatch.GetTimestamp();
        try
        {
            capture.Watch.Undisturbed(() =>
            {
                capture.Watch.Look();
                end = capture.Watch.Latest;
                if (end.Salts != cursor.Salts || Rest(end, done) > 2 * _restBytes || Rest(end, cursor.Frame) > MostCopies * limitBytes)
                {
                    return;
                }

                capture.MovePin();
                rest = cursor.Copy(capture.ReadLog, end.LastFrame);
                free = _checkpointer.Checkpoint(end.LastFrame, out _) && capture.TryLetGo(end.LastFrame);
            });
        }
        finally
        {
            LetGo(held);
        }

        if (rest is null)
        {
            return false;
        }

        while (capture.Watch.TryPeek(out WalSighting sighting)
            && sighting.Moment.Salts == end.Salts
            && sighting.Moment.LastFrame <= end.LastFrame
            && capture.Watch.TryTake(out _))
        {
            await capture.HandOverAsync(sighting, rest, sink, cancellationToken);
        }

        if (free)
        {
            cursor.AllowReset();
        }

        return free;
    }

    private long Rest(WalMoment latest, uint done) => (latest.LastFrame - (long)done) * capture.Cursor.FrameBytes;

    /// <summary>Writers go on.</summary>
    private void LetGo(long held)
    {
        _checkpointer.Unlock();
        lock (_holds)
        {
            _holds.Enqueue(Stopwatch.GetElapsedTime(held));
            while (_holds.Count > HoldsKept)
            {
                _holds.Dequeue();
            }
        }
    }
}
