using AiShell.IO;
using AiShell.Storage;

namespace AiShell.Testing.Storage;

internal sealed class FaultyWriter(FaultyStore store, string key, IObjectWriter inner) : IObjectWriter
{
    public Stream Stream { get; } = new FaultyWriteStream(store, key, inner.Stream);

    public Task CommitAsync(CancellationToken cancellationToken) =>
        store.CallAsync(
            StoreCall.Commit,
            async () =>
            {
                await inner.CommitAsync(cancellationToken);
                return true;
            });

    public ValueTask DisposeAsync() => inner.DisposeAsync();
}

internal sealed class FaultyWriteStream(FaultyStore store, string key, Stream inner) : WriteOnlyStream
{
    private long _position;
    private bool _lost;

    public override void Write(ReadOnlySpan<byte> buffer) =>
        WriteAsync(buffer.ToArray(), CancellationToken.None).AsTask().GetAwaiter().GetResult();

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        Fault? fault = await store.EnterAsync(StoreCall.Write);
        byte[] bytes = fault is { Action: FaultAction.Cut or FaultAction.CutSilently }
            ? buffer[..Math.Min(fault.Bytes, buffer.Length)].ToArray()
            : buffer.ToArray();
        if (!_lost)
        {
            store.Distort(StoreCall.Write, key, _position, bytes);
            await inner.WriteAsync(bytes, cancellationToken);
        }

        _position += bytes.Length;
        _lost |= fault is { Action: FaultAction.CutSilently };
        if (fault is { Action: FaultAction.Cut or FaultAction.DoThenThrow })
        {
            throw fault.Exception;
        }
    }
}

internal sealed class FaultyReadStream(FaultyStore store, string key, long offset, Stream inner) : ReadOnlyStream
{
    private long _position = offset;
    private bool _ended;

    public override int Read(Span<byte> buffer)
    {
        byte[] bytes = new byte[buffer.Length];
        int read = ReadAsync(bytes, CancellationToken.None).AsTask().GetAwaiter().GetResult();
        bytes.AsSpan(0, read).CopyTo(buffer);
        return read;
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        Fault? fault = await store.EnterAsync(StoreCall.Read);
        if (_ended)
        {
            return 0;
        }

        if (fault is { Action: FaultAction.CutSilently })
        {
            buffer = buffer[..Math.Min(fault.Bytes, buffer.Length)];
            _ended = true;
        }

        int read = buffer.IsEmpty ? 0 : await inner.ReadAsync(buffer, cancellationToken);
        store.Distort(StoreCall.Read, key, _position, buffer.Span[..read]);
        _position += read;
        return fault is { Action: FaultAction.DoThenThrow } ? throw fault.Exception : read;
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
