using AiShell.Engines.MySql.Connecting;
using AiShell.Engines.MySql.Wire;
using MySqlConnector;

namespace AiShell.Engines.MySql;

/// <summary>What the server says, in the terms of exit codes (manual, "Server Error Message Reference").</summary>
internal static class ServerErrors
{
    public const int NoDatabasePrivilege = 1044;
    public const int NoSuchDatabase = 1008;
    public const int NoSuchTable = 1146;
    public const int LockWaitTimeout = 1205;
    public const int InvalidView = 1356;
    public const int TriggerExists = 1359;

    /// <param name="subject">What was being done or to what, for the message: <c>table 'orders'</c>.</param>
    public static AiShellException Translate(ServerError error, string subject) =>
        new(ErrorKind.Failed, $"The server reports an error, on {subject}: {error.Message.TrimEnd('.')} (error {error.Number}).", null, error);

    /// <summary>A session that could not be opened: whatever the reason, the server cannot be used.</summary>
    public static AiShellException TranslateLogin(Exception failure, ConnectionSettings settings)
    {
        (int number, string says) = failure switch
        {
            ServerError error => (error.Number, error.Message),
            MySqlException error when error.Message.StartsWith("Connect Timeout", StringComparison.Ordinal) => (0, $"no answer within {settings.ConnectTimeout.TotalSeconds:0} seconds"),
            MySqlException error => (error.Number, Reason(error)),
            _ => (0, failure.Message),
        };
        string hint = number switch
        {
            1045 or 1698 => "Check the user and the password, and that the server has an account for the host that you come from.",
            1044 => $"GRANT the user SELECT and the rest of docs/mysql.md on {SqlText.Quote(settings.Database)}.",
            1049 => "Check the database's name.",
            1040 or 1203 or 1226 => "Try again when the server has room, or use fewer --jobs.",
            1129 => "The server refuses this host after too many failed attempts: FLUSH HOSTS there.",
            1130 => "The server has no account for the host that you come from.",
            1820 or 1862 or 4151 or 3118 => "The account must be put in order on the server first: its password has expired, or it is locked.",
            1251 or 1275 or 2059 => "Give the account a password of another kind, for example ALTER USER … IDENTIFIED VIA mysql_native_password (MariaDB) or caching_sha2_password (MySQL).",
            _ => "Check the host, the port, and that the server runs and listens there (bind_address).",
        };
        return new AiShellException(ErrorKind.Unreachable, $"The server {settings.Server} cannot be used: {says.TrimEnd('.')}.", hint, failure);
    }

    /// <summary>MySqlConnector says little where a cause says more.</summary>
    private static string Reason(MySqlException error) => error.InnerException is { } cause and not MySqlException ? $"{error.Message.TrimEnd('.')} ({cause.Message.TrimEnd('.')})" : error.Message;

    /// <summary>Runs blocking work on a session away from the caller's thread, cancellable, with errors in the terms of this program.</summary>
    public static async Task<T> RunAsync<T>(MySqlSession session, string subject, Func<MySqlSession, T> work, CancellationToken cancellationToken)
    {
        await using CancellationTokenRegistration close = cancellationToken.Register(session.Dispose);
        try
        {
            return await Task.Run(() => work(session), cancellationToken);
        }
        catch (Exception failure) when (cancellationToken.IsCancellationRequested && failure is ConnectionBroken or ObjectDisposedException)
        {
            throw new OperationCanceledException("The session was closed.", failure, cancellationToken);
        }
        catch (ServerError error)
        {
            throw Translate(error, subject);
        }
        catch (Exception failure) when (failure is ConnectionBroken or InvalidDataException)
        {
            throw new AiShellException(ErrorKind.Failed, $"The connection to the server broke, on {subject}: {failure.Message.TrimEnd('.')}.", "Try again when the server can be reached.", failure);
        }
    }

    public static Task RunAsync(MySqlSession session, string subject, Action<MySqlSession> work, CancellationToken cancellationToken) =>
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
