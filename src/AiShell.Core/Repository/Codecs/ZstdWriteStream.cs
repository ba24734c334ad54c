using System.Buffers;
using AiShell.IO;

namespace AiShell.Repository.Codecs;

/// <summary>
/// Compresses into one or more zstd frames; disposing completes the last. Frames of a few MiB that are compressed in one
/// call each: measured a third faster at level 3 than one endless frame, whose window lies half in a second buffer, for
/// 0.3% more bytes.
/// </summary>
internal sealed unsafe class ZstdWriteStream : WriteOnlyStream
{
    public const int FrameBytes = 4 * 1024 * 1024;

    private readonly Stream _destination;
    private readonly byte[] _plain = ArrayPool<byte>.Shared.Rent(FrameBytes);
    private readonly byte[] _frame = ArrayPool<byte>.Shared.Rent((int)ZstdLibrary.CompressBound(FrameBytes));
    private nint _context;
    private int _used;
    private bool _begun;

    public ZstdWriteStream(Stream destination, int level)
    {
        _destination = destination;
        _context = ZstdLibrary.CreateCompressor();
        ZstdLibrary.Check(ZstdLibrary.SetParameter(_context, ZstdLibrary.CompressionLevel, level));
        ZstdLibrary.Check(ZstdLibrary.SetParameter(_context, ZstdLibrary.ChecksumFlag, 1));
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        ObjectDisposedException.ThrowIf(_context == 0, this);
        while (!buffer.IsEmpty)
        {
            if (_used == FrameBytes)
            {
                WriteFrame();
            }

            int count = Math.Min(buffer.Length, FrameBytes - _used);
            buffer[..count].CopyTo(_plain.AsSpan(_used));
            _used += count;
            buffer = buffer[count..];
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (_context != 0)
        {
            try
            {
                if (disposing && (_used > 0 || !_begun))
                {
                    WriteFrame();
                }
            }
            finally
            {
                ZstdLibrary.FreeCompressor(_context);
                _context = 0;
                ArrayPool<byte>.Shared.Return(_plain);
                ArrayPool<byte>.Shared.Return(_frame);
            }
        }

        base.Dispose(disposing);
    }

    private void WriteFrame()
    {
        fixed (byte* source = _plain)
        fixed (byte* target = _frame)
        {
            nuint written = ZstdLibrary.Check(ZstdLibrary.CompressFrame(_context, target, (nuint)_frame.Length, source, (nuint)_used));
            _destination.Write(_frame, 0, (int)written);
        }

        _begun = true;
        _used = 0;
    }
}
