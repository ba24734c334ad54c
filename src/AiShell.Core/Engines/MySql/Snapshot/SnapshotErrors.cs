using AiShell.Engines.MySql.Wire;

namespace AiShell.Engines.MySql.Snapshot;

/// <summary>Answers of the server that a snapshot knows what to do about.</summary>
internal static class SnapshotErrors
{
    private const int TableDefinitionChanged = 1412;

    public static bool IsDenied(ServerError error) => error.Number is 1044 or 1045 or 1142 or 1143 or 1227 or 1370 or 3879;

    public static bool IsMissingTable(ServerError error) => error.Number is 1146 or 1051 or 1932 or 1347 or 4089 or 4091;

    /// <summary>Somebody has what we wait for (lock_wait_timeout), or would wait for us.</summary>
    public static bool IsLocked(ServerError error) => error.Number is 1205 or 1213;

    /// <summary>The rows of the moment are not to be had, because the table has been rebuilt, emptied or dropped since.</summary>
    public static bool IsChanged(ServerError error) => error.Number == TableDefinitionChanged || IsMissingTable(error) || error.Number is 1054 or 1146 or 1615;

    public static AiShellException Changed(string table, Exception? cause = null) => new(
        ErrorKind.Busy,
        $"The table '{table}' was altered, emptied, renamed or dropped while it was being backed up.",
        "Try again when the schema is at rest, or leave the table out with --exclude-tables.",
        cause);

    /// <summary>Reading a table failed: the reason in terms of the backup, where it is one of these.</summary>
    public static AiShellException Explain(AiShellException failure, string table) => failure.InnerException switch
    {
        ServerError error when IsChanged(error) => Changed(table, error),
        ServerError error when IsLocked(error) => new AiShellException(
            ErrorKind.Busy, $"The table '{table}' stayed locked: somebody is altering it or has it for himself.", "Try again later, or let the backup wait for longer with --lock-wait.", error),
        ServerError error when IsDenied(error) => new AiShellException(
            ErrorKind.Failed, $"The table '{table}' may not be read by this user: {error.Message}.", "Grant SELECT on the database, or leave the table out with --exclude-tables.", error),
        _ => failure,
    };
}
