using System.Buffers;
using AiShell.IO;

namespace AiShell.Repository.Codecs;

/// <summary>Compresses into one zstd frame; disposing completes it.</summary>
internal sealed unsafe class ZstdWriteStream : WriteOnlyStream
{
    /// <summary>What libzstd recommends (ZSTD_CStreamOutSize): a block always fits.</summary>
    private const int OutputBytes = 131_591;

    private readonly Stream _destination;
    private readonly byte[] _output = ArrayPool<byte>.Shared.Rent(OutputBytes);
    private nint _context;

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
        if (!buffer.IsEmpty)
        {
            Run(buffer, ZstdLibrary.Continue);
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (_context != 0)
        {
            try
            {
                if (disposing)
                {
                    Run([], ZstdLibrary.End);
                }
            }
            finally
            {
                ZstdLibrary.FreeCompressor(_context);
                _context = 0;
                ArrayPool<byte>.Shared.Return(_output);
            }
        }

        base.Dispose(disposing);
    }

    private void Run(ReadOnlySpan<byte> input, int directive)
    {
        fixed (byte* source = input)
        fixed (byte* target = _output)
        {
            var from = new ZstdLibrary.Buffer { Start = source, Size = (nuint)input.Length };
            nuint left;
            do
            {
                var into = new ZstdLibrary.Buffer { Start = target, Size = (nuint)_output.Length };
                left = ZstdLibrary.Check(ZstdLibrary.Compress(_context, &into, &from, directive));
                _destination.Write(_output, 0, (int)into.Position);
            }
            while (directive == ZstdLibrary.End ? left > 0 : from.Position < from.Size);
        }
    }
}
