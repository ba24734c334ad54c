using CliWrap;

namespace AiShell.Testing.Engines.Sqlite;

/// <summary>A file system of a few megabytes, mounted for a test by root and unmounted at its end.</summary>
public sealed class SmallDisk : IAsyncDisposable
{
    private SmallDisk(string path) => Path = path;

    public string Path { get; }

    public string PathOf(string name) => System.IO.Path.Combine(Path, name);

    public static async Task<SmallDisk> MountAsync(long sizeBytes)
    {
        string path = Directory.CreateTempSubdirectory("ai-shell-disk-").FullName;
        await Cli.Wrap("mount").WithArguments(["-t", "tmpfs", "-o", $"size={sizeBytes}", "tmpfs", path]).ExecuteAsync();
        return new SmallDisk(path);
    }

    /// <summary>Takes all the space that is left but so many bytes; dispose to give it back.</summary>
    public IDisposable Fill(long leaveBytes = 0)
    {
        FileStream ballast = new(PathOf("ballast"), FileMode.Create, FileAccess.Write, FileShare.None, 4096, FileOptions.DeleteOnClose);
        long bytes = new DriveInfo(Path).AvailableFreeSpace - leaveBytes;
        byte[] block = new byte[4096];
        for (long done = 0; done + block.Length <= bytes; done += block.Length)
        {
            ballast.Write(block);
        }

        ballast.Flush();
        return ballast;
    }

    /// <summary>Moves a folder to the disk and leaves a link in its place; whoever owns the folder may go through the disk then.</summary>
    public async Task TakeAsync(string folder)
    {
        await Cli.Wrap("cp").WithArguments(["-a", folder, Path]).ExecuteAsync();
        await Cli.Wrap("chmod").WithArguments(["755", Path]).ExecuteAsync();
        Directory.Delete(folder, recursive: true);
        File.CreateSymbolicLink(folder, PathOf(System.IO.Path.GetFileName(folder)));
    }

    public async Task MakeReadOnlyAsync() => await Cli.Wrap("mount").WithArguments(["-o", "remount,ro", Path]).ExecuteAsync();

    public async ValueTask DisposeAsync()
    {
        await Cli.Wrap("umount").WithArguments([Path]).ExecuteAsync();
        Directory.Delete(Path);
    }
}
