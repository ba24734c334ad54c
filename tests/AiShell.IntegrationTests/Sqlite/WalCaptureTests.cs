using System.Diagnostics;
using AiShell.Engines.Sqlite;
using AiShell.Engines.Sqlite.Log;
using AiShell.Testing.Engines.Sqlite;
using Microsoft.Data.Sqlite;
using Xunit.Abstractions;

namespace AiShell.IntegrationTests.Sqlite;

/// <summary>Whatever happens to a database while it is captured: the picture and the commits up to any one are the database after that one.</summary>
public sealed class WalCaptureTests(ITestOutputHelper output) : IDisposable
{
    private static readonly TimeSpan LockWait = TimeSpan.FromSeconds(20);
    private readonly SqliteFolder _folder = new();
    private readonly Random _random = new(20261127);

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(512)]
    [InlineData(4096)]
    [InlineData(65536)]
    public async Task Every_commit_of_several_writers_is_a_database_of_its_own(int pageSize)
    {
        string path = Create(pageSize);
        await using Running running = await StartAsync(path, limitBytes: 1024 * 1024);
        using CancellationTokenSource stop = new();
        Task<int> checkpoints = CheckpointAsync(path, stop.Token);

        Task<NumberedWriter.Result> process = NumberedWriter.RunAsync(path, 600, 20, vacuum: true);
        Task here = NumberedWriter.RunHereAsync(path, 200, TimeSpan.FromMilliseconds(2));
        await here;
        NumberedWriter.Result written = await process;
        await stop.CancelAsync();
        await running.WaitForAsync(written.Commits + 200 + written.Vacuums);

        IReadOnlyList<CommitSpool.Commit> commits = running.Spool.Commits;
        output.WriteLine($"{commits.Count} commits, {written.Vacuums} VACUUM, {running.Capture.Rounds} rounds, {await checkpoints} checkpoints of others; {Describe(running.Capture.Holds)}");
        Assert.Equal(written.Commits + 200 + written.Vacuums, commits.Count);
        Assert.Equal(801, RequireNumbered(running.Spool));
        await using PinnedDatabase now = await PinnedDatabase.PinAsync(path, 1, _folder.Scratch, LockWait, default);

        // Where the log was let go at the end, somebody's TRUNCATE may have begun another generation that has no frame yet: the same moment, by another name.
        Assert.Equal(now.ChangeCounter, running.Capture.Cursor.ChangeCounter);
        Assert.True(now.Position == running.Capture.Position || now.Moment!.LastFrame == 0, $"{now.Position} is not {running.Capture.Position}");
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(20, false)]
    [InlineData(20, true)] // Faster than the disk.
    public async Task Nothing_is_lost_under_a_writer_that_never_pauses(double busyTimeoutSeconds, bool unsynced)
    {
        const long Limit = 4 * 1024 * 1024;
        string path = Create(4096);
        await using Running running = await StartAsync(path, Limit);
        Task<NumberedWriter.Result> writer = NumberedWriter.RunAsync(path, 12000, busyTimeoutSeconds, quick: true, unsynced: unsynced);
        long largest = 0;
        while (!writer.IsCompleted)
        {
            largest = Math.Max(largest, new FileInfo(path + "-wal").Length);
            await Task.Delay(2);
        }

        NumberedWriter.Result written = await writer;
        await running.WaitForAsync(written.Commits);

        long bytes = running.Spool.Commits.Sum(commit => commit.Pages.Count * 4120L);
        output.WriteLine(
            $"{bytes / 1e6:N1} MB of frames, the log at most {largest / 1e6:N1} MB, {running.Capture.Rounds} rounds; {Describe(running.Capture.Holds)}; "
            + $"refused {written.Refused} times, the longest commit {written.LongestMilliseconds} ms");
        Assert.Equal(12001, RequireNumbered(running.Spool));
        Assert.True(bytes > 10 * Limit, "Too little was written.");
        if (busyTimeoutSeconds > 0)
        {
            Assert.Equal(0, written.Refused);
        }
    }

    [Fact]
    public async Task Writers_that_are_faster_than_we_are_wait_before_the_log_fills_the_disk()
    {
        const long Limit = 256 * 1024;
        string path = Create(4096);
        await using WalCapture capture = await WalCapture.OpenAsync(path, 1, _folder.Scratch, new WalCaptureOptions { LimitBytes = Limit }, default);
        await capture.TakePicture().DisposeAsync();
        SlowSink sink = new();
        using CancellationTokenSource stop = new();
        Task running = capture.RunAsync(sink, stop.Token);

        long waited = Stopwatch.GetTimestamp();
        int written = 0;
        while (capture.Rounds == 0 && Stopwatch.GetElapsedTime(waited) < TimeSpan.FromMinutes(2))
        {
            NumberedWriter.Result result = await NumberedWriter.RunAsync(path, 1000, busyTimeoutSeconds: 20, quick: true);
            Assert.Equal(0, result.Refused);
            written += result.Commits;
        }

        long log = new FileInfo(path + "-wal").Length;
        output.WriteLine($"{written} commits written, {sink.Commits} read, the log {log / 1e6:N1} MB, {capture.Rounds} rounds; {Describe(capture.Holds)}");
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        Assert.True(capture.Rounds > 0, "The log was never begun anew.");
        Assert.All(capture.Holds, hold => Assert.InRange(hold, TimeSpan.Zero, TimeSpan.FromSeconds(20)));
    }

    [Fact]
    public async Task A_writer_that_waits_for_nobody_is_never_refused_but_when_the_log_is_let_go()
    {
        string path = Create(4096);
        await using Running running = await StartAsync(path, limitBytes: 1L << 40);

        NumberedWriter.Result written = await NumberedWriter.RunAsync(path, 1500, 0, quick: true);
        await running.WaitForAsync(written.Commits);

        Assert.Equal(0, written.Refused);
        Assert.Equal(1501, RequireNumbered(running.Spool));
    }

    [Fact]
    public async Task A_log_that_is_large_is_begun_anew_when_its_writer_pauses()
    {
        string path = Create(4096);
        await using Running running = await StartAsync(path, limitBytes: 256 * 1024);
        using (SqliteConnection connection = SqliteSession.Open(path, SqliteAccess.Writer, LockWait))
        {
            SqliteSession.Execute(connection, "INSERT INTO item(content) VALUES(randomblob(600000))");
        }

        await running.WaitForAsync(1);
        for (int i = 0; i < 3000 && running.Capture.Rounds == 0; i++)
        {
            await Task.Delay(20);
        }

        Assert.True(running.Capture.Rounds > 0, "The log was never begun anew.");
        await NumberedWriter.RunHereAsync(path, 5, TimeSpan.Zero);
        await running.WaitForAsync(6);
        Assert.Equal(6, RequireNumbered(running.Spool));
    }

    [Fact]
    public async Task The_true_instant_of_every_commit_lies_between_its_two_times()
    {
        string path = Create(4096);
        await using Running running = await StartAsync(path, limitBytes: 64 * 1024);

        List<(DateTimeOffset Before, DateTimeOffset After)> times = await NumberedWriter.RunHereAsync(path, 300, TimeSpan.FromMilliseconds(1));
        await running.WaitForAsync(times.Count);

        IReadOnlyList<CommitSpool.Commit> commits = running.Spool.Commits;
        foreach (((DateTimeOffset before, DateTimeOffset after), CommitSpool.Commit commit) in times.Zip(commits))
        {
            Assert.True(commit.After <= after, $"{commit.Position}: committed up to {after:O}, seen after {commit.After:O}");
            Assert.True(before <= commit.At, $"{commit.Position}: committed from {before:O}, seen at {commit.At:O}");
        }

        Assert.Equal(commits.Select(commit => commit.At).Order(), commits.Select(commit => commit.At));
        double[] widths = [.. commits.Select(commit => (commit.At - commit.After).TotalMilliseconds).Order()];
        output.WriteLine($"between the two times: median {widths[widths.Length / 2]:N1} ms, at most {widths[^1]:N1} ms");
    }

    [Fact]
    public async Task Applications_that_come_and_go_do_not_take_the_log_away()
    {
        string path = Create(4096);
        Running running = await StartAsync(path, limitBytes: 1024 * 1024);
        for (int i = 0; i < 10; i++)
        {
            Assert.Equal("", await SqliteFolder.ShellAsync(path, "INSERT INTO journal SELECT max(n) + 1, 'shell' FROM journal;"));
        }

        await running.WaitForAsync(10);
        Assert.True(File.Exists(path + "-wal"));
        Assert.Equal(11, RequireNumbered(running.Spool));
        await running.DisposeAsync();

        // There was no log before.
        Assert.False(File.Exists(path + "-wal"));
        Assert.Equal("11", await SqliteFolder.ShellAsync(path, "SELECT count(*) FROM journal;"));
    }

    [Fact]
    public async Task A_log_that_was_there_is_read_from_where_the_picture_ends_and_stays()
    {
        string path = Create(4096);
        string crashed = _folder.PathOf("crashed.db");
        using (SqliteConnection writer = SqliteSession.Open(path, SqliteAccess.Writer, TimeSpan.Zero))
        {
            SqliteSession.Execute(writer, "INSERT INTO journal VALUES(2, 'before')");
            await SqliteFolder.CopyByOtherProcessAsync(path, crashed);
            await SqliteFolder.CopyByOtherProcessAsync(path + "-wal", crashed + "-wal");
        }

        await using (Running running = await StartAsync(crashed, limitBytes: 1024 * 1024))
        {
            Assert.Matches("^change [0-9]+, frame [1-9]", running.Capture.Start.Value);
            await NumberedWriter.RunHereAsync(crashed, 3, TimeSpan.Zero);
            await running.WaitForAsync(3);
            Assert.Equal(5, RequireNumbered(running.Spool));
        }

        Assert.True(new FileInfo(crashed + "-wal").Length > 0);
        Assert.Equal("5", await SqliteFolder.ShellAsync(crashed, "SELECT count(*) FROM journal;"));
    }

    [Fact]
    public async Task Two_captures_see_the_same()
    {
        string path = Create(4096);
        await using Running one = await StartAsync(path, limitBytes: 256 * 1024);
        await using Running two = await StartAsync(path, limitBytes: 300 * 1024);

        NumberedWriter.Result written = await NumberedWriter.RunAsync(path, 300, 20);
        await one.WaitForAsync(written.Commits);
        await two.WaitForAsync(written.Commits);

        Assert.Equal(one.Spool.Commits.Select(commit => commit.Position), two.Spool.Commits.Select(commit => commit.Position));
        Assert.Equal(301, RequireNumbered(one.Spool));
        Assert.Equal(301, RequireNumbered(two.Spool));
    }

    private string Create(int pageSize) =>
        _folder.Write("shop.db", [$"PRAGMA page_size = {pageSize}", "PRAGMA journal_mode = wal", .. NumberedWriter.Schema]);

    private Task<Running> StartAsync(string path, long limitBytes) => Running.StartAsync(path, _folder, limitBytes);

    /// <summary>Others' checkpoints, one after the other, until stopped.</summary>
    private static async Task<int> CheckpointAsync(string path, CancellationToken stop)
    {
        string[] modes = ["PASSIVE", "RESTART", "TRUNCATE", "FULL"];
        int done = 0;
        for (int i = 0; !stop.IsCancellationRequested; i++)
        {
            string answer = await SqliteFolder.ShellAsync(path, $"PRAGMA wal_checkpoint({modes[i % modes.Length]});");

            // It waits for nobody: a writer that closes, or one that recovers the log, may have the whole file.
            bool isRefused = answer.Contains("database is locked", StringComparison.Ordinal);
            Assert.True(isRefused || !answer.Contains("rror", StringComparison.Ordinal), answer);
            done += isRefused ? 0 : 1;
        }

        return done;
    }

    /// <summary>30 commits at random with the ones before them, and the last 5.</summary>
    /// <returns>The last number.</returns>
    private long RequireNumbered(CommitSpool spool)
    {
        int count = spool.Count;
        IEnumerable<int> chosen = Enumerable.Range(0, 30).Select(_ => _random.Next(count)).SelectMany(i => new[] { Math.Max(i - 1, 0), i });
        (int Commit, long Number) before = (-2, 0);
        spool.Visit(chosen.Concat(Enumerable.Range(Math.Max(0, count - 5), Math.Min(5, count))), (i, database) =>
        {
            Assert.Equal("ok", SqliteSession.ScalarText(database, "PRAGMA integrity_check"));
            long last = SqliteSession.ScalarInt64(database, "SELECT max(n) FROM journal");
            Assert.Equal(last, SqliteSession.ScalarInt64(database, "SELECT count(*) FROM journal WHERE n BETWEEN 1 AND (SELECT max(n) FROM journal)"));
            Assert.Equal(0, SqliteSession.ScalarInt64(database, "SELECT count(*) FROM journal WHERE who IN ('rolled back', 'savepoint')"));
            if (before.Commit == i - 1)
            {
                Assert.InRange(last, before.Number, before.Number + 1);
            }

            before = (i, last);
        });
        return before.Number;
    }

    private static string Describe(IReadOnlyList<TimeSpan> holds)
    {
        double[] times = [.. holds.Select(hold => hold.TotalMilliseconds).Order()];
        return times.Length == 0
            ? "writers never held"
            : $"writers held {times.Length} times, median {times[times.Length / 2]:N1} ms, longest {times[^1]:N1} ms";
    }

    /// <summary>Takes 1,000 transactions a second.</summary>
    private sealed class SlowSink : ICommitSink
    {
        public int Commits { get; private set; }

        public Task CommitAsync(CapturedCommit commit, CancellationToken cancellationToken)
        {
            for (long start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start) < TimeSpan.FromMilliseconds(1);)
            {
                cancellationToken.ThrowIfCancellationRequested();
            }

            Commits++;
            return Task.CompletedTask;
        }

        public void Quiet(DateTimeOffset through)
        {
        }
    }
}
