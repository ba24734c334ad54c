using AiShell.Backup;
using AiShell.Capture;
using AiShell.Connections;
using AiShell.Engines;
using AiShell.Engines.Sqlite;
using AiShell.Repository;
using AiShell.Storage.Local;
using AiShell.Testing.Engines.Sqlite;

namespace AiShell.IntegrationTests.Sqlite;

/// <summary>A database that is watched, in a repository that can be made to go wrong.</summary>
public abstract class WatchJobSuite : IDisposable
{
    private readonly List<string> _warnings = [];
    private readonly SqliteFolder _folder = new();
    private readonly BreakableStore _store;
    private volatile WatchState? _state;

    protected WatchJobSuite()
    {
        _store = new BreakableStore(new LocalStore(_folder.PathOf("repository")));
        DatabasePath = _folder.Write("shop.db", "PRAGMA journal_mode = wal", "CREATE TABLE item(id INTEGER PRIMARY KEY)");
    }

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    private protected SqliteFolder Folder => _folder;

    private protected BreakableStore Store => _store;

    protected string DatabasePath { get; }

    /// <summary>How many transactions the capture at work has stored.</summary>
    protected long Stored => _state?.Commits ?? 0;

    /// <summary>Up to which instant it has stored everything.</summary>
    protected DateTimeOffset Through => _state?.Through ?? DateTimeOffset.MinValue;

    protected TimeProvider Time { get; set; } = TimeProvider.System;

    /// <summary>What the last capture began with, each time.</summary>
    protected List<WatchStart> Starts { get; } = [];

    protected virtual void Dispose(bool disposing) => _folder.Dispose();

    protected async Task WatchAsync(Func<Task> meanwhile)
    {
        BackupRepository repository = await OpenAsync();
        BackupRequest backup = new(
            new SqliteEngine(), DatabaseAddress.OfFile(DatabasePath), "shop", null, BackupFormat.Native, BackupScope.All, TableFilter.Everything, new CompressionSettings("zstd", 1), 2, null,
            new Dictionary<string, string>(), TimeSpan.FromSeconds(10), AllowEmpty: false, VerifyAfter: false, _folder.Scratch);
        Starts.Clear();
        _state = null;
        using CancellationTokenSource stop = new();
        TaskCompletionSource began = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Task watching = new WatchJob(repository, Time, new WarningList(_warnings)).RunAsync(
            new WatchRequest(backup, TimeSpan.FromMilliseconds(100), 1024 * 1024),
            start =>
            {
                Starts.Add(start);
                began.TrySetResult();
                return Task.CompletedTask;
            },
            state => _state = state,
            stop.Token);
        await (await Task.WhenAny(watching, began.Task));
        await meanwhile();
        await stop.CancelAsync();
        await watching;
    }

    protected bool Warned(string text) => Warnings(text) > 0;

    protected int Warnings(string text)
    {
        lock (_warnings)
        {
            return _warnings.Count(warning => warning.Contains(text, StringComparison.Ordinal));
        }
    }

    protected Task<string> InsertAsync(int id) => SqliteFolder.ShellAsync(DatabasePath, $".timeout 20000\nINSERT INTO item VALUES({id});");

    protected async Task<LogHistory> HistoryAsync() => await (await OpenAsync()).LogOf("shop").ReadAsync(default);

    protected Task<BackupRepository> OpenAsync() => BackupRepository.OpenOrCreateAsync(_store, new NoManifestCache(), TimeProvider.System, default);

    protected static async Task UntilAsync(Func<bool> isSo, string what)
    {
        for (int i = 0; i < 3000 && !isSo(); i++)
        {
            await Task.Delay(20);
        }

        Assert.True(isSo(), $"Still not so: {what}");
    }

    private sealed class WarningList(List<string> warnings) : IJobProgress
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

        public void Warn(string message)
        {
            lock (warnings)
            {
                warnings.Add(message);
            }
        }
    }
}
