using System.Diagnostics;
using System.Runtime.InteropServices;
using Microsoft.Data.Sqlite;

namespace AiShell.Engines.Sqlite;

/// <summary>
/// Fixes one moment of a database for several connections. In WAL mode with a read transaction and sqlite3_snapshot_open:
/// writers go on, only checkpoints stop at our moment. In the rollback modes a read transaction would keep writers from committing, so
/// there the file is copied in short strokes.
/// </summary>
internal static class SnapshotPinning
{
    private static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan LeastPatience = TimeSpan.FromSeconds(5);

    public static async Task<PinnedDatabase> PinAsync(
        string path,
        int readers,
        string scratchDirectory,
        TimeSpan lockWait,
        CancellationToken cancellationToken)
    {
        DatabaseFile.RequireReadable(path);
        try
        {
            bool logHasContent = DatabaseFile.HasContent(path + "-wal");
            using SqliteConnection keeper = await OpenInTransactionAsync(path, lockWait, cancellationToken);
            if (!IsWal(keeper))
            {
                SqliteSession.Rollback(keeper);
                return await PrivateCopy.PinAsync(keeper, path, readers, scratchDirectory, lockWait, cancellationToken);
            }

            return await PinWalAsync(keeper, path, readers, logHasContent, lockWait, cancellationToken);
        }
        catch (SqliteException exception)
        {
            throw SqliteErrors.Translate(exception, path, cancellationToken);
        }
    }

    /// <summary>A reader inside a transaction that has its read lock; where an application has left a log behind, it stays.</summary>
    public static async Task<SqliteConnection> OpenInTransactionAsync(string path, TimeSpan lockWait, CancellationToken cancellationToken)
    {
        SqliteConnection reader = SqliteSession.Open(path, SqliteAccess.Reader, TimeSpan.Zero);
        try
        {
            bool logHasContent = DatabaseFile.HasContent(path + "-wal");
            await SqliteSession.WaitForLockAsync(() => BeginRead(reader), lockWait, cancellationToken);
            if (logHasContent)
            {
                DatabaseFile.KeepLogOnClose(reader);
            }

            return reader;
        }
        catch
        {
            reader.Dispose();
            throw;
        }
    }

    /// <summary>Begins a transaction and really takes its read lock.</summary>
    public static bool BeginRead(SqliteConnection connection)
    {
        SqliteSession.Execute(connection, "BEGIN");
        try
        {
            SqliteSession.ScalarInt64(connection, "SELECT count(*) FROM sqlite_schema");
            return true;
        }
        catch
        {
            SqliteSession.Rollback(connection);
            throw;
        }
    }

    public static bool IsWal(SqliteConnection connection) =>
        SqliteSession.ScalarText(connection, "PRAGMA journal_mode") == "wal";

    /// <param name="keeper">Inside a read transaction, which protects the log until the readers have theirs.</param>
    private static async Task<PinnedDatabase> PinWalAsync(
        SqliteConnection keeper,
        string path,
        int readers,
        bool keepLog,
        TimeSpan lockWait,
        CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            List<SqliteConnection> connections = [];
            bool pinned = false;
            try
            {
                if (TryOpenReaders(keeper, path, readers, keepLog, lockWait, connections, out WalMoment? moment)
                    && IsWal(connections[0]))
                {
                    WalView log = moment is null ? WalView.Empty : WalView.Read(connections[0], moment, cancellationToken);
                    PinnedDatabase database = new(path, connections, moment, log, FileMoment.NameOf(path), privateCopy: null);
                    pinned = true;
                    return database;
                }
            }
            catch (SqliteException exception) when (SqliteErrors.IsBusy(exception) && Stopwatch.GetElapsedTime(start) < lockWait)
            {
                // A checkpoint or a recovery is under way.
            }
            finally
            {
                if (!pinned)
                {
                    connections.ForEach(connection => connection.Dispose());
                }
            }

            if (Stopwatch.GetElapsedTime(start) > lockWait + LeastPatience)
            {
                throw new AiShellException(
                    ErrorKind.Busy,
                    $"No moment of '{path}' could be held for all readers: its write-ahead log was reset again and again.",
                    "Try again, or with --jobs 1.");
            }

            SqliteSession.Rollback(keeper);
            await Task.Delay(RetryPause, cancellationToken);
            await SqliteSession.WaitForLockAsync(() => BeginRead(keeper), lockWait, cancellationToken);
        }
    }

    /// <summary>False when the log moved on in between: try again from a new moment.</summary>
    private static bool TryOpenReaders(
        SqliteConnection keeper,
        string path,
        int readers,
        bool keepLog,
        TimeSpan lockWait,
        List<SqliteConnection> connections,
        out WalMoment? moment)
    {
        nint snapshot = GetSnapshot(keeper);
        try
        {
            moment = snapshot == 0 ? null : Copy(snapshot);
            for (int i = 0; i < readers; i++)
            {
                SqliteConnection connection = SqliteSession.Open(path, SqliteAccess.Reader, lockWait);
                connections.Add(connection);
                if (keepLog)
                {
                    DatabaseFile.KeepLogOnClose(connection);
                }

                if (!(moment is { LastFrame: > 0 } ? TryOpenAt(connection, snapshot) : TryOpenWithoutLog(connection)))
                {
                    return false;
                }
            }

            return true;
        }
        finally
        {
            if (snapshot != 0)
            {
                SqliteLibrary.SnapshotFree(snapshot);
            }
        }
    }

    /// <summary>
    /// With a log in use. The reader then holds a read mark in the log, so that nobody resets it. (The keeper may not: SQLite lets a
    /// reader of a log that is wholly checkpointed read the main file alone.)
    /// </summary>
    private static bool TryOpenAt(SqliteConnection connection, nint snapshot)
    {
        // A connection must have read once before it can open a snapshot.
        SqliteSession.ScalarInt64(connection, "PRAGMA application_id");
        SqliteSession.Execute(connection, "BEGIN");
        int code = SqliteLibrary.SnapshotOpen(connection.Handle!.DangerousGetHandle(), "main", snapshot);
        if ((code & 0xFF) is SQLitePCL.raw.SQLITE_ERROR or SQLitePCL.raw.SQLITE_BUSY)
        {
            return false;
        }

        SqliteSession.Check(connection.Handle!, code);
        SqliteSession.ScalarInt64(connection, "SELECT count(*) FROM sqlite_schema");
        return true;
    }

    /// <summary>
    /// With an empty log. The keeper's lock keeps every checkpoint from the main file, and whoever sees the log empty too sees the same
    /// main file.
    /// </summary>
    private static bool TryOpenWithoutLog(SqliteConnection connection)
    {
        BeginRead(connection);
        return MomentOf(connection) is null or { LastFrame: 0 };
    }

    /// <summary>
    /// The moment of a connection's read transaction; where it is inside a BEGIN that has not read yet, this takes the read lock, and, of a log with
    /// frames, always a mark in the log: nobody then resets it. Null where the log never had a transaction, or there is none.
    /// </summary>
    public static WalMoment? MomentOf(SqliteConnection connection)
    {
        nint snapshot = GetSnapshot(connection);
        if (snapshot == 0)
        {
            return null;
        }

        try
        {
            return Copy(snapshot);
        }
        finally
        {
            SqliteLibrary.SnapshotFree(snapshot);
        }
    }

    /// <summary>0 where the log never had a transaction.</summary>
    private static nint GetSnapshot(SqliteConnection connection)
    {
        int code = SqliteLibrary.SnapshotGet(connection.Handle!.DangerousGetHandle(), "main", out nint snapshot);
        if ((code & 0xFF) == SQLitePCL.raw.SQLITE_ERROR)
        {
            return 0;
        }

        SqliteSession.Check(connection.Handle!, code);
        return snapshot;
    }

    private static WalMoment Copy(nint snapshot)
    {
        byte[] header = new byte[WalMoment.HeaderBytes];
        Marshal.Copy(snapshot, header, 0, header.Length);
        return WalMoment.Read(header);
    }
}
