using System.Threading.Channels;
using AiShell.Engines.PostgreSql.Connecting;
using AiShell.Engines.PostgreSql.Schema;
using AiShell.Engines.PostgreSql.Snapshot;
using AiShell.Engines.PostgreSql.Wire;

namespace AiShell.Engines.PostgreSql.Restore;

/// <summary>A new database beside the target, and the sessions that fill it. Disposed without <see cref="PromoteAsync"/> it is dropped.</summary>
internal sealed class StagingDatabase : IAsyncDisposable
{
    // For all workers together; little for a server that holds the data twice. What a sort needs for one pass of merging grows slowly with
    // the table, and more only takes the sort out of the processor's caches: 32 MB took three quarters of the time of 256 MB for 4 million rows.
    private const long MostMaintenanceMegabytes = 512;
    private const long LeastMaintenanceMegabytes = 32;
    private const long TableBytesPerMaintenanceByte = 64;

    // Of CREATE DATABASE: a name that the C library does not know, one that ICU does not take.
    private const string NoSuchLocale = "42809";
    private const string BadLocale = "22023";
    private const string NoLocaleHint = "Have the locale on the server's machine. To do without it: 'ai-shell backup export', CREATE DATABASE … TEMPLATE template0 with another one, and psql.";

    private readonly Server _server;
    private readonly WireSession _admin;
    private readonly string _target;
    private readonly uint _number = TargetNames.NewNumber();
    private readonly Channel<WireSession> _idle = Channel.CreateUnbounded<WireSession>();
    private readonly List<WireSession> _sessions = [];
    private readonly GlobalsRestore _globals = new();
    private bool _created;

    private StagingDatabase(Server server, WireSession admin, string target, long maintenanceMegabytes)
    {
        _server = server;
        _admin = admin;
        _target = target;
        MaintenanceMegabytes = maintenanceMegabytes;
        Name = TargetNames.Beside(target, TargetNames.New, _number);
    }

    public string Name { get; }

    /// <summary>What a session may use to build an index.</summary>
    public long MaintenanceMegabytes { get; }

    /// <summary>Where the replaced database is kept; null when none is.</summary>
    public string? KeptAs { get; private set; }

    /// <summary>Finds the server, and removes what killed restores to the same target left there.</summary>
    public static async Task<StagingDatabase> PrepareAsync(ConnectionSettings settings, int workers, long largestTableBytes, CancellationToken cancellationToken)
    {
        (Server server, WireSession admin) = await MaintenanceDatabase.FindAsync(settings, cancellationToken);
        long megabytes = Math.Clamp(
            largestTableBytes / TableBytesPerMaintenanceByte / (1024 * 1024), LeastMaintenanceMegabytes, Math.Max(LeastMaintenanceMegabytes, MostMaintenanceMegabytes / Math.Max(1, workers)));
        StagingDatabase staging = new(server, admin, settings.Database, megabytes);
        try
        {
            await ServerErrors.RunAsync(
                admin,
                $"the server {server.Host}",
                session =>
                {
                    Leftovers.Remove(server, session, settings.Database);
                    Leftovers.HoldMark(session, staging._number);
                },
                cancellationToken);
            return staging;
        }
        catch
        {
            await staging.DisposeAsync();
            throw;
        }
    }

    /// <summary>Makes the roles and tablespaces that the server lacks; without <see cref="PromoteAsync"/> they go again.</summary>
    public Task MakeGlobalsAsync(GlobalsScript script, CancellationToken cancellationToken) =>
        ServerErrors.RunAsync(_admin, "roles and tablespaces", session => _globals.Make(session, script), cancellationToken);

    /// <summary>Makes it empty, with what the source was made with.</summary>
    public async Task CreateAsync(DatabaseProperties properties, CancellationToken cancellationToken)
    {
        string locale = (properties.LocaleProvider, properties.Locale) switch
        {
            ("icu", string icu) when _server.Version >= 150000 => $" LOCALE_PROVIDER icu ICU_LOCALE {SqlText.Literal(icu)}{RulesOf(properties)}",
            ("builtin", string builtin) when _server.Version >= 170000 => $" LOCALE_PROVIDER builtin BUILTIN_LOCALE {SqlText.Literal(builtin)}",
            _ => "",
        };
        string tablespace = properties.Tablespace is { } place ? $" TABLESPACE {SqlText.Quote(place)}" : "";
        _created = true; // also when the answer does not come any more
        try
        {
            await ServerErrors.RunAsync(
                _admin,
                $"database '{_target}'",
                session => session.Execute(
                    $"CREATE DATABASE {SqlText.Quote(Name)} TEMPLATE template0 ENCODING {SqlText.Literal(properties.Encoding)} "
                    + $"LC_COLLATE {SqlText.Literal(properties.Collate)} LC_CTYPE {SqlText.Literal(properties.CharacterType)}{locale}{tablespace}"),
                cancellationToken);
        }
        catch (AiShellException failure) when (failure.InnerException is ServerError { SqlState: NoSuchLocale or BadLocale })
        {
            throw new AiShellException(failure.Kind, failure.Message, NoLocaleHint, failure);
        }
    }

    private static string RulesOf(DatabaseProperties properties) => properties.IcuRules is { } rules ? $" ICU_RULES {SqlText.Literal(rules)}" : "";

    /// <summary>Runs work on a session of its own in the new database.</summary>
    public async Task<T> UseAsync<T>(string subject, Func<WireSession, T> work, CancellationToken cancellationToken)
    {
        WireSession session = await TakeSessionAsync(subject, cancellationToken);
        T result = await ServerErrors.RunAsync(session, subject, work, cancellationToken);
        ReturnSession(session);
        return result;
    }

    public Task UseAsync(string subject, Action<WireSession> work, CancellationToken cancellationToken) => UseAsync(
        subject,
        session =>
        {
            work(session);
            return true;
        },
        cancellationToken);

    /// <summary>A session in the new database for the caller alone, until it is returned; after a failure it is not.</summary>
    public async Task<WireSession> TakeSessionAsync(string subject, CancellationToken cancellationToken)
    {
        if (!_created)
        {
            throw new AiShellException(ErrorKind.Integrity, "The backup's first part, which makes the database, is missing.", "Use another backup ('ai-shell backup list').");
        }

        return _idle.Reader.TryRead(out WireSession? idle) ? idle : await OpenAsync(subject, cancellationToken);
    }

    public void ReturnSession(WireSession session) => _idle.Writer.TryWrite(session);

    /// <summary>As <see cref="IRestoreTarget.PromoteAsync"/>.</summary>
    public async Task PromoteAsync(TargetOptions options, CancellationToken cancellationToken)
    {
        CloseSessions();
        DatabaseSwap swap = new(_server, _admin, _target, Name, _number);
        KeptAs = await swap.RunAsync(options, Done, cancellationToken);

        void Done()
        {
            _created = false;
            _globals.Keep();
        }
    }

    public async ValueTask DisposeAsync()
    {
        CloseSessions();
        try
        {
            if (_created || _globals.HasMade)
            {
                await DropAsync();
            }
        }
        finally
        {
            _admin.Dispose();
        }
    }

    private async Task DropAsync()
    {
        try
        {
            using WireSession session = await _server.OpenAsync(CancellationToken.None);
            await ServerErrors.RunAsync(session, $"database '{Name}'", Drop, CancellationToken.None);
        }
        catch (AiShellException)
        {
            // The failure that brought us here is the one to tell; the next restore to this target drops what is left.
        }
    }

    private void Drop(WireSession session)
    {
        if (_created)
        {
            TargetNames.DropCopy(_server, session, Name);
        }

        _globals.Undo(session);
    }

    private async Task<WireSession> OpenAsync(string subject, CancellationToken cancellationToken)
    {
        WireSession session = await _server.OpenMeanwhileAsync(subject, cancellationToken, Name);
        lock (_sessions)
        {
            _sessions.Add(session);
        }

        await ServerErrors.RunAsync(
            session,
            $"database '{Name}'",
            open => open.Execute($"SET maintenance_work_mem = '{MaintenanceMegabytes}MB'; SET synchronous_commit = off"),
            cancellationToken);
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
