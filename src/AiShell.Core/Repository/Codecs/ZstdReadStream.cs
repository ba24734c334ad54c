using System.Buffers;
using AiShell.IO;

namespace AiShell.Repository.Codecs;

/// <summary>Reads one or more zstd frames and insists on the end of the last one.</summary>
internal sealed unsafe class ZstdReadStream(Stream source) : ReadOnlyStream
{
    /// <summary>What libzstd recommends (ZSTD_DStreamInSize).</summary>
    private const int InputBytes = 131_075;

    private readonly byte[] _input = ArrayPool<byte>.Shared.Rent(InputBytes);
    private nint _context = ZstdLibrary.CreateDecompressor();
    private int _position;
    private int _end;
    private bool _insideFrame = true;
    private bool _outputPending;

    public override int Read(Span<byte> buffer)
    {
        ObjectDisposedException.ThrowIf(_context == 0, this);
        while (!buffer.IsEmpty)
        {
            if (_position == _end && !_outputPending)
            {
                _position = 0;
                _end = source.Read(_input, 0, _input.Length);
                if (_end == 0)
                {
                    return _insideFrame ? throw new InvalidDataException("The zstd stream is cut short.") : 0;
                }
            }

            int written = Run(buffer);
            if (written > 0)
            {
                return written;
            }
        }

        return 0;
    }

    protected override void Dispose(bool disposing)
    {
        if (_context != 0)
        {
            ZstdLibrary.FreeDecompressor(_context);
            _context = 0;
            ArrayPool<byte>.Shared.Return(_input);
        }

        base.Dispose(disposing);
    }

    private int Run(Span<byte> buffer)
    {
        fixed (byte* input = _input)
        fixed (byte* output = buffer)
        {
            var from = new ZstdLibrary.Buffer { Start = input, Size = (nuint)_end, Position = (nuint)_position };
            var into = new ZstdLibrary.Buffer { Start = output, Size = (nuint)buffer.Length };
            bool hadInput = _position < _end;
            nuint left = ZstdLibrary.Check(ZstdLibrary.Decompress(_context, &into, &from));

            // 0: a frame is complete and all of it was given out. Anything else: the frame goes on.
            if (left == 0 || hadInput || into.Position > 0)
            {
                _insideFrame = left != 0;
            }

            // A full output buffer may hide more that needs no further input.
            _outputPending = into.Position == into.Size && _insideFrame;
            _position = (int)from.Position;
            return (int)into.Position;
        }
    }
}
