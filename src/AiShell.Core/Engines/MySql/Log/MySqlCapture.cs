using System.Collections.Concurrent;
using AiShell.Engines.MySql.Connecting;
using AiShell.Engines.MySql.Snapshot;

namespace AiShell.Engines.MySql.Log;

/// <summary>Follows a server's binary log for one of its databases. The log stays on the server for a time, so a connection that breaks costs nothing: it is read on from where it was.</summary>
internal sealed class MySqlCapture : ILogCapture
{
    private const long PartBytes = 64 * 1024 * 1024;

    private readonly ConnectionSettings _settings;
    private readonly CaptureOptions _options;
    private readonly LogSource _source;
    private readonly LogLook _start;
    private readonly ConcurrentDictionary<string, string> _deadEnds;
    private ISnapshot? _picture;

    private MySqlCapture(
        ConnectionSettings settings, CaptureOptions options, ConcurrentDictionary<string, string> deadEnds, LogSource source, ISnapshot? picture, LogLook start)
    {
        _deadEnds = deadEnds;
        _settings = settings;
        _options = options;
        _source = source;
        _picture = picture;
        _start = start;
    }

    public LogPosition Start => _start.Position.ToLogPosition();

    public DateTimeOffset StartedAt => _start.Answered;

    public string? WhyAnew { get; private init; }

    public string EngineVersion => _source.ServerVersion;

    public string SegmentExtension => LogPartWriter.Extension;

    public static async Task<ILogCapture> OpenAsync(ConnectionSettings settings, CaptureOptions options, ConcurrentDictionary<string, string> deadEnds, CancellationToken cancellationToken)
    {
        LogSource source = await LogSource.LookAsync(settings, hasEnd: false, cancellationToken);
        string? whyAnew = null;
        if (options.Resume is { } resume)
        {
            try
            {
                if (deadEnds.TryGetValue(PlaceOf(settings, resume.Position), out string? why))
                {
                    throw new BrokenChainException(why);
                }

                BinaryLogPosition left = BinaryLogPosition.Of(resume.Position) ?? throw new BrokenChainException($"'{resume.Position}' is no position in a binary log");
                await LogSource.RequireAsync(settings, left, cancellationToken);
                return new MySqlCapture(settings, options, deadEnds, source, picture: null, new LogLook(left, resume.Through, resume.Through));
            }
            catch (BrokenChainException broken)
            {
                whyAnew = broken.Message;
            }
        }

        SnapshotOptions all = new(BackupFormat.Sql, BackupScope.All, TableFilter.Everything, Math.Max(1, options.Workers), options.ScratchDirectory, PartBytes, options.LockWait);
        DateTimeOffset before = options.Time.GetUtcNow(); // while the picture is opened others commit
        ISnapshot picture = await MySqlSnapshot.OpenAsync(settings, all, cancellationToken);
        try
        {
            BinaryLogPosition start = BinaryLogPosition.Of(picture.Position)
                ?? throw new AiShellException(ErrorKind.Failed, "The server does not tell where its binary log is.", "GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO the user.");
            return new MySqlCapture(settings, options, deadEnds, source, picture, new LogLook(start, before, options.Time.GetUtcNow())) { WhyAnew = whyAnew };
        }
        catch
        {
            await picture.DisposeAsync();
            throw;
        }
    }

    public async Task<ISnapshot> OpenPictureAsync(ChainSoFar? chain, SnapshotOptions options, CancellationToken cancellationToken)
    {
        ISnapshot picture = _picture ?? throw new InvalidOperationException("The picture was taken already, or there is none.");
        if (chain is not null)
        {
            // Only when it was written is it known that the whole database is not wanted.
            LogSource upToStart = _source with { End = _start.Position, Mark = _source.Mark with { HasEnd = true } };
            return await ChangesSnapshot.OpenAsync(_settings, chain, upToStart, options, LetGoAsync, cancellationToken);
        }

        _picture = null;
        return picture;
    }

    public async Task RunAsync(ILogSink sink, CancellationToken cancellationToken)
    {
        using LogFollower follower = new(_settings, _source.Mark, _start.Position, new CommitClock(_options.Time, _start), sink, _options);
        try
        {
            await follower.RunAsync(cancellationToken);
        }
        catch (BrokenChainException broken)
        {
            _deadEnds[PlaceOf(_settings, follower.HandedOver.ToLogPosition())] = broken.Message;
            throw;
        }
    }

    public ValueTask DisposeAsync() => LetGoAsync();

    private static string PlaceOf(ConnectionSettings settings, LogPosition position) => $"{settings.Server}/{settings.Database} {position}";

    private async ValueTask LetGoAsync()
    {
        if (Interlocked.Exchange(ref _picture, null) is { } picture)
        {
            await picture.DisposeAsync();
        }
    }
}
