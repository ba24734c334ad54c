using Microsoft.Data.Sqlite;
using Microsoft.Win32.SafeHandles;

namespace AiShell.Engines.Sqlite;

/// <summary>A database file seen from outside, without opening it.</summary>
internal static class DatabaseFile
{
    /// <exception cref="AiShellException"><see cref="ErrorKind.Unreachable"/>: missing, or not a file.</exception>
    public static void RequireReadable(string path)
    {
        if (Directory.Exists(path))
        {
            throw new AiShellException(ErrorKind.Unreachable, $"'{path}' is a directory, not a SQLite database.", "Give the path of the database file.");
        }

        if (!File.Exists(path))
        {
            throw new AiShellException(ErrorKind.Unreachable, $"There is no SQLite database '{path}'.", "Check the path.");
        }
    }

    public static bool HasContent(string path) => new FileInfo(path) is { Exists: true, Length: > 0 };

    /// <summary>
    /// We are a reader: where an application has left a log behind, it stays as it is. Asked before the connection makes a log of its own.
    /// </summary>
    public static void KeepLogOnClose(SqliteConnection connection, string path)
    {
        if (HasContent(path + "-wal"))
        {
            KeepLogOnClose(connection);
        }
    }

    public static void KeepLogOnClose(SqliteConnection connection)
    {
        const int ConfigNoCheckpointOnClose = 1006;
        SqliteSession.Check(
            connection.Handle!, SQLitePCL.raw.sqlite3_db_config(connection.Handle!, ConfigNoCheckpointOnClose, 1, out _));
    }

    /// <exception cref="AiShellException"><see cref="ErrorKind.Failed"/>: the disk of <paramref name="directory"/> has less free.</exception>
    public static void RequireSpace(string directory, long bytes, string purpose)
    {
        long free = new DriveInfo(directory).AvailableFreeSpace;
        if (free < bytes)
        {
            throw new AiShellException(
                ErrorKind.Failed,
                $"{purpose} needs {bytes:N0} bytes in '{directory}'; {free:N0} are free.",
                "Free some space on that disk.");
        }
    }

    /// <summary>Only the user may read what was copied out of a database.</summary>
    public static void MakePrivate(SafeFileHandle file)
    {
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }
    }

    /// <summary>The file that a path means, symbolic links followed.</summary>
    public static string Resolve(string path) =>
        new FileInfo(path) is { LinkTarget: not null } link
            ? link.ResolveLinkTarget(returnFinalTarget: true)!.FullName
            : Path.GetFullPath(path);

    /// <summary>Makes a closed file's bytes durable.</summary>
    public static void Flush(string path)
    {
        using SafeFileHandle file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        RandomAccess.FlushToDisk(file);
    }
}
