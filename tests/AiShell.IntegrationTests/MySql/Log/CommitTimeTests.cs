using AiShell.Engines;
using AiShell.Engines.MySql;
using AiShell.Testing.Engines;
using AiShell.Testing.Engines.MySql;

namespace AiShell.IntegrationTests.MySql.Log;

public sealed class CommitTimeTests : CommitTimeSuite
{
    protected override async Task<MySqlFamilyServer> StartAsync() => await MariaDbServer.StartAsync();
}

public sealed class MySqlServerCommitTimeTests : CommitTimeSuite
{
    protected override async Task<MySqlFamilyServer> StartAsync() => await MySqlServer.StartAsync();

    /// <summary>As with a slow disk, or a replica that is waited for.</summary>
    [Fact]
    public async Task What_is_in_the_log_and_not_committed_yet_is_not_said_to_be()
    {
        await using ILogCapture capture = await OpenAsync(TimeProvider.System);
        using CancellationTokenSource enough = new(TimeSpan.FromMinutes(1));
        await using FirstCommit sink = new(enough);
        Task running = capture.RunAsync(sink, enough.Token);
        await Server.RunAsync("", "SET GLOBAL binlog_group_commit_sync_delay = 1000000");
        await Server.RunAsync("shop", "INSERT INTO t VALUES ()");
        DateTimeOffset answered = TimeProvider.System.GetUtcNow();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);

        LogCommit commit = Assert.IsType<LogCommit>(sink.Commit);
        Assert.True(commit.After < answered, $"answered at {answered:O}, and said not to be committed at {commit.After:O}");
        Assert.True(commit.At - commit.After > TimeSpan.FromMilliseconds(900), $"not committed at {commit.After:O}, and said to be at {commit.At:O}");
    }

    [Fact]
    public async Task Who_may_not_see_locks_is_told_what_to_grant()
    {
        await Server.RunAsync("", "CREATE USER reader@'%' IDENTIFIED BY 'x'; GRANT SELECT, SHOW VIEW, TRIGGER, EVENT, LOCK TABLES ON shop.* TO reader@'%'; GRANT RELOAD, PROCESS, REPLICATION CLIENT, REPLICATION SLAVE, SHOW_ROUTINE, BACKUP_ADMIN ON *.* TO reader@'%'");
        AiShellException denied = await Assert.ThrowsAsync<AiShellException>(() => OpenAsync(TimeProvider.System, "reader", "x"));
        Assert.Contains("GRANT SELECT ON performance_schema.metadata_locks", denied.Hint, StringComparison.Ordinal);

        await Server.RunAsync("", "GRANT SELECT ON performance_schema.metadata_locks TO reader@'%'");
        await using ILogCapture capture = await OpenAsync(TimeProvider.System, "reader", "x");
    }
}

/// <summary>When the transactions of a log were committed: never said to be later than they were.</summary>
public abstract class CommitTimeSuite : IAsyncLifetime
{
    private readonly string _scratch = FastFolder.Create("ai-shell-my-scratch-");

    protected MySqlFamilyServer Server { get; private set; } = null!;

    protected abstract Task<MySqlFamilyServer> StartAsync();

    protected Task<ILogCapture> OpenAsync(TimeProvider time, string user = MySqlFamilyServer.User, string password = MySqlFamilyServer.Password) =>
        new MySqlEngine().Log.OpenCaptureAsync(Server.AddressOf("shop", user, password), new CaptureOptions(LimitBytes: null, 1, _scratch, TimeSpan.FromSeconds(10), time), default);

    public async Task InitializeAsync()
    {
        Server = await StartAsync();
        await Server.RunAsync("", "CREATE DATABASE shop; CREATE TABLE shop.t(i int AUTO_INCREMENT PRIMARY KEY)");
    }

    public async Task DisposeAsync()
    {
        await Server.DisposeAsync();
        Directory.Delete(_scratch, recursive: true);
    }

    /// <summary>To open the picture takes its time, in which others commit.</summary>
    [Fact]
    public async Task What_is_committed_while_a_capture_begins_was_not_committed_after_that()
    {
        CommittingClock clock = new(Server);
        await using ILogCapture capture = await OpenAsync(clock);
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
    private sealed class CommittingClock(MySqlFamilyServer server) : TimeProvider
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

    protected sealed class FirstCommit(CancellationTokenSource enough) : ILogSink, IAsyncDisposable
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
