namespace AiShell.Repository.Codecs;

/// <summary>RFC 8878 by libzstd, with a checksum of the content in every frame.</summary>
internal sealed class ZstdCodec : ICodec
{
    public string Name => "zstd";

    public string Extension => ".zst";

    public int MinimumLevel => 1;

    public int MaximumLevel => 19;

    public int DefaultLevel => 3;

    public Stream Compress(Stream destination, int level) => new ZstdWriteStream(destination, level);

    public Stream Decompress(Stream source) => new ZstdReadStream(source);
}
