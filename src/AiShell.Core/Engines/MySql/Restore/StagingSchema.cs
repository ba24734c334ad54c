using System.Threading.Channels;
using AiShell.Engines.MySql.Connecting;
using AiShell.Engines.MySql.Snapshot;
using AiShell.Engines.MySql.Wire;

namespace AiShell.Engines.MySql.Restore;

/// <summary>A new database beside the target, and the sessions that fill it. Disposed without <see cref="PromoteAsync"/> it is dropped.</summary>
internal sealed class StagingSchema : IAsyncDisposable
{
    private readonly ConnectionSettings _settings;
    private readonly MySqlSession _admin;
    private readonly TargetOptions _options;
    private readonly uint _number = TargetNames.NewNumber();
    private readonly Channel<MySqlSession> _idle = Channel.CreateUnbounded<MySqlSession>();
    private readonly List<MySqlSession> _sessions = [];
    private readonly GlobalsRestore _globals = new();
    private bool _created;

    private StagingSchema(ConnectionSettings settings, MySqlSession admin, TargetOptions options, TableNameCase nameCase)
    {
        _settings = settings;
        _admin = admin;
        _options = options;
        NameCase = nameCase;
        Target = settings.Database;
        Name = TargetNames.Beside(Target, options.KeepStaging ? TargetNames.Copy : TargetNames.New, _number);
        Old = TargetNames.Beside(Target, options.KeepOld ? TargetNames.Kept : TargetNames.Old, _number);
    }

    public TableNameCase NameCase { get; }

    public string Target { get; }

    public string Name { get; }

    /// <summary>The database that takes what is replaced.</summary>
    public string Old { get; }

    /// <summary>LOAD DATA LOCAL is on.</summary>
    public bool TakesLocalFiles { get; private set; }

    /// <summary>Finds the server, and removes what killed restores to the same target left there.</summary>
    public static async Task<StagingSchema> PrepareAsync(ConnectionSettings settings, TargetOptions options, CancellationToken cancellationToken)
    {
        MySqlSession admin = await Server.OpenAsync(settings, cancellationToken, "");
        StagingSchema? staging = null;
        try
        {
            return await ServerErrors.RunAsync(
                admin,
                $"the server {settings.Server}",
                session =>
                {
                    TableNameCase nameCase = TableNameCase.Read(session);
                    staging = new StagingSchema(settings.To(nameCase.OfDatabase(settings.Database)), session, options, nameCase);
                    staging.PrepareSession(session);
                    staging.TakesLocalFiles = session.Scalar("SELECT @@local_infile") == "1";
                    Leftovers.Remove(session, staging.Target);
                    Leftovers.HoldMark(session, staging._number);
                    return staging;
                },
                cancellationToken);
        }
        catch
        {
            admin.Dispose();
            throw;
        }
    }

    /// <summary>A name in the target for what is in the way of a table until it is dropped.</summary>
    public string Aside(int index) => FormattableString.Invariant($"ai_shell_aside_{_number:x8}_{index}");

    /// <summary>Makes the roles and users that the server lacks; without <see cref="PromoteAsync"/> they go again.</summary>
    public Task MakeGlobalsAsync(IReadOnlyList<ScriptEntry> entries, Func<ScriptEntry, IEnumerable<string>> statementsOf, CancellationToken cancellationToken) =>
        ServerErrors.RunAsync(_admin, "users and roles", session => _globals.Make(session, entries, statementsOf), cancellationToken);

    /// <summary>Makes it empty.</summary>
    public async Task CreateAsync(DatabaseProperties properties, CancellationToken cancellationToken)
    {
        _created = true; // also when the answer does not come any more
        await ServerErrors.RunAsync(_admin, $"database '{Name}'", session => session.Execute($"CREATE DATABASE {SqlText.Quote(Name)} {DefaultsOf(properties)}"), cancellationToken);
    }

    /// <summary>What CREATE DATABASE takes.</summary>
    public static string DefaultsOf(DatabaseProperties properties) => $"CHARACTER SET {SqlText.Quote(properties.CharacterSet)} COLLATE {SqlText.Quote(properties.Collation)}";

    /// <summary>Asks about the target.</summary>
    public Task<T> AskAsync<T>(Func<MySqlSession, T> ask, CancellationToken cancellationToken) => ServerErrors.RunAsync(_admin, $"database '{Target}'", ask, cancellationToken);

    /// <summary>Runs work on a session of its own in the new database.</summary>
    public async Task<T> UseAsync<T>(string subject, Func<MySqlSession, T> work, CancellationToken cancellationToken)
    {
        if (!_created)
        {
            throw new AiShellException(ErrorKind.Integrity, "The backup's first part, which makes the database, is missing.", "Use another backup ('ai-shell backup list').");
        }

        MySqlSession session = _idle.Reader.TryRead(out MySqlSession? idle) ? idle : await OpenAsync(cancellationToken);
        T result = await ServerErrors.RunAsync(session, subject, work, cancellationToken);
        _idle.Writer.TryWrite(session); // after a failure it is not used again
        return result;
    }

    public Task UseAsync(string subject, Action<MySqlSession> work, CancellationToken cancellationToken) => UseAsync(
        subject,
        session =>
        {
            work(session);
            return true;
        },
        cancellationToken);

    /// <summary>As <see cref="IRestoreTarget.PromoteAsync"/>.</summary>
    /// <param name="plan">Made while the staging schema is complete and nobody works on it any more.</param>
    /// <returns>Where what was replaced is kept; null when it is not.</returns>
    public async Task<string?> PromoteAsync(Func<MySqlSession, PromotionPlan> plan, CancellationToken cancellationToken)
    {
        CloseSessions();
        return await ServerErrors.RunAsync(_admin, $"database '{Target}'", session => Promote(session, plan(session)), cancellationToken);
    }

    /// <summary>Leaves the new database where it is, with its note, in the place of one that was kept before.</summary>
    public async Task KeepAsync(KeptNote note, CancellationToken cancellationToken)
    {
        CloseSessions();
        await ServerErrors.RunAsync(_admin, $"database '{Name}'", session => Keep(session, note), cancellationToken);
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

    private string? Promote(MySqlSession session, PromotionPlan plan)
    {
        RequireMark(session);
        SystemAccounts.RequireReplaceable(session, Target, Name);
        try
        {
            new Promotion(session, plan, _number).Run(_options.LockWait, Done);
        }
        catch (ServerError error) when (error.Number == ServerErrors.LockWaitTimeout)
        {
            throw Busy(session, error);
        }

        return plan.KeepOld ? plan.Old : null;

        void Done()
        {
            _created = false;
            _globals.Keep();
        }
    }

    private void Keep(MySqlSession session, KeptNote note)
    {
        RequireMark(session);
        long turn = KeptDatabase.Find(session, Target) is [var before, ..] ? before.Head.Turn + 1 : 1;
        note.Write(session, Name, _number, Target, turn);
        _created = false;
        Leftovers.Remove(session, Target);
    }

    private void RequireMark(MySqlSession session)
    {
        if (!Leftovers.HoldsMark(session, _number))
        {
            throw new AiShellException(ErrorKind.Failed, "The restore's mark on the server was lost, so that others may have taken its copy for a leftover.", "Restore again.");
        }
    }

    private AiShellException Busy(MySqlSession session, ServerError error)
    {
        string[] users =
        [
            .. OtherSession.ReadAll(session).Where(one => one.Id != session.Id && string.Equals(one.Database, Target, StringComparison.OrdinalIgnoreCase))
                .OrderByDescending(one => one.Seconds).Take(5)
                .Select(one => $"session {one.Id}: {one.User} from {one.Client}, {(one.State.Length > 0 ? one.State : one.Command)}"),
        ];
        return new AiShellException(
            ErrorKind.Busy,
            $"Others use tables of '{Target}', so they cannot be replaced{(users.Length > 0 ? $": {string.Join("; ", users)}" : "")}.",
            "Stop what uses them, or wait longer with --lock-wait.",
            error);
    }

    private async Task DropAsync()
    {
        try
        {
            using MySqlSession session = await Server.OpenAsync(_settings, CancellationToken.None, "");
            await ServerErrors.RunAsync(
                session,
                $"database '{Name}'",
                open =>
                {
                    PrepareSession(open);
                    _globals.Undo(open);
                    if (DatabaseListing.Exists(open, Old) && DatabaseListing.Read(open, Old).Count == 0)
                    {
                        TargetNames.Drop(open, Old);
                    }

                    TargetNames.Drop(open, Name); // the journal goes last
                },
                CancellationToken.None);
        }
        catch (AiShellException)
        {
            // The failure that brought us here is the one to tell; the next restore to this target drops what is left.
        }
    }

    private async Task<MySqlSession> OpenAsync(CancellationToken cancellationToken)
    {
        MySqlSession session = await Server.OpenAsync(_settings, cancellationToken, Name);
        lock (_sessions)
        {
            _sessions.Add(session);
        }

        await ServerErrors.RunAsync(session, $"database '{Name}'", PrepareSession, cancellationToken);
        return session;
    }

    /// <summary>
    /// Rows come before their keys are checked, and a table's parts wait for each other as long as it takes. With unique_checks = 0 as well,
    /// MariaDB would collect and sort the rows of an empty table, which have their order already: twice the processor's time.
    /// </summary>
    private void PrepareSession(MySqlSession session)
    {
        session.Execute("SET SESSION foreign_key_checks = 0, unique_checks = 1, innodb_lock_wait_timeout = 86400, wait_timeout = 2147483, lock_wait_timeout = 86400");
        if (_options.WithoutBinaryLog)
        {
            session.Execute("SET SESSION sql_log_bin = 0");
        }

        if (session.Features.GivesPrimaryKeys && session.Scalar("SELECT @@sql_generate_invisible_primary_key") == "1")
        {
            session.Execute("SET SESSION sql_generate_invisible_primary_key = 0"); // a table without a key is restored without one
        }
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
