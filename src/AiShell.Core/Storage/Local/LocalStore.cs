using System.Globalization;
using System.Runtime.CompilerServices;

namespace AiShell.Storage.Local;

/// <summary>
/// A directory. Objects are written under <c>.unfinished/</c>, flushed, then linked or renamed to their name, and the folders
/// flushed: after a commit the object survives a power cut, before it nobody sees it. Folders are 700, files 600.
/// </summary>
public sealed class LocalStore : IObjectStore
{
    private const string UnfinishedFolder = ".unfinished";
    private const UnixFileMode FolderMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private readonly string _root;

    /// <param name="root">Made when something is first written.</param>
    public LocalStore(string root) => _root = Path.TrimEndingDirectorySeparator(Path.GetFullPath(root));

    public string Display => _root;

    public StoreCapabilities Capabilities { get; } = new(Remote: false);

    private string Unfinished => Path.Combine(_root, UnfinishedFolder);

    public Task<IObjectWriter> CreateAsync(string key, WriteMode mode, CancellationToken cancellationToken)
    {
        string path = PathOf(key);
        return Guarded<IObjectWriter>(path, () =>
        {
            MakeFolder(Unfinished);
            string temporary = Path.Combine(Unfinished, string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessId}-{Guid.NewGuid():n}"));
            return new LocalWriter(this, key, path, temporary, mode);
        });
    }

    public Task<Stream> OpenAsync(string key, long offset, long? length, CancellationToken cancellationToken)
    {
        string path = PathOf(key);
        return Guarded<Stream>(path, () =>
        {
            try
            {
                RefuseLinks(path);
                var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0, FileOptions.SequentialScan);
                file.Position = offset;
                return length is { } bytes ? new LimitedReadStream(file, bytes) : file;
            }
            catch (Exception failure) when (failure is FileNotFoundException or DirectoryNotFoundException)
            {
                throw new ObjectNotFoundException(key);
            }
        });
    }

    public Task<StoredObject?> StatAsync(string key, CancellationToken cancellationToken)
    {
        string path = PathOf(key);
        return Guarded(path, () =>
        {
            var file = new FileInfo(path);
            return file.Exists ? new StoredObject(key, file.Length, file.LastWriteTimeUtc) : null;
        });
    }

    public async IAsyncEnumerable<StoredObject> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // Only the folder that the prefix names has to be walked.
        int slash = prefix.LastIndexOf('/');
        string folder = slash < 0 ? _root : PathOf(prefix[..slash]);
        List<StoredObject> found = await Guarded(folder, () => Walk(folder, prefix));
        foreach (StoredObject item in found)
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return item;
        }
    }

    public Task DeleteAsync(string key, CancellationToken cancellationToken)
    {
        string path = PathOf(key);
        return Guarded(path, () =>
        {
            try
            {
                File.Delete(path);
                RemoveEmptyFolders(Path.GetDirectoryName(path)!);
            }
            catch (DirectoryNotFoundException)
            {
                // Gone already, which is what was asked for.
            }

            return true;
        });
    }

    public Task<long?> GetFreeBytesAsync(CancellationToken cancellationToken)
    {
        string existing = _root;
        while (!Directory.Exists(existing))
        {
            existing = Path.GetDirectoryName(existing) ?? throw new DirectoryNotFoundException(_root);
        }

        return Task.FromResult<long?>(new DriveInfo(existing).AvailableFreeSpace);
    }

    public Task<int> CollectUnfinishedAsync(DateTimeOffset olderThan, CancellationToken cancellationToken) => Guarded(Unfinished, () =>
    {
        if (!Directory.Exists(Unfinished))
        {
            return 0;
        }

        FileInfo[] old = [.. new DirectoryInfo(Unfinished).EnumerateFiles().Where(file => file.LastWriteTimeUtc < olderThan.UtcDateTime)];
        foreach (FileInfo file in old)
        {
            file.Delete();
        }

        return old.Length;
    });

    /// <summary>Moves a complete, flushed file to its name.</summary>
    internal void Publish(string key, string temporary, string path, WriteMode mode)
    {
        string folder = Path.GetDirectoryName(path)!;
        RefuseLinks(path);

        // Whoever deletes the folder's last object removes the folder too; making it again is the whole remedy.
        for (int attempt = 1; ; attempt++)
        {
            MakeFolder(folder);
            try
            {
                Place(key, temporary, path, mode);
                DurableFiles.FlushFolder(folder);
                return;
            }
            catch (IOException failure) when (attempt < 10 && failure is not ObjectExistsException && !Directory.Exists(folder))
            {
            }
        }
    }

    /// <summary>Runs a file system call and explains its failure.</summary>
    internal static Task<T> Guarded<T>(string path, Func<T> call)
    {
        try
        {
            return Task.FromResult(call());
        }
        catch (Exception failure) when (LocalErrors.Explain(failure, path) is { } explained)
        {
            return Task.FromException<T>(explained);
        }
        catch (IOException failure)
        {
            return Task.FromException<T>(failure);
        }
    }

    private static void Place(string key, string temporary, string path, WriteMode mode)
    {
        if (mode == WriteMode.Replace)
        {
            File.Move(temporary, path, overwrite: true);
        }
        else if (DurableFiles.TryLink(temporary, path))
        {
            File.Delete(temporary);
        }
        else
        {
            throw new ObjectExistsException(key);
        }
    }

    private string PathOf(string key) => Path.Combine(_root, ObjectKey.Check(key).Replace('/', Path.DirectorySeparatorChar));

    private List<StoredObject> Walk(string folder, string prefix)
    {
        if (!Directory.Exists(folder))
        {
            return [];
        }

        var options = new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint, IgnoreInaccessible = false };
        var found = new List<StoredObject>();
        foreach (FileInfo file in new DirectoryInfo(folder).EnumerateFiles("*", options))
        {
            string key = Path.GetRelativePath(_root, file.FullName).Replace(Path.DirectorySeparatorChar, '/');
            if (key.StartsWith(prefix, StringComparison.Ordinal) && !key.StartsWith($"{UnfinishedFolder}/", StringComparison.Ordinal))
            {
                try
                {
                    found.Add(new StoredObject(key, file.Length, file.LastWriteTimeUtc));
                }
                catch (FileNotFoundException)
                {
                    // Deleted since it was seen.
                }
            }
        }

        found.Sort((left, right) => string.CompareOrdinal(left.Key, right.Key));
        return found;
    }

    /// <summary>A link below the root could lead anywhere; the store made none.</summary>
    private void RefuseLinks(string path)
    {
        for (string? current = path; current is not null && current.Length > _root.Length; current = Path.GetDirectoryName(current))
        {
            if (new FileInfo(current) is { Exists: true, LinkTarget: not null } || new DirectoryInfo(current) is { Exists: true, LinkTarget: not null })
            {
                throw new AiShellException(
                    ErrorKind.Refused,
                    $"'{current}' is a symbolic link, which a repository never holds.",
                    "Remove the link; to keep a repository elsewhere, give its place with --repo.");
            }
        }
    }

    private static void MakeFolder(string folder)
    {
        if (Directory.Exists(folder))
        {
            return;
        }

        string parent = Path.GetDirectoryName(folder)!;
        MakeFolder(parent);
        _ = OperatingSystem.IsWindows() ? Directory.CreateDirectory(folder) : Directory.CreateDirectory(folder, FolderMode);
        DurableFiles.FlushFolder(parent);
    }

    private void RemoveEmptyFolders(string folder)
    {
        while (folder.Length > _root.Length && !Directory.EnumerateFileSystemEntries(folder).Any())
        {
            try
            {
                Directory.Delete(folder, recursive: false);
            }
            catch (IOException)
            {
                // Somebody has just put something in.
                return;
            }

            folder = Path.GetDirectoryName(folder)!;
        }
    }
}
