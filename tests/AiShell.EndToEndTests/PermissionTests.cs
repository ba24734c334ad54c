using CliWrap.Buffered;

namespace AiShell.EndToEndTests;

/// <summary>Modes mean nothing to root, so the binary runs without root's privileges: as the owner, like anybody else.</summary>
public sealed class PermissionTests : IDisposable
{
    private static readonly string[] Unprivileged = Environment.UserName == "root" ? ["--bounding-set=-all", "--inh-caps=-all", "--"] : ["--no-new-privs", "--"];

    private readonly Shell _shell = new();

    public void Dispose()
    {
        foreach (string folder in Directory.GetDirectories(_shell.Folder))
        {
            File.SetUnixFileMode(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        _shell.Dispose();
    }

    [Fact]
    public async Task A_database_that_may_not_be_read_is_out_of_reach()
    {
        string shop = await _shell.ShopAsync(orders: 20);
        File.SetUnixFileMode(shop, UnixFileMode.None);
        BufferedCommandResult result = await RunAsync("backup", "create", "-d", shop);
        Shell.Expect(7, result);
        AssertClear(result, shop);
    }

    [Fact]
    public async Task A_database_that_may_only_be_read_in_a_directory_that_may_only_be_read_is_backed_up()
    {
        string folder = Directory.CreateDirectory(_shell.PathOf("data")).FullName;
        string shop = Path.Combine(folder, "shop.db");
        File.Move(await _shell.ShopAsync(orders: 20), shop);
        File.SetUnixFileMode(shop, UnixFileMode.UserRead);
        File.SetUnixFileMode(folder, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        BufferedCommandResult result = await RunAsync("backup", "create", "-d", shop, "--verify");
        Shell.Expect(0, result);
        Assert.Equal([shop], Directory.GetFileSystemEntries(folder));
    }

    [Fact]
    public async Task A_restore_into_a_directory_that_may_only_be_read_fails_and_says_so()
    {
        string shop = await _shell.ShopAsync(orders: 20);
        Shell.Expect(0, await RunAsync("backup", "create", "-d", shop));
        string folder = Directory.CreateDirectory(_shell.PathOf("data")).FullName;
        File.SetUnixFileMode(folder, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        string target = Path.Combine(folder, "new.db");

        BufferedCommandResult plan = await RunAsync("backup", "restore", "latest", "-d", target, "--dry-run");
        Assert.NotEqual(0, plan.ExitCode);
        BufferedCommandResult result = await RunAsync("backup", "restore", "latest", "-d", target);
        Assert.Contains(result.ExitCode, new[] { 1, 7 });
        AssertClear(result, folder);
        Assert.Empty(Directory.GetFileSystemEntries(folder));
    }

    [Fact]
    public async Task A_repository_that_may_not_be_written_makes_no_backup()
    {
        string shop = await _shell.ShopAsync(orders: 20);
        string repository = Directory.CreateDirectory(_shell.PathOf("repository")).FullName;
        File.SetUnixFileMode(repository, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        BufferedCommandResult result = await RunAsync("backup", "create", "-d", shop, "--repo", repository);
        Assert.Contains(result.ExitCode, new[] { 1, 7 });
        AssertClear(result, repository);
    }

    [Fact]
    public async Task A_home_that_may_not_be_entered_is_refused()
    {
        Directory.CreateDirectory(_shell.Home, UnixFileMode.None);

        BufferedCommandResult result = await RunAsync("backup", "list");
        Assert.Contains(result.ExitCode, new[] { 1, 7 });
        AssertClear(result, _shell.Home);
    }

    [Fact]
    public async Task A_file_that_may_not_be_read_is_not_imported()
    {
        string script = _shell.PathOf("dump.sql");
        await File.WriteAllTextAsync(script, "CREATE TABLE t(a);");
        File.SetUnixFileMode(script, UnixFileMode.None);
        BufferedCommandResult result = await RunAsync("backup", "import", script);
        Shell.Expect(1, result);
        AssertClear(result, script);
    }

    [Fact]
    public async Task An_export_into_a_directory_that_may_only_be_read_fails_and_says_so()
    {
        string shop = await _shell.ShopAsync(orders: 20);
        Shell.Expect(0, await RunAsync("backup", "create", "-d", shop));
        string folder = Directory.CreateDirectory(_shell.PathOf("data")).FullName;
        File.SetUnixFileMode(folder, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        BufferedCommandResult result = await RunAsync("backup", "export", "latest", folder);
        Shell.Expect(1, result);
        AssertClear(result, folder);
    }

    private static void AssertClear(BufferedCommandResult result, string subject)
    {
        Assert.Contains(subject, result.StandardError, StringComparison.Ordinal);
        Assert.Contains("Hint: ", result.StandardError, StringComparison.Ordinal);
        Assert.DoesNotContain("Unexpected", result.StandardError, StringComparison.Ordinal);
    }

    private Task<BufferedCommandResult> RunAsync(params string[] arguments) => _shell.RunUnderAsync("setpriv", Unprivileged, arguments);
}
