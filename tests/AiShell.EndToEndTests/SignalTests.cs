using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace AiShell.EndToEndTests;

/// <summary>Ctrl-C and SIGTERM: no half backup is listed, no half restore is visible.</summary>
public sealed partial class SignalTests : IDisposable
{
    private readonly Shell _shell = new();

    public void Dispose() => _shell.Dispose();

    [Theory]
    [InlineData("INT", 130)]
    [InlineData("TERM", 143)]
    public async Task A_signal_during_create_leaves_no_backup(string signal, int exitCode)
    {
        string shop = await _shell.ShopAsync();
        await _shell.ExpectAsync(null, "backup", "create", "-d", shop);
        string backups = Path.Combine(_shell.Repository, "backups");
        string[] files = Directory.GetFiles(backups, "*", SearchOption.AllDirectories);

        using Process create = _shell.Start("backup", "create", "-d", shop, "--rate-limit", "1KB/s");
        await Shell.UntilAsync(() => Directory.GetFiles(backups, "*", SearchOption.AllDirectories).Length > files.Length || create.HasExited, "the create writes");
        await StopAsync(create, signal, exitCode);

        Assert.Equal(1, (await _shell.JsonAsync(null, "backup", "list")).GetArrayLength());
        await _shell.ExpectAsync(null, "backup", "verify", "--all", "--deep");
        // Neither a part nor a lock stays: the next one need not wait.
        Assert.Equal(files.Order(), Directory.GetFiles(backups, "*", SearchOption.AllDirectories).Order());
        await _shell.ExpectAsync(null, "backup", "create", "-d", shop, "--lock-wait", "0s");
        JsonElement history = await _shell.JsonAsync(null, "backup", "history");
        Assert.Contains(history.EnumerateArray(), entry => entry.GetProperty("outcome").GetString() == "cancelled" && entry.GetProperty("exitCode").GetInt32() == exitCode);
    }

    [Theory]
    [InlineData("INT", 130)]
    [InlineData("TERM", 143)]
    public async Task A_signal_during_restore_leaves_the_target_as_it_was(string signal, int exitCode)
    {
        string shop = await _shell.ShopAsync(orders: 20_000);
        await _shell.ExpectAsync(null, "backup", "create", "-d", shop, "-c", "zstd");
        string folder = Directory.CreateDirectory(_shell.PathOf("targets")).FullName;
        string target = Path.Combine(folder, "target.db");

        await Shell.SqliteAsync(target, "CREATE TABLE old(a); INSERT INTO old VALUES (1), (2);");
        byte[] before = await File.ReadAllBytesAsync(target);

        // Somebody reads the target: however fast the copy is built, it cannot take its place.
        using Process reader = Process.Start(new ProcessStartInfo("sqlite3", [target]) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        await reader.StandardInput.WriteLineAsync("BEGIN; SELECT count(*) FROM old;");
        Assert.Equal("2", await reader.StandardOutput.ReadLineAsync());
        using Process restore = _shell.Start("backup", "restore", "latest", "-d", target, "--force", "--lock-wait", "10m");
        await Shell.UntilAsync(() => Directory.GetFileSystemEntries(folder).Length > 1 || restore.HasExited, "the restore builds its copy");
        await StopAsync(restore, signal, exitCode);

        reader.StandardInput.Close();
        await reader.WaitForExitAsync();
        Assert.Equal(before, await File.ReadAllBytesAsync(target));
        Assert.Equal([target], Directory.GetFileSystemEntries(folder));
    }

    private static async Task StopAsync(Process process, string signal, int exitCode)
    {
        Assert.False(process.HasExited, "It was done before it could be stopped.");
        _ = Kill(process.Id, signal == "INT" ? 2 : 15);
        await process.WaitForExitAsync();
        string errors = await process.StandardError.ReadToEndAsync();
        Assert.True(process.ExitCode == exitCode, $"exit {process.ExitCode}: {errors}");
        Assert.Contains("Stopped before it was done", errors, StringComparison.Ordinal);
    }

    // Not by the program, which on a busy machine takes long to start.
    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int processId, int signal);
}
