using AiShell.IO;

namespace AiShell.Storage.Local;

/// <summary>An object on its way: a temporary file that nobody looks at.</summary>
internal sealed class LocalWriter : IObjectWriter
{
    private const int BufferBytes = 256 * 1024;

    private readonly LocalStore _store;
    private readonly string _key;
    private readonly string _path;
    private readonly string _temporary;
    private readonly WriteMode _mode;
    private readonly FileStream _file;

    public LocalWriter(LocalStore store, string key, string path, string temporary, WriteMode mode)
    {
        _store = store;
        _key = key;
        _path = path;
        _temporary = temporary;
        _mode = mode;
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, BufferSize = BufferBytes };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        _file = new FileStream(temporary, options);
        Stream = new ExplainingStream(_file, path);
    }

    public Stream Stream { get; }

    public Task CommitAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return LocalStore.Guarded(_path, () =>
        {
            _file.Flush(flushToDisk: true);
            _file.Dispose();
            _store.Publish(_key, _temporary, _path, _mode);
            return true;
        });
    }

    public ValueTask DisposeAsync()
    {
        try
        {
            _file.Dispose();
        }
        catch (IOException)
        {
            // A full disk cannot take the last of a file that is given up anyway.
        }

        File.Delete(_temporary);
        return ValueTask.CompletedTask;
    }

    /// <summary>A full disk shows itself in the middle of a write.</summary>
    private sealed class ExplainingStream(FileStream file, string path) : WriteOnlyStream
    {
        public override void Write(ReadOnlySpan<byte> buffer)
        {
            try
            {
                file.Write(buffer);
            }
            catch (Exception failure) when (LocalErrors.Explain(failure, path) is { } explained)
            {
                throw explained;
            }
        }
    }
}
