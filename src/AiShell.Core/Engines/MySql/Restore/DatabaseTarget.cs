using AiShell.Engines.MySql.Connecting;
using AiShell.Engines.MySql.Schema;
using AiShell.Engines.MySql.Snapshot;

namespace AiShell.Engines.MySql.Restore;

/// <summary>A restore into a new database beside the target, whose tables move into it at the end.</summary>
internal sealed class DatabaseTarget : IRestoreTarget
{
    private readonly BackupContents _contents;
    private readonly TargetOptions _options;
    private readonly StagingSchema _staging;
    private readonly StagingLoad _load;
    private readonly RestoreScript _script;
    private readonly List<ScriptEntry> _postData = []; // as it comes
    private readonly Dictionary<PartPhase, byte[]> _scripts = []; // of a copy that will be kept
    private int _disposed;

    private DatabaseTarget(BackupContents contents, TargetOptions options, StagingSchema staging)
    {
        _contents = contents;
        _options = options;
        _staging = staging;
        _load = new StagingLoad(staging, contents, options);
        _script = new RestoreScript(options.Tables);
    }

    public string? KeptAs { get; private set; }

    public IReadOnlyList<string> Warnings { get; private set; } = [];

    /// <summary>What the database was called and where in its log the copy will stand, for one that is kept; null for what the backup says.</summary>
    public ReplayStart? StandsAt { get; set; }

    public static async Task<IRestoreTarget> OpenAsync(ConnectionSettings settings, BackupContents contents, TargetOptions options, CancellationToken cancellationToken) =>
        new DatabaseTarget(contents, options, await StagingSchema.PrepareAsync(settings, options, cancellationToken));

    public IReadOnlyList<LoadStage> Arrange(IReadOnlyList<BackupPart> parts) => _load.Arrange(parts);

    public async Task LoadAsync(BackupPart part, Stream plain, CancellationToken cancellationToken)
    {
        if (_options.KeepStaging && part.Phase is PartPhase.PreData or PartPhase.PostData)
        {
            using MemoryStream script = new();
            await plain.CopyToAsync(script, cancellationToken);
            _scripts[part.Phase] = [.. _scripts.GetValueOrDefault(part.Phase, []), .. script.ToArray()];
            plain = new MemoryStream(script.ToArray());
        }

        await TakeAsync(part, plain, cancellationToken);
    }

    private Task TakeAsync(BackupPart part, Stream plain, CancellationToken cancellationToken) => part.Phase switch
    {
        PartPhase.PreData => MakeTablesAsync(part, plain, cancellationToken),
        PartPhase.Data => _load.LoadRowsAsync(part, plain, cancellationToken),
        PartPhase.PostData => PlanObjectsAsync(part, plain),
        _ => _staging.MakeGlobalsAsync([.. PartLoading.ReadEntries(part, plain)], _load.StatementsOf, cancellationToken),
    };

    public async Task<IReadOnlyList<TableDigest>> CompleteAsync(bool fingerprints, CancellationToken cancellationToken)
    {
        _script.Later.AddRange(_postData.Where(entry => _script.Takes(entry) && (entry.Header.Kind != PromotionPlanner.Grant || _contents.HasGlobals)));
        await _load.Keys.CompleteAsync(_script.Later.Where(entry => entry.Header.Kind == SchemaScript.ForeignKey), cancellationToken);
        await MakeObjectsAsync(cancellationToken);
        IReadOnlyList<ForeignKey> keys = await _staging.UseAsync("foreign keys", session => ForeignKey.Of(session, _staging.Name), cancellationToken);
        Warnings =
        [
            .. _script.WithoutKeys.Order(StringComparer.Ordinal).Select(table => $"Table '{table}' comes without its foreign keys to tables that are not restored."),
            .. (await _load.FindOrphansAsync(keys, cancellationToken)).Select(orphan => $"The restored database is as its source was, but not in itself right: {orphan}."),
        ];
        return await _load.ReadBackAsync(fingerprints, cancellationToken);
    }

    public async Task PromoteAsync(CancellationToken cancellationToken) => KeptAs = await _staging.PromoteAsync(
        session =>
        {
            IReadOnlyList<string> standing = DatabaseListing.Exists(session, _staging.Target) ? DatabaseListing.Read(session, _staging.Target) : [];
            return !_options.Replace && standing.Count > 0
                ? throw new AiShellException(
                    ErrorKind.Refused, $"The database '{_staging.Target}' is not empty: it has {string.Join(", ", standing.Take(3))}.", "Add --force to replace it, or restore to another name with -d.")
                : new PromotionPlanner(session, _staging).ForDatabase(_script.Properties!, _load.StatementsOf, _script.Later, keepOld: _options.KeepOld && standing.Count > 0);
        },
        cancellationToken);

    public async Task<string> KeepAsync(string note, CancellationToken cancellationToken)
    {
        ReplayStart at = StandsAt!;
        await _staging.KeepAsync(
            new KeptNote(note, at.Database, at.Position.Value, _load.History, [.. _contents.Tables.Select(KeptTable.Of)], _scripts[PartPhase.PreData], _scripts.GetValueOrDefault(PartPhase.PostData, []), _contents.Requires),
            cancellationToken);
        return _staging.Name;
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            await _load.DisposeAsync();
            await _staging.DisposeAsync();
        }
    }

    private async Task MakeTablesAsync(BackupPart part, Stream plain, CancellationToken cancellationToken)
    {
        List<ScriptEntry> tables = []; // what else there is, their defaults may ask for
        foreach (ScriptEntry entry in PartLoading.ReadEntries(part, plain))
        {
            if (entry.Header.Kind == DatabaseEntry.Kind)
            {
                _script.Properties = DatabaseEntry.Parse(entry.Sql);
                _load.History = _script.Properties.History;
                StandsAt ??= _options.KeepStaging ? RequireLog(_script.Properties) : null;
                await _staging.CreateAsync(_script.Properties, cancellationToken);
            }
            else if (_script.Takes(entry) && entry.Header.Kind == SchemaScript.Table)
            {
                tables.Add(entry);
            }
            else if (_script.Takes(entry))
            {
                await _load.RunAsync(entry, cancellationToken);
            }
        }

        await _load.EachAsync(tables, _load.MakeTableAsync, cancellationToken);
    }

    private static ReplayStart RequireLog(DatabaseProperties properties) => properties.Position is not null ? ReplayStart.After(properties) : throw new AiShellException(
        ErrorKind.Usage, "The backup is of a server without a binary log, so that a copy of it could be brought no further.", "Leave --keep-staging out, or restore to another database with -d.");

    private Task PlanObjectsAsync(BackupPart part, Stream plain)
    {
        _postData.AddRange(PartLoading.ReadEntries(part, plain));
        _load.Keys.Add(_postData.Where(entry => _options.Tables.Takes(new TableName("", entry.Header.Name))));
        return Task.CompletedTask;
    }

    /// <summary>Everything is made here, to see that it can be; what cannot move with the tables is made again in the target. An event would run, and a grant would stay.</summary>
    private async Task MakeObjectsAsync(CancellationToken cancellationToken)
    {
        foreach (ScriptEntry entry in _script.Later.Where(entry => entry.Header.Kind is not (SchemaScript.Keys or SchemaScript.ForeignKey or SourceObjects.Event or PromotionPlanner.Grant)))
        {
            await _load.RunAsync(entry, cancellationToken);
        }
    }
}
