using AiShell.IO;

namespace AiShell.Storage.Local;

/// <summary>
/// Writes into an unfinished object's file, which its writer owns and closes. After a failed write nothing more is taken,
/// so that an object with a hole cannot be committed.
/// </summary>
internal sealed class LocalWriteStream(FileStream file, string displayPath) : WriteOnlyStream
{
    private Exception? _failure;

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        ThrowIfFailed();
        try
        {
            file.Write(buffer);
        }
        catch (Exception error) when (FileErrors.IsOfFiles(error))
        {
            throw Fail(error);
        }
    }

    /// <summary>Every byte on the disk.</summary>
    public void FlushToDisk()
    {
        ThrowIfFailed();
        try
        {
            file.Flush(flushToDisk: true);
        }
        catch (Exception error) when (FileErrors.IsOfFiles(error))
        {
            throw Fail(error);
        }
    }

    private Exception Fail(Exception error) => _failure = FileErrors.Explain(error, "write", displayPath);

    private void ThrowIfFailed()
    {
        if (_failure is not null)
        {
            throw _failure;
        }
    }
}
