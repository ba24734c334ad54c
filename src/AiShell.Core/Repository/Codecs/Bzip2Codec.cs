using AiShell.IO;
using ICSharpCode.SharpZipLib.BZip2;
using SharpCompress.Compressors;
using SharpCompress.Compressors.BZip2;

namespace AiShell.Repository.Codecs;

/// <summary>
/// bzip2, for those who must have it: it is many times slower than zstd and seldom smaller. Written by SharpZipLib (which
/// has levels), read by SharpCompress (which reads concatenated streams).
/// </summary>
internal sealed class Bzip2Codec : ICodec
{
    public string Name => "bzip2";

    public string Extension => ".bz2";

    public int MinimumLevel => 1;

    public int MaximumLevel => 9;

    public int DefaultLevel => 9;

    public Stream Compress(Stream destination, int level) => new Bzip2WriteStream(destination, level);

    public Stream Decompress(Stream source) => new Bzip2ReadStream(source);

    private sealed class Bzip2WriteStream(Stream destination, int level) : WriteOnlyStream
    {
        private readonly BZip2OutputStream _inner = new(destination, level) { IsStreamOwner = false };

        public override void Write(ReadOnlySpan<byte> buffer) => _inner.Write(buffer);

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                _inner.Dispose();
            }

            base.Dispose(disposing);
        }
    }

    private sealed class Bzip2ReadStream(Stream source) : ReadOnlyStream
    {
        private BZip2Stream? _inner;

        public override int Read(Span<byte> buffer)
        {
            try
            {
                _inner ??= BZip2Stream.Create(source, CompressionMode.Decompress, decompressConcatenated: true, leaveOpen: true);
                return _inner.Read(buffer);
            }
            catch (Exception failure) when (failure is not (IOException or AiShellException or ObjectDisposedException) || failure is EndOfStreamException)
            {
                throw new InvalidDataException("The bzip2 stream is corrupt or cut short.", failure);
            }
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                _inner?.Dispose();
            }

            base.Dispose(disposing);
        }
    }
}
