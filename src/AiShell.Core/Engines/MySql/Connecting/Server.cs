using AiShell.Engines.MySql.Wire;
using MySqlConnector;

namespace AiShell.Engines.MySql.Connecting;

/// <summary>Opens sessions with the one server that the settings name, with everything set that a dump or a restore must not depend on.</summary>
internal static class Server
{
    /// <param name="database">Another database of the server; empty for none, null for the settings' own.</param>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Unreachable"/>: the server, the login or the database is not to be had.</exception>
    public static async Task<MySqlSession> OpenAsync(ConnectionSettings settings, CancellationToken cancellationToken, string? database = null)
    {
        Task<MySqlSession> opening = Task.Run(() => Open(settings.To(database ?? settings.Database)), cancellationToken);
        try
        {
            return await opening.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // The login is a blocking call, which ends by its timeout: nobody waits for it, and what it opens is closed.
            _ = opening.ContinueWith(late => late.Result.Dispose(), CancellationToken.None, TaskContinuationOptions.OnlyOnRanToCompletion, TaskScheduler.Default);
            throw;
        }
    }

    private static MySqlSession Open(ConnectionSettings settings)
    {
        MySqlSession? session = null;
        try
        {
            session = MySqlSession.Open(settings);
            Prepare(session);
            return session;
        }
        catch (Exception failure) when (failure is MySqlException or ServerError or ConnectionBroken or InvalidDataException or InvalidOperationException)
        {
            session?.Dispose();
            throw ServerErrors.TranslateLogin(failure, settings);
        }
    }

    private static void Prepare(MySqlSession session)
    {
        session.TakeOneStatementAtATime();
        session.Execute(
            "SET SESSION time_zone = '+00:00', sql_mode = 'NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES', wait_timeout = 86400, net_write_timeout = 3600, net_read_timeout = 3600, "
            + "sql_quote_show_create = 1, group_concat_max_len = 1073741824");
    }
}
