using AiShell.Engines;
using AiShell.Engines.Sqlite;
using AiShell.Engines.Sqlite.Log;
using AiShell.Testing.Engines.Sqlite;
using CliWrap;
using Microsoft.Data.Sqlite;

namespace AiShell.IntegrationTests.Sqlite;

/// <summary>What a capture cannot follow ends it, with everything before handed over and nothing after.</summary>
public sealed class WalCaptureEndTests : IDisposable
{
    private readonly SqliteFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_file_put_in_the_place_of_the_database_ends_it()
    {
        string path = Create();
        await using Running running = await StartAsync(path);
        await NumberedWriter.RunHereAsync(path, 5, TimeSpan.Zero);
        string other = _folder.Write("other.db", "PRAGMA journal_mode = wal", "CREATE TABLE t(x)");
        File.Move(other, path, overwrite: true);

        BrokenChainException broken = await EndsAsync(running);

        Assert.Contains("was replaced or removed", broken.Message, StringComparison.Ordinal);
        Assert.Equal(5, running.Spool.Count);
    }

    [Fact]
    public async Task A_link_that_shows_another_database_ends_it()
    {
        string path = Create();
        string link = _folder.PathOf("link.db");
        File.CreateSymbolicLink(link, path);
        await using Running running = await StartAsync(link);
        await NumberedWriter.RunHereAsync(path, 2, TimeSpan.Zero);
        string other = _folder.Write("other.db", "PRAGMA journal_mode = wal", "CREATE TABLE t(x)");
        File.CreateSymbolicLink(_folder.PathOf("new-link.db"), other);
        File.Move(_folder.PathOf("new-link.db"), link, overwrite: true);

        Assert.Contains("was replaced or removed", (await EndsAsync(running)).Message, StringComparison.Ordinal);
        Assert.Equal(2, running.Spool.Count);
    }

    [Fact]
    public async Task A_log_that_was_deleted_ends_it()
    {
        string path = Create();
        await using Running running = await StartAsync(path);
        await NumberedWriter.RunHereAsync(path, 3, TimeSpan.Zero);
        await running.WaitForAsync(3);
        File.Delete(path + "-wal");

        Assert.Contains("log of", (await EndsAsync(running)).Message, StringComparison.Ordinal);
        Assert.Equal(3, running.Spool.Count);
    }

    /// <summary>Whoever opens and closes the index file in our process drops our locks (POSIX): others may then reset the log unread.</summary>
    [Fact]
    public async Task A_log_that_was_begun_anew_behind_our_back_ends_it()
    {
        string path = Create();
        await using Running running = await StartAsync(path);
        await NumberedWriter.RunHereAsync(path, 3, TimeSpan.Zero);
        await running.WaitForAsync(3);

        await new FileStream(path + "-shm", FileMode.Open, FileAccess.Read, FileShare.ReadWrite).DisposeAsync();
        Assert.StartsWith("0|", await SqliteFolder.ShellAsync(
            path,
            "PRAGMA wal_checkpoint(TRUNCATE); INSERT INTO journal SELECT max(n) + 1, 'unseen' FROM journal; PRAGMA wal_checkpoint(TRUNCATE); INSERT INTO journal SELECT max(n) + 1, 'seen' FROM journal;"), StringComparison.Ordinal);

        Assert.Contains("begun anew by somebody else", (await EndsAsync(running)).Message, StringComparison.Ordinal);
        Assert.Equal(3, running.Spool.Count);
    }

    [Fact]
    public async Task Bytes_that_SQLite_did_not_write_end_it()
    {
        string path = Create();
        await using Running running = await StartAsync(path);
        await NumberedWriter.RunHereAsync(path, 2, TimeSpan.Zero);
        await running.WaitForAsync(2);
        await using WalCapture late = await WalCapture.OpenAsync(path, 1, _folder.Scratch, new WalCaptureOptions(), default);
        await NumberedWriter.RunHereAsync(path, 2, TimeSpan.Zero);
        await running.WaitForAsync(4);

        // The second commit after the picture: each is a frame of 24 + 4096 bytes.
        await Cli.Wrap("python3").WithArguments(
            ["-c", "import sys\nf = open(sys.argv[1], 'r+b')\nf.seek(-100, 2)\nf.write(b'x')", path + "-wal"]).ExecuteAsync();
        using CommitSpool spool = new(_folder.Folder);
        using CancellationTokenSource stop = new(TimeSpan.FromMinutes(1));

        BrokenChainException broken = await Assert.ThrowsAsync<BrokenChainException>(() => late.RunAsync(spool, stop.Token));

        Assert.Contains("does not stand in the write-ahead log", broken.Message, StringComparison.Ordinal);
        Assert.Equal(1, spool.Count);
    }

    [Fact]
    public async Task Nobody_leaves_WAL_mode_while_it_runs()
    {
        string path = Create();
        await using (Running running = await StartAsync(path))
        {
            Assert.Contains("locked", await SqliteFolder.ShellAsync(path, "PRAGMA journal_mode = delete;"), StringComparison.Ordinal);
            await NumberedWriter.RunHereAsync(path, 1, TimeSpan.Zero);
            await running.WaitForAsync(1);
        }

        Assert.Equal("delete", await SqliteFolder.ShellAsync(path, "PRAGMA journal_mode = delete;"));
        BrokenChainException broken = await Assert.ThrowsAsync<BrokenChainException>(() => StartAsync(path));
        Assert.Contains("is not in WAL mode", broken.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_sink_that_fails_ends_it()
    {
        string path = Create();
        await using WalCapture capture = await WalCapture.OpenAsync(path, 1, _folder.Scratch, new WalCaptureOptions(), default);
        await NumberedWriter.RunHereAsync(path, 1, TimeSpan.Zero);
        LogPosition start = capture.Position;

        await Assert.ThrowsAsync<IOException>(() => capture.RunAsync(new FailingSink(), default));

        Assert.Equal(start, capture.Position);
    }

    [Fact]
    public async Task It_leaves_no_lock()
    {
        string path = Create();
        await using (Running running = await StartAsync(path))
        {
            await NumberedWriter.RunHereAsync(path, 3, TimeSpan.Zero);
            await running.WaitForAsync(3);
        }

        using SqliteConnection owner = SqliteSession.Open(path, SqliteAccess.Writer, TimeSpan.Zero);
        SqliteSession.Execute(owner, "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; INSERT INTO journal VALUES(5, 'alone'); COMMIT");
        Assert.Equal("delete", SqliteSession.ScalarText(owner, "PRAGMA journal_mode = delete"));
    }

    private string Create() => _folder.Write("shop.db", ["PRAGMA journal_mode = wal", .. NumberedWriter.Schema]);

    private Task<Running> StartAsync(string path) => Running.StartAsync(path, _folder, 1024 * 1024);

    private static Task<BrokenChainException> EndsAsync(Running running) =>
        Assert.ThrowsAsync<BrokenChainException>(() => running.Task.WaitAsync(TimeSpan.FromMinutes(1)));

    private sealed class FailingSink : ICommitSink
    {
        public Task CommitAsync(CapturedCommit commit, CancellationToken cancellationToken) => throw new IOException("The disk is full.");
    }
}
