using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using AiShell.IO;

namespace AiShell.Engines.Sqlite.Rows;

/// <summary>
/// Reads another stream on a thread of its own, so that decompression and loading overlap. Does not own that stream, but
/// has let go of it when it is disposed.
/// </summary>
internal sealed class ReadAheadStream : ReadOnlyStream
{
    private const int BlockBytes = 128 * 1024;
    private const int Blocks = 4;

    private readonly Stream _stream;
    private readonly BlockingCollection<ArraySegment<byte>> _blocks = new(Blocks);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _reading;
    private ExceptionDispatchInfo? _failure;
    private ArraySegment<byte> _current = ArraySegment<byte>.Empty;

    public ReadAheadStream(Stream stream)
    {
        _stream = stream;
        _reading = Task.Factory.StartNew(ReadAll, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    public override int Read(Span<byte> buffer)
    {
        if (_current.Count == 0 && !_blocks.TryTake(out _current, Timeout.Infinite))
        {
            _failure?.Throw();
            return 0;
        }

        int count = Math.Min(buffer.Length, _current.Count);
        _current.AsSpan(0, count).CopyTo(buffer);
        _current = _current[count..];
        return count;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _stop.Cancel();
            _reading.Wait();
            _blocks.Dispose();
            _stop.Dispose();
        }

        base.Dispose(disposing);
    }

    private void ReadAll()
    {
        try
        {
            while (!_stop.IsCancellationRequested)
            {
                byte[] block = new byte[BlockBytes];
                int read = _stream.ReadAtLeast(block, block.Length, throwOnEndOfStream: false);
                if (read == 0)
                {
                    return;
                }

                _blocks.Add(new ArraySegment<byte>(block, 0, read), _stop.Token);
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // disposed before the end: nobody wants the rest
        }
        catch (Exception failure)
        {
            _failure = ExceptionDispatchInfo.Capture(failure); // thrown where the bytes are missed
        }
        finally
        {
            _blocks.CompleteAdding();
        }
    }
}
