namespace AiShell.EndToEndTests;

/// <summary>Backups of a server to a repository that has no space for them.</summary>
internal static class FullRepository
{
    /// <summary>Backs up the saved connection 'shop', of more than 2 MB, beside another backup; a limit of files' sizes is what a full disk is, and needs no right to mount one.</summary>
    public static async Task RequireClearFailureAsync(Shell shell, string otherUrl, string format, Func<Task> untilNoSession)
    {
        await shell.ExpectAsync(null, "backup", "create", "-d", otherUrl);
        string[] before = shell.RepositoryFiles();

        // 1 KB blocks.
        (int exitCode, string output) = await shell.BashAsync(
            shell.Folder, $"trap '' XFSZ; ulimit -f 2000; export DOTNET_EnableWriteXorExecute=0; ai-shell backup create -d shop --format {format} -c none --jobs 2");

        Assert.True(exitCode == 1, output);
        Assert.Contains("may not grow any further", output, StringComparison.Ordinal);
        Assert.Contains("Hint: ", output, StringComparison.Ordinal);
        Assert.Equal(before, shell.RepositoryFiles());
        await untilNoSession();
        await shell.ExpectAsync(null, "backup", "verify", "--all", "--deep");
        await shell.ExpectAsync(null, "backup", "create", "-d", "shop", "--format", format, "-c", "none", "--verify", "--lock-wait", "0s");
    }
}
