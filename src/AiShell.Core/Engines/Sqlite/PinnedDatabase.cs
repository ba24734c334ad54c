using System.Threading.Channels;
using Microsoft.Data.Sqlite;

namespace AiShell.Engines.Sqlite;

/// <summary>
/// One moment of a database, held for several readers without holding up its writers. In WAL mode the readers share a
/// snapshot of the live file; otherwise they read a private copy. Disposing it lets go and removes the copy.
/// </summary>
internal sealed class PinnedDatabase : IAsyncDisposable
{
    private readonly Channel<PinnedReader> _idle = Channel.CreateUnbounded<PinnedReader>();
    private readonly List<SqliteConnection> _connections;
    private readonly string? _privateCopy;

    /// <param name="fileName">Of the database's file at this moment (<see cref="FileMoment"/>).</param>
    /// <param name="privateCopy">A file to remove at the end.</param>
    internal PinnedDatabase(string path, List<SqliteConnection> readers, WalMoment? moment, WalView log, ulong fileName, string? privateCopy)
    {
        Path = path;
        _connections = readers;
        _privateCopy = privateCopy;
        readers.ForEach(StandIns.AddCollations);
        PageSize = (int)SqliteSession.ScalarInt64(readers[0], "PRAGMA page_size");
        PageCount = (uint)SqliteSession.ScalarInt64(readers[0], "PRAGMA page_count");
        foreach (SqliteConnection connection in readers)
        {
            Return(new PinnedReader(this, connection, log));
        }

        Moment = moment;
        ChangeCounter = ReadChangeCounter();
        Position = WalMoment.PositionOf(ChangeCounter, moment, () => fileName);
    }

    /// <summary>The database's path, for messages; the readers may read a copy.</summary>
    public string Path { get; }

    public LogPosition Position { get; }

    /// <summary>Where the log stood; null without one, or where it never had a transaction.</summary>
    public WalMoment? Moment { get; }

    /// <summary>The file change counter of page 1; 0 for a database that never held anything.</summary>
    public uint ChangeCounter { get; }

    /// <summary>512 to 65,536 bytes.</summary>
    public int PageSize { get; }

    /// <summary>0 for a database that never held anything.</summary>
    public uint PageCount { get; }

    public long SizeBytes => (long)PageSize * PageCount;

    /// <summary>How many readers there are.</summary>
    public int Readers => _connections.Count;

    public static string ServerVersion => SqliteLibrary.Version;

    /// <param name="readers">How many connections, one for each worker.</param>
    /// <param name="scratchDirectory">For the private copy of a database that is not in WAL mode.</param>
    /// <param name="lockWait">How long to wait for others' locks.</param>
    /// <exception cref="AiShellException">
    /// <see cref="ErrorKind.Unreachable"/>: no database, or not permitted; <see cref="ErrorKind.Busy"/>: locked for longer;
    /// <see cref="ErrorKind.Integrity"/>: damaged.
    /// </exception>
    public static Task<PinnedDatabase> PinAsync(
        string path,
        int readers,
        string scratchDirectory,
        TimeSpan lockWait,
        CancellationToken cancellationToken) =>
        Task.Run(() => SnapshotPinning.PinAsync(path, readers, scratchDirectory, lockWait, cancellationToken), cancellationToken);

    /// <summary>A reader that nobody else uses; waits until one is given back.</summary>
    public ValueTask<PinnedReader> RentAsync(CancellationToken cancellationToken) => _idle.Reader.ReadAsync(cancellationToken);

    public ValueTask DisposeAsync()
    {
        _idle.Writer.TryComplete();
        foreach (SqliteConnection connection in _connections)
        {
            connection.Dispose();
        }

        if (_privateCopy is not null)
        {
            File.Delete(_privateCopy);
        }

        return ValueTask.CompletedTask;
    }

    internal void Return(PinnedReader reader) => _idle.Writer.TryWrite(reader);

    private uint ReadChangeCounter()
    {
        if (PageCount == 0 || !_idle.Reader.TryPeek(out PinnedReader? reader))
        {
            return 0;
        }

        byte[] page = new byte[PageSize];
        reader.ReadPages(1, page);
        return PageHeader.ChangeCounter(page);
    }
}
