using System.Threading.Channels;
using AiShell.Engines.PostgreSql.Connecting;
using AiShell.Engines.PostgreSql.Snapshot;
using AiShell.Engines.PostgreSql.Wire;

namespace AiShell.Engines.PostgreSql.Restore;

/// <summary>A new database beside the target, and the sessions that fill it. Disposed without <see cref="PromoteAsync"/> it is dropped.</summary>
internal sealed class StagingDatabase : IAsyncDisposable
{
    private const string MaintenanceDatabase = "postgres";
    private static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(100);

    // Index builds take what they get; half a gigabyte for all workers together is little for a server that holds the data twice.
    private const int MaintenanceMegabytes = 512;

    private readonly Server _server;
    private readonly WireSession _admin;
    private readonly string _target;
    private readonly int _workers;
    private readonly Channel<WireSession> _idle = Channel.CreateUnbounded<WireSession>();
    private readonly List<WireSession> _sessions = [];
    private bool _created;

    private StagingDatabase(Server server, WireSession admin, string target, int workers)
    {
        _server = server;
        _admin = admin;
        _target = target;
        _workers = Math.Max(1, workers);
        Name = TargetNames.Beside(target, "new");
    }

    public string Name { get; }

    public Server Server => _server;

    public static async Task<StagingDatabase> PrepareAsync(ConnectionSettings settings, int workers, CancellationToken cancellationToken)
    {
        (Server server, WireSession admin) = await Server.FindAsync(settings.To(MaintenanceDatabase), cancellationToken);
        return new StagingDatabase(server, admin, settings.Database, workers);
    }

    /// <summary>The roles that the server has.</summary>
    public Task<string[]> ListRolesAsync(CancellationToken cancellationToken) => ServerErrors.RunAsync(
        _admin, "the server's roles", session => session.Query("SELECT rolname FROM pg_roles").Select(row => row[0]!).ToArray(), cancellationToken);

    /// <summary>Makes it empty, with what the source was made with.</summary>
    public async Task CreateAsync(DatabaseProperties properties, CancellationToken cancellationToken)
    {
        string locale = (properties.LocaleProvider, properties.Locale) switch
        {
            ("icu", string icu) when _server.Version >= 150000 => $" LOCALE_PROVIDER icu ICU_LOCALE {SqlText.Literal(icu)}",
            ("builtin", string builtin) when _server.Version >= 170000 => $" LOCALE_PROVIDER builtin BUILTIN_LOCALE {SqlText.Literal(builtin)}",
            _ => "",
        };
        await ServerErrors.RunAsync(
            _admin,
            $"database '{_target}'",
            session => session.Execute(
                $"CREATE DATABASE {SqlText.Quote(Name)} TEMPLATE template0 ENCODING {SqlText.Literal(properties.Encoding)} "
                + $"LC_COLLATE {SqlText.Literal(properties.Collate)} LC_CTYPE {SqlText.Literal(properties.CharacterType)}{locale}"),
            cancellationToken);
        _created = true;
    }

    /// <summary>Runs work on a session of its own in the new database.</summary>
    public async Task<T> UseAsync<T>(string subject, Func<WireSession, T> work, CancellationToken cancellationToken)
    {
        if (!_created)
        {
            throw new AiShellException(ErrorKind.Integrity, "The backup's first part, which makes the database, is missing.", "Use another backup ('ai-shell backup list').");
        }

        WireSession session = _idle.Reader.TryRead(out WireSession? idle) ? idle : await OpenAsync(cancellationToken);
        T result = await ServerErrors.RunAsync(session, subject, work, cancellationToken);
        _idle.Writer.TryWrite(session);
        return result;
    }

    /// <summary>Gives the new database the target's name, in one transaction with the renaming of the one that had it, which is then dropped.</summary>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Busy"/>: others are connected to the target.</exception>
    public async Task PromoteAsync(bool replace, TimeSpan lockWait, CancellationToken cancellationToken)
    {
        CloseSessions();
        string old = TargetNames.Beside(_target, "old");
        long start = System.Diagnostics.Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                bool replaced = await ServerErrors.RunAsync(_admin, $"database '{_target}'", session => Rename(session, old, replace), cancellationToken);
                _created = false;
                if (replaced)
                {
                    await ServerErrors.RunAsync(_admin, $"database '{old}'", session => session.Execute($"DROP DATABASE {SqlText.Quote(old)}"), CancellationToken.None);
                }

                return;
            }
            catch (AiShellException failure) when (failure.InnerException is ServerError { SqlState: "55006" })
            {
                if (System.Diagnostics.Stopwatch.GetElapsedTime(start) > lockWait)
                {
                    throw new AiShellException(
                        ErrorKind.Busy,
                        $"Others are connected to the database '{_target}', so it cannot be replaced: {((ServerError)failure.InnerException).Detail ?? failure.InnerException.Message}",
                        "Stop what uses it, or wait longer with --lock-wait. SELECT * FROM pg_stat_activity shows who it is.",
                        failure);
                }

                await Task.Delay(RetryPause, cancellationToken);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        CloseSessions();
        try
        {
            if (_created)
            {
                // A session that was closed a moment ago may still be ending.
                await DropAsync($"DROP DATABASE IF EXISTS {SqlText.Quote(Name)} WITH (FORCE)");
            }
        }
        finally
        {
            _admin.Dispose();
        }
    }

    private async Task DropAsync(string statement)
    {
        try
        {
            using WireSession session = await _server.OpenAsync(CancellationToken.None);
            await ServerErrors.RunAsync(session, $"database '{Name}'", open => open.Execute(statement), CancellationToken.None);
        }
        catch (AiShellException) when (_admin is not null)
        {
            // The failure that brought us here is the one to tell; the database's name says what it is and may be dropped by hand.
        }
    }

    private bool Rename(WireSession session, string old, bool replace)
    {
        bool exists = session.Scalar("SELECT 1 FROM pg_database WHERE datname = $1", _target) is not null;
        if (exists && !replace)
        {
            throw new AiShellException(ErrorKind.Refused, $"A database '{_target}' was made in the meantime.", "Add --force to replace it, or restore to another name with -d.");
        }

        string step = exists ? $"ALTER DATABASE {SqlText.Quote(_target)} RENAME TO {SqlText.Quote(old)}; " : "";
        try
        {
            session.Execute($"BEGIN; {step}ALTER DATABASE {SqlText.Quote(Name)} RENAME TO {SqlText.Quote(_target)}; COMMIT");
        }
        catch (ServerError)
        {
            session.Execute("ROLLBACK");
            throw;
        }

        return exists;
    }

    private async Task<WireSession> OpenAsync(CancellationToken cancellationToken)
    {
        WireSession session = await _server.OpenAsync(cancellationToken, Name);
        lock (_sessions)
        {
            _sessions.Add(session);
        }

        session.Execute($"SET maintenance_work_mem = '{Math.Max(64, MaintenanceMegabytes / _workers)}MB'; SET synchronous_commit = off");
        return session;
    }

    private void CloseSessions()
    {
        _idle.Writer.TryComplete();
        lock (_sessions)
        {
            _sessions.ForEach(session => session.Dispose());
            _sessions.Clear();
        }
    }
}
