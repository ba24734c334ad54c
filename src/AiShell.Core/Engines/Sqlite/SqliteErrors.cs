using Microsoft.Data.Sqlite;

namespace AiShell.Engines.Sqlite;

/// <summary>SQLite's result codes (sqlite.org/rescode.html) as errors that a user can act on.</summary>
internal static class SqliteErrors
{
    public const int Busy = 5;
    public const int Locked = 6;
    public const int Interrupt = 9;
    private const int Permission = 3;
    private const int ReadOnly = 8;
    private const int InputOutput = 10;
    private const int Corrupt = 11;
    private const int Full = 13;
    private const int CannotOpen = 14;
    private const int Authorization = 23;
    private const int NotADatabase = 26;

    // os_unix.c: MAX_PATHNAME; the journal's name must fit too.
    private const int LongestPath = 500;

    public static bool IsBusy(SqliteException exception) => exception.SqliteErrorCode is Busy or Locked;

    /// <summary>The file is not, or no longer, a database.</summary>
    public static bool IsDamage(SqliteException exception) => exception.SqliteErrorCode is Corrupt or NotADatabase;

    /// <summary>
    /// Runs blocking SQLite work on a pool thread. A <see cref="SqliteException"/> leaves as an <see cref="AiShellException"/>,
    /// or as an <see cref="OperationCanceledException"/> when the token interrupted it.
    /// </summary>
    public static Task<T> RunAsync<T>(string path, Func<T> work, CancellationToken cancellationToken) =>
        RunAsync(path, () => Task.FromResult(work()), cancellationToken);

    /// <inheritdoc cref="RunAsync{T}(string, Func{T}, CancellationToken)"/>
    public static async Task<T> RunAsync<T>(string path, Func<Task<T>> work, CancellationToken cancellationToken)
    {
        try
        {
            return await Task.Run(work, cancellationToken);
        }
        catch (SqliteException exception)
        {
            throw Translate(exception, path, cancellationToken);
        }
    }

    public static Exception Translate(SqliteException exception, string path, CancellationToken cancellationToken) =>
        exception.SqliteErrorCode == Interrupt && cancellationToken.IsCancellationRequested
            ? new OperationCanceledException("Interrupted.", exception, cancellationToken)
            : Translate(exception, path);

    public static AiShellException Translate(SqliteException exception, string path)
    {
        (ErrorKind kind, string message, string? hint) = exception.SqliteErrorCode switch
        {
            NotADatabase => (
                ErrorKind.Unreachable,
                $"'{path}' is not a SQLite database, or it is encrypted.",
                "Check the path. An encrypted database must be decrypted with the tool that made it before ai-shell can read it."),
            Corrupt => (
                ErrorKind.Integrity,
                $"The SQLite database '{path}' is damaged: {Detail(exception)}.",
                "'PRAGMA integrity_check' tells more; restore the newest good backup, or salvage rows with '.recover' of the sqlite3 shell."),
            Busy or Locked => (
                ErrorKind.Busy,
                $"The SQLite database '{path}' stayed locked: another process holds a lock on it.",
                "Wait until that process finishes its transaction, or close it, and try again."),
            CannotOpen or Permission or Authorization => (
                ErrorKind.Unreachable,
                $"The SQLite database '{path}' cannot be opened: {Detail(exception)}.",
                path.Length > LongestPath
                    ? "SQLite opens paths of at most 512 bytes; move the database or use a shorter path."
                    : "Check that the file may be read. A database in WAL mode, and one whose last writer died, also needs write permission on the file and its directory; otherwise copy it (with its -wal file) and use the copy."),
            ReadOnly => (
                ErrorKind.Unreachable,
                $"The SQLite database '{path}' cannot be written: {Detail(exception)}.",
                "Recovering what a dead writer left, and opening a database in WAL mode that nobody has open, need write permission on the file and its directory. Otherwise copy it (with its -wal file) and use the copy."),
            Full => (
                ErrorKind.Failed,
                $"No space is left on the disk of '{path}'.",
                "Free some space and try again; nothing that was there before is lost."),
            InputOutput => (
                ErrorKind.Failed,
                $"The disk of '{path}' reports an error: {Detail(exception)} (SQLite code {exception.SqliteExtendedErrorCode}).",
                "Check the disk and its free space."),
            _ => (ErrorKind.Failed, $"SQLite fails on '{path}': {Detail(exception)} (code {exception.SqliteExtendedErrorCode}).", (string?)null),
        };
        return new AiShellException(kind, message, hint, exception);
    }

    // Microsoft.Data.Sqlite wraps SQLite's own words: SQLite Error 14: 'unable to open database file'.
    private static string Detail(SqliteException exception)
    {
        string message = exception.Message;
        int start = message.IndexOf('\'', StringComparison.Ordinal);
        int end = message.LastIndexOf('\'');
        return message.StartsWith("SQLite Error", StringComparison.Ordinal) && end > start
            ? message[(start + 1)..end]
            : message.TrimEnd('.');
    }
}
