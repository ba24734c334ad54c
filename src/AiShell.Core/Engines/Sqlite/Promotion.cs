using AiShell.IO;
using Microsoft.Data.Sqlite;

namespace AiShell.Engines.Sqlite;

/// <summary>
/// Puts a new database file in the place of another in one step. The old one is taken exclusively first, and what its log or
/// journal holds is brought into its file, so that nothing stale is ever replayed onto the new one; and no moment has a half
/// database, also across kill -9.
/// </summary>
internal static class Promotion
{
    private static readonly string[] Companions = ["-wal", "-shm", "-journal"];

    public static async Task<bool> RunAsync(string copy, string target, TargetOptions options, CancellationToken cancellationToken)
    {
        if (!File.Exists(target))
        {
            DeleteCompanions(target);
            MoveToFreeName(copy, target);
            FolderSync.Flush(Path.GetDirectoryName(target)!);
            return true;
        }

        SqliteConnection? old = await TakeAsync(target, options, cancellationToken);
        try
        {
            TargetInspection.Guard(target, () =>
            {
                UnixFiles.CopyOwnerAndMode(target, copy);
                return true;
            });
            DatabaseFile.Flush(copy);
            DeleteCompanions(target);
            File.Move(copy, target, overwrite: true);
            FolderSync.Flush(Path.GetDirectoryName(target)!);
            return true;
        }
        finally
        {
            old?.Dispose();
        }
    }

    /// <summary>
    /// Holds the old database so that nobody else, not even an idle connection in WAL mode, has it open for reading or writing. Null when it is
    /// no longer a database that SQLite can open: then there is nothing to bring home.
    /// </summary>
    private static async Task<SqliteConnection?> TakeAsync(string target, TargetOptions options, CancellationToken cancellationToken)
    {
        try
        {
            return await SqliteSession.WaitForLockAsync(() => Take(target), options.LockWait, cancellationToken);
        }
        catch (SqliteException damaged) when (options.Replace && SqliteErrors.IsDamage(damaged))
        {
            return null;
        }
    }

    private static SqliteConnection Take(string target)
    {
        SqliteConnection connection = SqliteSession.Open(target, SqliteAccess.Writer, TimeSpan.Zero);
        try
        {
            // After the rename the log's name belongs to the new database: closing the old one must not delete it.
            DatabaseFile.KeepLogOnClose(connection);

            // Before the first access: in WAL mode SQLite then takes the whole file instead of sharing memory with others.
            SqliteSession.Execute(connection, "PRAGMA locking_mode = EXCLUSIVE");
            SqliteSession.Execute(connection, "BEGIN EXCLUSIVE");
            SqliteSession.ScalarInt64(connection, "SELECT count(*) FROM sqlite_schema");
            SqliteSession.Execute(connection, "COMMIT");
            if (SnapshotPinning.IsWal(connection) && SqliteSession.ScalarInt64(connection, "PRAGMA wal_checkpoint(TRUNCATE)") != 0)
            {
                throw new SqliteException("database is locked", SqliteErrors.Busy);
            }

            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private static void DeleteCompanions(string target)
    {
        foreach (string companion in Companions)
        {
            File.Delete(target + companion);
        }
    }

    private static void MoveToFreeName(string copy, string target)
    {
        try
        {
            File.Move(copy, target, overwrite: false);
        }
        catch (IOException) when (File.Exists(target))
        {
            throw new AiShellException(
                ErrorKind.Refused,
                $"Somebody else made '{target}' while the restore was running.",
                "Look at what it is; --force replaces it.");
        }
    }
}
