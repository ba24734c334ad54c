using AiShell.Connections;
using AiShell.Engines.MySql.Connecting;
using AiShell.Engines.MySql.Log;
using AiShell.Engines.MySql.Schema;
using AiShell.Engines.MySql.Snapshot;
using AiShell.Engines.MySql.Wire;

namespace AiShell.Engines.MySql.Restore;

/// <summary>
/// A restore of a full backup and the log after it. Whatever a log's statements name, they can touch nothing but a private server on this machine: there the base is restored under its
/// own name and the log replayed, and what comes of it is restored to the target as any backup is.
/// </summary>
internal sealed class ReplayTarget(ConnectionSettings settings, BackupContents contents, TargetOptions options, Func<DatabaseAddress, ConnectionSettings> read, ServerPrograms programs) : IRestoreTarget
{
    private readonly List<(BackupPart Part, byte[] Bytes)> _globals = [];
    private readonly List<(BackupPart Part, byte[] Bytes)> _waiting = [];
    private readonly SemaphoreSlim _opening = new(1);
    private PrivateServer? _server;
    private IRestoreTarget? _base;
    private ConnectionSettings? _copy;
    private LoggedParts? _log;
    private MySqlSession? _session;
    private LogReplay? _replay;
    private SpooledBackup? _result;
    private DatabaseTarget? _kept;
    private IRestoreTarget? _target;

    /// <summary>Where the base stands, if it is not one that says so itself.</summary>
    public ReplayStart? Start { get; init; }

    public string? KeptAs => _target?.KeptAs;

    public IReadOnlyList<string> Warnings { get; private set; } = [];

    /// <summary>Why this machine cannot replay the log; null where it can.</summary>
    public static AiShellException? FindObstacle(BackupContents contents, ServerPrograms programs) =>
        !contents.EngineVersion.Contains("MariaDB", StringComparison.OrdinalIgnoreCase)
            ? new AiShellException(
                ErrorKind.Usage, "The log of a MySQL server is not replayed by this version, which knows private servers of MariaDB only.", "Restore a full backup; docs/recovery.md says how stock programs replay the log.")
            : programs.Find("mariadbd") is null || programs.Find("mariadb-install-db") is null
                ? new AiShellException(
                    ErrorKind.Usage,
                    "A log is replayed on a private server, and this machine has no MariaDB to start one.",
                    $"Install the package mariadb-server, or name the folder of its programs in {ServerPrograms.Variable}. Nothing of it has to run.")
                : null;

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
        _session ??= await Server.OpenMeanwhileAsync(_copy!, "the private server", cancellationToken);
        _replay ??= new LogReplay(_session, _copy!.Database);
        await ServerErrors.RunAsync(_session, "the log", _ => _log!.Read(plain, _replay.Begin, _replay.Do), cancellationToken);
    }

    public async Task<IReadOnlyList<TableDigest>> CompleteAsync(bool fingerprints, CancellationToken cancellationToken)
    {
        await FinishBaseAsync(cancellationToken);
        _session?.Dispose();
        await RequireOwnKeysAsync(cancellationToken);
        SnapshotOptions all = new(BackupFormat.Sql, BackupScope.All, TableFilter.Everything, Math.Max(1, options.Workers), options.ScratchDirectory, long.MaxValue, options.LockWait);
        await using (ISnapshot snapshot = await MySqlSnapshot.OpenAsync(_copy!, all, cancellationToken))
        {
            _result = await SpooledBackup.MakeAsync(snapshot, _globals, contents, options, cancellationToken);
            Warnings = snapshot.Warnings;
        }

        await StopAsync();
        _target = await MySqlEngine.OpenTargetAsync(settings, _result.Contents, options, cancellationToken);
        if (options.KeepStaging)
        {
            _kept = (DatabaseTarget)_target;
            _kept.StandsAt = new ReplayStart(_copy!.Database, _log!.Reached.ToLogPosition());
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
        _session?.Dispose();
        if (_target is not null)
        {
            await _target.DisposeAsync();
        }

        _result?.Dispose();
        await StopAsync();
        _opening.Dispose();
    }

    /// <summary>A server of our own, with the accounts in whose name objects run, and on it the database under the name that it had.</summary>
    private async Task OpenBaseAsync(BackupPart part, byte[] script, CancellationToken cancellationToken)
    {
        DatabaseProperties properties = PartLoading.ReadEntries(part, new MemoryStream(script)).FirstOrDefault() is { Header.Kind: DatabaseEntry.Kind } entry
            ? DatabaseEntry.Parse(entry.Sql)
            : throw PartDamage.Of(part, new InvalidDataException("it does not begin with the database's properties"));
        ReplayStart start = Start ?? ReplayStart.After(properties);
        _log = start.ToLog();
        _server = await PrivateServer.StartAsync(read, programs, cancellationToken);
        _copy = read(_server.Address).To(start.Database);
        using (MySqlSession session = await Server.OpenAsync(_copy, cancellationToken, ""))
        {
            RequireNewEnough(session);
            foreach (string account in contents.Requires.GetValueOrDefault(Requirements.Users) ?? [])
            {
                int at = account.LastIndexOf('@');
                PrivateAccounts.Make(session, account[..at], account[(at + 1)..]);
            }
        }

        TargetOptions whole = options with { Tables = TableFilter.Everything, IntoExisting = false, Replace = true, KeepOwners = true, KeepStaging = false, KeepOld = false, Definer = null, WithoutBinaryLog = false };
        _base = await DatabaseTarget.OpenAsync(_copy, contents.WithoutGlobals(), whole, cancellationToken);
        _ = _base.Arrange(contents.Parts);
        foreach ((BackupPart waiting, byte[] bytes) in _waiting)
        {
            await _base.LoadAsync(waiting, new MemoryStream(bytes), cancellationToken);
        }
    }

    private void RequireNewEnough(MySqlSession session)
    {
        if (ServerFeatures.Of(contents.EngineVersion) is { Version: var source } && session.Features.Version / 100 < source / 100)
        {
            throw new AiShellException(
                ErrorKind.Failed,
                $"The log is of MariaDB {contents.EngineVersion}, and the private server that would replay it is {session.ServerVersionText}.",
                $"Install a MariaDB as new as the source's, or name the folder of its programs in {ServerPrograms.Variable}.");
        }
    }

    private IRestoreTarget RequireBase() => _base ?? throw new AiShellException(ErrorKind.Integrity, "The backup's first part, which makes the database, is missing.", "Use another backup ('ai-shell backup list').");

    private async Task FinishBaseAsync(CancellationToken cancellationToken)
    {
        await _opening.WaitAsync(cancellationToken);
        try
        {
            if (_copy is null)
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
        using MySqlSession session = await Server.OpenMeanwhileAsync(_copy!, "the private server", cancellationToken);
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

        if (_server is { } server)
        {
            _server = null;
            await server.DisposeAsync();
        }
    }
}
