using System.Globalization;
using System.IO.Hashing;
using System.Text;

namespace AiShell.Engines.Sqlite;

/// <summary>
/// A hidden private folder beside a restore's target, on the same file system, so that its database can be renamed into
/// place. Its name tells whose it is; a lock in it tells whether that restore still lives. Disposing removes it, unless its copy is kept.
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

    public const string CopyName = "new.db";

    public string Path { get; }

    /// <summary>It stays when it is disposed.</summary>
    public bool IsKept { get; set; }

    public string PathOf(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>Removes what killed restores to the same target have left, then makes a new folder.</summary>
    public static StagingFolder Create(string target)
    {
        string parent = System.IO.Path.GetDirectoryName(target)!;
        string prefix = PrefixOf(target);
        foreach (string leftover in Directory.EnumerateDirectories(parent, prefix + "*").Where(folder => !HasKept(folder)))
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

    /// <summary>The newest one with a copy that was kept for a target; null where there is none.</summary>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Busy"/>: another restore is at it.</exception>
    public static StagingFolder? TakeKept(string target)
    {
        string parent = System.IO.Path.GetDirectoryName(target)!;
        string? newest = Directory.Exists(parent)
            ? Directory.EnumerateDirectories(parent, PrefixOf(target) + "*").Where(HasKept).MaxBy(folder => File.GetLastWriteTimeUtc(System.IO.Path.Combine(folder, KeptFile.Name)))
            : null;
        if (newest is null)
        {
            return null;
        }

        FileStream held = TryLock(newest)
            ?? throw new AiShellException(ErrorKind.Busy, $"Another restore is at the copy that is kept in '{newest}'.", "Wait until that is done.");
        return new StagingFolder(newest, held) { IsKept = true };
    }

    /// <summary>Removes what was kept for the same target before this.</summary>
    public void RemoveOthers(string target)
    {
        foreach (string other in Directory.EnumerateDirectories(System.IO.Path.GetDirectoryName(target)!, PrefixOf(target) + "*").Where(folder => folder != Path))
        {
            RemoveIfAbandoned(other);
        }
    }

    public void Dispose()
    {
        _lock.Dispose();
        if (!IsKept)
        {
            Directory.Delete(Path, recursive: true);
        }
    }

    /// <summary>A promotion that was killed leaves a note without a copy.</summary>
    private static bool HasKept(string folder) => File.Exists(System.IO.Path.Combine(folder, KeptFile.Name)) && File.Exists(System.IO.Path.Combine(folder, CopyName));

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
