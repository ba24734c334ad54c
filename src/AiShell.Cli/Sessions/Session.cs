using AiShell.Cli.Output;
using AiShell.Cli.Output.Text;
using AiShell.Configuration;
using AiShell.Connections;
using AiShell.Engines;
using AiShell.IO;
using AiShell.Repository;
using AiShell.State;
using AiShell.Storage;

namespace AiShell.Cli.Sessions;

/// <summary>What one run of one command works with. Everything is made when it is first asked for.</summary>
internal sealed class Session : IDisposable
{
    private readonly Lazy<HomeDirectory> _home;
    private readonly Lazy<Settings> _settings;
    private readonly Lazy<StateDatabase> _state;
    private readonly Lazy<ScratchFolder> _scratch;
    private readonly Lazy<ProgressDisplay> _progress;
    private readonly Lazy<OperationLog> _log;

    public Session(GlobalValues values, Terminal terminal, IEnvironment environment, TimeProvider clock, Redactor redactor, IOutput output)
    {
        Values = values;
        Terminal = terminal;
        Environment = environment;
        Clock = clock;
        Redactor = redactor;
        Output = output;
        _home = new(() =>
        {
            HomeDirectory home = HomeDirectory.Find(values.Home, environment);
            home.Prepare();
            return home;
        });
        _settings = new(() => Settings.Load(Home, environment).With(SettingKey.BackupDirectory, values.Repository, "--repo"));
        _state = new(() => StateDatabase.Open(Home, output.Warn, clock));
        _scratch = new(ScratchFolder.Make);
        _progress = new(() => new ProgressDisplay(terminal, output, clock));
        _log = new(() => new OperationLog(Home, redactor));
    }

    public GlobalValues Values { get; }

    public Terminal Terminal { get; }

    public IEnvironment Environment { get; }

    public TimeProvider Clock { get; }

    public Redactor Redactor { get; }

    public IOutput Output { get; }

    public EngineRegistry Engines { get; } = new();

    public HomeDirectory Home => _home.Value;

    public Settings Settings => _settings.Value;

    public StateDatabase State => _state.Value;

    public OperationLog Log => _log.Value;

    public ConnectionFile Connections => new(Home.ConnectionsFile, Clock);

    public DatabaseResolver Databases => new(Connections, Environment, Redactor);

    /// <summary>A private directory that is removed at the end.</summary>
    public string ScratchDirectory => _scratch.Value.Path;

    /// <summary>For the audit trail: what the command turned out to be about.</summary>
    public string? SubjectDatabase { get; set; }

    public string? SubjectBackup { get; set; }

    public IJobProgress Progress => Values.Quiet ? new QuietProgress(Output) : _progress.Value;

    /// <summary>Opens the repository in force.</summary>
    /// <param name="create">Make it where there is none.</param>
    public async Task<BackupRepository> OpenRepositoryAsync(bool create, CancellationToken cancellationToken)
    {
        IObjectStore store = StoreRegistry.Open(Settings.Repository);
        BackupRepository repository = await (create
            ? BackupRepository.OpenOrCreateAsync(store, State, Clock, cancellationToken)
            : BackupRepository.OpenAsync(store, State, Clock, cancellationToken));
        repository.Waits = Say;
        return repository;
    }

    /// <summary>The repository in force, or null where there is none yet.</summary>
    public async Task<BackupRepository?> FindRepositoryAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await OpenRepositoryAsync(create: false, cancellationToken);
        }
        catch (AiShellException none) when (none.Kind == ErrorKind.NotFound)
        {
            return null;
        }
    }

    /// <summary>As above for commands that show what is there: a place that was named on the command line must hold a repository.</summary>
    public async Task<BackupRepository?> FindShownRepositoryAsync(CancellationToken cancellationToken) => Values.Repository is null
        ? await FindRepositoryAsync(cancellationToken)
        : await OpenRepositoryAsync(create: false, cancellationToken);

    /// <summary>
    /// Under what the results of checking a repository's backups are kept: a copy has the same id, and is checked for
    /// itself.
    /// </summary>
    public static string ChecksKey(BackupRepository repository) => $"{repository.Description.Id}@{repository.Location}";

    /// <summary>Forgets what is known locally of a backup that was deleted.</summary>
    public void Forget(BackupRepository repository, string backupId)
    {
        State.Remove(repository.Description.Id, backupId);
        State.Remove(ChecksKey(repository), backupId);
    }

    /// <summary>The engine of an address, or an error that says which there are.</summary>
    public IDatabaseEngine EngineOf(DatabaseAddress address) => Engines.ByName(address.Engine);

    /// <summary>
    /// A yes to something that cannot be undone: <c>--yes</c>, or <paramref name="expected"/> typed on a terminal. False where
    /// nobody can be asked.
    /// </summary>
    public bool Confirm(string question, string expected)
    {
        if (Values.Yes)
        {
            return true;
        }

        if (!Terminal.InputIsTerminal)
        {
            return false;
        }

        if (_progress.IsValueCreated)
        {
            _progress.Value.Pause();
        }

        Terminal.Error.Write($"{TextPage.Visible(question)}\nType '{TextPage.Visible(expected)}' to go on: ");
        return Terminal.In.ReadLine()?.Trim() == expected;
    }

    /// <summary>Takes the progress away before the result is shown.</summary>
    public void EndProgress()
    {
        if (_progress.IsValueCreated)
        {
            _progress.Value.Pause();
        }
    }

    public void Dispose()
    {
        if (_progress.IsValueCreated)
        {
            _progress.Value.Dispose();
        }

        if (_scratch.IsValueCreated)
        {
            _scratch.Value.Dispose();
        }

        if (_state.IsValueCreated)
        {
            _state.Value.Dispose();
        }

        if (_log.IsValueCreated)
        {
            _log.Value.Dispose();
        }
    }

    private void Say(WaitForLock wait) =>
        Output.Say($"Waiting for the lock '{wait.Lock.Name}', for {DurationText.Of(wait.AtMost)} at most: it is {wait.Lock.Holder}.");

    /// <summary>With <c>--quiet</c> only warnings come through.</summary>
    private sealed class QuietProgress(IOutput output) : IJobProgress
    {
        public void Begin(string activity, long? totalBytes)
        {
        }

        public void StartLane(int lane, string label)
        {
        }

        public void Advance(int lane, long bytes)
        {
        }

        public void EndLane(int lane)
        {
        }

        public void Warn(string message) => output.Warn(message);
    }
}
