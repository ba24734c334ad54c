using System.Diagnostics;

namespace AiShell.IntegrationTests.Storage;

/// <summary>A test that mounts a file system or acts as another user; left out, visibly, where the tests may not.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class RootFactAttribute : FactAttribute
{
    private static readonly Lazy<bool> MayMount = new(() =>
    {
        if (!OperatingSystem.IsLinux() || !Environment.IsPrivilegedProcess)
        {
            return false;
        }

        string folder = Directory.CreateTempSubdirectory("ai-shell-mount-").FullName;
        bool mounted = SmallDisk.Run("mount", "-t", "tmpfs", "-o", "size=64k", "none", folder) == 0;
        if (mounted)
        {
            SmallDisk.Run("umount", folder);
        }

        Directory.Delete(folder);
        return mounted;
    });

    public RootFactAttribute() => Skip = MayMount.Value ? null : "Needs root, to mount a small file system and to act as another user.";
}

/// <summary>A file system of its own, in memory and of a given size, gone with the object.</summary>
internal sealed class SmallDisk : IDisposable
{
    public SmallDisk(string options)
    {
        Assert.Equal(0, Run("mount", "-t", "tmpfs", "-o", $"mode=755,{options}", "none", Path));
    }

    public string Path { get; } = Directory.CreateTempSubdirectory("ai-shell-disk-").FullName;

    public void MakeReadOnly() => Assert.Equal(0, Run("mount", "-o", "remount,ro", Path));

    /// <summary>As when the disk is pulled: open files stay open, the folder is the empty one below.</summary>
    public void Detach() => Assert.Equal(0, Run("umount", "--lazy", Path));

    public void Dispose()
    {
        Run("umount", "--lazy", Path);
        Directory.Delete(Path, recursive: true);
    }

    public static int Run(string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode;
    }
}
