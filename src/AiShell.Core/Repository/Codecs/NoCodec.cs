using AiShell.IO;

namespace AiShell.Repository.Codecs;

/// <summary>Parts as they are. Nothing in such a stream tells where it should end; the part's size and SHA-256 do.</summary>
internal sealed class NoCodec : ICodec
{
    public string Name => "none";

    public string Extension => "";

    public int MinimumLevel => 0;

    public int MaximumLevel => 0;

    public int DefaultLevel => 0;

    public Stream Compress(Stream destination, int level) => new PassThroughWriteStream(destination);

    public Stream Decompress(Stream source) => new CountingReadStream(source, _ => { });

    private sealed class PassThroughWriteStream(Stream inner) : WriteOnlyStream
    {
        public override void Write(ReadOnlySpan<byte> buffer) => inner.Write(buffer);
    }
}
