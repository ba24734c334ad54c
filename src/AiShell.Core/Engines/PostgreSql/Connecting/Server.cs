using System.Collections.Concurrent;
using System.Net.Sockets;
using AiShell.Engines.PostgreSql.Wire;

namespace AiShell.Engines.PostgreSql.Connecting;

/// <summary>
/// The one server, of those that the settings name, that a job works with: a snapshot is known to the server that exported it and to
/// no other, so every further session goes there too.
/// </summary>
internal sealed class Server
{
    // Whatever the user or the server has set, a dump reads and writes values in one form only, and waits for no human.
    private const string SessionSettings =
        "SET DateStyle = ISO; SET IntervalStyle = postgres; SET extra_float_digits = 3; SET bytea_output = hex; SET TimeZone = 'UTC'; "
        + "SET standard_conforming_strings = on; SET synchronize_seqscans = off; SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; "
        + "SET client_min_messages = warning; SET xmloption = content; SET check_function_bodies = off; SET row_security = off; "
        + "SET tcp_keepalives_idle = 60; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 6; "
        + "SELECT pg_catalog.set_config('search_path', '', false)";

    // A silent query, an index build or a lock wait, otherwise goes on for hours after its client was killed.
    private const string ClientCheck = "SET client_connection_check_interval = '2s'";

    /// <summary>The encoding of databases that take any bytes (manual, "Character Set Support").</summary>
    public const string Unconverted = "SQL_ASCII";

    private const int FirstWithClientCheck = 140000;
    private const int FirstWithTransactionTimeout = 170000;
    private const string NotOnThisPlatform = "22023";

    private readonly TlsMode _tls;
    private readonly ConcurrentDictionary<string, bool> _known = new(StringComparer.Ordinal);

    private Server(ConnectionSettings settings, ServerHost host, Opened first)
    {
        Settings = settings;
        Host = host;
        _tls = first.Tls;
        _known[settings.Database] = true;
        IsPooled = first.IsPooled;
        Version = first.Session.ServerVersion;
        VersionText = first.Session.ServerVersionText;
    }

    public ConnectionSettings Settings { get; }

    public ServerHost Host { get; }

    /// <summary>150018 for 15.18.</summary>
    public int Version { get; }

    public string VersionText { get; }

    /// <summary>A pooler stands before it: the server's sessions live on in their databases when ours have ended.</summary>
    public bool IsPooled { get; }

    /// <summary>Opens a session with the first host that takes us, and with it finds the server.</summary>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Unreachable"/>: none takes us; why is in the message, for each.</exception>
    public static async Task<(Server Server, WireSession Session)> FindAsync(ConnectionSettings settings, CancellationToken cancellationToken)
    {
        List<AiShellException> failures = [];
        foreach (ServerHost host in settings.Hosts)
        {
            try
            {
                Opened first = await OpenAsync(host, settings, isKnown: false, cancellationToken);
                if (!settings.Wants.IsServedBy(first.Session))
                {
                    first.Session.Dispose();
                    failures.Add(new AiShellException(
                        ErrorKind.Unreachable, $"The server {host} is not what target_session_attrs={settings.Wants.Name} asks for.", "Name further hosts, or leave target_session_attrs out."));
                    continue;
                }

                return (new Server(settings, host, first), first.Session);
            }
            catch (AiShellException failure) when (failure.Kind == ErrorKind.Unreachable)
            {
                failures.Add(failure);
            }
        }

        if (settings.Wants.Otherwise is { } less)
        {
            return await FindAsync(settings with { Wants = less }, cancellationToken);
        }

        throw failures.Count == 1 ? failures[0] : new AiShellException(
            ErrorKind.Unreachable, string.Join(" ", failures.Select(failure => failure.Message)), failures.LastOrDefault()?.Hint,
            failures.Select(failure => failure.InnerException).OfType<ServerError>().FirstOrDefault());
    }

    /// <summary>A further session with the same server, in the same or another database.</summary>
    public async Task<WireSession> OpenAsync(CancellationToken cancellationToken, string? database = null)
    {
        ConnectionSettings settings = Settings with { Tls = _tls, Database = database ?? Settings.Database };
        Opened further = await OpenAsync(Host, settings, _known.ContainsKey(settings.Database), cancellationToken);
        _known[settings.Database] = true; // a pooler may have each database in another mode
        return further.Session;
    }

    /// <summary>
    /// Works in a database for a moment and leaves no session there. A pooler would keep the server's for the next who asks, and nobody
    /// could rename the database.
    /// </summary>
    public async Task<T> VisitAsync<T>(string database, Func<WireSession, T> work, CancellationToken cancellationToken)
    {
        using WireSession session = await OpenAsync(cancellationToken, database);
        T result = await ServerErrors.RunAsync(session, $"database '{database}'", work, cancellationToken);
        if (IsPooled)
        {
            await Task.Run(() => PoolerCheck.EndProcess(session), cancellationToken);
        }

        return result;
    }

    /// <summary>As <see cref="OpenAsync(CancellationToken, string?)"/> in the middle of a job, which fails when the server takes no session any more.</summary>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Failed"/>.</exception>
    public async Task<WireSession> OpenMeanwhileAsync(string subject, CancellationToken cancellationToken, string? database = null)
    {
        try
        {
            return await OpenAsync(cancellationToken, database);
        }
        catch (AiShellException failure) when (failure.Kind == ErrorKind.Unreachable)
        {
            throw new AiShellException(ErrorKind.Failed, $"No further session could be had, on {subject}: {failure.Message}", failure.Hint, failure);
        }
    }

    private static async Task<Opened> OpenAsync(ServerHost host, ConnectionSettings settings, bool isKnown, CancellationToken cancellationToken)
    {
        // 'prefer' and 'allow' try the other way when the server's pg_hba.conf has no line for the first (manual, "SSL Mode Descriptions").
        TlsMode[] ways = host.IsSocket ? [TlsMode.Disable] : settings.Tls switch
        {
            TlsMode.Prefer => [TlsMode.Prefer, TlsMode.Disable],
            TlsMode.Allow => [TlsMode.Disable, TlsMode.Require],
            TlsMode mode => [mode],
        };
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(settings.ConnectTimeout);
        for (int way = 0; ; way++)
        {
            try
            {
                return await OpenAsync(host, settings, ways[way], isKnown, patience.Token);
            }
            catch (ServerError refusal) when (way + 1 < ways.Length && refusal.SqlState == "28000")
            {
                // The other way round.
            }
            catch (ServerError refusal)
            {
                throw ServerErrors.TranslateLogin(refusal, $"the server {host}", settings.Database);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                throw Unreachable(host, $"no answer within {settings.ConnectTimeout.TotalSeconds:0} seconds", null);
            }
            catch (Exception failure) when (failure is SocketException or IOException or InvalidDataException)
            {
                throw Unreachable(host, failure.Message.TrimEnd('.'), failure);
            }
        }
    }

    private static async Task<Opened> OpenAsync(ServerHost host, ConnectionSettings settings, TlsMode tls, bool isKnown, CancellationToken cancellationToken)
    {
        ConnectionSettings by = settings with { Tls = tls };
        WireSession session = await StartAsync(host, by, cancellationToken);
        try
        {
            await using CancellationTokenRegistration close = session.CloseOn(cancellationToken);
            bool isPooled = !isKnown && await PoolerCheck.RequireOwnSessionAsync(host, session, () => StartAsync(host, by, cancellationToken), cancellationToken);
            await Task.Run(() => Prepare(session), cancellationToken);
            return new Opened(session, tls, isPooled);
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    /// <summary>A session in which nothing is set yet.</summary>
    private static async Task<WireSession> StartAsync(ServerHost host, ConnectionSettings settings, CancellationToken cancellationToken)
    {
        WireChannel channel = await WireConnector.OpenAsync(host, settings, cancellationToken);
        await using CancellationTokenRegistration close = cancellationToken.Register(channel.Connection.Dispose);
        try
        {
            return await Task.Run(
                () =>
                {
                    WireSession session = WireSession.Start(channel, settings.User, settings.Database, settings.Password(host), settings.ServerOptions);
                    session.CancelsBy(token => WireConnector.OpenAsync(host, settings, token));
                    session.DeniedHint = settings.DeniedHint;
                    return session;
                },
                cancellationToken);
        }
        catch (Exception failure) when (cancellationToken.IsCancellationRequested && failure is IOException or ObjectDisposedException or SocketException)
        {
            throw new OperationCanceledException("The connection took too long.", failure, cancellationToken);
        }
    }

    private static void Prepare(WireSession session)
    {
        session.Execute(SessionSettings);
        if (session.Parameter("server_encoding") == Unconverted)
        {
            // The bytes of such a database are of no known encoding; as UTF-8 the server would not take them back.
            session.Execute($"SET client_encoding = {Unconverted}");
        }

        if (session.ServerVersion >= FirstWithTransactionTimeout)
        {
            session.Execute("SET transaction_timeout = 0");
        }

        if (session.ServerVersion < FirstWithClientCheck)
        {
            return;
        }

        session.Execute("SET idle_session_timeout = 0");
        try
        {
            session.Execute(ClientCheck);
        }
        catch (ServerError error) when (error.SqlState == NotOnThisPlatform)
        {
            // The server's system cannot look; there a query ends when it next writes.
        }
    }

    private static AiShellException Unreachable(ServerHost host, string why, Exception? cause) => new(
        ErrorKind.Unreachable,
        $"The PostgreSQL server {host} cannot be reached: {why}.",
        "Check the host, the port, and that the server runs and listens there (listen_addresses).",
        cause);

    private sealed record Opened(WireSession Session, TlsMode Tls, bool IsPooled);
}
