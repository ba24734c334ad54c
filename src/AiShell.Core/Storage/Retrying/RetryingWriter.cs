using System.Security.Cryptography;
using AiShell.IO;
using Polly;

namespace AiShell.Storage.Retrying;

/// <summary>
/// Passes what is written on at once and keeps it. After a failure it only keeps; commit then replays the whole object.
/// A commit that failed may still have happened: with <see cref="WriteMode.CreateOnly"/> an object that is there and has
/// our bytes is ours.
/// </summary>
internal sealed class RetryingWriter : IObjectWriter
{
    private readonly IObjectStore _store;
    private readonly ResiliencePipeline _pipeline;
    private readonly Spool _spool;
    private readonly string _key;
    private readonly WriteMode _mode;
    private readonly SpoolingStream _stream;
    private IObjectWriter? _current;
    private TransientStoreException? _failure;
    private bool _writing;
    private bool _commitInDoubt;
    private bool _committed;

    public RetryingWriter(IObjectStore store, ResiliencePipeline pipeline, IObjectWriter first, Spool spool, string key, WriteMode mode)
    {
        _store = store;
        _pipeline = pipeline;
        _current = first;
        _spool = spool;
        _key = key;
        _mode = mode;
        _stream = new SpoolingStream(this);
    }

    public Stream Stream => _stream;

    public async Task CommitAsync(CancellationToken cancellationToken)
    {
        if (_committed)
        {
            throw new InvalidOperationException($"'{_key}' is committed already.");
        }

        if (_writing)
        {
            throw new InvalidOperationException($"A write into '{_key}' failed or was cancelled; it cannot be committed.");
        }

        try
        {
            await RunAttemptsAsync(cancellationToken);
            _committed = true;
        }
        catch (TransientStoreException last)
        {
            throw Exhaustion.Of(_store, last);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _spool.Dispose();
        if (_current is { } current)
        {
            _current = null;
            await current.DisposeAsync();
        }
    }

    private async Task RunAttemptsAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _pipeline.ExecuteAsync(async token => await AttemptAsync(token), cancellationToken);
        }
        catch (TransientStoreException) when (_commitInDoubt && _mode == WriteMode.CreateOnly)
        {
            // The last attempt may be the one that got through.
            if (await FindOursAsync(cancellationToken) is not true)
            {
                throw;
            }
        }
    }

    private async Task AttemptAsync(CancellationToken cancellationToken)
    {
        if (_failure is { } failure)
        {
            // The attempt that streamed while it was written has failed already; it counts.
            _failure = null;
            await AbandonAsync();
            throw failure;
        }

        if (_commitInDoubt && _mode == WriteMode.CreateOnly && await FindOursAsync(cancellationToken) is { } ours)
        {
            await AbandonAsync();
            if (!ours)
            {
                throw new ObjectExistsException(_key);
            }

            return;
        }

        try
        {
            if (_current is null)
            {
                _current = await _store.CreateAsync(_key, _mode, cancellationToken);
                await _spool.CopyToAsync(_current.Stream, cancellationToken);
            }

            await CommitCurrentAsync(cancellationToken);
        }
        catch (TransientStoreException)
        {
            await AbandonAsync();
            throw;
        }
    }

    private async Task CommitCurrentAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _current!.CommitAsync(cancellationToken);
        }
        catch (TransientStoreException)
        {
            _commitInDoubt = true;
            throw;
        }
        catch (ObjectExistsException) when (_commitInDoubt)
        {
            // An earlier commit of ours may have become visible only now.
            if (await FindOursAsync(cancellationToken) is not true)
            {
                throw;
            }
        }
    }

    /// <summary>Null: no such object; else whether it has our bytes.</summary>
    private async Task<bool?> FindOursAsync(CancellationToken cancellationToken)
    {
        if (await _store.StatAsync(_key, cancellationToken) is not { } found)
        {
            return null;
        }

        if (found.SizeBytes != _spool.SizeBytes)
        {
            return false;
        }

        try
        {
            await using Stream there = await _store.OpenAsync(_key, 0, null, cancellationToken);
            byte[] digest = await SHA256.HashDataAsync(there, cancellationToken);
            return digest.AsSpan().SequenceEqual(_spool.Sha256());
        }
        catch (ObjectNotFoundException)
        {
            return null;
        }
    }

    private async Task AbandonAsync()
    {
        if (_current is not { } abandoned)
        {
            return;
        }

        _current = null;
        try
        {
            await abandoned.DisposeAsync();
        }
        catch (TransientStoreException)
        {
            // What it leaves behind is not visible; CollectUnfinishedAsync removes it.
        }
    }

    private void Write(ReadOnlySpan<byte> content)
    {
        _writing = true;
        _spool.Append(content);
        try
        {
            if (_failure is null)
            {
                _current!.Stream.Write(content);
            }
        }
        catch (TransientStoreException failure)
        {
            _failure = failure;
        }

        _writing = false;
    }

    private async ValueTask WriteAsync(ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        _writing = true;
        _spool.Append(content.Span);
        try
        {
            if (_failure is null)
            {
                await _current!.Stream.WriteAsync(content, cancellationToken);
            }
        }
        catch (TransientStoreException failure)
        {
            _failure = failure;
        }

        _writing = false;
    }

    private sealed class SpoolingStream(RetryingWriter writer) : WriteOnlyStream
    {
        public override void Write(ReadOnlySpan<byte> buffer)
        {
            ObjectDisposedException.ThrowIf(writer._current is null, writer);
            writer.Write(buffer);
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            ObjectDisposedException.ThrowIf(writer._current is null, writer);
            return writer.WriteAsync(buffer, cancellationToken);
        }
    }
}
