using Microsoft.Win32.SafeHandles;

namespace AiShell.Storage.Local;

/// <summary>Writes into a private file and, at commit, gives it its name in one step.</summary>
internal sealed class LocalObjectWriter : IObjectWriter
{
    private const int BufferBytes = 256 * 1024;

    // Another writer may remove an empty folder between our making it and our using it; each round needs a new such accident.
    private const int MaximumPlacements = 100;

    private readonly LocalFolders _folders;
    private readonly string _key;
    private readonly WriteMode _mode;
    private readonly bool _useHardLinks;
    private readonly string _temporary;
    private readonly FileStream _file;
    private readonly SafeFileHandle _handle;
    private readonly LocalWriteStream _stream;
    private bool _committed;
    private bool _disposed;

    public LocalObjectWriter(LocalFolders folders, string key, WriteMode mode, bool useHardLinks)
    {
        _folders = folders;
        _key = key;
        _mode = mode;
        _useHardLinks = useHardLinks;
        // The process id tells a person whose it is; the shared lock that .NET takes tells collection that it is alive.
        _temporary = Path.Combine(folders.Unfinished, $"{Environment.ProcessId}-{Guid.NewGuid():N}");
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            Share = FileShare.ReadWrite | FileShare.Delete,
            BufferSize = BufferBytes,
        };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        _file = new FileStream(_temporary, options);
        // Now, while nothing is buffered: asking for it later writes the buffer out.
        _handle = _file.SafeFileHandle;
        _stream = new LocalWriteStream(_file, Path.Combine(folders.Root, key));
    }

    public Stream Stream => _stream;

    public Task CommitAsync(CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (_committed)
        {
            throw new InvalidOperationException($"'{_key}' is committed already.");
        }

        return Task.Run(Commit, cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        if (!_committed)
        {
            DeleteTemporary();
            // Before the stream, which would write out what it has buffered: that fails on a full disk.
            _handle.Dispose();
        }

        await _file.DisposeAsync();
    }

    private void DeleteTemporary()
    {
        try
        {
            File.Delete(_temporary);
        }
        catch (DirectoryNotFoundException)
        {
            // the whole store went away; what the caller must hear is the failure that this caused
        }
    }

    private void Commit()
    {
        _stream.FlushToDisk();
        string path = _folders.PathOf(_key);
        try
        {
            Place(path);
            _committed = true;
            _folders.SyncAbove(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw FileErrors.Explain(error, "write", path);
        }

        _file.Dispose();
    }

    private void Place(string path)
    {
        for (int placement = 1; ; placement++)
        {
            // Before any folder is made: where the store went away, its folders must not appear on the disk below it.
            ThrowIfGone();
            LocalFolders.Ensure(Path.GetDirectoryName(path)!);
            try
            {
                Move(path);
                return;
            }
            catch (IOException error) when (FileErrors.Errno(error) == FileErrors.Exists && _mode == WriteMode.CreateOnly)
            {
                throw new ObjectExistsException(_key);
            }
            catch (IOException error) when (
                FileErrors.Errno(error) == FileErrors.NoEntry && placement < MaximumPlacements)
            {
                // the folder went; make it again
            }
        }
    }

    private void ThrowIfGone()
    {
        if (!File.Exists(_temporary))
        {
            throw new AiShellException(
                ErrorKind.Unreachable,
                $"'{_folders.Root}' went away while '{_key}' was written: the folder was removed or emptied, or its disk was unmounted.",
                "Nothing of it was stored. Bring the folder or the disk back, then run the command again.");
        }
    }

    private void Move(string path)
    {
        if (_mode == WriteMode.CreateOnly)
        {
            FileSystemCalls.MoveExclusively(_temporary, path, _useHardLinks);
        }
        else
        {
            FileSystemCalls.MoveReplacing(_temporary, path);
        }
    }
}
