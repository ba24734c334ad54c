using System.Text.Json;
using CliWrap;
using CliWrap.Buffered;

namespace AiShell.EndToEndTests;

/// <summary>
/// A repository that is full. The size of a file is limited (RLIMIT_FSIZE, with SIGXFSZ ignored the write fails): that works for every
/// user and in every container. Where a small disk can be mounted (root on CI), the real thing as well.
/// </summary>
public sealed class NoSpaceTests : IDisposable
{
    private readonly Shell _shell = new();

    public void Dispose() => _shell.Dispose();

    [Theory]
    [InlineData("sql")]
    [InlineData("native")]
    public async Task Running_out_of_space_in_the_middle_of_a_create_leaves_the_earlier_backups(string format)
    {
        string shop = await _shell.ShopAsync();
        await _shell.ExpectAsync(null, "backup", "create", "-d", shop);
        // In WAL mode the rows are read where they are, so that what does not fit is the part and not a private copy.
        await Shell.SqliteAsync(shop, "PRAGMA journal_mode = WAL; CREATE TABLE large AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4000) SELECT randomblob(500) AS b FROM n;");

        // 512-byte blocks: no file larger than 1 MB.
        BufferedCommandResult result = await _shell.RunUnderAsync(
            "sh", ["-c", "ulimit -f 2000; trap '' XFSZ; DOTNET_EnableWriteXorExecute=0 exec \"$0\" \"$@\""], "backup", "create", "-d", shop, "--format", format, "-c", "none");

        Shell.Expect(1, result);
        Assert.Contains("Hint: ", result.StandardError, StringComparison.Ordinal);
        Assert.DoesNotContain("Unexpected", result.StandardError, StringComparison.Ordinal);
        await AssertOneGoodBackupAsync(shop);
    }

    [Fact]
    public async Task Running_out_of_space_in_the_middle_of_a_restore_leaves_the_target()
    {
        string shop = await _shell.ShopAsync();
        await Shell.SqliteAsync(shop, "CREATE TABLE large AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4000) SELECT randomblob(500) AS b FROM n;");
        await _shell.ExpectAsync(null, "backup", "create", "-d", shop);
        string folder = Directory.CreateDirectory(_shell.PathOf("targets")).FullName;
        string target = Path.Combine(folder, "target.db");
        await Shell.SqliteAsync(target, "CREATE TABLE old(a);");
        byte[] before = await File.ReadAllBytesAsync(target);

        BufferedCommandResult result = await _shell.RunUnderAsync(
            "sh", ["-c", "ulimit -f 2000; trap '' XFSZ; DOTNET_EnableWriteXorExecute=0 exec \"$0\" \"$@\""], "backup", "restore", "latest", "-d", target, "--force");

        Shell.Expect(1, result);
        Assert.DoesNotContain("Unexpected", result.StandardError, StringComparison.Ordinal);
        Assert.Equal(before, await File.ReadAllBytesAsync(target));
        Assert.Equal([target], Directory.GetFileSystemEntries(folder));
    }

    [Fact]
    public async Task A_disk_that_is_known_to_be_too_small_is_refused_before_anything_is_written()
    {
        using SmallDisk? disk = await SmallDisk.MountAsync(_shell.PathOf("small"));
        if (disk is null)
        {
            // Without the right to mount, the tests above are what can be done.
            return;
        }

        string shop = await _shell.ShopAsync();
        string repository = Path.Combine(disk.Path, "repository");
        await _shell.ExpectAsync(null, "backup", "create", "-d", shop, "--repo", repository);
        await Shell.SqliteAsync(shop, "CREATE TABLE large AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12000) SELECT randomblob(1000) AS b FROM n;");

        BufferedCommandResult refused = await _shell.RunAsync("backup", "create", "-d", shop, "--repo", repository, "--format", "native", "-c", "none");
        Shell.Expect(1, refused);
        Assert.Contains("Not enough space in the repository", refused.StandardError, StringComparison.Ordinal);
        Assert.Contains("Hint: ", refused.StandardError, StringComparison.Ordinal);

        // Compressed it might fit, so it is tried: and fails in the middle.
        BufferedCommandResult full = await _shell.RunAsync("backup", "create", "-d", shop, "--repo", repository, "-c", "zstd");
        Shell.Expect(1, full);
        Assert.Contains("pace", full.StandardError, StringComparison.Ordinal);
        Assert.DoesNotContain("Unexpected", full.StandardError, StringComparison.Ordinal);

        Assert.Equal(1, (await _shell.JsonAsync(null, "backup", "list", "--repo", repository)).GetArrayLength());
        await _shell.ExpectAsync(null, "repo", "gc", "--repo", repository);
        await _shell.ExpectAsync(null, "backup", "verify", "--all", "--deep", "--repo", repository);

        string target = Path.Combine(disk.Path, "restored.db");
        await _shell.ExpectAsync(null, "backup", "create", "-d", shop);
        BufferedCommandResult restore = await _shell.RunAsync("backup", "restore", "latest", "-d", target);
        Shell.Expect(1, restore);
        Assert.Contains("space", restore.StandardError, StringComparison.Ordinal);
        Assert.False(File.Exists(target));
        Assert.Equal(["repository"], Directory.GetFileSystemEntries(disk.Path).Select(Path.GetFileName));
    }

    private async Task AssertOneGoodBackupAsync(string shop)
    {
        JsonElement list = await _shell.JsonAsync(null, "backup", "list");
        Assert.Equal(1, list.GetArrayLength());
        await _shell.ExpectAsync(null, "backup", "verify", "--all", "--deep");
        JsonElement check = await _shell.JsonAsync(null, "repo", "check");
        Assert.Empty(check.GetProperty("orphans").EnumerateArray());
        await _shell.ExpectAsync(null, "backup", "create", "-d", shop);
    }

    private sealed class SmallDisk : IDisposable
    {
        private SmallDisk(string path) => Path = path;

        public string Path { get; }

        /// <summary>Null where nobody may mount.</summary>
        public static async Task<SmallDisk?> MountAsync(string path)
        {
            Directory.CreateDirectory(path);
            CommandResult mounted = await Cli.Wrap("mount").WithArguments(["-t", "tmpfs", "-o", "size=6m", "ai-shell-test", path]).WithValidation(CommandResultValidation.None).ExecuteAsync();
            return mounted.ExitCode == 0 ? new SmallDisk(path) : null;
        }

        public void Dispose() => Cli.Wrap("umount").WithArguments([Path]).ExecuteAsync().GetAwaiter().GetResult();
    }
}
