using System.Globalization;
using System.IO.Hashing;
using System.Text;

namespace AiShell.Engines.Sqlite;

/// <summary>
/// A hidden private folder beside a restore's target, on the same file system, so that its database can be renamed into
/// place. Its name tells whose it is; a lock in it tells whether that restore still lives. Disposing removes it.
/// </summary>
internal sealed class StagingFolder : IDisposable
{
    private const string Marker = ".ai-shell-restore-";
    private const string LockName = "lock";
    private readonly FileStream _lock;

    private StagingFolder(string path, FileStream held)
    {
        Path = path;
        _lock = held;
    }

    public string Path { get; }

    public string PathOf(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>Removes what killed restores to the same target have left, then makes a new folder.</summary>
    public static StagingFolder Create(string target)
    {
        string parent = System.IO.Path.GetDirectoryName(target)!;
        string prefix = PrefixOf(target);
        foreach (string leftover in Directory.EnumerateDirectories(parent, prefix + "*"))
        {
            RemoveIfAbandoned(leftover);
        }

        string path = System.IO.Path.Combine(
            parent, string.Create(CultureInfo.InvariantCulture, $"{prefix}{Environment.ProcessId}-{Guid.NewGuid().ToString("N")[..8]}"));
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
        }
        else
        {
            Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        return new StagingFolder(path, TryLock(path) ?? throw new IOException($"Cannot lock '{path}'."));
    }

    public void Dispose()
    {
        _lock.Dispose();
        Directory.Delete(Path, recursive: true);
    }

    // A hash keeps the name within 255 bytes however long the target's is.
    private static string PrefixOf(string target) =>
        $"{Marker}{XxHash3.HashToUInt64(Encoding.UTF8.GetBytes(System.IO.Path.GetFileName(target))).ToString("x16", CultureInfo.InvariantCulture)}-";

    private static void RemoveIfAbandoned(string folder)
    {
        using FileStream? held = TryLock(folder);
        if (held is not null)
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Null when a living process holds it.</summary>
    private static FileStream? TryLock(string folder)
    {
        try
        {
            return new FileStream(System.IO.Path.Combine(folder, LockName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (DirectoryNotFoundException)
        {
            return null; // Another restore was quicker.
        }
        catch (IOException)
        {
            return null;
        }
    }
}
