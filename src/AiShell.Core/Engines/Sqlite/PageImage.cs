using AiShell.IO;
using Microsoft.Win32.SafeHandles;

namespace AiShell.Engines.Sqlite;

/// <summary>A new private database file put together from page images, which arrive in any order and in parallel.</summary>
internal sealed class PageImage : IDisposable
{
    private const int BufferBytes = 256 * 1024;
    private readonly SafeFileHandle _file;

    /// <param name="sizeBytes">Space is taken at once, so that a full disk shows before anything is loaded.</param>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Failed"/>: no space.</exception>
    public PageImage(string path, long sizeBytes)
    {
        DatabaseFile.RequireSpace(System.IO.Path.GetDirectoryName(path)!, sizeBytes, "The new copy");
        _file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.Read, FileOptions.Asynchronous, sizeBytes);
        DatabaseFile.MakePrivate(_file);
        RandomAccess.SetLength(_file, sizeBytes);
    }

    private PageImage(SafeFileHandle file) => _file = file;

    /// <summary>One that was put together before.</summary>
    public static PageImage Reopen(string path) => new(File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.Read, FileOptions.Asynchronous));

    /// <exception cref="AiShellException"><see cref="ErrorKind.Integrity"/>: the part is longer or shorter than it should be.</exception>
    public async Task WriteAsync(BackupPart part, Stream plain, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[BufferBytes];
        long done = 0;
        while (true)
        {
            int read = await plain.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken);
            if (read == 0)
            {
                break;
            }

            if (done + read > part.PlainBytes)
            {
                throw Damaged(part, "longer");
            }

            await FileWrites.WriteAsync(_file, buffer.AsMemory(0, read), part.PlainOffset + done, cancellationToken);
            done += read;
        }

        if (done != part.PlainBytes)
        {
            throw Damaged(part, "shorter");
        }
    }

    /// <summary>Writes whole pages over what is there, or past its end.</summary>
    public Task WriteAsync(ReadOnlyMemory<byte> pages, long offset, CancellationToken cancellationToken) =>
        FileWrites.WriteAsync(_file, pages, offset, cancellationToken);

    public void SetLength(long sizeBytes) => RandomAccess.SetLength(_file, sizeBytes);

    public void Flush() => RandomAccess.FlushToDisk(_file);

    public void Dispose() => _file.Dispose();

    private static AiShellException Damaged(BackupPart part, string how) => new(
        ErrorKind.Integrity,
        $"The backup is damaged: part {part.Index + 1} (pages) is {how} than its {part.PlainBytes:N0} bytes.",
        "Use another backup ('ai-shell backup list').");
}
