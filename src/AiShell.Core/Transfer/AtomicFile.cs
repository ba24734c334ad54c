using AiShell.IO;

namespace AiShell.Transfer;

/// <summary>A file of the user's that appears whole and durable under its name, or not at all. Mode 600: backups hold data.</summary>
internal sealed class AtomicFile : IAsyncDisposable
{
    private readonly string _path;
    private readonly string _temporary;
    private readonly FileStream _stream;
    private bool _committed;

    /// <exception cref="AiShellException"><see cref="ErrorKind.Failed"/>: the directory is missing or cannot be written.</exception>
    public AtomicFile(string path)
    {
        _path = path;
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        if (!Directory.Exists(folder))
        {
            throw new AiShellException(ErrorKind.Failed, $"Cannot write '{path}': there is no directory '{folder}'.", "Make the directory, or give another path.");
        }

        _temporary = Path.Combine(folder, $".{Guid.NewGuid():n}.ai-shell-unfinished");
        try
        {
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, BufferSize = 128 * 1024 };
            if (!OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            }

            _stream = new FileStream(_temporary, options);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new AiShellException(ErrorKind.Failed, $"Cannot write '{path}': {failure.Message}", "Check that the directory exists and may be written.", failure);
        }
    }

    public Stream Stream => _stream;

    public async Task CommitAsync(CancellationToken cancellationToken)
    {
        await _stream.FlushAsync(cancellationToken);
        _stream.Flush(flushToDisk: true);
        await _stream.DisposeAsync();
        File.Move(_temporary, _path, overwrite: true);
        _committed = true;
        FolderSync.Flush(Path.GetDirectoryName(Path.GetFullPath(_path))!);
    }

    public async ValueTask DisposeAsync()
    {
        await _stream.DisposeAsync();
        if (!_committed)
        {
            File.Delete(_temporary);
        }
    }
}
