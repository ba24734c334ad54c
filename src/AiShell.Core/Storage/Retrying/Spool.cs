using System.Security.Cryptography;
using AiShell.Storage.Local;

namespace AiShell.Storage.Retrying;

/// <summary>What was written so far, to be read again: in memory up to 8 MiB, then in a private file that goes with it.</summary>
internal sealed class Spool(string directory) : IDisposable
{
    private const int MemoryBytes = 8 * 1024 * 1024;

    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private Stream _bytes = new MemoryStream();

    public long SizeBytes => _bytes.Length;

    public void Append(ReadOnlySpan<byte> content)
    {
        try
        {
            if (_bytes is MemoryStream memory && memory.Length + content.Length > MemoryBytes)
            {
                _bytes = OpenFile();
                memory.Position = 0;
                memory.CopyTo(_bytes);
            }

            _bytes.Write(content);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw FileErrors.Explain(error, "write in", directory);
        }

        _hash.AppendData(content);
    }

    public async Task CopyToAsync(Stream destination, CancellationToken cancellationToken)
    {
        _bytes.Position = 0;
        await _bytes.CopyToAsync(destination, cancellationToken);
    }

    public byte[] Sha256() => _hash.GetCurrentHash();

    public void Dispose()
    {
        _bytes.Dispose();
        _hash.Dispose();
    }

    private FileStream OpenFile()
    {
        LocalFolders.Ensure(directory);
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            Share = FileShare.None,
            Options = FileOptions.DeleteOnClose,
        };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        var file = new FileStream(Path.Combine(directory, $"upload-{Guid.NewGuid():N}"), options);
        if (!OperatingSystem.IsWindows())
        {
            File.Delete(file.Name); // nameless from now on: gone even after kill -9
        }

        return file;
    }
}
