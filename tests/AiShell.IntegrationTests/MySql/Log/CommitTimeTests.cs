using AiShell.Engines;
using AiShell.Engines.MySql;
using AiShell.Testing.Engines.MySql;

namespace AiShell.IntegrationTests.MySql.Log;

/// <summary>When the transactions of a log were committed: never said to be later than they were.</summary>
public sealed class CommitTimeTests : IAsyncLifetime
{
    private readonly string _scratch = Directory.CreateTempSubdirectory("ai-shell-my-scratch-").FullName;
    private MariaDbServer _server = null!;

    public async Task InitializeAsync()
    {
        _server = await MariaDbServer.StartAsync();
        await _server.RunAsync("", "CREATE DATABASE shop; CREATE TABLE shop.t(i int AUTO_INCREMENT PRIMARY KEY)");
    }

    public async Task DisposeAsync()
    {
        await _server.DisposeAsync();
        Directory.Delete(_scratch, recursive: true);
    }

    /// <summary>To open the picture takes its time, in which others commit.</summary>
    [Fact]
    public async Task What_is_committed_while_a_capture_begins_was_not_committed_after_that()
    {
        CommittingClock clock = new(_server);
        await using ILogCapture capture = await new MySqlEngine().Log.OpenCaptureAsync(
            _server.AddressOf("shop"), new CaptureOptions(LimitBytes: null, 1, _scratch, TimeSpan.FromSeconds(10), clock), default);
        clock.Commits = false;
        DateTimeOffset[] committed = [.. clock.Committed];
        Assert.NotEmpty(committed);

        using CancellationTokenSource enough = new(TimeSpan.FromMinutes(1));
        await using FirstCommit sink = new(enough);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => capture.RunAsync(sink, enough.Token));

        // The first in the log is the last that was made before the capture was open, or one before it.
        LogCommit first = Assert.IsType<LogCommit>(sink.Commit);
        Assert.True(first.After <= committed[^1], $"committed at {committed[^1]:O}, and said to be later than {first.After:O}");
        Assert.True(first.At >= first.After);
    }

    /// <summary>Each time it is asked, a row is committed before it answers.</summary>
    private sealed class CommittingClock(MariaDbServer server) : TimeProvider
    {
        public bool Commits { get; set; } = true;

        public List<DateTimeOffset> Committed { get; } = [];

        public override DateTimeOffset GetUtcNow()
        {
            if (Commits)
            {
                server.RunAsync("shop", "INSERT INTO t VALUES ()").GetAwaiter().GetResult();
                Committed.Add(base.GetUtcNow());
            }

            return base.GetUtcNow();
        }
    }

    private sealed class FirstCommit(CancellationTokenSource enough) : ILogSink, IAsyncDisposable
    {
        private readonly MemoryStream _bytes = new();

        public LogCommit? Commit { get; private set; }

        public Stream Begin(out bool isFirst)
        {
            isFirst = _bytes.Length == 0;
            return _bytes;
        }

        void ILogSink.Commit(LogCommit commit)
        {
            Commit ??= commit;
            enough.Cancel();
        }

        public void Quiet(DateTimeOffset through)
        {
        }

        public ValueTask DisposeAsync() => _bytes.DisposeAsync();
    }
}
