using Microsoft.Data.Sqlite;

namespace AiShell.Engines.Sqlite;

/// <summary>
/// One connection inside the read transaction of a <see cref="PinnedDatabase"/>, for one thread at a time. Disposing it
/// gives it back. Do not end its transaction.
/// </summary>
internal sealed class PinnedReader : IDisposable
{
    private readonly PinnedDatabase _database;
    private readonly WalView _log;

    internal PinnedReader(PinnedDatabase database, SqliteConnection connection, WalView log)
    {
        _database = database;
        _log = log;
        Connection = connection;
    }

    public SqliteConnection Connection { get; }

    /// <summary>
    /// Page images as they stood at the pinned moment: the main file with the log's newer frames laid over it. Whole pages, numbered from 1;
    /// <paramref name="pages"/> is a multiple of the page size.
    /// </summary>
    public void ReadPages(uint firstPage, Span<byte> pages)
    {
        int pageSize = _database.PageSize;
        PageFile.ReadMain(Connection, (firstPage - 1L) * pageSize, pages);
        if (_log.IsEmpty)
        {
            return;
        }

        for (int start = 0; start < pages.Length; start += pageSize, firstPage++)
        {
            if (_log.OffsetOf(firstPage) is { } offset)
            {
                PageFile.ReadLog(Connection, offset, pages.Slice(start, pageSize));
            }
        }
    }

    public void Dispose() => _database.Return(this);
}
