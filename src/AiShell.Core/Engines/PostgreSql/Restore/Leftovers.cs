using System.Globalization;
using AiShell.Engines.PostgreSql.Connecting;
using AiShell.Engines.PostgreSql.Wire;

namespace AiShell.Engines.PostgreSql.Restore;

/// <summary>
/// Databases that a killed restore or test left beside its target. Each holds an advisory lock, of a number that is in the names of
/// its databases, for as long as it lives: the server lets go of it when the restore's session ends, however it ends.
/// </summary>
internal static class Leftovers
{
    // Both numbers of the lock are ours: the first says that it is a restore's, the second which one's.
    private const int LockClass = 0x61695348;

    /// <summary>Marks the databases of a restore as in use, for as long as the session lasts.</summary>
    public static void HoldMark(WireSession admin, uint number) =>
        admin.Scalar("SELECT pg_advisory_lock($1::int, $2::int)::text", Text(LockClass), Text((int)number));

    /// <summary>Names of databases that were left beside a target: no restore holds their mark, and nobody is connected to them.</summary>
    public static IReadOnlyList<string> Find(WireSession admin, string target) =>
        [.. Candidates(admin, target).Where(candidate => IsDead(admin, candidate.Name, candidate.Number)).Select(candidate => candidate.Name)];

    /// <summary>Drops them. One that comes to life meanwhile stays.</summary>
    public static void Remove(Server server, WireSession admin, string target)
    {
        foreach ((string name, uint number) in Candidates(admin, target))
        {
            // The lock is of the database it was asked for in, and another restore may work from another one.
            if (!IsDead(admin, name, number) || admin.Scalar("SELECT pg_try_advisory_lock($1::int, $2::int)", Text(LockClass), Text((int)number)) != "t")
            {
                continue;
            }

            try
            {
                if (!IsConnectedTo(admin, name))
                {
                    TargetNames.DropCopy(server, admin, name);
                }
            }
            catch (ServerError error) when (error.SqlState is "55006" or "42501" or "3D000")
            {
                // Somebody looks into it just now, or it is another user's, or another restore was faster; it harms nobody.
            }
            finally
            {
                admin.Scalar("SELECT pg_advisory_unlock($1::int, $2::int)", Text(LockClass), Text((int)number));
            }
        }
    }

    private static List<(string Name, uint Number)> Candidates(WireSession admin, string target)
    {
        List<(string, uint)> found = [];
        foreach (string?[] row in admin.Query("SELECT datname FROM pg_database WHERE datname LIKE '%\\_ai\\_shell\\_%' ORDER BY 1"))
        {
            if (TargetNames.NumberOf(row[0]!, target) is { } number)
            {
                found.Add((row[0]!, number));
            }
        }

        return found;
    }

    private static bool IsDead(WireSession admin, string name, uint number) =>
        !IsConnectedTo(admin, name)
        && admin.Scalar(
            "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND classid = $1::bigint::oid AND objid = $2::bigint::oid AND objsubid = 2 AND granted",
            Text(LockClass),
            number.ToString(CultureInfo.InvariantCulture)) is null;

    private static bool IsConnectedTo(WireSession admin, string name) =>
        admin.Scalar("SELECT 1 FROM pg_stat_activity WHERE datname = $1 LIMIT 1", name) is not null;

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
