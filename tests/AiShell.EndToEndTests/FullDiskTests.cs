namespace AiShell.EndToEndTests;

/// <summary>A file that cannot grow (RLIMIT_FSIZE) is what a full disk is: the whole program under it.</summary>
public sealed class FullDiskTests : IDisposable
{
    private readonly Shell _shell = new();

    public void Dispose() => _shell.Dispose();

    [Theory]
    [InlineData("native")]
    [InlineData("sql")]
    public async Task A_backup_that_finds_no_space_fails_clearly_lists_nothing_and_leaves_nothing(string format)
    {
        string shop = await _shell.ShopAsync();
        await _shell.ExpectAsync(null, "backup", "create", "-d", shop, "--format", format, "-c", "none");
        string[] before = _shell.RepositoryFiles();

        // Two million bytes: enough for state, locks and manifest, not for the part of a big table.
        string big = await _shell.ShopAsync("big.db", orders: 200_000);
        string copy = shop + ".moved";
        File.Move(shop, copy);
        File.Move(big, shop);
        // In WAL mode nothing is copied before it is read: the repository is the only place that grows.
        await Shell.SqliteAsync(shop, "PRAGMA journal_mode=WAL");
        // Without the variable the .NET runtime itself makes a large file in memory, and ends before it has begun.
        (int exitCode, string output) = await _shell.BashAsync(
            _shell.Folder, $"trap '' XFSZ; ulimit -f 2000; export DOTNET_EnableWriteXorExecute=0; ai-shell backup create -d '{shop}' --format {format} -c none");

        Assert.Equal(1, exitCode);
        Assert.Contains("may not grow any further", output, StringComparison.Ordinal);
        Assert.Contains("Hint: ", output, StringComparison.Ordinal);
        Assert.Equal(1, (await _shell.JsonAsync(null, "backup", "list")).GetArrayLength());
        Assert.Equal(before, _shell.RepositoryFiles());
        await _shell.ExpectAsync(null, "backup", "verify", "--all", "--deep");

        await _shell.ExpectAsync(null, "backup", "create", "-d", shop, "--format", format, "-c", "none");
        Assert.Equal(2, (await _shell.JsonAsync(null, "backup", "list")).GetArrayLength());
    }
}
