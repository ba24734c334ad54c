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
}
