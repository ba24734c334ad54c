using AiShell.Testing.Engines.PostgreSql;
using AiShell.Testing.Engines.Sqlite;
using CliWrap;
using CliWrap.Buffered;

namespace AiShell.EndToEndTests;

/// <summary>No space: where the backup is written to, and where the server keeps its data or its log.</summary>
public sealed class PostgreSqlFullDiskTests : PostgreSqlSuite
{
    private const long DiskBytes = 256 << 20;
    private const int Rows = 60_000;

    private static readonly string New = $"CREATE TABLE orders(id int PRIMARY KEY, note text); INSERT INTO orders SELECT i, repeat(md5(i::text), 16) FROM generate_series(1, {Rows}) i;";

    private SmallDisk _disk = null!;

    public override async Task InitializeAsync()
    {
        _disk = await SmallDisk.MountAsync(DiskBytes);
        await base.InitializeAsync();
        await CreateAsync("shop", New);
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
    public async Task A_backup_that_finds_no_space_in_the_repository_fails_clearly_and_leaves_nothing(string format)
    {
        await CreateAsync("small", "CREATE TABLE t(x int); INSERT INTO t VALUES (1)");
        await FullRepository.RequireClearFailureAsync(Shell, Url("small"), format, UntilNoSessionAsync);
    }

    [Fact]
    public async Task A_backup_to_a_disk_that_fills_up_meanwhile_fails_clearly_and_leaves_the_earlier_ones()
    {
        string repository = _disk.PathOf("repository");
        await CreateAsync("small", "CREATE TABLE t(x int); INSERT INTO t VALUES (1)");
        await CreateAsync("noise", "CREATE TABLE noise AS SELECT string_agg(md5(random()::text), '') AS x FROM generate_series(1, 20) i, generate_series(1, 32000) j GROUP BY i");
        await Shell.ExpectAsync(null, "backup", "create", "-d", Url("small"), "--repo", repository);
        string[] before = Shell.RepositoryFiles(repository);
        string[] create = ["backup", "create", "-d", Url("noise"), "--repo", repository, "-c", "zstd", "--level", "1"];
        using (_disk.Fill(leaveBytes: 5 << 20))
        {
            // Most databases of 20 MB would have enough of it, so it is tried; of noise 10 MB are left.
            BufferedCommandResult full = await Shell.RunAsync(create);
            Shell.Expect(1, full);
            Assert.Contains("no space left", full.StandardError, StringComparison.OrdinalIgnoreCase);
            Assert.Contains("Hint: ", full.StandardError, StringComparison.Ordinal);
            await UntilNoSessionAsync();
            Assert.Equal(before, Shell.RepositoryFiles(repository));
        }

        await Shell.ExpectAsync(null, [.. create, "--verify"]);
        await Shell.ExpectAsync(null, "backup", "verify", "--all", "--deep", "--repo", repository);
    }

    [Fact]
    public async Task A_restore_that_finds_no_space_for_the_servers_data_fails_clearly_and_drops_its_copy()
    {
        (string older, string[] restore) = await PrepareAsync("base");
        using (_disk.Fill(leaveBytes: 24 << 20))
        {
            BufferedCommandResult full = await Shell.RunAsync(restore);
            Shell.Expect(1, full);
            Assert.Contains("disk is full", full.StandardError, StringComparison.Ordinal);
            Assert.Contains("Hint: ", full.StandardError, StringComparison.Ordinal);
            await UntilNoSessionAsync();
            Assert.Equal("", await LeftoversAsync());
            Assert.Equal(older, await ContentAsync("target"));
        }

        await SucceedsAsync(restore);
    }

    [Fact]
    public async Task A_restore_that_finds_no_space_for_a_row_that_it_puts_aside_fails_clearly_and_leaves_the_target()
    {
        await CreateAsync("wide", "CREATE TABLE wide AS SELECT repeat(md5(random()::text), 300000) AS x");
        await Shell.ExpectAsync(null, "backup", "create", "-d", Url("wide"), "--format", "json");
        await CreateAsync("target", "CREATE TABLE old(x int)");
        string older = await ContentAsync("target");
        string[] restore = ["backup", "restore", "latest", "-d", Url("target"), "--force"];
        using (_disk.Fill(leaveBytes: 2 << 20))
        {
            BufferedCommandResult full = await Shell.RunWithAsync([("TMPDIR", _disk.Path)], restore);
            Shell.Expect(1, full);
            Assert.Contains("no space left", full.StandardError, StringComparison.OrdinalIgnoreCase);
            Assert.Contains("Hint: ", full.StandardError, StringComparison.Ordinal);
            await UntilNoSessionAsync();
            Assert.Equal("", await LeftoversAsync());
            Assert.Equal(older, await ContentAsync("target"));
        }

        Shell.Expect(0, await Shell.RunWithAsync([("TMPDIR", _disk.Path)], restore));
        Assert.Equal(await ContentAsync("wide"), await ContentAsync("target"));
    }

    [Fact]
    public async Task A_restore_on_which_the_server_dies_for_want_of_space_for_its_log_leaves_the_target_as_it_was()
    {
        (string older, string[] restore) = await PrepareAsync("pg_wal");
        using (_disk.Fill(leaveBytes: 4 << 20))
        {
            BufferedCommandResult full = await Shell.RunAsync(restore);
            Shell.Expect(1, full);
            Assert.True(System.Text.RegularExpressions.Regex.IsMatch(full.StandardError, "disk is full|server went away|connection to the server broke"), full.StandardError);
            Assert.Contains("Hint: ", full.StandardError, StringComparison.Ordinal);
        }

        await Server.KillAsync(); // it may be down already, or come up again just now
        await StartServerAgainAsync();
        Assert.Equal(older, await ContentAsync("target"));
        await SucceedsAsync(restore);
    }

    /// <summary>A backup, a target with other content, and one of the server's folders on the disk.</summary>
    private async Task<(string Older, string[] Restore)> PrepareAsync(string folder)
    {
        await Shell.ExpectAsync(null, "backup", "create", "-d", "shop", "-c", "zstd");
        await Server.RunAsync("postgres", "DROP DATABASE shop");
        await CreateAsync("target", "CREATE TABLE orders(id int PRIMARY KEY, note text); INSERT INTO orders VALUES (1, 'old')");
        await Server.ControlAsync("stop", "-w", "-m", "fast");
        // Without the log's spare files, which would hold the whole restore.
        await Cli.Wrap("runuser").WithArguments(["-u", PostgreSqlServer.User, "--", Path.Combine(Server.Binaries, "pg_resetwal"), "-D", Server.DataFolder]).WithWorkingDirectory("/").ExecuteBufferedAsync();
        await _disk.TakeAsync(Path.Combine(Server.DataFolder, folder));
        await StartServerAgainAsync();
        return (await ContentAsync("target"), ["backup", "restore", "latest", "-d", Url("target"), "--force", "--jobs", "2"]);
    }

    private async Task SucceedsAsync(string[] restore)
    {
        await Shell.ExpectAsync(null, restore);
        Assert.Equal($"{Rows}", await Server.RunAsync("target", "SELECT count(*) FROM orders"));
        Assert.Equal("", await LeftoversAsync());
    }
}
