namespace AiShell.Engines.Sqlite.Log;

/// <summary>Follows SQLite's write-ahead log. A segment is a write-ahead log itself, which SQLite can replay (docs/decisions/004).</summary>
internal sealed class SqliteCapture : ILogCapture
{
    private readonly string _path;
    private readonly WalCapture _capture;
    private PinnedDatabase? _picture;

    private SqliteCapture(string path, WalCapture capture, bool goesOn)
    {
        _path = path;
        _capture = capture;
        _picture = goesOn ? null : capture.TakePicture();
    }

    public LogPosition Start => _capture.Start;

    public DateTimeOffset StartedAt => _capture.StartedAt;

    public string? WhyAnew => _capture.WhyAnew;

    public string EngineVersion => PinnedDatabase.ServerVersion;

    public string SegmentExtension => WalFile.Extension;

    public static async Task<ILogCapture> OpenAsync(string path, CaptureOptions options, CancellationToken cancellationToken)
    {
        WalCaptureOptions capture = new() { LockWait = options.LockWait, Time = options.Time, Resume = options.Resume };
        capture = options.LimitBytes is { } limit ? capture with { LimitBytes = limit } : capture;
        try
        {
            WalCapture opened = await WalCapture.OpenAsync(path, Math.Max(1, options.Workers), options.ScratchDirectory, capture, cancellationToken);
            return new SqliteCapture(path, opened, goesOn: options.Resume is not null && opened.WhyAnew is null);
        }
        catch (BrokenChainException none)
        {
            throw new AiShellException(
                ErrorKind.Usage,
                $"There is no log to follow: {none.Message}.",
                "Turn WAL mode on, or run 'ai-shell backup create --incremental' again and again instead.",
                none);
        }
    }

    public async Task<ISnapshot> OpenPictureAsync(ChainSoFar? chain, SnapshotOptions options, CancellationToken cancellationToken)
    {
        PinnedDatabase picture = _picture ?? throw new InvalidOperationException("The picture was taken already, or there is none.");
        ISnapshot snapshot = await SqliteErrors.RunAsync(
            _path,
            () => chain is null
                ? PageSnapshot.OpenAsync(picture, options, cancellationToken)
                : IncrementSnapshot.OpenAsync(picture, chain, options.ScratchDirectory, cancellationToken),
            cancellationToken);
        _picture = null;
        return snapshot;
    }

    public Task RunAsync(ILogSink sink, CancellationToken cancellationToken) => _capture.RunAsync(new SegmentSink(sink), cancellationToken);

    public async ValueTask DisposeAsync()
    {
        if (_picture is { } picture)
        {
            _picture = null;
            await picture.DisposeAsync();
        }

        await _capture.DisposeAsync();
    }

    private sealed class SegmentSink(ILogSink sink) : ICommitSink
    {
        private WalWriter? _log;

        public Task CommitAsync(CapturedCommit commit, CancellationToken cancellationToken)
        {
            Stream stream = sink.Begin(out bool isFirst);
            if (isFirst)
            {
                _log = new WalWriter(stream, commit.PageSize);
            }

            uint left = commit.FrameCount;
            foreach (CapturedPage page in commit.Pages)
            {
                cancellationToken.ThrowIfCancellationRequested();
                _log!.Write(page.Number, page.Image.Span, committedPages: --left == 0 ? commit.PageCount : 0);
            }

            sink.Commit(new LogCommit(commit.Position, commit.SeenAfter, commit.SeenAt));
            return Task.CompletedTask;
        }

        public void Quiet(DateTimeOffset through) => sink.Quiet(through);
    }
}
