using System.CommandLine;
using AiShell.Backup;
using AiShell.Capture;
using AiShell.Cli.Output;
using AiShell.Cli.Output.Json;
using AiShell.Cli.Sessions;
using AiShell.Configuration;
using AiShell.Connections;
using AiShell.Engines;
using AiShell.Repository;
using AiShell.Repository.Codecs;
using AiShell.Restore;
using AiShell.Retention;

namespace AiShell.Cli.Commands.Backups;

internal sealed class WatchCommand : SessionCommand
{
    private static readonly TimeSpan TellEvery = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan ShortestFlush = TimeSpan.FromMilliseconds(100);
    private const long SegmentBytes = 16 * 1024 * 1024;

    private readonly Option<string> _database = CommonOptions.Database();
    private readonly Option<string> _flushEvery = new("--flush-every") { Description = "How long committed work may wait before it is stored (default 5s)", HelpName = "duration" };
    private readonly Option<string> _fullEvery = new("--full-every") { Description = "Begin with a full backup when the last one is older (default 7d)", HelpName = "duration" };
    private readonly Option<string> _logLimit = new("--log-limit") { Description = "How large the database's own log may grow before it is let go of, if need be with writers held for a moment (SQLite; default 16MB)", HelpName = "size" };
    private readonly Option<string> _compression = CommonOptions.Compression();
    private readonly Option<string> _level = CommonOptions.Level();
    private readonly Option<string> _jobs = CommonOptions.Jobs();
    private readonly Option<string> _lockWait = CommonOptions.LockWait();

    public WatchCommand()
        : base("watch", "Keep the log of a database, all the time, so that it can be restored to any instant; until stopped")
    {
        _database.Required = true;
        foreach (Option option in (Option[])[_database, _flushEvery, _fullEvery, _logLimit, _compression, _level, _jobs, _lockWait])
        {
            Add(option);
        }
    }

    public override string? Operation => "watch";

    public override string Stopped => "Stopped: what is not told to be stored above was not.";

    public override IReadOnlyList<string> Examples => ["ai-shell backup watch -d ./shop.db", "ai-shell backup watch -d shop --flush-every 1s --compression zstd"];

    public override async Task<int> RunAsync(Session session, ParseResult parse, CancellationToken cancellationToken)
    {
        Settings settings = session.Settings
            .With(SettingKey.Compression, parse.GetValue(_compression), "--compression")
            .With(SettingKey.Level, parse.GetValue(_level), "--level")
            .With(SettingKey.Jobs, parse.GetValue(_jobs), "--jobs")
            .With(SettingKey.LockWait, parse.GetValue(_lockWait), "--lock-wait");
        ResolvedDatabase database = session.Databases.Resolve(parse.GetRequiredValue(_database));
        session.SubjectDatabase = database.Name;
        IDatabaseEngine engine = session.EngineOf(database.Address);
        IChangeLog log = engine.Log ?? throw new AiShellException(
            ErrorKind.Usage, $"This version of ai-shell does not follow the log of {engine.Name}.", "Make full backups: 'ai-shell backup create'.");
        RetentionRules retention = PruneCommand.RulesOf(settings);
        WatchRequest request = RequestOf(session, parse, settings, database, engine, log);

        // A database that is not there must not leave a repository behind.
        await engine.ProbeAsync(database.Address, cancellationToken);
        BackupRepository repository = await session.OpenRepositoryAsync(create: true, cancellationToken);
        request = request with { Backup = request.Backup with { KnownBad = session.State.KnownBad(Session.ChecksKey(repository)) } };
        var progress = new Progress(session, request.FlushEvery);
        try
        {
            await new WatchJob(repository, session.Clock, session.Progress).RunAsync(
                request,
                async start =>
                {
                    progress.Begin(database.Name, start);
                    await CreateCommand.PruneAsync(session, settings, retention, repository, database.Name, cancellationToken);
                },
                progress.Report,
                cancellationToken);
        }
        finally
        {
            session.EndProgress();
            if (progress.HasBegun)
            {
                Show(session, database.Name, progress);
            }
        }

        // It runs until it is stopped: that is how it ends.
        cancellationToken.ThrowIfCancellationRequested();
        return 0;
    }

    private WatchRequest RequestOf(Session session, ParseResult parse, Settings settings, ResolvedDatabase database, IDatabaseEngine engine, IChangeLog log)
    {
        var backup = new BackupRequest(
            engine,
            database.Address,
            database.Name,
            Name: null,
            log.BaseFormat,
            BackupScope.All,
            TableFilter.Everything,
            CodecRegistry.Settings(settings.Compression, settings.Level),
            settings.Jobs,
            RateLimitBytesPerSecond: null,
            new Dictionary<string, string>(),
            settings.LockWait,
            AllowEmpty: false,
            VerifyAfter: false,
            session.ScratchDirectory);
        TimeSpan flushEvery = CommonOptions.DurationOf(parse.GetValue(_flushEvery), "--flush-every") ?? TimeSpan.FromSeconds(5);
        return new WatchRequest(
            backup with { FullEvery = CommonOptions.DurationOf(parse.GetValue(_fullEvery), "--full-every") ?? backup.FullEvery },
            flushEvery > ShortestFlush ? flushEvery : ShortestFlush,
            SegmentBytes)
        {
            LimitBytes = SizeOf(parse.GetValue(_logLimit)),
        };
    }

    private static long? SizeOf(string? text) =>
        text is null ? null
        : ByteSize.TryParse(text, out long bytes) && bytes > 0 ? bytes
        : throw new AiShellException(ErrorKind.Usage, $"'{text}' from --log-limit is not a size.", "Write it like 16MB.");

    private static void Show(Session session, string database, Progress progress)
    {
        WatchState? state = progress.State;
        var document = new WatchDocument(
            database, progress.BackupId, state?.Timeline ?? 1, state?.Position.Value, state?.Through, state?.Segments ?? 0, state?.Commits ?? 0, state?.WaitingBytes ?? 0);
        session.Output.Show(new Answer<WatchDocument>(document, Documents.Default.WatchDocument, page =>
        {
            page.Line($"The log of '{document.Database}' is no longer followed.");
            page.Facts(
                ("Stored", state is null ? "nothing" : $"{BackupDescription.Count(document.Commits)} transactions in {BackupDescription.Count(document.Segments)} segments since {document.BackupId ?? "it was left"}"),
                ("Through", state is null ? null : RecoveryTarget.Show(state.Through)),
                ("Position", document.Position),
                ("Not stored", document.WaitingBytes > 0 ? ByteSize.Format(document.WaitingBytes) : null));
        }));
    }

    /// <summary>Tells how it goes: when it begins, once a minute, and when work waits for longer than it should.</summary>
    private sealed class Progress(Session session, TimeSpan flushEvery)
    {
        private long? _told;
        private bool _isLate;

        public bool HasBegun { get; private set; }

        /// <summary>The last that was made; null where the log went on where it was left.</summary>
        public string? BackupId { get; private set; }

        public WatchState? State { get; private set; }

        public void Begin(string database, WatchStart start)
        {
            session.EndProgress();
            HasBegun = true;
            if (start.Backup?.Manifest is not { } backup)
            {
                session.Output.Say($"Following the log of '{database}' on from where it was left at {RecoveryTarget.Show(start.Through)} ('{start.Position}').");
                return;
            }

            BackupId = backup.Id;
            session.SubjectBackup = BackupId;
            session.Output.Say($"Following the log of '{database}' from the {BackupDescription.Lower(backup.Kind)} backup {BackupId} on ('{start.Position}').");
        }

        public void Report(WatchState state)
        {
            State = state;
            bool isLate = state.Lag > flushEvery * 3 + TimeSpan.FromSeconds(10);
            if (_told is { } told && isLate == _isLate && session.Clock.GetElapsedTime(told) < TellEvery)
            {
                return;
            }

            (_told, _isLate) = (session.Clock.GetTimestamp(), isLate);
            string line = $"Stored through {RecoveryTarget.Show(state.Through)} ({state.Lag.TotalSeconds:0.0} s ago): "
                + $"{BackupDescription.Count(state.Commits)} transactions in {BackupDescription.Count(state.Segments)} segments; {ByteSize.Format(state.WaitingBytes)} wait.";
            if (isLate)
            {
                session.Output.Warn(line);
            }
            else
            {
                session.Output.Say(line);
            }
        }
    }
}
