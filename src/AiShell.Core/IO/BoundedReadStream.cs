namespace AiShell.IO;

/// <summary>The first bytes of a stream, which stays open.</summary>
internal sealed class BoundedReadStream(Stream source, long bytes) : ReadOnlyStream
{
    private long _left = bytes;

    public override int Read(Span<byte> buffer)
    {
        int read = source.Read(buffer[..(int)Math.Min(buffer.Length, _left)]);
        _left -= read;
        return read;
    }
}
