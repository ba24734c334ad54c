using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace AiShell.Engines.Sqlite;

/// <summary>
/// Raw reads through SQLite's own open file. Opening the database file a second time would do as well until that handle is
/// closed: POSIX then drops every lock this process holds on the file (sqlite.org/howtocorrupt.html, 2.2). So nothing
/// here opens a file. A connection's file is used by one thread at a time.
/// </summary>
internal static unsafe class PageFile
{
    private const int ControlFilePointer = 7;
    private const int ControlJournalPointer = 28;
    private const int ShortRead = 522;

    // os_unix.c reads at most 0x1ffff bytes in one call.
    private const int ChunkBytes = 64 * 1024;

    /// <summary>Reads the main file; bytes past its end are zero, as SQLite itself takes them.</summary>
    public static void ReadMain(SqliteConnection connection, long offset, Span<byte> buffer) =>
        Read(connection, ControlFilePointer, offset, buffer);

    /// <summary>Reads the write-ahead log of a connection that has it open.</summary>
    public static void ReadLog(SqliteConnection connection, long offset, Span<byte> buffer) =>
        Read(connection, ControlJournalPointer, offset, buffer);

    private static void Read(SqliteConnection connection, int control, long offset, Span<byte> buffer)
    {
        sqlite3 handle = connection.Handle!;
        SqliteSession.Check(handle, SqliteLibrary.FileControl(handle.DangerousGetHandle(), "main", control, out nint file));

        // struct sqlite3_file { const sqlite3_io_methods *pMethods; }; the methods are iVersion, xClose, xRead, …
        nint methods = *(nint*)file;
        if (methods == 0)
        {
            throw new InvalidOperationException("SQLite has not opened that file.");
        }

        var read = (delegate* unmanaged[Cdecl]<nint, byte*, int, long, int>)((nint*)methods)[2];
        fixed (byte* start = buffer)
        {
            for (int done = 0; done < buffer.Length; done += ChunkBytes)
            {
                int count = Math.Min(ChunkBytes, buffer.Length - done);
                int code = read(file, start + done, count, offset + done);
                if (code is not (raw.SQLITE_OK or ShortRead))
                {
                    throw new SqliteException("disk I/O error", code & 0xFF, code);
                }
            }
        }

        GC.KeepAlive(connection);
    }
}
