using AiShell.Engines.MySql.Connecting;
using AiShell.Engines.MySql.Log;
using AiShell.Engines.MySql.Snapshot;
using AiShell.Engines.MySql.Wire;

namespace AiShell.Engines.MySql.Restore;

/// <summary>
/// A scratch database beside the target, for machines without a server's programs. Nothing of it is in the server's binary log, so that no replica does again what is to come and go here.
/// What a killed process left, the next restore to the same target drops, the account first.
/// </summary>
internal sealed class LimitedPlace : IReplayPlace
{
    private readonly ConnectionSettings _settings;
    private readonly MySqlSession _admin;
    private readonly uint _number;
    private readonly string _source;
    private readonly LimitedAccount _account;
    private readonly bool _leavesLogOut;
    private readonly string _install;

    private LimitedPlace(ConnectionSettings settings, MySqlSession admin, string source, string install)
    {
        _install = install;
        _settings = settings;
        _admin = admin;
        _source = source;
        _number = TargetNames.NewNumber();
        Copy = settings.To(TargetNames.Beside(TargetNames.RootOf(settings.Database), TargetNames.Replay, _number));
        _account = new LimitedAccount(Copy.Database, _number);
        _leavesLogOut = LimitedRequirements.HasBinaryLog(admin);
    }

    public ConnectionSettings Copy { get; }

    public string Name => $"the scratch database '{Copy.Database}'";

    /// <param name="settings">Of the target.</param>
    /// <param name="source">What the log calls the database.</param>
    /// <param name="lowerCaseTableNames">As the source had it.</param>
    public static async Task<IReplayPlace> OpenAsync(ConnectionSettings settings, string source, int lowerCaseTableNames, BackupContents contents, CancellationToken cancellationToken)
    {
        MySqlSession admin = await Server.OpenAsync(settings, cancellationToken, "");
        LimitedPlace? place = null;
        try
        {
            await ServerErrors.RunAsync(
                admin,
                $"a scratch database beside '{settings.Database}'",
                session =>
                {
                    LimitedRequirements requirements = new(session, settings.Database, contents);
                    if ((requirements.FindObstacles().FirstOrDefault() ?? requirements.FindOtherCase(lowerCaseTableNames)) is { } obstacle)
                    {
                        throw obstacle;
                    }

                    place = new LimitedPlace(settings, session, source, requirements.Install);
                    place.Make(requirements.Lent);
                },
                cancellationToken);
            return place!;
        }
        catch
        {
            await (place?.DisposeAsync() ?? ValueTask.CompletedTask);
            admin.Dispose();
            throw;
        }
    }

    public TargetOptions OptionsForBase(TargetOptions options) => options with { KeepOwners = options.KeepOwners && options.Definer is null, WithoutBinaryLog = _leavesLogOut };

    public async Task RequireAsync(IEnumerable<ScriptEntry> entries, CancellationToken cancellationToken)
    {
        string[] events = [.. entries.Where(entry => entry.Header.Kind == SourceObjects.Event).Select(entry => $"'{entry.Header.Name}'")];
        if (events.Length > 0 && await ServerErrors.RunAsync(_admin, "events", LimitedSite.Schedules, cancellationToken))
        {
            throw new AiShellException(
                ErrorKind.Refused,
                $"The log cannot be replayed on this server: its event scheduler would run the events of the copy ({ListText.First(events)}).",
                $"{_install}; or SET GLOBAL event_scheduler = OFF for the time of the restore.");
        }
    }

    public async Task<LogReplay> BeginAsync(CancellationToken cancellationToken)
    {
        MySqlSession rows = await Server.OpenMeanwhileAsync(Copy, Name, cancellationToken);
        MySqlSession? definitions = null;
        try
        {
            definitions = await Server.OpenMeanwhileAsync(_account.Of(Copy), "the account that replays the log", cancellationToken);
            foreach (MySqlSession session in new[] { rows, definitions })
            {
                await ServerErrors.RunAsync(session, Name, LeaveLogOut, cancellationToken);
            }

            if (!definitions.Features.IsMariaDb)
            {
                await ServerErrors.RunAsync(definitions, Name, session => session.Execute("SET ROLE NONE"), cancellationToken); // mandatory_roles
            }

            return new LogReplay(rows, new LimitedSite(definitions, rows, Copy.Database, _source, _account.Name, _account.User) { Install = _install }, _source);
        }
        catch
        {
            definitions?.Dispose();
            rows.Dispose();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            using MySqlSession session = await Server.OpenAsync(_settings, CancellationToken.None, "");
            await ServerErrors.RunAsync(
                session,
                Name,
                open =>
                {
                    LeaveLogOut(open);
                    LimitedAccount.Drop(open, _number);
                    TargetNames.Drop(open, Copy.Database);
                },
                CancellationToken.None);
        }
        catch (AiShellException)
        {
            // The next restore to this target drops what is left.
        }
        finally
        {
            _admin.Dispose();
        }
    }

    private void Make(IEnumerable<string> lent)
    {
        LeaveLogOut(_admin);
        _admin.Execute("SET SESSION wait_timeout = 2147483");
        Leftovers.Remove(_admin, TargetNames.RootOf(_settings.Database));
        Leftovers.HoldMark(_admin, _number);
        _admin.Execute($"CREATE DATABASE {SqlText.Quote(Copy.Database)} CHARACTER SET utf8mb4");
        _account.Make(_admin, lent);
    }

    private void LeaveLogOut(MySqlSession session)
    {
        if (_leavesLogOut)
        {
            session.Execute("SET SESSION sql_log_bin = 0");
        }
    }
}
