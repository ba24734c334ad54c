using System.Runtime.CompilerServices;
using AiShell.IO;

namespace AiShell.Storage.Local;

/// <summary>
/// A folder as a store: an object is a file, mode 600, in folders of mode 700. What is being written lies in
/// <c>.unfinished</c> under the root and gets its name by link(2) or rename(2) after fsync(2); the folders above it are
/// synced before commit returns. Symbolic links that lead out of the root are refused (<see cref="ErrorKind.Refused"/>).
/// A folder that cannot be written or read is <see cref="ErrorKind.Unreachable"/>, a full disk <see cref="ErrorKind.Failed"/>.
/// The root is made, with the parents it lacks, by the first write; until then reading finds nothing.
/// </summary>
public sealed class LocalStore(string root) : IObjectStore
{
    private const int ReadBufferBytes = 64 * 1024;

    private readonly LocalFolders _folders = new(root);

    /// <summary>False only to try what happens on file systems without hard links.</summary>
    internal bool UseHardLinks { get; init; } = true;

    public string Display => _folders.Root;

    public StoreCapabilities Capabilities { get; } = new(Remote: false);

    public Task<IObjectWriter> CreateAsync(string key, WriteMode mode, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        _folders.PathOf(key);
        try
        {
            _folders.EnsureRoot();
            return Task.FromResult<IObjectWriter>(new LocalObjectWriter(_folders, key, mode, UseHardLinks));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw FileErrors.Explain(error, "write in", _folders.Root);
        }
    }

    public Task<Stream> OpenAsync(string key, long offset, long? length, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length ?? 0, nameof(length));
        string path = _folders.PathOf(key);
        if (Directory.Exists(path))
        {
            throw new ObjectNotFoundException(key);
        }

        FileStream file = OpenFile(key, path);
        try
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, file.Length);
            file.Position = offset;
            return Task.FromResult<Stream>(new LocalReadStream(file, Math.Min(length ?? long.MaxValue, file.Length - offset)));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public Task<StoredObject?> StatAsync(string key, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        string path = _folders.PathOf(key);
        try
        {
            // not File.Exists, which calls a folder that we may not look into empty
            FileAttributes attributes = File.GetAttributes(path);
            var file = new FileInfo(path);
            return Task.FromResult(
                attributes.HasFlag(FileAttributes.Directory)
                    ? null
                    : new StoredObject(key, file.Length, new DateTimeOffset(file.LastWriteTimeUtc, TimeSpan.Zero)));
        }
        catch (Exception error) when (MeansNothingThere(error))
        {
            return Task.FromResult<StoredObject?>(null);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw FileErrors.Explain(error, "read", path);
        }
    }

    public async IAsyncEnumerable<StoredObject> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ObjectKey.CheckPrefix(prefix);
        await Task.CompletedTask;
        foreach (StoredObject found in LocalListing.Walk(_folders, prefix))
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return found;
        }
    }

    public Task DeleteAsync(string key, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        string path = _folders.PathOf(key);
        try
        {
            if (!Directory.Exists(path))
            {
                File.Delete(path);
                // durable, so that a deletion done earlier is never undone by a crash that a later one survives
                FolderSync.Flush(Path.GetDirectoryName(path)!);
                _folders.RemoveEmptyAbove(path);
            }
        }
        catch (Exception error) when (MeansNothingThere(error))
        {
            return Task.CompletedTask;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw FileErrors.Explain(error, "delete", path);
        }

        return Task.CompletedTask;
    }

    public Task<long?> GetFreeBytesAsync(CancellationToken cancellationToken)
    {
        string? folder = _folders.Root;
        while (folder is not null && !Directory.Exists(folder))
        {
            folder = Path.GetDirectoryName(folder);
        }

        try
        {
            return Task.FromResult<long?>(folder is null ? null : new DriveInfo(folder).AvailableFreeSpace);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw FileErrors.Explain(error, "read", _folders.Root);
        }
    }

    /// <summary>Spares the files of writers that live, on this machine and wherever the file system shares locks.</summary>
    public Task<int> CollectUnfinishedAsync(DateTimeOffset olderThan, CancellationToken cancellationToken)
    {
        int collected = 0;
        _folders.RefuseEscape(_folders.Unfinished);
        try
        {
            foreach (FileInfo file in new DirectoryInfo(_folders.Unfinished).EnumerateFiles())
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (file.LastWriteTimeUtc < olderThan.UtcDateTime && TryCollect(file.FullName))
                {
                    collected++;
                }
            }
        }
        catch (DirectoryNotFoundException)
        {
            return Task.FromResult(0);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw FileErrors.Explain(error, "clean up", _folders.Unfinished);
        }

        return Task.FromResult(collected);
    }

    private static FileStream OpenFile(string key, string path)
    {
        try
        {
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, ReadBufferBytes, FileOptions.SequentialScan);
        }
        catch (Exception error) when (MeansNothingThere(error))
        {
            throw new ObjectNotFoundException(key);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw FileErrors.Explain(error, "read", path);
        }
    }

    private static bool TryCollect(string path)
    {
        try
        {
            using var alone = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None, 0, FileOptions.DeleteOnClose);
            return true;
        }
        catch (FileNotFoundException)
        {
            return false; // its writer finished, or another collector was faster
        }
        catch (IOException error) when (FileErrors.IsSharingViolation(error))
        {
            return false; // its writer lives
        }
    }

    private static bool MeansNothingThere(Exception error) =>
        error is FileNotFoundException or DirectoryNotFoundException
        || (error is IOException io && (FileErrors.Errno(io) == FileErrors.NotADirectory || FileErrors.IsTooLong(io)));
}
