using AiShell.Engines.Sqlite.Rows;
using Microsoft.Data.Sqlite;

namespace AiShell.Engines.Sqlite.Log;

/// <summary>An increment of a database in which nothing happened, which its position tells: no page is read, and no copy made.</summary>
internal sealed class UnchangedSnapshot : ISnapshot
{
    private readonly PageMap _pages;

    private UnchangedSnapshot(LogPosition position, PageMap pages, TableFingerprint image, IReadOnlyDictionary<string, int> objects)
    {
        _pages = pages;
        Position = position;
        Image = image;
        Objects = objects;
    }

    public string EngineVersion => PinnedDatabase.ServerVersion;

    public LogPosition Position { get; }

    public IReadOnlyList<SnapshotStep> Steps { get; } = [new SnapshotStep(0, PartPhase.Index, "pages", PageMapFile.Extension, Table: null, EstimatedBytes: 0)];

    public IReadOnlyList<TableName> Tables => [];

    public IReadOnlyDictionary<string, int> Objects { get; }

    public long EstimatedBytes => 0;

    public TableFingerprint? Image { get; }

    /// <summary>Null where something has happened since the chain's end, or may have.</summary>
    public static async Task<ISnapshot?> TryOpenAsync(string path, ChainSoFar chain, SnapshotOptions options, CancellationToken cancellationToken)
    {
        DatabaseFile.RequireReadable(path);
        using SqliteConnection reader = await SnapshotPinning.OpenInTransactionAsync(path, options.LockWait, cancellationToken);
        uint pageCount = (uint)SqliteSession.ScalarInt64(reader, "PRAGMA page_count");
        if (pageCount == 0 || chain.Links[^1].Image is not { } image || !StandsAt(reader, path, chain.End))
        {
            return null;
        }

        PageMap pages = new(options.ScratchDirectory) { PageSize = (int)SqliteSession.ScalarInt64(reader, "PRAGMA page_size"), PageCount = pageCount };
        try
        {
            StandIns.AddCollations(reader);
            return new UnchangedSnapshot(chain.End, pages, image, IncrementSnapshot.CountObjects(SqliteSchema.Read(reader)));
        }
        catch
        {
            pages.Dispose();
            throw;
        }
    }

    public async Task<IReadOnlyList<TableDigest>> WriteAsync(SnapshotStep step, IPartSink sink, CancellationToken cancellationToken)
    {
        PageMapFile.Write(sink.Stream, _pages, []);
        await sink.EndPartAsync(0, cancellationToken);
        return [];
    }

    public ValueTask DisposeAsync()
    {
        _pages.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <param name="reader">Inside a transaction.</param>
    private static bool StandsAt(SqliteConnection reader, string path, LogPosition end)
    {
        WalMoment? now = SnapshotPinning.IsWal(reader) ? SnapshotPinning.MomentOf(reader) : null;
        if (now is { LastFrame: > 0 })
        {
            return WalMoment.Parse(end, out _) is { } then && (then.LastFrame, then.Salts, then.Sum) == (now.LastFrame, now.Salts, now.Sum);
        }

        Span<byte> header = stackalloc byte[PageHeader.Bytes];
        PageFile.ReadMain(reader, 0, header);
        uint counter = PageHeader.ChangeCounter(header);
        return end == WalMoment.PositionOf(counter, now, () => FileMoment.NameOf(path));
    }
}
