using System.Diagnostics;

namespace AiShell.Engines.Sqlite.Log;

/// <summary>
/// Follows the write-ahead log of a database that is in use, from a moment on, transaction by transaction (docs/design.md, "The log"). A read transaction always keeps the
/// log from being reset before it was read; a new one is begun before the old one ends. So that the log stays bounded, it is let go where it is wholly
/// read and checkpointed: without a lock where writers pause, else under a write lock held for some milliseconds, or, where they outrun us, for longer. Nothing is ever written to the database.
/// </summary>
/// <remarks>
/// While it is open, others' <c>wal_checkpoint(RESTART)</c> and <c>(TRUNCATE)</c> may answer busy, and nobody can leave WAL mode: SQLite allows that to the only connection alone.
/// </remarks>
internal sealed class WalCapture : IAsyncDisposable
{
    private static readonly TimeSpan Round = TimeSpan.FromMilliseconds(250);
    private readonly string _path;
    private readonly WalCursor _cursor;
    private readonly WalWatch _watch;
    private readonly WalRotation _rotation;
    private readonly int _pageSize;
    private WalPin _pin;
    private WalPin _spare;
    private PinnedDatabase? _picture;

    private WalCapture(string path, PinnedDatabase picture, DateTimeOffset before, bool keepLog, WalCaptureOptions options)
    {
        List<IDisposable> opened = [];
        try
        {
            _path = path;
            _pageSize = picture.PageSize;
            opened.Add(_pin = new WalPin(path, options.LockWait, keepLog));
            opened.Add(_spare = new WalPin(path, options.LockWait, keepLog));

            // The picture's readers hold the log until this one does.
            _pin.Hold();
            WalMoment moment = picture.Moment ?? WalMoment.None;
            uint changeCounter = picture.ChangeCounter;
            (Start, StartedAt) = (picture.Position, options.Time.GetUtcNow());
            WhyAnew = options.Resume is null ? null : WalResume.WhyNot(options.Resume.Position, moment, ReadLog);
            if (options.Resume is { } left && WhyAnew is null)
            {
                moment = WalMoment.Parse(left.Position, out changeCounter)!;
                (Start, StartedAt, before) = (left.Position, left.Through, left.Through);
            }

            Position = Start;
            _picture = picture;
            _cursor = new WalCursor(picture.PageSize, moment, changeCounter);
            opened.Add(_watch = new WalWatch(path, moment, before, keepLog, options));
            opened.Add(_rotation = new WalRotation(this, path, keepLog, options.LimitBytes));
        }
        catch
        {
            opened.ForEach(one => one.Dispose());
            throw;
        }
    }

    /// <summary>The moment M, the end of what is before the first commit: where the log was left if it goes on from there, else the picture's.</summary>
    public LogPosition Start { get; }

    /// <summary>An instant right after that moment was fixed, or up to which nothing followed it.</summary>
    public DateTimeOffset StartedAt { get; }

    /// <summary>As <see cref="ILogCapture.WhyAnew"/>.</summary>
    public string? WhyAnew { get; }

    /// <summary>The end of the last commit that the sink has taken.</summary>
    public LogPosition Position { get; private set; }

    /// <summary>How long writers were held, each of the last times; without those that needed no lock.</summary>
    public IReadOnlyList<TimeSpan> Holds => _rotation.Holds;

    /// <summary>How often the log was let go to begin anew.</summary>
    public int Rounds => _rotation.Rounds;

    internal WalCursor Cursor => _cursor;

    internal WalWatch Watch => _watch;

    /// <param name="pictureReaders">How many readers <see cref="TakePicture"/> gets.</param>
    /// <param name="scratchDirectory">Not used in WAL mode but by the pinning.</param>
    /// <exception cref="BrokenChainException">The database is not in WAL mode.</exception>
    /// <exception cref="AiShellException">As <see cref="PinnedDatabase.PinAsync"/>.</exception>
    public static Task<WalCapture> OpenAsync(
        string path, int pictureReaders, string scratchDirectory, WalCaptureOptions options, CancellationToken cancellationToken)
    {
        DatabaseFile.RequireReadable(path);
        return SqliteErrors.RunAsync(
            path,
            async () =>
            {
                RequireWal(path, options);
                bool keepLog = DatabaseFile.HasContent(DatabaseFile.Resolve(path) + "-wal");
                DateTimeOffset before = options.Time.GetUtcNow();
                PinnedDatabase picture = await PinnedDatabase.PinAsync(path, pictureReaders, scratchDirectory, options.LockWait, cancellationToken);
                try
                {
                    WalCapture capture = new(path, picture, before, keepLog, options);
                    if (options.Resume is not null && capture.WhyAnew is null)
                    {
                        // Nobody will read it, and it would hold the log.
                        await capture.TakePicture().DisposeAsync();
                    }

                    return capture;
                }
                catch
                {
                    await picture.DisposeAsync();
                    throw;
                }
            },
            cancellationToken);
    }

    /// <summary>
    /// The database as it stood at <see cref="Start"/>, to be read once; who takes it disposes it, soon: until then nothing newer can be checkpointed, and the log grows. There is none
    /// where the log goes on from where it was left.
    /// </summary>
    public PinnedDatabase TakePicture()
    {
        PinnedDatabase picture = _picture ?? throw new InvalidOperationException("The picture was taken already.");
        _picture = null;
        return picture;
    }

    /// <summary>Hands every commit after <see cref="Start"/> over as it comes, until cancelled. Runs once.</summary>
    /// <exception cref="BrokenChainException">The log does not go on where <see cref="Position"/> is. All before it was handed over, nothing after.</exception>
    public Task RunAsync(ICommitSink sink, CancellationToken cancellationToken) => SqliteErrors.RunAsync(
        _path,
        async () =>
        {
            using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            Task watching = Task.Run(() => _watch.RunAsync(stop.Token), CancellationToken.None);
            try
            {
                while (!watching.IsCompleted)
                {
                    await _watch.WaitAsync(Round, cancellationToken);
                    DateTimeOffset looked = _watch.LastLook;
                    if (await FollowAsync(sink, Round, cancellationToken))
                    {
                        sink.Quiet(looked);
                    }

                    await _rotation.ContinueAsync(sink, cancellationToken);
                }

                // What was seen before the watch ended is whole.
                await FollowAsync(sink, TimeSpan.MaxValue, cancellationToken);
            }
            finally
            {
                await stop.CancelAsync();
                await watching.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            await watching;
            return true;
        },
        cancellationToken);

    public async ValueTask DisposeAsync()
    {
        _rotation.Dispose();
        _watch.Dispose();
        _spare.Dispose();
        _pin.Dispose();
        if (_picture is not null)
        {
            await _picture.DisposeAsync();
        }
    }

    /// <summary>Hands over what was seen until now; not what is seen meanwhile, or a fast writer would keep us here while the log grows.</summary>
    /// <param name="most">When it took longer, the rest is left for the next call.</param>
    /// <returns>Whether that was all.</returns>
    internal async Task<bool> FollowAsync(ICommitSink sink, TimeSpan most, CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        int count = _watch.Count;
        if (count > 0)
        {
            MovePin();
        }

        for (; count > 0 && Stopwatch.GetElapsedTime(start) < most && _watch.TryTake(out WalSighting sighting); count--)
        {
            await HandOverAsync(sighting, ReadLog, sink, cancellationToken);
        }

        return count == 0;
    }

    internal async Task HandOverAsync(WalSighting sighting, ReadLogBytes read, ICommitSink sink, CancellationToken cancellationToken)
    {
        _cursor.Enter(sighting.Moment);
        cancellationToken.ThrowIfCancellationRequested();
        while (_cursor.Read(read, sighting.Moment.LastFrame) is { } transaction)
        {
            LogPosition position = _cursor.Position;
            await sink.CommitAsync(
                new CapturedCommit(
                    position,
                    transaction.PageCount,
                    _pageSize,
                    transaction.FrameCount,
                    sighting.After,
                    sighting.At,
                    _cursor.PagesOf(transaction, read)),
                cancellationToken);
            Position = position;
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    /// <summary>From the present moment on the log is kept, no longer from the one before.</summary>
    /// <returns>The last frame of the present moment.</returns>
    internal uint MovePin()
    {
        _spare.Hold();
        _pin.Release();
        (_pin, _spare) = (_spare, _pin);
        return _pin.Moment.LastFrame;
    }

    /// <summary>
    /// Lets the log begin anew with the next writer, where it is wholly checkpointed and ends at <paramref name="frame"/>. False where it is not.
    /// </summary>
    internal bool TryLetGo(uint frame)
    {
        _spare.HoldLoosely();
        if (_spare.Moment.LastFrame != frame || _spare.Moment.Salts != _cursor.Salts)
        {
            _spare.Release();
            return false;
        }

        _pin.Release();
        (_pin, _spare) = (_spare, _pin);
        return true;
    }

    internal void ReadLog(long offset, Span<byte> buffer) => PageFile.ReadLog(_pin.Connection, offset, buffer);

    private static void RequireWal(string path, WalCaptureOptions options)
    {
        using WalPin look = new(path, options.LockWait, DatabaseFile.HasContent(DatabaseFile.Resolve(path) + "-wal"));
        if (!SnapshotPinning.IsWal(look.Connection))
        {
            throw new BrokenChainException($"'{path}' is not in WAL mode ('PRAGMA journal_mode = wal' turns it on)");
        }
    }
}
