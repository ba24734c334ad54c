namespace AiShell.Transfer;

/// <summary>A forward-only stream whose length is known beforehand, as a tar's header needs it.</summary>
internal sealed class SizedReadStream(Stream inner, long length) : Stream
{
    private long _position;

    public override bool CanRead => true;

    /// <summary>True so that the tar writer asks for <see cref="Length"/> instead of buffering everything.</summary>
    public override bool CanSeek => true;

    public override bool CanWrite => false;

    public override long Length => length;

    public override long Position
    {
        get => _position;
        set
        {
            if (value != _position)
            {
                throw new NotSupportedException("This stream only goes forward.");
            }
        }
    }

    public override int Read(byte[] buffer, int offset, int count) => Pass(inner.Read(buffer, offset, count));

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        Pass(await inner.ReadAsync(buffer, cancellationToken));

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin)
    {
        Position = origin switch { SeekOrigin.Begin => offset, SeekOrigin.Current => _position + offset, _ => length + offset };
        return _position;
    }

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    private int Pass(int read)
    {
        _position += read;
        return read;
    }
}
