using AiShell.Connections;
using AiShell.Engines.MySql.Connecting;
using AiShell.Engines.MySql.Log;
using AiShell.Engines.MySql.Schema;
using AiShell.Engines.MySql.Snapshot;
using AiShell.Engines.MySql.Wire;

namespace AiShell.Engines.MySql.Restore;

/// <summary>
/// A restore of a full backup and the log after it. Whatever a log's statements name, they can touch nothing but a place that is made for them (<see cref="IReplayPlace"/>): there the base is
/// restored and the log replayed, and what comes of it is restored to the target as any backup is.
/// </summary>
internal sealed class ReplayTarget(ConnectionSettings settings, BackupContents contents, TargetOptions options, Func<DatabaseAddress, ConnectionSettings> read, ServerPrograms programs) : IRestoreTarget
{
    private readonly List<(BackupPart Part, byte[] Bytes)> _globals = [];
    private readonly List<(BackupPart Part, byte[] Bytes)> _waiting = [];
    private readonly SemaphoreSlim _opening = new(1);
    private IReplayPlace? _place;
    private IRestoreTarget? _base;
    private string? _database; // as the log has it
    private LoggedParts? _log;
    private LogReplay? _replay;
    private SpooledBackup? _result;
    private DatabaseTarget? _kept;
    private IRestoreTarget? _target;

    /// <summary>Where the base stands, if it is not one that says so itself.</summary>
    public ReplayStart? Start { get; init; }

    public string? KeptAs => _target?.KeptAs;

    public IReadOnlyList<string> Warnings { get; private set; } = [];

    /// <summary>Why the log cannot be replayed, here and on the target's server; none where it can.</summary>
    /// <param name="session">With the target's server.</param>
    public static IEnumerable<AiShellException> FindObstacles(MySqlSession session, string target, BackupContents contents, ServerPrograms programs) =>
        programs.HasServerFor(contents.EngineVersion) ? [] : new LimitedRequirements(session, target, contents).FindObstacles();

    /// <summary>How the log is replayed where it is not on a private server, and what may make that fail.</summary>
    public static IEnumerable<string> FindDoubts(MySqlSession session, string target, BackupContents contents, ServerPrograms programs) =>
        programs.HasServerFor(contents.EngineVersion) ? [] : new LimitedRequirements(session, target, contents).FindDoubts();

    /// <summary>The tables' script first: it says what the database was called.</summary>
    public IReadOnlyList<LoadStage> Arrange(IReadOnlyList<BackupPart> parts) =>
    [
        LoadStage.OneAtATime(parts, PartPhase.Globals),
        LoadStage.OneAtATime(parts, PartPhase.PostData),
        LoadStage.OneAtATime(parts, PartPhase.PreData),
        new LoadStage(Math.Max(1, options.Workers), [.. LoadOrder.Of(parts.Where(part => part.Phase == PartPhase.Data), Math.Max(1, options.Workers)).Select(part => new[] { part })]),
    ];

    public async Task LoadAsync(BackupPart part, Stream plain, CancellationToken cancellationToken)
    {
        if (part.Phase is PartPhase.Data)
        {
            await RequireBase().LoadAsync(part, plain, cancellationToken);
            return;
        }

        using MemoryStream script = new();
        await plain.CopyToAsync(script, cancellationToken);
        byte[] bytes = script.ToArray();
        switch (part.Phase)
        {
            case PartPhase.Globals:
                _globals.Add((part, bytes));
                break;
            case PartPhase.PostData:
                _waiting.Add((part, bytes));
                break;
            default:
                await OpenBaseAsync(part, bytes, cancellationToken);
                await RequireBase().LoadAsync(part, new MemoryStream(bytes), cancellationToken);
                break;
        }
    }

    public async Task ApplyAsync(LinkPart part, Stream plain, CancellationToken cancellationToken)
    {
        await FinishBaseAsync(cancellationToken);
        _replay ??= await _place!.BeginAsync(cancellationToken);
        await _replay.RunAsync(_log!, part, plain, cancellationToken);
    }

    public async Task<IReadOnlyList<TableDigest>> CompleteAsync(bool fingerprints, CancellationToken cancellationToken)
    {
        await FinishBaseAsync(cancellationToken);
        _replay?.Dispose();
        await RequireOwnKeysAsync(cancellationToken);
        SnapshotOptions all = new(BackupFormat.Sql, BackupScope.All, TableFilter.Everything, Math.Max(1, options.Workers), options.ScratchDirectory, long.MaxValue, options.LockWait);
        await using (ISnapshot snapshot = await MySqlSnapshot.OpenAsync(_place!.Copy, all, cancellationToken))
        {
            _result = await SpooledBackup.MakeAsync(snapshot, _globals, contents, options, cancellationToken);
            Warnings = snapshot.Warnings;
        }

        await StopAsync();
        _target = await MySqlEngine.OpenTargetAsync(settings, _result.Contents, options, cancellationToken);
        if (options.KeepStaging)
        {
            _kept = (DatabaseTarget)_target;
            _kept.StandsAt = new ReplayStart(_database!, _log!.Reached.ToLogPosition());
        }

        await _result.LoadAsync(_target, options.Tables, cancellationToken);
        IReadOnlyList<TableDigest> found = await _target.CompleteAsync(fingerprints, cancellationToken);
        RequireSame(found, fingerprints);
        Warnings = [.. Warnings, .. _target.Warnings];
        return found;
    }

    public Task PromoteAsync(CancellationToken cancellationToken) => _target!.PromoteAsync(cancellationToken);

    public Task<string> KeepAsync(string note, CancellationToken cancellationToken) => _kept!.KeepAsync(note, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        _replay?.Dispose();
        if (_target is not null)
        {
            await _target.DisposeAsync();
        }

        _result?.Dispose();
        await StopAsync();
        _opening.Dispose();
    }

    private async Task OpenBaseAsync(BackupPart part, byte[] script, CancellationToken cancellationToken)
    {
        DatabaseProperties properties = PartLoading.ReadEntries(part, new MemoryStream(script)).FirstOrDefault() is { Header.Kind: DatabaseEntry.Kind } entry
            ? DatabaseEntry.Parse(entry.Sql)
            : throw PartDamage.Of(part, new InvalidDataException("it does not begin with the database's properties"));
        ReplayStart start = Start ?? ReplayStart.After(properties);
        (_database, _log) = (start.Database, start.ToLog());
        _place = programs.HasServerFor(contents.EngineVersion)
            ? await OwnServerPlace.StartAsync(start.Database, properties.LowerCaseTableNames, contents, read, programs, cancellationToken)
            : await LimitedPlace.OpenAsync(settings, start.Database, properties.LowerCaseTableNames, contents, cancellationToken);
        await _place.RequireAsync(_waiting.SelectMany(waiting => PartLoading.ReadEntries(waiting.Part, new MemoryStream(waiting.Bytes))), cancellationToken);
        TargetOptions whole = _place.OptionsForBase(options) with { Tables = TableFilter.Everything, IntoExisting = false, Replace = true, KeepStaging = false, KeepOld = false, Definer = null };
        _base = await DatabaseTarget.OpenAsync(_place.Copy, contents.WithoutGlobals(), whole, cancellationToken);
        _ = _base.Arrange(contents.Parts);
        foreach ((BackupPart waiting, byte[] bytes) in _waiting)
        {
            await _base.LoadAsync(waiting, new MemoryStream(bytes), cancellationToken);
        }
    }

    private IRestoreTarget RequireBase() => _base ?? throw new AiShellException(ErrorKind.Integrity, "The backup's first part, which makes the database, is missing.", "Use another backup ('ai-shell backup list').");

    private async Task FinishBaseAsync(CancellationToken cancellationToken)
    {
        await _opening.WaitAsync(cancellationToken);
        try
        {
            if (_place is null)
            {
                RequireBase();
            }

            if (_base is { } made)
            {
                await made.CompleteAsync(fingerprints: false, cancellationToken);
                await made.PromoteAsync(cancellationToken);
                await made.DisposeAsync();
                _base = null;
                await RequireOwnKeysAsync(cancellationToken);
            }
        }
        finally
        {
            _opening.Release();
        }
    }

    /// <summary>What a foreign key does to rows is in no log: across databases it could not be done again.</summary>
    private async Task RequireOwnKeysAsync(CancellationToken cancellationToken)
    {
        using MySqlSession session = await Server.OpenMeanwhileAsync(_place!.Copy, _place.Name, cancellationToken);
        string? foreign = session.Scalar("SELECT CONCAT(TABLE_NAME, ' refers to ', REFERENCED_TABLE_SCHEMA, '.', REFERENCED_TABLE_NAME) FROM information_schema.KEY_COLUMN_USAGE WHERE TABLE_SCHEMA = DATABASE() AND REFERENCED_TABLE_SCHEMA <> TABLE_SCHEMA LIMIT 1");
        if (foreign is not null)
        {
            throw new AiShellException(ErrorKind.Refused, $"The log cannot be replayed: a foreign key of {foreign}, in another database, whose changes may change rows here without being in the log.", "Restore a full backup.");
        }
    }

    private void RequireSame(IReadOnlyList<TableDigest> found, bool fingerprints)
    {
        TableDigest[] expected =
        [
            .. _result!.Contents.Tables.Where(table => options.Tables.Takes(table.Table)).Select(table => fingerprints ? table : table with { Fingerprint = new TableFingerprint(table.Fingerprint.Rows, 0) }),
        ];
        if (!expected.ToHashSet().SetEquals(found))
        {
            throw new AiShellException(ErrorKind.Integrity, "The restored copy is not what the log's replay gave.", "The target was not touched. Restore again; if it happens again, to another server.");
        }
    }

    private async Task StopAsync()
    {
        if (_base is { } unfinished)
        {
            _base = null;
            await unfinished.DisposeAsync();
        }

        if (_place is { } place)
        {
            _place = null;
            await place.DisposeAsync();
        }
    }
}
