using System.Globalization;
using AiShell.Engines.PostgreSql.Wire;

namespace AiShell.Engines.PostgreSql.Connecting;

/// <summary>
/// Finds a pooler that gives a session's statements to any server process (PgBouncer's transaction and statement modes): settings and
/// snapshots do not hold there. In session mode a pooler does no harm.
/// </summary>
internal static class PoolerCheck
{
    /// <exception cref="AiShellException"><see cref="ErrorKind.Failed"/>: the session is not ours alone.</exception>
    public static async Task RequireOwnSessionAsync(Server server, WireSession session, CancellationToken cancellationToken)
    {
        string process = session.Scalar("SELECT pg_backend_pid()")!;
        if (process == session.ProcessId.ToString(CultureInfo.InvariantCulture))
        {
            return; // no pooler, or one that hides nothing
        }

        // A pooler that shares gives the server process that is free at this moment, the first session's, to the second.
        using WireSession second = await server.OpenAsync(cancellationToken);
        if (Shares(session, second, process))
        {
            throw new AiShellException(
                ErrorKind.Failed,
                $"{server.Host} is a connection pooler in transaction or statement mode, in which neither a moment of the database nor a session's settings hold.",
                "Connect to the server itself, or to a pool with pool_mode = session.");
        }
    }

    private static bool Shares(WireSession session, WireSession second, string process)
    {
        try
        {
            second.Execute("BEGIN");
            return second.Scalar("SELECT pg_backend_pid()") == process || session.Scalar("SELECT pg_backend_pid()") != process;
        }
        catch (ServerError)
        {
            return true; // no server refuses BEGIN; PgBouncer does in statement mode
        }
    }
}
