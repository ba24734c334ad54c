using System.IO.Compression;

namespace AiShell.Repository.Codecs;

/// <summary>RFC 1952 by System.IO.Compression (zlib-ng).</summary>
internal sealed class GzipCodec : ICodec
{
    public string Name => "gzip";

    public string Extension => ".gz";

    public int MinimumLevel => 1;

    public int MaximumLevel => 9;

    public int DefaultLevel => 6;

    public Stream Compress(Stream destination, int level) =>
        new GZipStream(destination, new ZLibCompressionOptions { CompressionLevel = level }, leaveOpen: true);

    public Stream Decompress(Stream source) => new GzipReadStream(source);
}
