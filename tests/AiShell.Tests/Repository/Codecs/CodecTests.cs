using System.Text;
using AiShell.Repository.Codecs;
using CsCheck;

namespace AiShell.Tests.Repository.Codecs;

public class CodecTests
{
    private static readonly byte[] Text = Encoding.UTF8.GetBytes(string.Join('\n', Enumerable.Range(0, 400).Select(i => $"INSERT INTO t VALUES ({i}, 'name {i * 7919 % 1000}');")));

    public static TheoryData<string> Names => new(CodecRegistry.All.Select(codec => codec.Name));

    public static TheoryData<string> Compressing => new(CodecRegistry.All.Select(codec => codec.Name).Where(name => name != "none"));

    [Theory]
    [MemberData(nameof(Names))]
    public void What_goes_in_comes_out_whatever_it_is_and_however_it_is_cut(string name)
    {
        ICodec codec = CodecRegistry.ByName(name);
        Gen<byte[]> content = Gen.OneOf(
            Gen.Byte.Array[0, 3000],
            Gen.Byte[97, 99].Array[0, 200_000],
            Gen.Const(new byte[300_000]));

        Gen.Select(content, Gen.Int[codec.MinimumLevel, codec.MaximumLevel], Gen.Int[1, 70_000]).Sample(
            (plain, level, chunk) => Decompress(codec, Compress(codec, plain, level, chunk), chunk).AsSpan().SequenceEqual(plain),
            iter: 60);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Streams_may_be_concatenated(string name)
    {
        ICodec codec = CodecRegistry.ByName(name);
        byte[] joined = [.. Compress(codec, Text), .. Compress(codec, []), .. Compress(codec, "x"u8.ToArray()), .. Compress(codec, Text)];

        Assert.Equal([.. Text, (byte)'x', .. Text], Decompress(codec, joined));
    }

    [Theory]
    [MemberData(nameof(Compressing))]
    public void A_stream_cut_at_any_length_is_an_error(string name)
    {
        ICodec codec = CodecRegistry.ByName(name);
        byte[] whole = Compress(codec, Text);
        for (int length = 0; length < whole.Length; length++)
        {
            Assert.Throws<InvalidDataException>(() => Decompress(codec, whole[..length]));
        }

        byte[] two = [.. whole, .. whole];
        for (int length = whole.Length + 1; length < two.Length; length += 13)
        {
            Assert.Throws<InvalidDataException>(() => Decompress(codec, two[..length]));
        }
    }

    [Theory]
    [MemberData(nameof(Compressing))]
    public void Garbage_after_the_end_is_an_error(string name)
    {
        ICodec codec = CodecRegistry.ByName(name);
        byte[] whole = Compress(codec, Text);
        foreach (byte[] garbage in new byte[][] { [0], [0, 0, 0, 0, 0, 0, 0, 0, 0, 0], "garbage that is longer than a header"u8.ToArray(), [0x1f] })
        {
            Assert.Throws<InvalidDataException>(() => Decompress(codec, [.. whole, .. garbage]));
        }
    }

    [Theory]
    [MemberData(nameof(Compressing))]
    public void A_flipped_bit_never_gives_other_bytes(string name)
    {
        ICodec codec = CodecRegistry.ByName(name);
        byte[] whole = Compress(codec, Text);
        for (int bit = 0; bit < whole.Length * 8; bit += 5)
        {
            byte[] flipped = (byte[])whole.Clone();
            flipped[bit / 8] ^= (byte)(1 << (bit % 8));
            try
            {
                // Some header bits (time, operating system) mean nothing; any other bit must be noticed.
                Assert.Equal(Text, Decompress(codec, flipped));
            }
            catch (InvalidDataException)
            {
            }
        }
    }

    [Theory]
    [MemberData(nameof(Compressing))]
    public void Content_is_recognised_by_its_first_bytes(string name)
    {
        Assert.Equal(name, CodecRegistry.Detect(Compress(CodecRegistry.ByName(name), Text))?.Name);
        Assert.Null(CodecRegistry.Detect("-- SQL"u8));
        Assert.Null(CodecRegistry.Detect([]));
    }

    [Theory]
    [InlineData("gzip", 0)]
    [InlineData("gzip", 10)]
    [InlineData("zstd", 20)]
    [InlineData("bzip2", 0)]
    [InlineData("none", 1)]
    [InlineData("lzma", null)]
    public void Unknown_codecs_and_levels_are_wrong_usage(string name, int? level) =>
        Assert.Equal(ErrorKind.Usage, Assert.Throws<AiShellException>(() => CodecRegistry.Settings(name, level)).Kind);

    [Theory]
    [MemberData(nameof(Compressing))]
    public void A_level_out_of_range_is_refused_with_the_range(string name)
    {
        ICodec codec = CodecRegistry.ByName(name);
        foreach (int level in new[] { codec.MinimumLevel - 1, codec.MaximumLevel + 1 })
        {
            AiShellException refusal = Assert.Throws<AiShellException>(() => CodecRegistry.Settings(name, level));
            Assert.Contains($"{codec.MinimumLevel} to {codec.MaximumLevel} (default {codec.DefaultLevel})", refusal.Hint, StringComparison.Ordinal);
        }

        Assert.Equal(codec.DefaultLevel, CodecRegistry.Settings(name, null).Level);
        Assert.Contains($"{name} {codec.MinimumLevel} to {codec.MaximumLevel}", AiShell.Configuration.SettingKey.Level.Expected, StringComparison.Ordinal);
    }

    /// <summary>docs/decisions/001-codec-levels.md says why these.</summary>
    [Theory]
    [InlineData("gzip", 5)]
    [InlineData("zstd", 3)]
    [InlineData("bzip2", 9)]
    public void The_default_levels_are_those_that_were_measured(string name, int level) =>
        Assert.Equal(level, CodecRegistry.ByName(name).DefaultLevel);

    private static byte[] Compress(ICodec codec, byte[] plain) => Compress(codec, plain, codec.DefaultLevel, plain.Length + 1);

    private static byte[] Compress(ICodec codec, byte[] plain, int level, int chunk)
    {
        using var stored = new MemoryStream();
        using (Stream stream = codec.Compress(stored, level))
        {
            foreach (byte[] piece in plain.Chunk(chunk))
            {
                stream.Write(piece);
            }
        }

        Assert.True(stored.CanWrite, "The destination stays open.");
        return stored.ToArray();
    }

    private static byte[] Decompress(ICodec codec, byte[] stored, int chunk = 5000)
    {
        using var source = new MemoryStream(stored);
        using Stream stream = codec.Decompress(source);
        using var plain = new MemoryStream();
        byte[] buffer = new byte[chunk];
        for (int read = stream.Read(buffer); read > 0; read = stream.Read(buffer))
        {
            plain.Write(buffer, 0, read);
        }

        return plain.ToArray();
    }
}
