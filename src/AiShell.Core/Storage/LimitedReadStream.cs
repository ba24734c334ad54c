using AiShell.IO;

namespace AiShell.Storage;

/// <summary>At most so many bytes of another stream, which it closes.</summary>
internal sealed class LimitedReadStream(Stream inner, long lengthBytes) : ReadOnlyStream
{
    private long _left = lengthBytes;

    public override int Read(Span<byte> buffer)
    {
        int read = inner.Read(buffer[..(int)Math.Min(buffer.Length, _left)]);
        _left -= read;
        return read;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner.Dispose();
        }

        base.Dispose(disposing);
    }
}
