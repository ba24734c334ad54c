namespace AiShell.Engines.Sqlite.Rows;

/// <summary>SQLite's result codes (https://sqlite.org/rescode.html) in the terms of ai-shell's exit codes.</summary>
internal static class SqliteFailure
{
    public static AiShellException From(int resultCode, string message, Exception? cause = null) =>
        (resultCode & 0xff) switch
        {
            5 or 6 => new(ErrorKind.Busy, $"The database is locked: {message}.", "Try again when the other program has let go of it.", cause),
            11 or 26 => new(ErrorKind.Integrity, $"The database file is damaged or not a SQLite database: {message}.", "Check it with: sqlite3 <file> 'PRAGMA integrity_check'.", cause),
            13 => new(ErrorKind.Failed, "There is no space left for the database.", "Free some space and run it again.", cause),
            10 => new(ErrorKind.Failed, $"Reading or writing the database file failed: {message}.", null, cause),
            _ => new(ErrorKind.Failed, $"SQLite says: {message}.", null, cause),
        };
}
