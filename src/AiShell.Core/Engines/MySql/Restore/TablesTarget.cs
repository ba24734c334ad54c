using AiShell.Engines.MySql.Connecting;
using AiShell.Engines.MySql.Schema;
using AiShell.Engines.MySql.Snapshot;

namespace AiShell.Engines.MySql.Restore;

/// <summary>
/// A restore of some tables, or of rows alone, into a database that stands: made beside it, and put in the place of those that stand in one
/// RENAME TABLE. Foreign keys of others that refer to them are led to the new ones.
/// </summary>
internal sealed class TablesTarget : IRestoreTarget
{
    private readonly BackupContents _contents;
    private readonly TargetOptions _options;
    private readonly StagingSchema _staging;
    private readonly StagingLoad _load;
    private readonly List<ScriptEntry> _postData = []; // as it comes
    private readonly List<ScriptEntry> _foreignKeys = [];
    private readonly HashSet<int> _tableIds = [];
    private IReadOnlyList<StandingTable> _standing = [];
    private int _disposed;

    private TablesTarget(BackupContents contents, TargetOptions options, StagingSchema staging)
    {
        _contents = contents;
        _options = options;
        _staging = staging;
        _load = new StagingLoad(staging, contents, options);
    }

    public string? KeptAs { get; private set; }

    /// <summary>What is the wanted tables' own.</summary>
    private IEnumerable<ScriptEntry> Triggers => _postData.Where(entry => entry.Header.Kind == SourceObjects.Trigger && entry.Header.Needs.Any(_tableIds.Contains));

    private bool TakesTables => _contents.Scope == BackupScope.All;

    /// <exception cref="AiShellException"><see cref="ErrorKind.Refused"/>: rows would be replaced and nobody consented.</exception>
    public static async Task<IRestoreTarget> OpenAsync(ConnectionSettings settings, BackupContents contents, TargetOptions options, CancellationToken cancellationToken)
    {
        StagingSchema staging = await StagingSchema.PrepareAsync(settings, options, cancellationToken);
        TablesTarget target = new(contents, options, staging);
        try
        {
            await target.BeginAsync(cancellationToken);
            return target;
        }
        catch
        {
            await target.DisposeAsync();
            throw;
        }
    }

    public IReadOnlyList<LoadStage> Arrange(IReadOnlyList<BackupPart> parts) => _load.Arrange(parts);

    public Task LoadAsync(BackupPart part, Stream plain, CancellationToken cancellationToken) => part.Phase switch
    {
        PartPhase.PreData => TakesTables ? MakeTablesAsync(part, plain, cancellationToken) : MakeLikeStandingAsync(cancellationToken),
        PartPhase.Data => _load.LoadRowsAsync(part, plain, cancellationToken),
        PartPhase.PostData => TakesTables ? PlanObjectsAsync(part, plain) : Task.CompletedTask,
        _ => throw new AiShellException(ErrorKind.Usage, "--globals goes with a whole database, and this restore puts tables into one that stands.", "Leave it out."),
    };

    public async Task<IReadOnlyList<TableDigest>> CompleteAsync(bool fingerprints, CancellationToken cancellationToken)
    {
        await _load.Keys.CompleteAsync(_foreignKeys, cancellationToken);
        foreach (ScriptEntry entry in Triggers)
        {
            await _load.RunAsync(entry, cancellationToken);
        }

        IReadOnlyList<ForeignKey> keys = await _staging.UseAsync("foreign keys", session => StandingKeys.Of(session, _staging, _standing).All, cancellationToken);
        IReadOnlyList<string> orphans = await _load.FindOrphansAsync(keys, cancellationToken);
        return orphans.Count == 0 ? await _load.ReadBackAsync(fingerprints, cancellationToken) : throw new AiShellException(
            ErrorKind.Failed,
            $"The tables do not go together with the others in '{_staging.Target}': {ListText.First(orphans, "; ")}.",
            "Restore the tables that refer to one another together, or restore to another database with -d.");
    }

    public async Task PromoteAsync(CancellationToken cancellationToken) => KeptAs = await _staging.PromoteAsync(
        session =>
        {
            RequireConsent([.. StandingTable.Find(session, _staging.Target, TablesOf(_contents, _options), _staging.NameCase).Except(_standing)]);
            return new PromotionPlanner(session, _staging).ForTables(
                _standing, StandingKeys.Of(session, _staging, _standing), TakesTables ? [.. Triggers.SelectMany(_load.StatementsOf)] : null, keepOld: _options.KeepOld && _standing.Count > 0);
        },
        cancellationToken);

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            await _load.DisposeAsync();
            await _staging.DisposeAsync();
        }
    }

    /// <summary>The backup's tables that are wanted.</summary>
    public static TableName[] TablesOf(BackupContents contents, TargetOptions options) =>
        [.. contents.Tables.Select(digest => digest.Table).Where(options.Tables.Takes)];

    /// <summary>Rows alone need their tables; null when they are there.</summary>
    public static AiShellException? FindMissing(BackupContents contents, TargetOptions options, IReadOnlyCollection<StandingTable> standing, TableNameCase nameCase)
    {
        if (contents.Scope == BackupScope.SchemaOnly)
        {
            return new AiShellException(ErrorKind.Usage, "The backup holds no rows, so none of its tables can be put into a database that stands.", "Restore it to a new database with -d.");
        }

        string[] missing = contents.Scope == BackupScope.DataOnly
            ? [.. TablesOf(contents, options).Select(table => table.Name).ExceptBy(standing.Select(table => nameCase.Fold(table.Name)), nameCase.Fold).Select(name => $"'{name}'")]
            : [];
        return missing.Length == 0 ? null : new AiShellException(
            ErrorKind.Failed,
            $"The backup holds rows without their tables, and the database has no table {ListText.First(missing)}.",
            "Make the tables first, or choose others with --tables.");
    }

    private async Task BeginAsync(CancellationToken cancellationToken)
    {
        DatabaseProperties properties = await _staging.AskAsync(
            session =>
            {
                if (!DatabaseListing.Exists(session, _staging.Target))
                {
                    throw new AiShellException(ErrorKind.Failed, $"There is no database '{_staging.Target}'.", "Restore to it without --tables and --data-only, or make it first.");
                }

                _standing = StandingTable.Find(session, _staging.Target, TablesOf(_contents, _options), _staging.NameCase);
                return FindMissing(_contents, _options, _standing, _staging.NameCase) is { } missing ? throw missing : DatabaseListing.ReadProperties(session, _staging.Target);
            },
            cancellationToken);
        RequireConsent(_standing);
        await _staging.CreateAsync(properties, cancellationToken);
    }

    private void RequireConsent(IReadOnlyList<StandingTable> standing)
    {
        if (!_options.Replace && standing.FirstOrDefault(table => TakesTables || table.HasRows) is { } first)
        {
            throw new AiShellException(ErrorKind.Refused, $"The {first.Describe()} in '{_staging.Target}' would be replaced.", "Add --force to replace it, or restore to another database with -d.");
        }
    }

    private async Task MakeTablesAsync(BackupPart part, Stream plain, CancellationToken cancellationToken)
    {
        ScriptEntry[] entries = [.. PartLoading.ReadEntries(part, plain)];
        _load.History = entries.FirstOrDefault(entry => entry.Header.Kind == DatabaseEntry.Kind) is { } database && DatabaseEntry.Parse(database.Sql).History;
        ScriptEntry[] tables = [.. entries.Where(entry => entry.Header.Kind == SchemaScript.Table && _options.Tables.Takes(new TableName("", entry.Header.Name)))];
        _tableIds.UnionWith(tables.Select(table => table.Header.Id));
        HashSet<int> needed = [.. tables.SelectMany(table => table.Header.Needs)];
        foreach (ScriptEntry entry in entries.Where(entry => needed.Contains(entry.Header.Id) && entry.Header.Kind == SchemaScript.Sequence).Concat(tables))
        {
            await (entry.Header.Kind == SchemaScript.Table ? _load.MakeTableAsync(entry, cancellationToken) : _load.RunAsync(entry, cancellationToken));
        }
    }

    /// <summary>For rows alone.</summary>
    private async Task MakeLikeStandingAsync(CancellationToken cancellationToken)
    {
        // Defaults ask for them. Those that stand are not replaced.
        IReadOnlyList<string> sequences = await _staging.AskAsync(session => DatabaseListing.Sequences(session, _staging.Target), cancellationToken);
        await _load.RunAsync("sequences", sequences.Select(sequence => $"CREATE SEQUENCE {SqlText.Quote(sequence)}"), cancellationToken);
        foreach (StandingTable table in _standing)
        {
            TableScript script = await _staging.AskAsync(session => table.ReadScript(session, _staging.Target), cancellationToken);
            await _load.RunAsync($"table '{table.Name}'", [script.Table], cancellationToken);
            if (script.Keys.Length > 0)
            {
                _load.Keys.Add([ScriptEntry.Create(0, SchemaScript.Keys, "", table.Name, $"{script.Keys};\n")]);
            }

            _foreignKeys.AddRange(script.ForeignKeys.Select(key => ScriptEntry.Create(0, SchemaScript.ForeignKey, "", table.Name, $"{key.Sql};\n")));
        }
    }

    private Task PlanObjectsAsync(BackupPart part, Stream plain)
    {
        ScriptEntry[] entries = [.. PartLoading.ReadEntries(part, plain)];
        ScriptEntry[] own = [.. entries.Where(entry => _options.Tables.Takes(new TableName("", entry.Header.Name)))];
        _postData.AddRange(entries);
        _load.Keys.Add(own);
        _foreignKeys.AddRange(own.Where(entry => entry.Header.Kind == SchemaScript.ForeignKey));
        return Task.CompletedTask;
    }
}
