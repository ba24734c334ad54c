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
    private const int ControlHasMoved = 20;
    private const int ShortRead = 522;
    private const int SyncNormal = 2;
    private const int ShmUnlock = 1;
    private const int ShmLock = 2;
    private const int ShmExclusive = 8;

    // os_unix.c reads at most 0x1ffff bytes in one call.
    private const int ChunkBytes = 64 * 1024;

    /// <summary>Reads the main file; bytes past its end are zero, as SQLite itself takes them.</summary>
    public static void ReadMain(SqliteConnection connection, long offset, Span<byte> buffer) =>
        Read(connection, ControlFilePointer, offset, buffer);

    /// <summary>Reads the write-ahead log of a connection that has it open.</summary>
    public static void ReadLog(SqliteConnection connection, long offset, Span<byte> buffer) =>
        Read(connection, ControlJournalPointer, offset, buffer);

    /// <summary>Makes what stands in the main file durable.</summary>
    public static void SyncMain(SqliteConnection connection)
    {
        nint file = FileOf(connection, ControlFilePointer);
        var sync = (delegate* unmanaged[Cdecl]<nint, int, int>)Methods(file)[5];
        int code = sync(file, SyncNormal);
        GC.KeepAlive(connection);
        if (code != raw.SQLITE_OK)
        {
            throw new SqliteException("disk I/O error", code & 0xFF, code);
        }
    }

    /// <summary>
    /// Takes the lock that a writer of the log holds (WAL_WRITE_LOCK; sqlite.org/walformat.html, 2.3), without a transaction, so that a try is one call: BEGIN IMMEDIATE must
    /// read first, and fails where somebody commits meanwhile. The connection must have read before. False where somebody writes.
    /// </summary>
    public static bool TryLockWriters(SqliteConnection connection)
    {
        return LockWriters(connection, ShmLock | ShmExclusive);
    }

    public static void UnlockWriters(SqliteConnection connection) => LockWriters(connection, ShmUnlock | ShmExclusive);

    private static bool LockWriters(SqliteConnection connection, int flags)
    {
        nint file = FileOf(connection, ControlFilePointer);
        var shmLock = (delegate* unmanaged[Cdecl]<nint, int, int, int, int>)Methods(file)[14];
        int code = shmLock(file, 0, 1, flags);
        GC.KeepAlive(connection);
        return code is raw.SQLITE_OK or raw.SQLITE_BUSY
            ? code == raw.SQLITE_OK
            : throw new SqliteException("locking the write-ahead log failed", code & 0xFF, code);
    }

    /// <summary>Whether the file that the connection has open no longer stands at its path: deleted, renamed, or another put there.</summary>
    public static bool HasMoved(SqliteConnection connection)
    {
        sqlite3 handle = connection.Handle!;
        int code = SqliteLibrary.FileControl(handle.DangerousGetHandle(), "main", ControlHasMoved, out int moved);
        if (code == raw.SQLITE_NOTFOUND)
        {
            // Windows: an open file stays where it is.
            return false;
        }

        SqliteSession.Check(handle, code);
        return moved != 0;
    }

    private static nint FileOf(SqliteConnection connection, int control)
    {
        sqlite3 handle = connection.Handle!;
        SqliteSession.Check(handle, SqliteLibrary.FileControl(handle.DangerousGetHandle(), "main", control, out nint file));
        return file;
    }

    // struct sqlite3_file { const sqlite3_io_methods *pMethods; }; the methods are iVersion, xClose, xRead, xWrite, xTruncate, xSync, xFileSize, xLock, xUnlock,
    // xCheckReservedLock, xFileControl, xSectorSize, xDeviceCharacteristics, xShmMap, xShmLock, …
    private static nint* Methods(nint file)
    {
        nint methods = *(nint*)file;
        return methods == 0 ? throw new InvalidOperationException("SQLite has not opened that file.") : (nint*)methods;
    }

    private static void Read(SqliteConnection connection, int control, long offset, Span<byte> buffer)
    {
        nint file = FileOf(connection, control);
        var read = (delegate* unmanaged[Cdecl]<nint, byte*, int, long, int>)Methods(file)[2];
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
