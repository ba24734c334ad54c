using AiShell.Engines.MySql.Wire;
using MySqlConnector;

namespace AiShell.Engines.MySql.Connecting;

/// <summary>Opens sessions with the one server that the settings name, with everything set that a dump or a restore must not depend on.</summary>
internal static class Server
{
    // Whatever the server or init_connect has set: values read and written in one form only, no row left out, and no session ended because the
    // store is slow or another worker is not done. max_allowed_packet is the server's alone.
    private static readonly string[] Settings =
    [
        "time_zone = '+00:00'", "sql_mode = 'NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES'", "autocommit = 1", "sql_select_limit = 18446744073709551615", "sql_big_selects = 1",
        "sql_auto_is_null = 0", "sql_quote_show_create = 1", "group_concat_max_len = 1073741824", "wait_timeout = 86400", "net_write_timeout = 3600", "net_read_timeout = 3600",
    ];

    private static readonly string[] MariaDbSettings =
        ["max_statement_time = 0", "idle_transaction_timeout = 0", "idle_readonly_transaction_timeout = 0", "idle_write_transaction_timeout = 0"];

    private static readonly string[] MySqlSettings = ["max_execution_time = 0"];

    // Else sizes of tables are as they were a day ago, and those of new ones 0.
    private static readonly string[] DictionarySettings = ["information_schema_stats_expiry = 0"];

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

    /// <summary>As above in the middle of a job, which fails when the server takes no session any more.</summary>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Failed"/>.</exception>
    public static async Task<MySqlSession> OpenMeanwhileAsync(ConnectionSettings settings, string subject, CancellationToken cancellationToken, string? database = null)
    {
        try
        {
            return await OpenAsync(settings, cancellationToken, database);
        }
        catch (AiShellException failure) when (failure.Kind == ErrorKind.Unreachable)
        {
            throw new AiShellException(ErrorKind.Failed, $"No further session could be had, on {subject}: {failure.Message}", failure.Hint, failure);
        }
    }

    private static MySqlSession Open(ConnectionSettings settings)
    {
        MySqlSession? session = null;
        try
        {
            session = LogIn(settings);
            Prepare(session);
            return session;
        }
        catch (Exception failure) when (failure is MySqlException or ServerError or ConnectionBroken or InvalidDataException or InvalidOperationException or NotSupportedException)
        {
            session?.Dispose();
            throw ServerErrors.TranslateLogin(failure, settings);
        }
    }

    /// <summary>On a socket the password itself may be said, but MySqlConnector does so over TLS alone; a server of MySQL asks for it once, and knows it then.</summary>
    private static MySqlSession LogIn(ConnectionSettings settings)
    {
        try
        {
            return MySqlSession.Open(settings);
        }
        catch (MySqlException failure) when (settings is { Socket: not null, Tls: TlsMode.Disabled } && ServerErrors.IsAskedForPassword(failure))
        {
            return MySqlSession.Open(settings with { Tls = TlsMode.Required });
        }
    }

    private static void Prepare(MySqlSession session)
    {
        session.TakeOneStatementAtATime();
        session.Execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ WRITE"); // no other takes CONSISTENT SNAPSHOT
        string[] own = session.Features.IsMariaDb ? MariaDbSettings : session.Features.CachesTableSizes ? [.. MySqlSettings, .. DictionarySettings] : MySqlSettings;
        session.Execute($"SET SESSION {string.Join(", ", Settings.Concat(own))}");
    }
}
