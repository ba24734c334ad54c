using System.Text;
using AiShell.Engines.PostgreSql.Schema;

namespace AiShell.Engines.PostgreSql.Snapshot;

/// <summary>A backup of schema and rows: pg_dump's schema, and every table by COPY, all from one exported snapshot.</summary>
internal sealed class CopySnapshot : ISnapshot
{
    private readonly ExportedSnapshot _snapshot;
    private readonly BackupScope _scope;
    private readonly BackupFormat _format;
    private readonly SnapshotScripts _scripts;
    private readonly GlobalsDump? _globals;
    private readonly List<TableStep?> _work = [];
    private readonly List<SnapshotStep> _steps = [];
    private readonly int _partBytes;

    private CopySnapshot(ExportedSnapshot snapshot, SnapshotScripts scripts, GlobalsDump? globals, IReadOnlyList<SourceTable> tables, SnapshotOptions options)
    {
        _globals = globals;
        _snapshot = snapshot;
        _scripts = scripts;
        _scope = options.Scope;
        _format = options.Format;
        _partBytes = (int)Math.Min(options.PartBytes, int.MaxValue);
        Tables = options.Scope == BackupScope.SchemaOnly ? [] : [.. tables.Select(table => table.Name)];
        LayOut(options.Scope == BackupScope.SchemaOnly ? [] : tables, options);
    }

    public string EngineVersion => _snapshot.Server.VersionText;

    public LogPosition Position => _snapshot.Position;

    public IReadOnlyList<SnapshotStep> Steps => _steps;

    public IReadOnlyList<TableName> Tables { get; }

    public IReadOnlyDictionary<string, int> Objects => _scope == BackupScope.DataOnly ? new Dictionary<string, int>() : _snapshot.Catalogue.Objects;

    public IReadOnlyDictionary<string, IReadOnlyList<string>> Requires { get; private init; } = new Dictionary<string, IReadOnlyList<string>>();

    public IReadOnlyDictionary<string, IReadOnlyList<string>> Globals => _globals?.Script.Names ?? new Dictionary<string, IReadOnlyList<string>>();

    public IReadOnlyList<string> Warnings { get; private init; } = [];

    public long EstimatedBytes => _steps.Sum(step => step.EstimatedBytes);

    /// <summary>Takes the snapshot over; it is closed with this, and also when this fails.</summary>
    public static async Task<ISnapshot> OpenAsync(ExportedSnapshot snapshot, ServerTools tools, SnapshotOptions options, CancellationToken cancellationToken)
    {
        try
        {
            SourceTable[] tables = [.. snapshot.Catalogue.Tables.Where(table => options.Tables.Takes(table.Name))];
            RequirePatterns(snapshot.Catalogue, options);
            List<string> warnings = [];
            Task sessions = snapshot.OpenSessionsAsync(Math.Min(options.Workers, tables.Length + 1), cancellationToken);
            if (options.Scope == BackupScope.DataOnly)
            {
                ForeignKeyOrder order = await snapshot.UseAsync(
                    "foreign keys", session => ServerErrors.RunAsync(session, "foreign keys", open => ForeignKeyOrder.Of(open, tables, options.PartBytes), cancellationToken), cancellationToken);
                tables = [.. order.Tables];
                warnings.AddRange(order.Circle.Count == 0 ? [] : [CircleOf(order.Circle)]);
            }

            IReadOnlyList<ArchiveEntry> entries = options.Scope == BackupScope.DataOnly ? [] : await ReadSchemaAsync(snapshot, tools, options, cancellationToken);
            await sessions;
            RequireDeclared(tables, entries, options);
            (SnapshotScripts scripts, IReadOnlyDictionary<string, IReadOnlyList<string>> requires) = await snapshot.UseAsync(
                "sequences",
                session => ServerErrors.RunAsync(
                    session,
                    "sequences",
                    open =>
                    {
                        SnapshotScripts made = SnapshotScripts.Create(open, snapshot.Catalogue, entries, options);
                        SchemaChanges.RequireNone(open);
                        return (made, SnapshotRequirements.Find(open, made, entries, options.Scope == BackupScope.DataOnly ? null : snapshot.Catalogue.Database.Tablespace));
                    },
                    cancellationToken),
                cancellationToken);
            GlobalsDump? globals = options.WithGlobals
                ? await snapshot.UseAsync("roles", session => GlobalsDump.RunAsync(tools, snapshot.Server, session, cancellationToken), cancellationToken)
                : null;
            warnings.AddRange(options.Scope == BackupScope.DataOnly ? [] : Subscriptions.MissingOf(snapshot.Catalogue.Subscriptions, entries));
            warnings.AddRange(globals is { WithPasswords: false } ? [GlobalsDump.NoPasswords] : []);
            return new CopySnapshot(snapshot, scripts, globals, tables, options) { Requires = requires, Warnings = warnings };
        }
        catch (AiShellException failure) when (failure.Kind == ErrorKind.Failed)
        {
            AiShellException reason = await SchemaChanges.ExplainAsync(snapshot, failure, cancellationToken);
            await snapshot.DisposeAsync();
            throw reason;
        }
        catch
        {
            await snapshot.DisposeAsync();
            throw;
        }
    }

    public async Task<IReadOnlyList<TableDigest>> WriteAsync(SnapshotStep step, IPartSink sink, CancellationToken cancellationToken)
    {
        if (_work[step.Index] is { } work)
        {
            TableFingerprint fingerprint = await _snapshot.ReadTableAsync(
                work.Table.Name, session => TableCopy.RunAsync(session, work, _format, _partBytes, sink, cancellationToken), cancellationToken);
            return [new TableDigest(work.Table.Name, fingerprint)];
        }

        if (step.Phase == PartPhase.Globals)
        {
            sink.Stream.Write(Encoding.UTF8.GetBytes(_globals!.Text));
        }
        else
        {
            foreach (ScriptEntry entry in step.Phase == PartPhase.PreData ? _scripts.PreData : _scripts.PostData)
            {
                entry.WriteTo(sink.Stream);
            }
        }

        await sink.EndPartAsync(0, cancellationToken);
        return [];
    }

    public ValueTask DisposeAsync() => _snapshot.DisposeAsync();

    /// <summary>pg_dump locks whatever it reads, so tables and views that are left out because they cannot be locked are kept from it too.</summary>
    private static async Task<IReadOnlyList<ArchiveEntry>> ReadSchemaAsync(
        ExportedSnapshot snapshot, ServerTools tools, SnapshotOptions options, CancellationToken cancellationToken)
    {
        HashSet<string> taken = TakenOf(snapshot.Catalogue, options);
        string[] leftOut =
        [
            .. snapshot.Catalogue.Tables.Where(table => !table.CanBeLocked && !taken.Contains(table.Oid)).Select(table => table.Oid),
            .. snapshot.Catalogue.Partitioned.Where(table => !table.CanBeLocked && table.IsLeftOut(taken, options.Tables)).Select(table => table.Oid),
        ];
        TableFilter excluded = new([], options.Tables.Exclude);
        Dependants gone = leftOut.Length == 0 && excluded.TakesAll ? Dependants.None : await snapshot.UseAsync(
            "dependencies",
            session => ServerErrors.RunAsync(
                session,
                "dependencies",
                open => Dependants.Of(open, [.. leftOut, .. PostgreSql.Snapshot.Catalogue.LockedViews(open).Where(view => !excluded.Takes(view.Name)).Select(view => view.Oid)]),
                cancellationToken),
            cancellationToken);
        return EntrySelection.Choose(
            await SchemaDump.RunAsync(tools, snapshot.Server, snapshot.Name, snapshot.Catalogue.Database.ClientEncoding, gone.Relations, options.LockWait, cancellationToken), options.Tables, gone.Objects);
    }

    private void LayOut(IReadOnlyList<SourceTable> tables, SnapshotOptions options)
    {
        if (_globals is not null)
        {
            Add(PartPhase.Globals, "globals", "sql", null, _globals.Text.Length);
        }

        Add(PartPhase.PreData, "schema", "sql", null, _scripts.PreData.Sum(entry => (long)entry.Header.Bytes));
        long? memory = _snapshot.Server.Host.IsOnThisMachine ? GC.GetGCMemoryInfo().TotalAvailableMemoryBytes : null;
        foreach (TableStep step in TableStep.Split(tables, options.Workers, memory, options.PartBytes, _snapshot.Server.Version))
        {
            Add(PartPhase.Data, step.Table.Name.Name, RowFormats.ExtensionOf(options.Format), step, step.EstimatedBytes);
        }

        Add(PartPhase.PostData, "post-data", "sql", null, _scripts.PostData.Sum(entry => (long)entry.Header.Bytes));
    }

    private void Add(PartPhase phase, string label, string extension, TableStep? work, long bytes)
    {
        _steps.Add(new SnapshotStep(_steps.Count, phase, label, extension, work?.Table.Name, bytes));
        _work.Add(work);
    }

    private static string CircleOf(IReadOnlyList<TableName> tables) =>
        $"Foreign keys of {ListText.First([.. tables.Select(table => $"'{table}'")])} make a circle: "
        + "ai-shell restores these rows, psql alone only where the keys are not checked (SET session_replication_role = replica).";

    /// <summary>Rows without their table could not be restored: a table that is left out, and may not even be looked at, takes with it what is made from it.</summary>
    private static void RequireDeclared(IReadOnlyList<SourceTable> tables, IReadOnlyList<ArchiveEntry> entries, SnapshotOptions options)
    {
        if (options.Scope == BackupScope.DataOnly)
        {
            return;
        }

        HashSet<TableName> declared = [.. entries.Where(entry => entry.Kind == "TABLE").Select(EntrySelection.NameOf)];
        if (tables.FirstOrDefault(table => !table.IsOfExtension && table.Name != LargeObjects.Table && !declared.Contains(table.Name)) is { } stray)
        {
            throw new AiShellException(
                ErrorKind.Failed,
                $"The table '{stray.Name}' cannot be backed up without another table that it is made from, which is left out and may not be read or is locked.",
                $"Leave out '{stray.Name}' too, or grant the user SELECT on the other one.");
        }
    }

    private static HashSet<string> TakenOf(SourceCatalogue catalogue, SnapshotOptions options) =>
        [.. catalogue.Tables.Where(table => options.Tables.Takes(table.Name)).Select(table => table.Oid)];

    private static void RequirePatterns(SourceCatalogue catalogue, SnapshotOptions options)
    {
        TableName[] known = [.. catalogue.Tables.Select(table => table.Name), .. catalogue.Views];
        if (options.Tables.PatternsWithoutMatch(known).Select(pattern => ObjectionTo(pattern, catalogue, options)).FirstOrDefault(found => found is not null) is { } objection)
        {
            throw objection;
        }
    }

    private static AiShellException? ObjectionTo(string pattern, SourceCatalogue catalogue, SnapshotOptions options)
    {
        // Who leaves out all partitions may name their table as well; who names it alone would think that this is enough.
        TableFilter named = new([pattern], []);
        PartitionedTable[] partitioned = [.. catalogue.Partitioned.Where(table => named.Takes(table.Name))];
        HashSet<string> taken = TakenOf(catalogue, options);
        if (partitioned.Length > 0 && options.Tables.Exclude.Contains(pattern) && partitioned.All(table => table.IsLeftOut(taken, options.Tables)))
        {
            return null;
        }

        return partitioned.Length > 0
            ? new AiShellException(ErrorKind.Usage, $"'{pattern}' has no rows of its own: it is partitioned.", $"Name its partitions too, with '{pattern}*' for example.")
            : new AiShellException(ErrorKind.Usage, $"No table matches '{pattern}'.", "Patterns are globs over a table's name or over schema.name: 'orders', 'audit.*'.");
    }
}
