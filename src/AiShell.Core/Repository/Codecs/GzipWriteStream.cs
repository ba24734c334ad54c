using System.IO.Compression;
using AiShell.IO;

namespace AiShell.Repository.Codecs;

/// <summary>One gzip member. .NET's GZipStream writes nothing at all when it was given nothing; no gzip tool reads that.</summary>
internal sealed class GzipWriteStream(Stream destination, int level) : WriteOnlyStream
{
    // RFC 1952: header without time and name, an empty last deflate block, checksum and length of nothing.
    private static readonly byte[] EmptyMember = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0];

    private readonly GZipStream _member = new(destination, new ZLibCompressionOptions { CompressionLevel = level }, leaveOpen: true);
    private bool _empty = true;
    private bool _disposed;

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        _empty &= buffer.IsEmpty;
        _member.Write(buffer);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing && !_disposed)
        {
            _disposed = true;
            _member.Dispose();
            if (_empty)
            {
                destination.Write(EmptyMember);
            }
        }

        base.Dispose(disposing);
    }
}
