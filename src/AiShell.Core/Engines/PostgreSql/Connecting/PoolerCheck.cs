using AiShell.Engines.PostgreSql.Wire;

namespace AiShell.Engines.PostgreSql.Connecting;

/// <summary>
/// Finds a pooler that gives a session's statements to any server process (PgBouncer's transaction and statement modes): settings and
/// snapshots do not hold there, and what we set would stay behind in sessions of others. So it only asks, and sets nothing.
/// </summary>
internal static class PoolerCheck
{
    private const string Process = "SELECT pg_catalog.pg_backend_pid()";

    // While others use the pool, a shared process may come back to us by chance.
    private const int Rounds = 3;

    // A pool without a free process lets a second session wait.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <param name="openAnother">Opens a second session as the first was opened, and sets nothing in it.</param>
    /// <returns>Whether there is a pooler between us and the server, one whose sessions are ours alone while we have them.</returns>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Failed"/>: the session is not ours alone.</exception>
    public static async Task<bool> RequireOwnSessionAsync(
        ServerHost host, WireSession session, Func<Task<WireSession>> openAnother, CancellationToken cancellationToken)
    {
        string process = await Task.Run(() => session.Scalar(Process)!, cancellationToken);
        if (process == FormattableString.Invariant($"{session.ProcessId}"))
        {
            return false; // or a pooler that hides nothing
        }

        return !await IsSharedAsync(session, process, openAnother, cancellationToken) ? true : throw new AiShellException(
            ErrorKind.Failed,
            $"{host} is a connection pooler in transaction or statement mode, in which neither a moment of the database nor a session's settings hold.",
            "Connect to the server itself, or to a pool with pool_mode = session.");
    }

    /// <summary>Has the server end the process of a session that is ours alone, which a pooler would keep otherwise.</summary>
    public static void EndProcess(WireSession session)
    {
        try
        {
            session.Execute("SELECT pg_catalog.pg_terminate_backend(pg_catalog.pg_backend_pid())");
        }
        catch (Exception ended) when (ended is ServerError or ConnectionBroken or IOException)
        {
            // As asked.
        }
    }

    /// <summary>A pooler that shares gives the server process that is free at this moment, the first session's, to the second.</summary>
    private static async Task<bool> IsSharedAsync(WireSession session, string process, Func<Task<WireSession>> openAnother, CancellationToken cancellationToken)
    {
        try
        {
            using WireSession second = await openAnother();
            for (int round = 0; round < Rounds; round++)
            {
                string? others = await AskAsync(second, "BEGIN", cancellationToken);
                if (others == process || await AskAsync(session, null, cancellationToken) != process)
                {
                    return true;
                }

                if (others is null)
                {
                    return false; // the pool is full, and the first session has its process all the same
                }

                second.Execute("ROLLBACK");
            }

            await Task.Run(() => EndProcess(second), cancellationToken);
            return false;
        }
        catch (ServerError error) when (error.SqlState is "53300" or "08P01" && !error.Message.Contains("statement pooling", StringComparison.Ordinal))
        {
            return await AskAsync(session, null, cancellationToken) != process; // no second session is let in
        }
        catch (ServerError)
        {
            return true; // no server refuses BEGIN; PgBouncer does in statement mode
        }
    }

    /// <summary>Which process answers; null for none in time, and then the session is closed.</summary>
    private static async Task<string?> AskAsync(WireSession session, string? before, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        await using CancellationTokenRegistration close = session.CloseOn(patience.Token);
        try
        {
            return await Task.Run(
                () =>
                {
                    if (before is not null)
                    {
                        session.Execute(before);
                    }

                    return session.Scalar(Process);
                },
                CancellationToken.None);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }
}
