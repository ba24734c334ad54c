using AiShell.Engines.MySql.Connecting;
using AiShell.Engines.MySql.Schema;
using AiShell.Engines.MySql.Wire;

namespace AiShell.Engines.MySql.Snapshot;

/// <summary>A backup of schema and rows, of one moment, by SELECT and SHOW CREATE.</summary>
internal sealed class MySqlSnapshot : ISnapshot
{
    private readonly SourceSessions _sessions;
    private readonly FixedSource _source;
    private readonly SnapshotOptions _options;
    private readonly SchemaScript _scripts;
    private readonly Grants? _grants;
    private readonly ChangeWatch _watch;
    private readonly List<SnapshotStep> _steps = [];
    private readonly List<TableStep?> _work = [];

    private MySqlSnapshot(SourceSessions sessions, FixedSource source, SchemaScript scripts, Grants? grants, IReadOnlyList<TableStep> tables, SnapshotOptions options)
    {
        _grants = grants;
        _sessions = sessions;
        _source = source;
        _options = options;
        _scripts = scripts;
        _watch = new ChangeWatch(source.State);
        Tables = [.. tables.Select(step => step.Table.Source.Name).Distinct()];
        LayOut(tables);
    }

    public string EngineVersion => _sessions.Schema.ServerVersionText;

    public LogPosition Position => _source.Position;

    public IReadOnlyList<SnapshotStep> Steps => _steps;

    public IReadOnlyList<TableName> Tables { get; }

    public IReadOnlyDictionary<string, int> Objects => _options.Scope == BackupScope.DataOnly ? new Dictionary<string, int>() : _scripts.CountObjects();

    public IReadOnlyDictionary<string, IReadOnlyList<string>> Requires { get; private init; } = new Dictionary<string, IReadOnlyList<string>>();

    public IReadOnlyDictionary<string, IReadOnlyList<string>> Globals => _grants is null
        ? new Dictionary<string, IReadOnlyList<string>>()
        : new Dictionary<string, IReadOnlyList<string>> { [Grants.Users] = NamesOf(Grants.User), [Grants.Roles] = NamesOf(Grants.Role) };

    public IReadOnlyList<string> Warnings { get; private init; } = [];

    public long EstimatedBytes => _steps.Sum(step => step.EstimatedBytes);

    public static async Task<ISnapshot> OpenAsync(ConnectionSettings settings, SnapshotOptions options, CancellationToken cancellationToken)
    {
        SourceSessions sessions = await SourceSessions.OpenAsync(settings, options.Workers, options.LockWait, cancellationToken);
        FixedSource? source = null;
        try
        {
            Privileges privileges = await ServerErrors.RunAsync(sessions.Schema, $"database '{settings.Database}'", open => Privileges.Read(open, settings.Database), cancellationToken);
            privileges.RequireWholeView(options.Tables.TakesAll, options.Scope != BackupScope.DataOnly && options.Tables.TakesAll);
            source = await FixedSource.TakeAsync(sessions, options, cancellationToken);
            SourceCatalogue catalogue = source.Catalogue;
            SchemaScript scripts = options.Scope == BackupScope.DataOnly ? SchemaScript.ForRows(catalogue) : SchemaScript.Build(catalogue, options);
            IReadOnlyList<string> definers = scripts.Definers;
            Grants? grants = options.WithGlobals
                ? await ServerErrors.RunAsync(sessions.Schema, "accounts", session => Grants.Read(session, catalogue.Database, definers, scripts.Count), cancellationToken)
                : null;
            if (options.Scope != BackupScope.DataOnly && grants is not null)
            {
                scripts = scripts.With(grants.OnDatabase, scripts.Count + grants.Accounts.Count, catalogue.Properties);
            }

            TableStep[] tables = await ServerErrors.RunAsync(
                sessions.Workers[0],
                "keys",
                session => TableStep.Split(session, source.TablesToRead, table => !source.Spooled.ContainsKey(table.Name), sessions.Workers.Count, options.PartBytes).ToArray(),
                cancellationToken);
            sessions.Ready();
            return new MySqlSnapshot(sessions, source, scripts, grants, tables, options)
            {
                Requires = new (string Kind, IReadOnlyList<string> Names)[] { (Grants.Users, definers), (SchemaScript.ToldApartByCase, scripts.CaseTwins) }
                    .Where(needed => needed.Names.Count > 0).ToDictionary(needed => needed.Kind, needed => needed.Names),
                Warnings = [.. source.Warnings, .. LeftOut(catalogue, grants, options), .. Unseen(source, privileges, options)],
            };
        }
        catch
        {
            source?.Dispose();
            sessions.Dispose();
            throw;
        }
    }

    public async Task<IReadOnlyList<TableDigest>> WriteAsync(SnapshotStep step, IPartSink sink, CancellationToken cancellationToken)
    {
        if (_work[step.Index] is { } work)
        {
            return [new TableDigest(work.Table.Source.Name, await ReadAsync(work, sink, cancellationToken))];
        }

        foreach (ScriptEntry entry in step.Phase switch { PartPhase.Globals => _grants!.Accounts, PartPhase.PreData => _scripts.PreData, _ => _scripts.PostData })
        {
            entry.WriteTo(sink.Stream);
        }

        await sink.EndPartAsync(0, cancellationToken);
        return [];
    }

    public ValueTask DisposeAsync()
    {
        _source.Dispose();
        _sessions.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task<TableFingerprint> ReadAsync(TableStep step, IPartSink sink, CancellationToken cancellationToken)
    {
        if (_source.Spooled.TryGetValue(step.Table.Name, out SpooledTable? spooled))
        {
            await spooled.CopyAsync(sink, cancellationToken);
            return spooled.Fingerprint;
        }

        string subject = $"table '{step.Table.Name}'";
        try
        {
            return await _sessions.UseAsync(subject, session => ReadAsync(session, subject, step, sink, cancellationToken), cancellationToken);
        }
        catch (AiShellException failure)
        {
            AiShellException reason = SnapshotErrors.Explain(failure, step.Table.Name);
            if (reason == failure)
            {
                throw;
            }

            throw reason;
        }
    }

    private async Task<TableFingerprint> ReadAsync(MySqlSession session, string subject, TableStep step, IPartSink sink, CancellationToken cancellationToken)
    {
        // What a table is locked with against changes of it goes with the savepoint, and the moment stays.
        await ServerErrors.RunAsync(session, subject, open => open.Execute("SAVEPOINT before_table"), cancellationToken);
        TableFingerprint fingerprint = await TableCopy.RunAsync(session, step.Table.Source, step.Rest, _options.Format, _options.PartBytes, sink, cancellationToken);
        await ServerErrors.RunAsync(
            session,
            subject,
            open =>
            {
                _watch.Verify(open, step.Table);
                open.Execute("ROLLBACK TO SAVEPOINT before_table");
            },
            cancellationToken);
        return fingerprint;
    }

    private string[] NamesOf(string kind) => [.. _grants!.Accounts.Where(entry => entry.Header.Kind == kind).Select(entry => entry.Header.Name).Order(StringComparer.Ordinal)];

    private static IEnumerable<string> LeftOut(SourceCatalogue catalogue, Grants? grants, SnapshotOptions options)
    {
        if (options.Scope != BackupScope.DataOnly)
        {
            foreach (string view in catalogue.Unusable.Where(view => options.Tables.Takes(new TableName("", view))).Order(StringComparer.Ordinal))
            {
                yield return $"The view '{view}' is left out, and what reads it: it refers to something that is not there any more.";
            }

            if (grants?.FindLost(catalogue, options.Tables.TakesAll) is { Count: > 0 } lost)
            {
                yield return $"Privileges are left out, since what they are on is not there any more: {string.Join(", ", lost.Select(name => $"'{name}'"))}.";
            }
        }

        if (options.Scope != BackupScope.SchemaOnly)
        {
            foreach (DefinedTable table in catalogue.Tables.Where(table => options.Tables.Takes(table.Source.Name) && !StorageEngines.HasRows(table.Source.Engine)))
            {
                yield return $"The table '{table.Name}' is backed up without rows: its storage engine {table.Source.Engine} keeps them elsewhere, or keeps none.";
            }
        }
    }

    /// <summary>The server does not list triggers that the user may not see.</summary>
    private static IEnumerable<string> Unseen(FixedSource source, Privileges privileges, SnapshotOptions options)
    {
        string[] tables = options.Scope == BackupScope.DataOnly ? []
            : [.. source.Catalogue.Tables.Where(table => options.Tables.Takes(table.Source.Name) && !privileges.OnTable(table.Name, "TRIGGER")).Select(table => $"'{table.Name}'")];
        return tables.Length == 0 ? [] : [$"The user may not see triggers of {ListText.First(tables)} (GRANT TRIGGER): if there are any, they are not in this backup."];
    }

    private void LayOut(IReadOnlyList<TableStep> tables)
    {
        if (_grants is not null)
        {
            Add(PartPhase.Globals, "globals", "sql", null, _grants.Accounts.Sum(entry => (long)entry.Header.Bytes));
        }

        Add(PartPhase.PreData, "schema", "sql", null, _scripts.PreData.Sum(entry => (long)entry.Header.Bytes));
        foreach (TableStep step in tables)
        {
            Add(PartPhase.Data, step.Table.Name, RowFormats.ExtensionOf(_options.Format), step, step.EstimatedBytes);
        }

        Add(PartPhase.PostData, "post-data", "sql", null, _scripts.PostData.Sum(entry => (long)entry.Header.Bytes));
    }

    private void Add(PartPhase phase, string label, string extension, TableStep? work, long bytes)
    {
        _steps.Add(new SnapshotStep(_steps.Count, phase, label, extension, work?.Table.Source.Name, bytes));
        _work.Add(work);
    }
}
