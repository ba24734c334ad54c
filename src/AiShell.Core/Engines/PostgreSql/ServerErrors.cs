using AiShell.Engines.PostgreSql.Wire;

namespace AiShell.Engines.PostgreSql;

/// <summary>What the server says, in the terms of exit codes (manual, appendix "PostgreSQL Error Codes").</summary>
internal static class ServerErrors
{
    /// <summary>How many objects the server's sessions may lock together.</summary>
    public const string LockSetting = "max_locks_per_transaction";

    public const string LockHint = $"Raise {LockSetting} in postgresql.conf (64 where nothing is said; twice as much is a good try) and restart the server.";

    public const string BackupDenied = "To back up: GRANT pg_read_all_data TO <user>. Or leave the table out with --exclude-tables.";

    public const string RestoreDenied = "Restore as a superuser, or as a role that may do this; --no-owner leaves owners and grants out, and --tables takes some tables alone.";

    public const string QueryDenied = "GRANT it to the user, or ask as another one.";

    /// <param name="subject">What was being done or to what, for the message: <c>table 'public.orders'</c>.</param>
    /// <param name="denied">What helps where the server does not permit it.</param>
    public static AiShellException Translate(ServerError error, string subject, string? denied = null)
    {
        string says = $"{error.Message.TrimEnd('.')}{(error.Detail is null ? "" : $" ({error.Detail.TrimEnd('.')})")}";
        return error.SqlState switch
        {
            "28P01" or "28000" => new(ErrorKind.Unreachable, $"Login refused by {subject}: {says}.", "Check the user, the password and the server's pg_hba.conf.", error),
            "3D000" => new(ErrorKind.Unreachable, $"On {subject}: {says}.", "Check the database's name.", error),
            "53300" or "57P03" => new(ErrorKind.Unreachable, $"Not let in by {subject}: {says}.", "Try again when the server has room, or use fewer --jobs.", error),
            "55P03" => new(ErrorKind.Busy, $"A lock could not be had in time, on {subject}: {says}.", "Wait longer with --lock-wait, or end the session that holds it.", error),
            "42501" => new(ErrorKind.Failed, $"Not permitted, on {subject}: {says}.", denied ?? BackupDenied, error),
            "53200" when error.Hint?.Contains(LockSetting, StringComparison.Ordinal) == true => new(
                ErrorKind.Failed, $"The server has no room for more locks, on {subject}: {says}.", LockHint, error),
            "53100" => new(ErrorKind.Failed, $"The server's disk is full, on {subject}: {says}.", "Free some space there.", error),
            ['5', '7', 'P', ..] => new(ErrorKind.Failed, $"The server went away, on {subject}: {says}.", "Try again when it is back.", error),
            _ => new(ErrorKind.Failed, $"The server reports an error, on {subject}: {says} (SQLSTATE {error.SqlState}).", error.Hint, error),
        };
    }

    /// <summary>As above for a session that did not begin: whatever the reason, the server cannot be used.</summary>
    public static AiShellException TranslateLogin(ServerError error, string subject, string database)
    {
        AiShellException failure = Translate(error, subject);
        return (error.SqlState, failure.Kind) switch
        {
            ("42501", _) => new(ErrorKind.Unreachable, failure.Message, $"GRANT CONNECT ON DATABASE {SqlText.Quote(database)} TO the user.", error),
            ("57P03", _) => new(ErrorKind.Unreachable, failure.Message, "The server is starting, stopping or recovering: try again in a moment.", error),
            (_, ErrorKind.Unreachable) => failure,
            _ => new(ErrorKind.Unreachable, failure.Message, failure.Hint, error),
        };
    }

    /// <summary>Runs blocking work on a session away from the caller's thread, cancellable, with errors in the terms of this program.</summary>
    public static async Task<T> RunAsync<T>(WireSession session, string subject, Func<WireSession, T> work, CancellationToken cancellationToken)
    {
        await using CancellationTokenRegistration close = session.CloseOn(cancellationToken);
        try
        {
            return await Task.Run(() => work(session), cancellationToken);
        }
        catch (OperationCanceledException)
        {
            await session.EndServerWorkAsync();
            throw;
        }
        catch (ServerError error)
        {
            throw Translate(error, subject, session.DeniedHint);
        }
        catch (Exception failure) when (failure is ConnectionBroken or InvalidDataException)
        {
            throw new AiShellException(ErrorKind.Failed, $"The connection to the server broke, on {subject}: {failure.Message.TrimEnd('.')}.", "Try again when the server can be reached.", failure);
        }
    }

    public static Task RunAsync(WireSession session, string subject, Action<WireSession> work, CancellationToken cancellationToken) =>
        RunAsync(
            session,
            subject,
            open =>
            {
                work(open);
                return true;
            },
            cancellationToken);
}
