using System.Globalization;

namespace AiShell.Testing.Engines;

/// <summary>
/// Throw-away folders of servers and of what they are read into: in memory where this machine has plenty, for on a disk the tests wait for it
/// half of their time. A process that is killed loses nothing in either place. Tests of files themselves have theirs where temporary files are.
/// </summary>
public static class FastFolder
{
    private const string Memory = "/dev/shm";
    private const long NeededBytes = 10L << 30;

    /// <summary>Makes one; whoever asks for it deletes it.</summary>
    public static string Create(string prefix)
    {
        if (OperatingSystem.IsWindows() || !HasRoom())
        {
            return Directory.CreateTempSubdirectory(prefix).FullName;
        }

        string name = $"{prefix}{Guid.NewGuid():N}"[..(prefix.Length + 8)];
        return Directory.CreateDirectory(Path.Combine(Memory, name), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute).FullName;
    }

    private static bool HasRoom() => Directory.Exists(Memory) && new DriveInfo(Memory).AvailableFreeSpace > NeededBytes && AvailableMemoryBytes() > NeededBytes;

    private static long AvailableMemoryBytes()
    {
        string line = File.ReadLines("/proc/meminfo").First(line => line.StartsWith("MemAvailable:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) << 10;
    }
}
