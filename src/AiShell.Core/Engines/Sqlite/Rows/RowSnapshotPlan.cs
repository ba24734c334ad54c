using Microsoft.Data.Sqlite;

namespace AiShell.Engines.Sqlite.Rows;

/// <summary>
/// What the steps of a backup in one of the row formats are, and how each is written. Tables follow each other as in the
/// schema, a big one in several steps by rowid.
/// </summary>
internal sealed class RowSnapshotPlan
{
    private const int MostStepsOfTable = 64;
    private const int PartsPerStep = 4;
    private const int RowsBetweenChecks = 1024;

    private readonly SqliteSchema _schema;
    private readonly TableSelection _selection;
    private readonly SchemaScript _script;
    private readonly SnapshotOptions _options;
    private readonly List<(SqliteTable Table, RowidRange? Range)?> _work = [];

    private RowSnapshotPlan(SqliteSchema schema, TableSelection selection, SchemaScript script, SnapshotOptions options)
    {
        _schema = schema;
        _selection = selection;
        _script = script;
        _options = options;
    }

    public IReadOnlyList<SnapshotStep> Steps { get; private set; } = [];

    public IReadOnlyList<TableName> Tables { get; private set; } = [];

    public IReadOnlyDictionary<string, int> Objects { get; private set; } = new Dictionary<string, int>();

    public long EstimatedBytes => Steps.Sum(step => step.EstimatedBytes);

    /// <param name="connection">Within the pinned view.</param>
    /// <exception cref="AiShellException">The schema cannot be read or could not be restored; a pattern matches no table.</exception>
    public static RowSnapshotPlan Create(SqliteConnection connection, PageReader readPages, SnapshotOptions options)
    {
        SqliteSchema schema = SqliteSchema.Read(connection);
        TableSelection selection = new(schema, options.Tables);
        RowSnapshotPlan plan = new(schema, selection, SchemaTrial.Run(schema, selection, options.Scope), options);
        if (options.Scope != BackupScope.SchemaOnly)
        {
            selection.Tables.ToList().ForEach(table => StorageCheck.VerifyGenerated(connection, table));
        }

        plan.LayOut(readPages);
        return plan;
    }

    /// <summary>Writes one step, as <see cref="ISnapshot.WriteAsync"/> asks.</summary>
    /// <param name="connection">Within the same pinned view; used by nobody else meanwhile.</param>
    public async Task<IReadOnlyList<TableDigest>> WriteAsync(
        SqliteConnection connection, PageReader readPages, SnapshotStep step, IPartSink sink, CancellationToken cancellationToken)
    {
        RowOutput output = new(sink.Stream, (int)Math.Min(RowOutput.UsualBytes, _options.PartBytes));
        if (_work[step.Index] is (SqliteTable table, var range))
        {
            return [new TableDigest(table.Name, await WriteRowsAsync(connection, readPages, table, range, output, sink, cancellationToken))];
        }

        if (step.Phase == PartPhase.PreData)
        {
            _script.WriteBeforeRows(output);
        }
        else
        {
            _script.WriteAfterRows(output, system => WriteSystemRows(connection, system, output));
        }

        output.Flush();
        await sink.EndPartAsync(0, cancellationToken);
        return [];
    }

    private async Task<TableFingerprint> WriteRowsAsync(
        SqliteConnection connection, PageReader readPages, SqliteTable table, RowidRange? range, RowOutput output, IPartSink sink, CancellationToken cancellationToken)
    {
        using IRowScan scan = PageScan.Open(connection, readPages, _schema, table, range);
        using RowFormat format = RowFormat.Create(_options.Format, output, _schema, table);
        using StorageCheck check = new(table);
        TableFingerprint fingerprint = TableFingerprint.Empty;
        long rows = 0;
        long flushed = output.Flushed;
        while (scan.Next())
        {
            if (rows++ == 0)
            {
                format.BeginPart();
            }

            check.Verify(scan.Row);
            fingerprint = fingerprint.Add(scan.Row);
            format.WriteRow(scan.Row);
            if (output.Flushed != flushed || rows % RowsBetweenChecks == 0)
            {
                cancellationToken.ThrowIfCancellationRequested();
                flushed = output.Flushed;
                if (sink.IsFull)
                {
                    await EndPartAsync(rows);
                    rows = 0;
                }
            }
        }

        if (rows > 0)
        {
            await EndPartAsync(rows);
        }

        return fingerprint;

        async Task EndPartAsync(long count)
        {
            format.EndPart();
            output.Flush();
            await sink.EndPartAsync(count, cancellationToken);
        }
    }

    /// <summary>The rows of sqlite_sequence and sqlite_stat… name a table each; those of tables left out are left out.</summary>
    private void WriteSystemRows(SqliteConnection connection, SqliteTable table, RowOutput output)
    {
        using TableScan scan = new(connection, _schema, table);
        using SqlRowFormat format = new(output, _schema, table);
        while (scan.Next())
        {
            if (_selection.TakesAll || (CanonicalRow.Decode(scan.Row)[1] is string name && _selection.Takes(name)))
            {
                format.WriteRow(scan.Row);
            }
        }

        format.EndPart();
    }

    private void LayOut(PageReader readPages)
    {
        List<SnapshotStep> steps = [];
        void Add(PartPhase phase, string label, string extension, SqliteTable? table, RowidRange? range, long bytes)
        {
            steps.Add(new SnapshotStep(steps.Count, phase, label, extension, table?.Name, bytes));
            _work.Add(table is null ? null : (table, range));
        }

        long schemaBytes = _schema.Tables.Sum(table => table.Sql.Length) + _schema.Indexes.Sum(index => index.Sql.Length);
        Add(PartPhase.PreData, "schema", "sql", null, null, schemaBytes);
        List<SqliteTable> tables = [.. _selection.Tables.Where(table => _options.Scope != BackupScope.SchemaOnly && !table.IsVirtual)];
        foreach (SqliteTable table in tables)
        {
            List<RowidRange?> ranges = Split(readPages, table, out long bytes);
            foreach (RowidRange? range in ranges)
            {
                Add(PartPhase.Data, table.Name.Name, RowFormat.ExtensionOf(_options.Format), table, range, bytes / ranges.Count);
            }
        }

        Add(PartPhase.PostData, "post-data", "sql", null, null, schemaBytes);
        Steps = steps;
        Tables = [.. tables.Select(table => table.Name)];
        Dictionary<string, int> objects = new()
        {
            ["indexes"] = _schema.Indexes.Count(index => _selection.Takes(index.TableName)),
            ["views"] = _schema.Views.Count,
            ["triggers"] = _schema.Triggers.Count(trigger => _selection.Takes(trigger.TableName)),
            ["virtual tables"] = _selection.Tables.Count(table => table.IsVirtual),
        };
        Objects = _options.Scope == BackupScope.DataOnly ? new Dictionary<string, int>() : objects;
    }

    private List<RowidRange?> Split(PageReader readPages, SqliteTable table, out long bytes)
    {
        BTreeShape shape = BTreeShape.Read(readPages, _schema.PageSizeBytes, table.RootPage, 4 * MostStepsOfTable);
        bytes = shape.PayloadBytes + (shape.PayloadBytes / 4); // digits and quotes
        long parts = bytes / Math.Max(_options.PartBytes, 1);
        int wanted = (int)Math.Clamp(Math.Max(parts / PartsPerStep, Math.Min(2 * _options.Workers, parts)), 1, MostStepsOfTable);
        if (wanted == 1 || _options.Workers == 1 || table.RowidName is null || shape.Dividers.Count == 0)
        {
            return [null];
        }

        List<RowidRange?> ranges = [];
        long first = long.MinValue;
        for (int step = 1; step < wanted; step++)
        {
            long last = shape.Dividers[(int)((long)step * shape.Dividers.Count / wanted)];
            if (last >= first && last < long.MaxValue)
            {
                ranges.Add(new RowidRange(first, last));
                first = last + 1;
            }
        }

        ranges.Add(new RowidRange(first, long.MaxValue));
        return ranges;
    }
}
