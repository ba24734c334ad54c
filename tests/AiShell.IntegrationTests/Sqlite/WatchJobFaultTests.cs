using AiShell.Backup;
using AiShell.Capture;
using AiShell.Connections;
using AiShell.Engines;
using AiShell.Engines.Sqlite;
using AiShell.Repository;
using AiShell.Storage.Local;
using AiShell.Testing.Engines.Sqlite;

namespace AiShell.IntegrationTests.Sqlite;

/// <summary>A store that is gone for a while, or says that it failed when it did not, makes no hole in the log.</summary>
public sealed class WatchJobFaultTests : IDisposable
{
    private readonly SqliteFolder _folder = new();
    private readonly BreakableStore _store;
    private readonly string _path;
    private readonly List<string> _warnings = [];
    private long _stored;

    public WatchJobFaultTests()
    {
        _store = new BreakableStore(new LocalStore(_folder.PathOf("repository")));
        _path = _folder.Write("shop.db", "PRAGMA journal_mode = wal", "CREATE TABLE item(id INTEGER PRIMARY KEY)");
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_store_that_is_gone_for_a_while_gets_everything_later()
    {
        await WatchAsync(async () =>
        {
            await InsertAsync(1);
            await UntilAsync(() => Interlocked.Read(ref _stored) == 1, "the first is stored");
            _store.IsGone = true;
            await InsertAsync(2);
            await UntilAsync(() => Warned("cannot be stored now"), "that is told");
            await InsertAsync(3);
            _store.IsGone = false;
            await UntilAsync(() => Interlocked.Read(ref _stored) == 3, "the others are stored");
        });

        LogRun run = Assert.Single(LogRun.Of(await HistoryAsync()));
        Assert.Equal(3, run.Segments.Sum(segment => segment.Require().Segment!.Commits));
        Assert.Single(_warnings, warning => warning.Contains("cannot be stored now", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_segment_whose_answer_was_lost_is_there_once()
    {
        await WatchAsync(async () =>
        {
            _store.LosesAnswer = true;
            await InsertAsync(1);
            await UntilAsync(() => Interlocked.Read(ref _stored) == 1, "the first is stored");
            Assert.False(_store.LosesAnswer);
            await InsertAsync(2);
            await UntilAsync(() => Interlocked.Read(ref _stored) == 2, "the second is stored");
        });

        LogRun run = Assert.Single(LogRun.Of(await HistoryAsync()));
        Assert.Equal([1L, 2L], run.Segments.Select(segment => segment.Require().Segment!.Number));
        Assert.Equal(2, run.Segments.Sum(segment => segment.Require().Segment!.Commits));
    }

    [Fact]
    public async Task A_number_that_somebody_else_has_taken_begins_a_new_run()
    {
        await WatchAsync(async () =>
        {
            await InsertAsync(1);
            await UntilAsync(() => Interlocked.Read(ref _stored) == 1, "the first is stored");
            string folder = Path.Combine(_folder.PathOf("repository"), "logs", "shop", "1");
            Directory.CreateDirectory(Path.Combine(folder, "000000000002"));
            File.Copy(Path.Combine(folder, "000000000001", "manifest.json"), Path.Combine(folder, "000000000002", "manifest.json"));
            await InsertAsync(2);
            await UntilAsync(() => Warned("somebody else wrote segment 2"), "that is told");
            for (int id = 3; !File.Exists(Path.Combine(folder, "000000000003", "manifest.json")); id++)
            {
                await InsertAsync(id);
                await Task.Delay(100);
            }
        });

        IReadOnlyList<LogRun> runs = LogRun.Of(await HistoryAsync());
        Assert.Equal(2, runs.Count);
        Assert.Equal("segment 2 is damaged", runs[0].WhyItEnds);
    }

    private async Task WatchAsync(Func<Task> meanwhile)
    {
        BackupRepository repository = await OpenAsync();
        BackupRequest backup = new(
            new SqliteEngine(), DatabaseAddress.OfFile(_path), "shop", null, BackupFormat.Native, BackupScope.All, TableFilter.Everything, new CompressionSettings("zstd", 1), 2, null,
            new Dictionary<string, string>(), TimeSpan.FromSeconds(10), AllowEmpty: false, VerifyAfter: false, _folder.Scratch);
        using CancellationTokenSource stop = new();
        TaskCompletionSource began = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Task watching = new WatchJob(repository, TimeProvider.System, new Warnings(_warnings)).RunAsync(
            new WatchRequest(backup, TimeSpan.FromMilliseconds(100), 1024 * 1024),
            _ =>
            {
                began.TrySetResult();
                return Task.CompletedTask;
            },
            state => Interlocked.Exchange(ref _stored, state.Commits),
            stop.Token);
        await (await Task.WhenAny(watching, began.Task));
        await meanwhile();
        await stop.CancelAsync();
        await watching;
    }

    private bool Warned(string text)
    {
        lock (_warnings)
        {
            return _warnings.Any(warning => warning.Contains(text, StringComparison.Ordinal));
        }
    }

    private Task<string> InsertAsync(int id) => SqliteFolder.ShellAsync(_path, $".timeout 20000\nINSERT INTO item VALUES({id});");

    private async Task<LogHistory> HistoryAsync() => await (await OpenAsync()).LogOf("shop").ReadAsync(default);

    private Task<BackupRepository> OpenAsync() => BackupRepository.OpenOrCreateAsync(_store, new NoManifestCache(), TimeProvider.System, default);

    private static async Task UntilAsync(Func<bool> isSo, string what)
    {
        for (int i = 0; i < 3000 && !isSo(); i++)
        {
            await Task.Delay(20);
        }

        Assert.True(isSo(), $"Still not so: {what}");
    }

    private sealed class Warnings(List<string> warnings) : IJobProgress
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
