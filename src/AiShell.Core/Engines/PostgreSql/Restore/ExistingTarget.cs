using AiShell.Engines.PostgreSql.Connecting;
using AiShell.Engines.PostgreSql.Wire;

namespace AiShell.Engines.PostgreSql.Restore;

/// <summary>
/// A restore of some tables, or of rows alone, into a database that stands: one session, one transaction, so that whatever ends it
/// leaves the database as it was. The tables are locked meanwhile. A table of the same shape as in the backup keeps its place, and with it
/// all that others have made of it; one of another shape, or none, is made as the backup has it.
/// </summary>
internal sealed class ExistingTarget : IRestoreTarget
{
    private readonly WireSession _session;
    private readonly string _database;
    private readonly BackupContents _contents;
    private readonly TargetOptions _options;
    private readonly EntryRunner _runner;
    private readonly TableName[] _tables;
    private readonly List<StandingTable> _standing;
    private readonly HashSet<TableName> _remade = [];
    private TableScript? _script;
    private TableGuards? _guards;

    private ExistingTarget(WireSession session, string database, BackupContents contents, TargetOptions options, TableName[] tables, List<StandingTable> standing)
    {
        _session = session;
        _database = database;
        _contents = contents;
        _options = options;
        _runner = new EntryRunner(options.KeepOwners);
        _tables = tables;
        _standing = standing;
    }

    /// <exception cref="AiShellException"><see cref="ErrorKind.Refused"/>: rows would be replaced and nobody consented; <see cref="ErrorKind.Busy"/>: others use a table.</exception>
    public static async Task<IRestoreTarget> OpenAsync(ConnectionSettings settings, BackupContents contents, TargetOptions options, CancellationToken cancellationToken)
    {
        (_, WireSession session) = await Server.FindAsync(settings, cancellationToken);
        try
        {
            return await ServerErrors.RunAsync(session, $"database '{settings.Database}'", open => Begin(open, settings.Database, contents, options), cancellationToken);
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    public IReadOnlyList<LoadStage> Arrange(IReadOnlyList<BackupPart> parts) => LoadStage.ByPhase(parts, dataParallelism: 1);

    public Task LoadAsync(BackupPart part, Stream plain, CancellationToken cancellationToken) => ServerErrors.RunAsync(
        _session,
        part.Table is null ? $"database '{_database}'" : $"table '{part.Table}'",
        _ =>
        {
            switch (part.Phase)
            {
                case PartPhase.PreData:
                    LoadSchema(part, plain);
                    break;
                case PartPhase.Data:
                    PartLoading.LoadRows(_session, part, plain, _options.ScratchDirectory, freeze: false);
                    break;
                default:
                    LoadPostData(part, plain);
                    break;
            }
        },
        cancellationToken);

    public Task<IReadOnlyList<TableDigest>> CompleteAsync(bool fingerprints, CancellationToken cancellationToken) => ServerErrors.RunAsync<IReadOnlyList<TableDigest>>(
        _session,
        $"database '{_database}'",
        open =>
        {
            _guards?.PutBack(open); // not with the last part: what has nothing to do after the rows has no such part
            return [.. _tables.Order().Select(table => new TableDigest(table, TableDigests.Read(open, table, fingerprints)))];
        },
        cancellationToken);

    public Task PromoteAsync(CancellationToken cancellationToken) =>
        ServerErrors.RunAsync(_session, $"database '{_database}'", session => session.Execute("COMMIT"), cancellationToken);

    public ValueTask DisposeAsync()
    {
        _session.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>Rows alone need their tables; null when they are there.</summary>
    public static AiShellException? FindMissing(BackupContents contents, TargetOptions options, IReadOnlyCollection<StandingTable> standing)
    {
        if (contents.Scope == BackupScope.SchemaOnly)
        {
            return new AiShellException(ErrorKind.Usage, "The backup holds no rows, so none of its tables can be put into a database that stands.", "Restore it to a new database with -d.");
        }

        TableName[] missing = contents.Scope == BackupScope.DataOnly ? [.. TargetInspection.TablesOf(contents, options).Except(standing.Select(table => table.Name)).Where(table => table != LargeObjects.Table)] : [];
        return missing.Length == 0 ? null : new AiShellException(
            ErrorKind.Failed,
            $"The backup holds rows without their tables, and the database has no table {string.Join(", ", missing.Take(5).Select(table => $"'{table}'"))}.",
            "Make the tables first, or choose others with --tables.");
    }

    private static ExistingTarget Begin(WireSession session, string database, BackupContents contents, TargetOptions options)
    {
        session.Execute(FormattableString.Invariant($"SET lock_timeout = {Math.Max(1, (long)options.LockWait.TotalMilliseconds)}; BEGIN"));
        TableName[] tables = TargetInspection.TablesOf(contents, options);
        List<StandingTable> standing = [.. StandingTable.Find(session, tables)];
        if (FindMissing(contents, options, standing) is { } missing)
        {
            throw missing;
        }

        if (standing.Count > 0)
        {
            session.Execute($"LOCK TABLE {string.Join(", ", standing.Select(table => $"ONLY {SqlText.Quote(table.Name)}"))} IN ACCESS EXCLUSIVE MODE");
        }

        if (!options.Replace && standing.FirstOrDefault(table => contents.Scope != BackupScope.DataOnly || table.HasRows(session)) is { } first)
        {
            throw new AiShellException(ErrorKind.Refused, $"The {first.Describe()} in '{database}' would be replaced.", "Add --force to replace it, or restore to another database with -d.");
        }

        if (!options.Replace && tables.Contains(LargeObjects.Table) && session.Scalar(LargeObjects.Count) != "0")
        {
            throw new AiShellException(ErrorKind.Refused, $"The large objects in '{database}' would be replaced.", "Add --force to replace them, or restore to another database with -d.");
        }

        return new ExistingTarget(session, database, contents, options, tables, standing);
    }

    private void LoadSchema(BackupPart part, Stream plain)
    {
        ScriptEntry[] entries = [.. PartLoading.ReadEntries(part, plain)];
        if (_contents.Scope == BackupScope.All)
        {
            _script = new TableScript(entries, _options.Tables);
            _remade.UnionWith(_script.Tables.Select(TableScript.NameOf));
            RunNeeds(_script);
            _remade.ExceptWith(FindUnchanged(_script).Select(table => table.Name));
        }

        StandingTable[] dropped = [.. _standing.Where(table => _remade.Contains(table.Name))];
        _guards = TableGuards.Lift(_session, _standing, dropped);
        Drop(dropped);
        if (_standing.Except(dropped).Select(table => $"ONLY {SqlText.Quote(table.Name)}").ToArray() is { Length: > 0 } kept)
        {
            _session.Execute($"TRUNCATE {string.Join(", ", kept)}");
        }

        foreach (ScriptEntry entry in _script?.EntriesOf(_remade) ?? [])
        {
            _runner.Run(_session, entry);
        }

        if (_tables.Contains(LargeObjects.Table))
        {
            _session.Execute(LargeObjects.Drop);
            RunLargeObjects(entries);
        }
    }

    private void RunLargeObjects(IEnumerable<ScriptEntry> entries)
    {
        foreach (ScriptEntry entry in entries.Where(entry => _tables.Contains(LargeObjects.Table) && LargeObjects.Owns(entry)))
        {
            _runner.Run(_session, entry);
        }
    }

    private void LoadPostData(BackupPart part, Stream plain)
    {
        ScriptEntry[] entries = [.. PartLoading.ReadEntries(part, plain)];
        SetSequences(entries);
        if (_script is not null)
        {
            HashSet<int> later = [.. entries.Select(entry => entry.Header.Id)];
            _script.Add(entries);
            RunNeeds(_script);
            foreach (ScriptEntry entry in _script.EntriesOf(_remade).Where(entry => later.Contains(entry.Header.Id) && entry.Header.Kind != SequenceSet))
            {
                _runner.Run(_session, entry);
            }
        }

        RunLargeObjects(entries);
    }

    private const string SequenceSet = "SEQUENCE SET";

    /// <summary>Those of the tables' own sequences, and with all tables those of all.</summary>
    private void SetSequences(IEnumerable<ScriptEntry> entries)
    {
        HashSet<TableName> owned =
        [
            .. _session.Query(
                """
                SELECT sn.nspname, s.relname, tn.nspname, t.relname
                FROM pg_class s JOIN pg_namespace sn ON sn.oid = s.relnamespace
                LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = s.oid AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
                LEFT JOIN pg_class t ON t.oid = d.refobjid LEFT JOIN pg_namespace tn ON tn.oid = t.relnamespace
                WHERE s.relkind = 'S'
                """)
                .Where(row => _options.Tables.TakesAll || (row[3] is not null && _tables.Contains(new TableName(row[2]!, row[3]!))))
                .Select(row => new TableName(row[0]!, row[1]!)),
        ];
        foreach (ScriptEntry entry in entries.Where(entry => entry.Header.Kind == SequenceSet && owned.Contains(TableScript.NameOf(entry))))
        {
            // setval() alone is not undone with the transaction; on the new file that RESTART gives the sequence it is (manual, ALTER SEQUENCE).
            _session.Execute($"ALTER SEQUENCE {SqlText.Quote(TableScript.NameOf(entry))} RESTART");
            _runner.Run(_session, entry);
        }
    }

    /// <summary>Types, functions, schemas that the tables cannot be without: made where they are missing, left as they are otherwise.</summary>
    private void RunNeeds(TableScript script)
    {
        foreach (ScriptEntry entry in script.NeedsOf(script.EntriesOf(_remade)))
        {
            _runner.RunUnlessThere(_session, entry);
        }
    }

    /// <summary>
    /// Makes the backup's tables for a moment, with those that stand moved out of the way, and compares: only the server knows what a
    /// definition comes to.
    /// </summary>
    private List<StandingTable> FindUnchanged(TableScript script)
    {
        if (_standing.Count == 0)
        {
            return [];
        }

        Dictionary<StandingTable, IReadOnlyList<string>> shapes = _standing.ToDictionary(table => table, table => StandingTable.ReadShape(_session, table.Oid));
        string aside = SqlText.Quote(TargetNames.Beside(_database, "aside", TargetNames.NewNumber()));
        _session.Execute($"SAVEPOINT trial; CREATE SCHEMA {aside}");
        foreach (StandingTable table in _standing)
        {
            _session.Execute($"ALTER TABLE {SqlText.Quote(table.Name)} SET SCHEMA {aside}");
        }

        foreach (ScriptEntry entry in script.EntriesOf(_remade).Where(entry => entry.Header.Kind is "TABLE" or "FOREIGN TABLE" or "SEQUENCE" or "SEQUENCE OWNED BY" or "DEFAULT"))
        {
            _session.Execute(entry.Sql);
        }

        Dictionary<TableName, StandingTable> trial = StandingTable.Find(_session, _standing.Select(table => table.Name)).ToDictionary(table => table.Name);
        List<StandingTable> unchanged =
        [
            .. _standing.Where(table => trial.TryGetValue(table.Name, out StandingTable? made) && StandingTable.ReadShape(_session, made.Oid).SequenceEqual(shapes[table])),
        ];
        _session.Execute("ROLLBACK TO trial; RELEASE trial");
        return unchanged;
    }

    private void Drop(StandingTable[] tables)
    {
        if (tables.Length == 0)
        {
            return;
        }

        try
        {
            _session.Execute($"DROP TABLE {string.Join(", ", tables.Select(table => SqlText.Quote(table.Name)))}");
        }
        catch (ServerError error) when (error.SqlState == "2BP01")
        {
            throw new AiShellException(
                ErrorKind.Refused,
                $"Tables in '{_database}' have another shape than in the backup, and others depend on them: {(error.Detail ?? error.Message).ReplaceLineEndings("; ")}.",
                "Drop what depends on them before and make it again after, or restore to another database with -d.",
                error);
        }
    }
}
