namespace AiShell.Engines.MySql.Snapshot;

/// <summary>
/// The moment and the schema that belongs to it. A schema is in no snapshot: it is read after the moment, and the whole is done again
/// when something shows that it was changed between.
/// </summary>
internal sealed class FixedSource : IDisposable
{
    private const int MostTries = 5;

    private readonly StorageEngines _engines;

    private FixedSource(SourceCatalogue catalogue, SchemaState state, LogPosition position, StorageEngines engines, SnapshotOptions options)
    {
        _engines = engines;
        Catalogue = catalogue;
        State = state;
        Position = position;
        TablesToRead = options.Scope == BackupScope.SchemaOnly
            ? []
            : [.. catalogue.Tables.Where(table => options.Tables.Takes(table.Source.Name) && StorageEngines.HasRows(table.Source.Engine))];
    }

    public SourceCatalogue Catalogue { get; }

    public SchemaState State { get; }

    public LogPosition Position { get; }

    /// <summary>Those whose rows are wanted and are here.</summary>
    public IReadOnlyList<DefinedTable> TablesToRead { get; }

    /// <summary>Tables that no transaction covers, by name.</summary>
    public Dictionary<string, SpooledTable> Spooled { get; } = new(StringComparer.Ordinal);

    public List<string> Warnings { get; } = [];

    public static async Task<FixedSource> TakeAsync(SourceSessions sessions, SnapshotOptions options, CancellationToken cancellationToken)
    {
        SnapshotMoment moment = new(sessions, options);
        FixedSource source = await FixAsync(sessions, moment, options, cancellationToken);
        try
        {
            foreach (DefinedTable table in source.TablesToRead.Where(table => !source._engines.IsCovered(table.Source.Engine)))
            {
                SpooledTable spooled = SpooledTable.Create(options.ScratchDirectory, options.PartBytes);
                source.Spooled.Add(table.Name, spooled);
                await spooled.FillAsync(sink => TableCopy.RunAsync(moment.LockedTables, table.Source, table.Period, options.Format, options.PartBytes, sink, cancellationToken));
            }

            await ServerErrors.RunAsync(sessions.Schema, "locked tables", _ => moment.Unlock(), cancellationToken);
            source.Warnings.AddRange(moment.Warning is { } warning ? [warning] : []);
            return source;
        }
        catch
        {
            source.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        foreach (SpooledTable table in Spooled.Values)
        {
            table.Dispose();
        }
    }

    private static async Task<FixedSource> FixAsync(SourceSessions sessions, SnapshotMoment moment, SnapshotOptions options, CancellationToken cancellationToken)
    {
        StorageEngines engines = await ReadAsync(sessions, StorageEngines.Read, cancellationToken);
        string changed = "";
        SourceCatalogue? earlier = null;
        for (int tries = 0; tries < MostTries; tries++)
        {
            try
            {
                SchemaState before = await ReadAsync(sessions, SchemaState.Read, cancellationToken);
                await moment.TakeAsync(NotCovered(before, engines, options), cancellationToken);
                SourceCatalogue catalogue = await ReadAsync(sessions, session => SourceCatalogue.Read(session, options), cancellationToken);
                SchemaState after = await ReadAsync(sessions, SchemaState.Read, cancellationToken);
                if (before.IsUntouchedIn(after) || (before.IsSameTablesIn(after) && earlier?.IsSameSchema(catalogue) == true))
                {
                    RequirePatterns(catalogue, options);
                    if (catalogue.Properties.History)
                    {
                        RowHistory.RequireRestorable(sessions.Schema.Features);
                    }

                    return new FixedSource(WithPlace(catalogue, moment.Position, options), after, moment.Position, engines, options);
                }

                earlier = catalogue;
            }
            catch (SchemaChanged change)
            {
                changed = $", '{change.Name}' last";
                earlier = null;
            }
        }

        throw new AiShellException(
            ErrorKind.Busy, $"The schema is changed faster than it can be read{changed}: {MostTries} tries did not see one that stood still.", "Try again when the schema is at rest.");
    }

    /// <summary>A log can follow the whole database only.</summary>
    private static SourceCatalogue WithPlace(SourceCatalogue catalogue, LogPosition position, SnapshotOptions options) =>
        options.Scope == BackupScope.All && options.Tables.TakesAll && position != BinaryLogPosition.Unknown
            ? catalogue with { Properties = catalogue.Properties with { Name = catalogue.Database, Position = position.Value } }
            : catalogue;

    private static Task<T> ReadAsync<T>(SourceSessions sessions, Func<Wire.MySqlSession, T> read, CancellationToken cancellationToken) =>
        ServerErrors.RunAsync(sessions.Schema, "schema", read, cancellationToken);

    /// <summary>Tables whose rows are wanted and that no transaction covers.</summary>
    private static string[] NotCovered(SchemaState state, StorageEngines engines, SnapshotOptions options)
    {
        string[] tables = options.Scope == BackupScope.SchemaOnly
            ? []
            : [.. state.Relations.Where(table => table.IsTable && StorageEngines.HasRows(table.Engine) && !engines.IsCovered(table.Engine) && options.Tables.Takes(new TableName("", table.Name))).Select(table => table.Name)];
        return tables.Length > 0 && options.WithoutLock
            ? throw new AiShellException(
                ErrorKind.Refused,
                $"The table '{tables[0]}' is of a storage engine without transactions: without a lock its rows are of no one moment.",
                "Do without --no-lock, convert the table to InnoDB, or leave it out with --exclude-tables.")
            : tables;
    }

    private static void RequirePatterns(SourceCatalogue catalogue, SnapshotOptions options)
    {
        TableName[] known =
        [
            .. catalogue.Tables.Select(table => table.Source.Name),
            .. catalogue.Views.Select(view => new TableName("", view)),
            .. catalogue.Sequences.Select(sequence => new TableName("", sequence.Name)),
        ];
        if (options.Tables.PatternsWithoutMatch(known) is [var pattern, ..])
        {
            throw new AiShellException(ErrorKind.Usage, $"No table matches '{pattern}'.", "Patterns are globs over a table's name: 'orders', 'audit_*'.");
        }
    }
}
