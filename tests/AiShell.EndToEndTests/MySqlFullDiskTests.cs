using AiShell.Testing.Engines.Sqlite;
using CliWrap.Buffered;

namespace AiShell.EndToEndTests;

/// <summary>No space: where the backup is written to, and where the server keeps its data.</summary>
public sealed class MySqlFullDiskTests : MySqlSuite
{
    private const long DiskBytes = 256 << 20;
    private const int Rows = 60_000;

    private static readonly string New = $"CREATE TABLE orders(id int PRIMARY KEY, note text, KEY by_note (note(500))); INSERT INTO orders SELECT seq, repeat(md5(seq), 16) FROM seq_1_to_{Rows};";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private SmallDisk _disk = null!;

    public override async Task InitializeAsync()
    {
        _disk = await SmallDisk.MountAsync(DiskBytes);
        await base.InitializeAsync();
        await CreateAsync("shop", New);
        await CreateAsync("small", "CREATE TABLE t(x int); INSERT INTO t VALUES (1)");
        await Shell.ExpectAsync(null, "connect", Url("shop"), "--name", "shop");
    }

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        await _disk.DisposeAsync();
    }

    [Theory]
    [InlineData("sql")]
    [InlineData("csv")]
    public Task A_backup_that_may_write_no_more_fails_clearly_and_leaves_nothing(string format) =>
        FullRepository.RequireClearFailureAsync(Shell, Url("small"), format, UntilNoSessionAsync);

    [Fact]
    public async Task A_backup_that_fills_the_disk_fails_clearly_and_leaves_nothing()
    {
        string repository = _disk.PathOf("repository");
        await Shell.ExpectAsync(null, "backup", "create", "-d", Url("small"), "--repo", repository);
        string[] before = Shell.RepositoryFiles(repository);
        string[] create = ["backup", "create", "-d", "shop", "--repo", repository, "-c", "zstd", "--jobs", "2"];
        using (_disk.Fill(leaveBytes: 512 << 10))
        {
            BufferedCommandResult full = await Shell.RunAsync(create);
            Shell.Expect(1, full);

            // The server's statistics, which it makes when it likes, may say before that it will not fit.
            Assert.Matches("No space left|Not enough space", full.StandardError);
            Assert.Contains("Hint: ", full.StandardError, StringComparison.Ordinal);
            Assert.DoesNotContain("Unexpected", full.StandardError, StringComparison.Ordinal);
            await UntilNoSessionAsync();
            Assert.Equal(before, Shell.RepositoryFiles(repository));
            Assert.Equal(1, (await Shell.JsonAsync(null, "backup", "list", "--repo", repository)).GetArrayLength());
        }

        await Shell.ExpectAsync(null, [.. create, "--verify", "--lock-wait", "0s"]);
    }

    [Fact]
    public async Task A_restore_that_fills_the_servers_disk_fails_clearly_and_drops_its_copy()
    {
        await Shell.ExpectAsync(null, "backup", "create", "-d", "shop", "-c", "zstd");
        await Server.RunAsync("", "DROP DATABASE shop");
        await CreateAsync("target", "CREATE TABLE orders(id int PRIMARY KEY, note text); INSERT INTO orders VALUES (1, 'old')");
        await MoveDataAsync();
        string older = await ContentAsync("target");
        string[] restore = ["backup", "restore", "latest", "-d", Url("target"), "--force", "--jobs", "2"];
        using (_disk.Fill(leaveBytes: 24 << 20))
        {
            using CancellationTokenSource patience = new(Patience);
            BufferedCommandResult full = await Shell.RunAsync(restore).WaitAsync(patience.Token);
            Shell.Expect(1, full);
            Assert.Contains("disk is full", full.StandardError, StringComparison.Ordinal);
            Assert.Contains("Hint: ", full.StandardError, StringComparison.Ordinal);
            await UntilNoSessionAsync();
            Assert.Equal(older, await ContentAsync("target"));
            Assert.Equal("small,target", await DatabasesAsync());
        }

        await Shell.ExpectAsync(null, restore);
        Assert.Equal($"{Rows}", await Server.RunAsync("target", "SELECT count(*) FROM orders"));
        Assert.Equal("small,target", await DatabasesAsync());
    }

    /// <summary>The server's data are on the disk then.</summary>
    private async Task MoveDataAsync()
    {
        await Server.StopAsync();
        await _disk.TakeAsync(Server.DataFolder);
        await Server.StartAgainAsync();
    }
}
