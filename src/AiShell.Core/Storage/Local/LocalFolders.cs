using System.Collections.Concurrent;
using AiShell.IO;

namespace AiShell.Storage.Local;

/// <summary>The folders of a local store: where a key lies, made when needed, never left through a symbolic link.</summary>
internal sealed class LocalFolders(string root)
{
    /// <summary>Holds the files of unfinished writers, on the same file system as the objects.</summary>
    public const string UnfinishedName = ".unfinished";

    private readonly ConcurrentDictionary<string, bool> _durable = new(StringComparer.Ordinal);

    public string Root { get; } = Path.TrimEndingDirectorySeparator(Path.GetFullPath(root));

    public string Unfinished => Path.Combine(Root, UnfinishedName);

    /// <summary>The file of a key.</summary>
    /// <exception cref="ArgumentException">Not a key, or one of this store's own names.</exception>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Refused"/>: a symbolic link on the way leads out of the store.</exception>
    public string PathOf(string key)
    {
        ObjectKey.Check(key);
        if (key == UnfinishedName || key.StartsWith(UnfinishedName + "/", StringComparison.Ordinal))
        {
            throw new ArgumentException($"'{UnfinishedName}' is the store's own folder.", nameof(key));
        }

        string path = Path.Combine(Root, key);
        RefuseEscape(path);
        return path;
    }

    /// <summary>Looks at every name between the root and a path, which need not exist.</summary>
    public void RefuseEscape(string path)
    {
        for (int end = Root.Length; end < path.Length;)
        {
            int next = path.IndexOf(Path.DirectorySeparatorChar, end + 1);
            end = next < 0 ? path.Length : next;
            string ancestor = path[..end];
            if (IsLink(ancestor) && !LeadsInside(ancestor))
            {
                throw new AiShellException(
                    ErrorKind.Refused,
                    $"'{ancestor}' is a symbolic link that leads out of the repository, or nowhere.",
                    "Put what it points at in its place, or move the whole repository there and name that with --repo.");
            }
        }
    }

    public static bool IsLink(string path) => new FileInfo(path).LinkTarget is not null;

    public void EnsureRoot()
    {
        Ensure(Root);
        RefuseEscape(Unfinished);
        Ensure(Unfinished);
    }

    /// <summary>Makes a folder, mode 700, with the parents it lacks, each durable in its own parent.</summary>
    public static void Ensure(string folder)
    {
        if (Directory.Exists(folder))
        {
            return;
        }

        if (File.Exists(folder))
        {
            throw FileErrors.OfErrno(FileErrors.NotADirectory, folder);
        }

        string? parent = Path.GetDirectoryName(folder);
        if (parent is not null)
        {
            Ensure(parent);
        }

        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(folder);
        }
        else
        {
            Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        if (parent is not null)
        {
            FolderSync.Flush(parent);
        }
    }

    /// <summary>
    /// Makes a name durable: its folder and every one above it up to the root, because another process may just have made
    /// one of them. That is done once for a folder: as long as it holds the object that it was done for, nobody removes and makes it again.
    /// </summary>
    public void SyncAbove(string path)
    {
        string own = Path.GetDirectoryName(path)!;
        FolderSync.Flush(own);
        if (_durable.ContainsKey(own))
        {
            return;
        }

        for (string folder = own; folder.Length > Root.Length;)
        {
            folder = Path.GetDirectoryName(folder)!;
            FolderSync.Flush(folder);
        }

        _durable[own] = true;
    }

    /// <summary>Removes the folders above a deleted file that are empty now, but never the root.</summary>
    public void RemoveEmptyAbove(string path)
    {
        _durable.Clear();
        for (string folder = Path.GetDirectoryName(path)!; folder.Length > Root.Length; folder = Path.GetDirectoryName(folder)!)
        {
            if (IsLink(folder) || !TryRemoveEmpty(folder))
            {
                return;
            }
        }
    }

    private static bool TryRemoveEmpty(string folder)
    {
        try
        {
            Directory.Delete(folder, recursive: false);
            return true;
        }
        catch (DirectoryNotFoundException)
        {
            return true;
        }
        catch (IOException)
        {
            // not empty, or in use: it stays, which is what an object beside the deleted one needs
            return false;
        }
    }

    private bool LeadsInside(string link)
    {
        if (OperatingSystem.IsWindows())
        {
            return false;
        }

        string? realRoot = FileSystemCalls.RealPath(Root);
        string? target = FileSystemCalls.RealPath(link);
        return realRoot is not null && target is not null
            && target.StartsWith(Path.TrimEndingDirectorySeparator(realRoot) + Path.DirectorySeparatorChar, StringComparison.Ordinal);
    }
}
