using AiShell.Engines.PostgreSql.Schema;
using AiShell.Engines.PostgreSql.Wire;

namespace AiShell.Engines.PostgreSql;

/// <summary>
/// Subscriptions of logical replication (manual, "Subscription"). One comes back disabled and without a look at its publisher. A database that
/// has one cannot be dropped; and who drops one also drops, on its publisher, the slot that it names, unless that is taken from it first.
/// </summary>
internal static class Subscriptions
{
    /// <param name="database">Null for the session's own.</param>
    public static IReadOnlyList<string> Of(WireSession session, string? database) =>
    [
        .. session.Query(
            "SELECT s.subname FROM pg_catalog.pg_subscription s JOIN pg_catalog.pg_database d ON d.oid = s.subdbid WHERE d.datname = coalesce($1, current_database()) ORDER BY 1", database)
            .Select(row => row[0]!),
    ];

    /// <summary>What to say of those that pg_dump left out.</summary>
    public static IEnumerable<string> MissingOf(IReadOnlyList<string> subscriptions, IReadOnlyList<ArchiveEntry> entries)
    {
        string[] missing = [.. subscriptions.Except(entries.Where(entry => entry.Kind == "SUBSCRIPTION").Select(entry => entry.Tag))];
        return missing.Length == 0 ? [] : [$"The backup is without the subscription {Names(missing)}: only a superuser's backup has subscriptions, for they may hold passwords."];
    }

    /// <summary>Why a target cannot be replaced, or null.</summary>
    /// <param name="keepOld">It is only renamed, which takes that nothing works in it.</param>
    public static AiShellException? FindObstacle(WireSession admin, string database, bool keepOld)
    {
        string[] found = keepOld
            ? [.. admin.Query("SELECT s.subname FROM pg_catalog.pg_subscription s JOIN pg_catalog.pg_database d ON d.oid = s.subdbid WHERE d.datname = $1 AND s.subenabled ORDER BY 1", database).Select(row => row[0]!)]
            : [.. Of(admin, database)];
        return found.Length == 0 ? null : new AiShellException(
            ErrorKind.Refused,
            $"The database '{database}' has the subscription {Names(found)}{(keepOld ? ", which is enabled and works in it" : "")}, so it cannot be replaced.",
            keepOld
                ? "ALTER SUBSCRIPTION … DISABLE first, or restore to another database with -d."
                : "DROP SUBSCRIPTION first (its publisher keeps the slot when that is taken from it by SET (slot_name = NONE)); or disable it and restore with --keep-old; or restore to another database with -d.");
    }

    /// <summary>Drops those of a copy that was made of a backup, in a session of that copy; their publishers, and what others have there, stay as they are.</summary>
    public static void DropOfCopy(WireSession session)
    {
        foreach (string name in Of(session, null).Select(SqlText.Quote))
        {
            session.Execute($"ALTER SUBSCRIPTION {name} DISABLE");
            session.Execute($"ALTER SUBSCRIPTION {name} SET (slot_name = NONE)");
            session.Execute($"DROP SUBSCRIPTION {name}");
        }
    }

    private static string Names(IEnumerable<string> names) => string.Join(", ", names.Select(name => $"'{name}'"));
}
