using AiShell.Engines;
using AiShell.Repository.Codecs;
using AiShell.Storage;

namespace AiShell.Repository;

/// <summary>
/// Writes one step's parts: plain bytes → compress → digest → store. Each part is durable in the store before its record is
/// added to <see cref="Parts"/>. Nothing refers to the parts before the manifest does.
/// </summary>
internal sealed class PartWriter : IPartSink, IAsyncDisposable
{
    private readonly IObjectStore _store;
    private readonly string _folder;
    private readonly SnapshotStep _step;
    private readonly ICodec _codec;
    private readonly int _level;
    private readonly long _partBytes;
    private readonly PlainStream _plain;
    private readonly List<ManifestPart> _parts = [];
    private IObjectWriter? _writer;
    private HashingStream? _stored;
    private Stream? _compressor;
    private long _plainBytes;

    public PartWriter(
        IObjectStore store, string folder, SnapshotStep step, ICodec codec, int level, long partBytes, RateLimit rate, Action<long> progress, CancellationToken cancellationToken)
    {
        _store = store;
        _folder = folder;
        _step = step;
        _codec = codec;
        _level = level;
        _partBytes = partBytes;
        _plain = new PlainStream(this, rate, progress, cancellationToken);
    }

    public IReadOnlyList<ManifestPart> Parts => _parts;

    public Stream Stream => _plain;

    public bool IsFull => _plainBytes >= _partBytes;

    public async ValueTask EndPartAsync(long rows, CancellationToken cancellationToken)
    {
        if (_writer is null)
        {
            return;
        }

        await _compressor!.DisposeAsync();
        _compressor = null;
        await _writer.CommitAsync(cancellationToken);
        _parts.Add(new ManifestPart(PathOfCurrent, _step.Phase, _step.Table, rows, _plainBytes, _stored!.Count, _stored.Sha256));
        await CloseAsync();
    }

    /// <summary>An unfinished part is given up; the store keeps nothing of it.</summary>
    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        await _plain.DisposeAsync();
    }

    private string PathOfCurrent => RepositoryKeys.PartPath(_step, _parts.Count + 1, _codec.Extension);

    private void Write(ReadOnlySpan<byte> bytes, CancellationToken cancellationToken)
    {
        if (_writer is null)
        {
            // Engines write synchronously; beginning an object is one call a part.
            _writer = _store.CreateAsync(_folder + PathOfCurrent, WriteMode.CreateOnly, cancellationToken).GetAwaiter().GetResult();
            _stored = new HashingStream(_writer.Stream);
            _compressor = _codec.Compress(_stored, _level);
        }

        _compressor!.Write(bytes);
        _plainBytes += bytes.Length;
    }

    private async ValueTask CloseAsync()
    {
        if (_writer is { } writer)
        {
            _writer = null;
            _plainBytes = 0;
            if (_compressor is { } compressor)
            {
                // It holds native memory, and writes its tail when it is freed.
                _compressor = null;
                _stored!.Discard();
                await compressor.DisposeAsync();
            }

            await writer.DisposeAsync();
            await _stored!.DisposeAsync();
        }
    }

    /// <summary>The engine's side: one stream over all cuts.</summary>
    private sealed class PlainStream(PartWriter owner, RateLimit rate, Action<long> progress, CancellationToken cancellationToken) : Stream
    {
        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (buffer.IsEmpty)
            {
                return;
            }

            rate.Wait(buffer.Length, cancellationToken);
            owner.Write(buffer, cancellationToken);
            progress(buffer.Length);
        }

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken token = default)
        {
            Write(buffer.Span);
            return ValueTask.CompletedTask;
        }

        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken token)
        {
            Write(buffer.AsSpan(offset, count));
            return Task.CompletedTask;
        }

        /// <summary>Flushing would only make the compression worse; a part's end is its commit.</summary>
        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
