using AiShell.Engines.MySql.Wire;
using MySqlConnector;

namespace AiShell.Engines.MySql;

/// <summary>What the server says, in the terms of exit codes (manual, "Server Error Message Reference").</summary>
internal static class ServerErrors
{
    /// <param name="subject">What was being done or to what, for the message: <c>table 'orders'</c>.</param>
    public static AiShellException Translate(ServerError error, string subject) =>
        new(ErrorKind.Failed, $"The server reports an error, on {subject}: {error.Message.TrimEnd('.')} (error {error.Number}).", null, error);

    /// <summary>A session that could not be opened.</summary>
    public static AiShellException TranslateLogin(MySqlException error, string server) =>
        new(ErrorKind.Unreachable, $"The server {server} cannot be used: {error.Message.TrimEnd('.')}.", "Check the host, the port, the user and the password.", error);

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
