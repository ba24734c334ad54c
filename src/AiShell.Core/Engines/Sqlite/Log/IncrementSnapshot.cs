using AiShell.Engines.Sqlite.Rows;

namespace AiShell.Engines.Sqlite.Log;

/// <summary>
/// The pages that differ from the picture before, as one transaction of a write-ahead log. Which they are is known when it is opened: every page
/// of the pinned moment has then been hashed.
/// </summary>
internal sealed class IncrementSnapshot : ISnapshot
{
    private readonly PinnedDatabase _database;
    private readonly PageMap _pages;
    private readonly IReadOnlyList<uint> _changed;

    private IncrementSnapshot(PinnedDatabase database, PageMap pages, IReadOnlyList<uint> changed, IReadOnlyDictionary<string, int> objects)
    {
        _database = database;
        _pages = pages;
        _changed = changed;
        Objects = objects;
        EstimatedBytes = changed.Count * (long)(database.PageSize + WalFile.FrameHeaderBytes);
        Steps =
        [
            new SnapshotStep(0, PartPhase.Data, "changes", WalFile.Extension, Table: null, EstimatedBytes),
            new SnapshotStep(1, PartPhase.Index, "pages", PageMapFile.Extension, Table: null, changed.Count * (long)PageMapFile.RecordBytes),
        ];
        Image = pages.Image();
    }

    public string EngineVersion => PinnedDatabase.ServerVersion;

    public LogPosition Position => _database.Position;

    public IReadOnlyList<SnapshotStep> Steps { get; }

    /// <summary>None: pages belong to no table, and to read all rows would cost what the increment saves.</summary>
    public IReadOnlyList<TableName> Tables => [];

    public IReadOnlyDictionary<string, int> Objects { get; }

    public long EstimatedBytes { get; }

    public TableFingerprint? Image { get; }

    /// <summary>Takes the database over: it is closed with the snapshot; when this fails it stays the caller's.</summary>
    /// <exception cref="BrokenChainException">Its pages have another size.</exception>
    public static async Task<ISnapshot> OpenAsync(PinnedDatabase database, ChainSoFar chain, string scratchDirectory, CancellationToken cancellationToken)
    {
        using PageMap before = await ReadMapAsync(chain, scratchDirectory, cancellationToken);
        if (database.PageCount == 0 || (before.PageCount > 0 && before.PageSize != database.PageSize))
        {
            throw new BrokenChainException(database.PageCount == 0
                ? "the database is empty now"
                : $"the database's pages have {database.PageSize:N0} bytes now, and {before.PageSize:N0} before");
        }

        PageMap now = new(scratchDirectory);
        try
        {
            IReadOnlyList<uint> changed = await PageHashing.FindChangedAsync(database, before, now, cancellationToken);
            using PinnedReader reader = await database.RentAsync(cancellationToken);
            return new IncrementSnapshot(database, now, changed, CountObjects(SqliteSchema.Read(reader.Connection)));
        }
        catch
        {
            now.Dispose();
            throw;
        }
    }

    /// <summary>With the tables, which an increment does not list.</summary>
    public static IReadOnlyDictionary<string, int> CountObjects(SqliteSchema schema) =>
        new Dictionary<string, int>(PageSnapshot.CountObjects(schema)) { ["tables"] = schema.RowTables.Count() };

    public Task<IReadOnlyList<TableDigest>> WriteAsync(SnapshotStep step, IPartSink sink, CancellationToken cancellationToken) =>
        step.Phase == PartPhase.Index
            ? WriteIndexAsync(sink, cancellationToken)
            : SqliteErrors.RunAsync(_database.Path, () => WriteChangesAsync(sink, cancellationToken), cancellationToken);

    public ValueTask DisposeAsync()
    {
        _pages.Dispose();
        return _database.DisposeAsync();
    }

    private async Task<IReadOnlyList<TableDigest>> WriteChangesAsync(IPartSink sink, CancellationToken cancellationToken)
    {
        using PinnedReader reader = await _database.RentAsync(cancellationToken);
        WalWriter log = new(sink.Stream, _database.PageSize);
        byte[] page = new byte[_database.PageSize];
        for (int i = 0; i < _changed.Count; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            reader.ReadPages(_changed[i], page);
            log.Write(_changed[i], page, committedPages: i == _changed.Count - 1 ? _database.PageCount : 0);
            if (sink.IsFull)
            {
                await sink.EndPartAsync(0, cancellationToken);
            }
        }

        await sink.EndPartAsync(0, cancellationToken);
        return [];
    }

    private async Task<IReadOnlyList<TableDigest>> WriteIndexAsync(IPartSink sink, CancellationToken cancellationToken)
    {
        PageMapFile.Write(sink.Stream, _pages, _changed);
        await sink.EndPartAsync(0, cancellationToken);
        return [];
    }

    private static async Task<PageMap> ReadMapAsync(ChainSoFar chain, string scratchDirectory, CancellationToken cancellationToken)
    {
        PageMap map = new(scratchDirectory);
        try
        {
            for (int link = 0; link < chain.Links.Count; link++)
            {
                BackupPart index = chain.Links[link].Parts.FirstOrDefault(part => part.Phase == PartPhase.Index)
                    ?? throw new BrokenChainException("the last backup has no list of its pages");
                await chain.Read(link, index, plain => PageMapFile.ReadAsync(plain, map, cancellationToken), cancellationToken);
            }

            return map;
        }
        catch
        {
            map.Dispose();
            throw;
        }
    }
}
