using AiShell.Engines.PostgreSql.Connecting;
using AiShell.Engines.PostgreSql.Wire;

namespace AiShell.Engines.PostgreSql.Restore;

/// <summary>Gives a new database the target's name, in one transaction with the renaming of the one that had it.</summary>
internal sealed class DatabaseSwap(Server server, WireSession admin, string target, string fresh, uint number)
{
    private const int MostNamed = 5;
    private static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(100);

    /// <param name="done">Called when the new database has its name.</param>
    /// <returns>Where the replaced database is kept; null when it was dropped or there was none.</returns>
    /// <exception cref="AiShellException">As <see cref="IRestoreTarget.PromoteAsync"/>.</exception>
    public async Task<string?> RunAsync(TargetOptions options, Action done, CancellationToken cancellationToken)
    {
        // What nobody consented to replace is renamed to what no clean-up takes, until it has been seen to be empty.
        string old = TargetNames.Beside(target, options.Replace && !options.KeepOld ? TargetNames.Old : TargetNames.Kept, number);
        if (!options.Replace)
        {
            await RequireEmptyAsync(target, cancellationToken);
        }

        bool replaced = await WhenFreeAsync(session => Rename(session, old), options.LockWait, cancellationToken);
        if (replaced && !options.Replace)
        {
            await RequireStillEmptyAsync(old, options.LockWait);
        }

        done();
        if (!replaced || options.KeepOld)
        {
            return replaced ? old : null;
        }

        await DropAsync(old);
        return null;
    }

    private bool Rename(WireSession session, string old)
    {
        bool exists = Exists(session, target);
        if (server.IsPooled)
        {
            EndPooled(session);
        }

        Together(session, $"{(exists ? RenameStatement(target, old) : "")}{RenameStatement(fresh, target)}");
        return exists;
    }

    /// <summary>A pooler keeps the server's sessions for the next who asks; in the new database, of which nobody else knows, all were ours.</summary>
    private void EndPooled(WireSession session) =>
        session.Query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()", fresh);

    /// <summary>Between the first look and the renaming somebody may have filled it. Not to be stopped half-way.</summary>
    private async Task RequireStillEmptyAsync(string old, TimeSpan lockWait)
    {
        try
        {
            await RequireEmptyAsync(old, CancellationToken.None);
        }
        catch
        {
            await WhenFreeAsync(
                session =>
                {
                    Together(session, $"{RenameStatement(target, fresh)}{RenameStatement(old, target)}");
                    return true;
                },
                lockWait,
                CancellationToken.None);
            throw;
        }
    }

    private async Task RequireEmptyAsync(string database, CancellationToken cancellationToken)
    {
        if (!await ServerErrors.RunAsync(admin, $"database '{database}'", session => Exists(session, database), cancellationToken))
        {
            return;
        }

        IReadOnlyList<string> found = await server.VisitAsync(database, DatabaseListing.Read, cancellationToken);
        if (found.Count > 0)
        {
            throw new AiShellException(
                ErrorKind.Refused, $"The database '{target}' is not empty: it has {string.Join(", ", found.Take(3))}.", "Add --force to replace it, or restore to another name with -d.");
        }
    }

    private async Task<T> WhenFreeAsync<T>(Func<WireSession, T> rename, TimeSpan lockWait, CancellationToken cancellationToken)
    {
        long start = System.Diagnostics.Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                return await ServerErrors.RunAsync(admin, $"database '{target}'", rename, cancellationToken);
            }
            catch (AiShellException failure) when (failure.InnerException is ServerError { SqlState: "55006" })
            {
                if (System.Diagnostics.Stopwatch.GetElapsedTime(start) > lockWait)
                {
                    throw await BusyAsync(failure, cancellationToken);
                }

                await Task.Delay(RetryPause, cancellationToken);
            }
        }
    }

    private async Task<AiShellException> BusyAsync(AiShellException failure, CancellationToken cancellationToken)
    {
        string[] users = await ServerErrors.RunAsync(admin, $"database '{target}'", Connected, cancellationToken);
        string who = users.Length == 0 ? ((ServerError)failure.InnerException!).Detail ?? failure.Message
            : $"{string.Join(", ", users.Take(MostNamed))}{(users.Length > MostNamed ? $" and {users.Length - MostNamed} more" : "")}";
        return new AiShellException(
            ErrorKind.Busy,
            $"Others are connected to the database '{target}', so it cannot be replaced: {who}.",
            "Stop what uses it, or wait longer with --lock-wait.",
            failure);
    }

    private string[] Connected(WireSession session) =>
    [
        .. session.Query(
            """
            SELECT format('process %s: %s%s%s, %s', pid, coalesce(usename, '?'), ' with ' || nullif(application_name, ''), ' from ' || coalesce(host(client_addr), 'this machine'), coalesce(state, 'active'))
            FROM pg_stat_activity WHERE datname = $1 ORDER BY backend_start
            """,
            target).Select(row => row[0]!),
    ];

    private async Task DropAsync(string old)
    {
        try
        {
            await ServerErrors.RunAsync(admin, $"database '{old}'", session => TargetNames.Drop(session, old), CancellationToken.None);
        }
        catch (AiShellException failure)
        {
            throw new AiShellException(
                failure.Kind, $"'{target}' is restored, but the database that it replaced could not be dropped and is still there as '{old}': {failure.Message}", "The next restore to the same target drops it; so does DROP DATABASE.", failure);
        }
    }

    private static bool Exists(WireSession session, string database) => session.Scalar("SELECT 1 FROM pg_database WHERE datname = $1", database) is not null;

    private static string RenameStatement(string from, string to) => $"ALTER DATABASE {SqlText.Quote(from)} RENAME TO {SqlText.Quote(to)}; ";

    private static void Together(WireSession session, string statements)
    {
        try
        {
            session.Execute($"BEGIN; {statements}COMMIT");
        }
        catch (ServerError)
        {
            session.Execute("ROLLBACK");
            throw;
        }
    }
}
