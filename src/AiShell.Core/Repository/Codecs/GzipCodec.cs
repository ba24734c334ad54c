namespace AiShell.Repository.Codecs;

/// <summary>RFC 1952 by System.IO.Compression (zlib-ng).</summary>
internal sealed class GzipCodec : ICodec
{
    public string Name => "gzip";

    public string Extension => ".gz";

    public int MinimumLevel => 1;

    public int MaximumLevel => 9;

    public int DefaultLevel => 5;

    public Stream Compress(Stream destination, int level) => new GzipWriteStream(destination, level);

    public Stream Decompress(Stream source) => new GzipReadStream(source);
}
