using AiShell.Engines.MySql.Snapshot;
using AiShell.Engines.MySql.Wire;

namespace AiShell.Engines.MySql.Log;

/// <summary>
/// MySQL's log has a transaction before its storage engines have committed it, by as long as the log takes to reach the disk, or a replica that is waited for. Whoever commits holds a lock from
/// before the one until after the other (manual, "metadata_locks", COMMIT), so what the log had is committed when nobody holds it any more who held it then.
/// </summary>
internal static class CommitsUnderWay
{
    private const string Grant = "GRANT SELECT ON performance_schema.metadata_locks TO the user.";

    // Whoever asks has a lock on what is asked: without it the server does not keep account of locks.
    private const string Locks =
        "SELECT OBJECT_TYPE, OWNER_THREAD_ID, OWNER_EVENT_ID FROM performance_schema.metadata_locks WHERE LOCK_STATUS = 'GRANTED' AND ((OBJECT_TYPE = 'COMMIT' AND LOCK_TYPE = 'INTENTION_EXCLUSIVE') OR (OBJECT_TYPE = 'TABLE' AND OBJECT_NAME = 'metadata_locks'))";

    private const string Lost = "SHOW GLOBAL STATUS WHERE Variable_name = 'Performance_schema_metadata_lock_lost' AND Value <> '0'";

    /// <exception cref="AiShellException"><see cref="ErrorKind.Refused"/>: the server does not tell.</exception>
    public static void Require(MySqlSession session)
    {
        try
        {
            Read(session);
        }
        catch (ServerError error) when (SnapshotErrors.IsDenied(error))
        {
            throw new AiShellException(ErrorKind.Refused, $"It cannot be told when transactions are committed: {error.Message.TrimEnd('.')}.", Grant, error);
        }

        if (session.Query(Lost).Count > 0)
        {
            throw Untold("it has lost some of them (performance_schema_max_metadata_locks)");
        }
    }

    /// <summary>Waits until everything is committed that the log has now.</summary>
    public static void Wait(MySqlSession session)
    {
        HashSet<string> committing = Read(session);
        while (committing.Count > 0)
        {
            session.Execute("DO SLEEP(0.001)");
            committing.IntersectWith(Read(session));
        }
    }

    /// <summary>As above; false where the server does not tell.</summary>
    public static bool TryWait(MySqlSession session)
    {
        try
        {
            Wait(session);
            return true;
        }
        catch (Exception failure) when (failure is AiShellException { Kind: ErrorKind.Refused } || (failure is ServerError error && SnapshotErrors.IsDenied(error)))
        {
            return false;
        }
    }

    private static HashSet<string> Read(MySqlSession session)
    {
        IReadOnlyList<string?[]> locks = [.. session.Query(Locks)];
        return locks.Any(row => row[0] == "TABLE")
            ? [.. locks.Where(row => row[0] == "COMMIT").Select(row => $"{row[1]} {row[2]}")]
            : throw Untold("it keeps no account of them");
    }

    private static AiShellException Untold(string why) => new(
        ErrorKind.Refused,
        $"It cannot be told when transactions are committed, for the server does not tell of locks: {why}.",
        "Have performance_schema on, and UPDATE performance_schema.setup_instruments SET ENABLED = 'YES' WHERE NAME = 'wait/lock/metadata/sql/mdl'.");
}
