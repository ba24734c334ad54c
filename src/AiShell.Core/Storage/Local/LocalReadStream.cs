using AiShell.IO;

namespace AiShell.Storage.Local;

/// <summary>Reads at most so many bytes of an object's file, from its current position, and closes it.</summary>
internal sealed class LocalReadStream(FileStream file, long lengthBytes) : ReadOnlyStream
{
    private long _left = lengthBytes;

    public override int Read(Span<byte> buffer)
    {
        try
        {
            int read = file.Read(buffer[..(int)Math.Min(buffer.Length, _left)]);
            _left -= read;
            return read;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw FileErrors.Explain(error, "read", file.Name);
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            file.Dispose();
        }

        base.Dispose(disposing);
    }
}
