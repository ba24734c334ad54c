using System.Globalization;
using AiShell.Engines.PostgreSql.Wire;

namespace AiShell.Engines.PostgreSql.Snapshot;

/// <summary>
/// The table of locks that all sessions of a server share has room for about max_locks_per_transaction × (max_connections +
/// max_prepared_transactions) objects (manual, "Lock Management"). Who fills it makes everybody else's statements fail.
/// </summary>
internal sealed record LockRoom(long PerTransaction, long Sessions)
{
    private const long Granularity = 64; // the default, so that the value we name is a round one

    public static LockRoom Of(WireSession session)
    {
        string?[] row = session.Query(
            "SELECT current_setting('max_locks_per_transaction'), current_setting('max_connections')::bigint + current_setting('max_prepared_transactions')::bigint")[0];
        return new LockRoom(long.Parse(row[0]!, CultureInfo.InvariantCulture), long.Parse(row[1]!, CultureInfo.InvariantCulture));
    }

    /// <summary>That a backup of so many tables and sequences would fill it, and what to do; null where there is room.</summary>
    public AiShellException? ShortFor(long objects) => objects <= PerTransaction * Sessions ? null : new AiShellException(
        ErrorKind.Failed,
        string.Create(CultureInfo.InvariantCulture, $"A backup locks {objects:N0} tables and sequences in one transaction, and the server has room for {PerTransaction * Sessions:N0} locks: they would crowd out its other sessions."),
        string.Create(CultureInfo.InvariantCulture, $"Set max_locks_per_transaction = {Needed(objects)} in postgresql.conf (now {PerTransaction}) and restart the server."));

    private long Needed(long objects) => (objects + (Sessions * Granularity) - 1) / (Sessions * Granularity) * Granularity;
}
