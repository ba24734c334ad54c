namespace AiShell.Repository.Codecs;

/// <summary>Every compression there is, one line each.</summary>
public static class CodecRegistry
{
    private static readonly ICodec[] Codecs =
    [
        new GzipCodec(),
        new ZstdCodec(),
        new Bzip2Codec(),
        new NoCodec(),
    ];

    public static IReadOnlyList<ICodec> All => Codecs;

    /// <exception cref="AiShellException"><see cref="ErrorKind.Usage"/>: no such compression.</exception>
    public static ICodec ByName(string name) =>
        Array.Find(Codecs, codec => codec.Name == name) ?? throw new AiShellException(
            ErrorKind.Usage, $"There is no compression '{name}'.", $"Use one of {string.Join(", ", Codecs.Select(codec => codec.Name))}.");

    /// <summary>What a stream is compressed with, by its first bytes; null when by nothing known here.</summary>
    public static ICodec? Detect(ReadOnlySpan<byte> head) => head switch
    {
        [0x1f, 0x8b, 0x08, ..] => ByName("gzip"),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => ByName("zstd"),
        [(byte)'B', (byte)'Z', (byte)'h', >= (byte)'1' and <= (byte)'9', ..] => ByName("bzip2"),
        _ => null,
    };

    /// <summary>The codec with the level, or with its default level.</summary>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Usage"/>: no such compression or level.</exception>
    public static CompressionSettings Settings(string name, int? level)
    {
        ICodec codec = ByName(name);
        int chosen = level ?? codec.DefaultLevel;
        return chosen >= codec.MinimumLevel && chosen <= codec.MaximumLevel
            ? new CompressionSettings(codec.Name, chosen)
            : throw new AiShellException(
                ErrorKind.Usage,
                codec.MaximumLevel == codec.MinimumLevel
                    ? $"Compression '{codec.Name}' has no levels."
                    : $"Compression '{codec.Name}' has no level {chosen}.",
                codec.MaximumLevel == codec.MinimumLevel ? "Leave --level out." : $"Use {codec.MinimumLevel} to {codec.MaximumLevel} (default {codec.DefaultLevel}).");
    }
}
