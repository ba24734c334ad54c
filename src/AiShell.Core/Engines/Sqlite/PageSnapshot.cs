using AiShell.Engines.Sqlite.Log;
using AiShell.Engines.Sqlite.Rows;

namespace AiShell.Engines.Sqlite;

/// <summary>
/// A backup of page images: the plain parts, one after the other, are the database file as it stood at the pinned
/// moment. Besides the pages it reads every table once, in the same view, for the digests, and keeps each page's hash for the next increment.
/// </summary>
internal sealed class PageSnapshot : ISnapshot
{
    private const int BufferBytes = 1024 * 1024;
    private readonly PinnedDatabase _database;
    private readonly SqliteSchema _schema;
    private readonly List<Func<PinnedReader, IPartSink, CancellationToken, Task<IReadOnlyList<TableDigest>>>> _work = [];
    private readonly List<SnapshotStep> _steps = [];
    private readonly PageMap _map;

    private PageSnapshot(PinnedDatabase database, SqliteSchema schema, PageMap map)
    {
        _database = database;
        _map = map;
        _schema = schema;
        Objects = CountObjects(schema);
        Tables = [.. schema.RowTables.Select(table => table.Name).Order()];
    }

    public string EngineVersion => PinnedDatabase.ServerVersion;

    public LogPosition Position => _database.Position;

    public IReadOnlyList<SnapshotStep> Steps => _steps;

    public IReadOnlyList<TableName> Tables { get; }

    public IReadOnlyDictionary<string, int> Objects { get; }

    public long EstimatedBytes => _database.SizeBytes;

    public TableFingerprint? Image { get; private set; }

    /// <summary>Takes the database over: it is closed with the snapshot; when this fails it stays the caller's.</summary>
    public static async Task<ISnapshot> OpenAsync(PinnedDatabase database, SnapshotOptions options, CancellationToken cancellationToken)
    {
        if (!options.Tables.TakesAll || options.Scope != BackupScope.All)
        {
            throw new AiShellException(
                ErrorKind.Usage,
                "A native backup of SQLite holds whole pages: it cannot leave out tables, the schema or the rows.",
                "Use --format sql, json or csv with --tables, --exclude-tables, --schema-only and --data-only.");
        }

        using PinnedReader reader = await database.RentAsync(cancellationToken);
        SqliteSchema schema = SqliteSchema.Read(reader.Connection);
        PageSnapshot snapshot = new(database, schema, new PageMap(options.ScratchDirectory) { PageSize = database.PageSize, PageCount = database.PageCount });
        try
        {
            snapshot.AddPages(options.PartBytes);
            snapshot.AddDigests(reader, options);
            snapshot.AddIndex();
            return snapshot;
        }
        catch
        {
            snapshot._map.Dispose();
            throw;
        }
    }

    public async Task<IReadOnlyList<TableDigest>> WriteAsync(SnapshotStep step, IPartSink sink, CancellationToken cancellationToken)
    {
        using PinnedReader reader = await _database.RentAsync(cancellationToken);
        return await SqliteErrors.RunAsync(
            _database.Path, () => _work[step.Index](reader, sink, cancellationToken), cancellationToken);
    }

    public ValueTask DisposeAsync()
    {
        _map.Dispose();
        return _database.DisposeAsync();
    }

    private void AddPages(long partBytes)
    {
        uint pagesPerPart = (uint)Math.Clamp(partBytes / _database.PageSize, 1, int.MaxValue);
        for (ulong first = 1; first <= _database.PageCount; first += pagesPerPart)
        {
            uint start = (uint)first;
            uint count = (uint)Math.Min(pagesPerPart, _database.PageCount - first + 1);
            _steps.Add(new SnapshotStep(_steps.Count, PartPhase.Data, "pages", "db", Table: null, (long)count * _database.PageSize));
            _work.Add((reader, sink, token) => WritePagesAsync(reader, start, count, sink, token));
        }
    }

    private void AddDigests(PinnedReader reader, SnapshotOptions options)
    {
        foreach (SqliteTable table in _schema.RowTables)
        {
            (IReadOnlyList<RowidRange?> ranges, long bytes) = TableRanges.Split(_schema, table, reader.ReadPages, options.PartBytes);
            foreach (RowidRange? range in ranges)
            {
                _steps.Add(new SnapshotStep(_steps.Count, PartPhase.Data, table.Name.Name, "db", table.Name, bytes / ranges.Count));
                _work.Add((worker, _, token) => Task.FromResult<IReadOnlyList<TableDigest>>(
                    [new TableDigest(table.Name, Digest(worker, table, range, token))]));
            }
        }
    }

    private void AddIndex()
    {
        _steps.Add(new SnapshotStep(_steps.Count, PartPhase.Index, "pages", PageMapFile.Extension, Table: null, (long)_database.PageCount * PageMapFile.RecordBytes));
        _work.Add(async (_, sink, token) =>
        {
            PageMapFile.Write(sink.Stream, _map, AllPages());
            Image = _map.Image();
            await sink.EndPartAsync(0, token);
            return [];
        });
    }

    private IEnumerable<uint> AllPages()
    {
        for (uint page = 1; page <= _database.PageCount; page++)
        {
            yield return page;
        }
    }

    private async Task<IReadOnlyList<TableDigest>> WritePagesAsync(
        PinnedReader reader, uint firstPage, uint count, IPartSink sink, CancellationToken cancellationToken)
    {
        int pageSize = _database.PageSize;
        byte[] buffer = new byte[Math.Max(BufferBytes / pageSize, 1) * pageSize];
        UInt128[] hashes = new UInt128[buffer.Length / pageSize];
        for (uint done = 0; done < count;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            uint pages = Math.Min((uint)(buffer.Length / pageSize), count - done);
            Memory<byte> read = buffer.AsMemory(0, (int)pages * pageSize);
            reader.ReadPages(firstPage + done, read.Span);
            PageHash.Hash(read.Span, pageSize, hashes);
            _map.Write(firstPage + done, hashes.AsSpan(0, (int)pages));
            await sink.Stream.WriteAsync(read, cancellationToken);
            done += pages;
        }

        await sink.EndPartAsync(0, cancellationToken);
        return [];
    }

    private TableFingerprint Digest(PinnedReader reader, SqliteTable table, RowidRange? range, CancellationToken cancellationToken)
    {
        using IRowScan scan = PageScan.Open(reader.Connection, reader.ReadPages, _schema, table, range);
        return scan.Digest(cancellationToken);
    }

    public static Dictionary<string, int> CountObjects(SqliteSchema schema) => new()
    {
        ["indexes"] = schema.Indexes.Count,
        ["views"] = schema.Views.Count,
        ["triggers"] = schema.Triggers.Count,
        ["virtual tables"] = schema.Tables.Count(table => table.IsVirtual),
    };
}
