using System.Text;
using AiShell.Engines.MySql;
using CsCheck;

namespace AiShell.Tests.Engines.MySqlRows;

public sealed class Latin1EncoderTests
{
    private static readonly Gen<byte> MostlyPlain = Gen.Frequency((9, Gen.Byte[32, 126]), (1, Gen.Byte));

    [Fact]
    public void Every_byte_comes_back_however_the_text_is_cut() => Gen.Select(Gen.OneOf(Gen.Byte.Array[0, 3000], MostlyPlain.Array[0, 3000]), Gen.Int[1, 1500]).Sample((bytes, cut) =>
    {
        Collected text = new();
        Latin1Text.Tell(text, bytes);
        Latin1Encoder encoder = new();
        List<byte> back = [];
        foreach (byte[] piece in text.Bytes.ToArray().Chunk(cut))
        {
            for (ReadOnlySpan<byte> rest = piece; !rest.IsEmpty;)
            {
                back.AddRange(encoder.Next(ref rest));
            }
        }

        return back.SequenceEqual(bytes);
    });

    [Theory]
    [InlineData("\u0080")]
    [InlineData("ŝ")]
    [InlineData("🙂")]
    public void What_latin1_has_not_is_an_error(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        Assert.Throws<InvalidDataException>(() =>
        {
            ReadOnlySpan<byte> rest = bytes;
            new Latin1Encoder().Next(ref rest);
        });
    }

    private sealed class Collected : IRowSink
    {
        public List<byte> Bytes { get; } = [];

        public void BeginRow() => throw new NotSupportedException();

        public void Null() => throw new NotSupportedException();

        public void Number(ReadOnlySpan<byte> literal) => throw new NotSupportedException();

        public void BeginText() => throw new NotSupportedException();

        public void BeginBytes(string? characterSet) => throw new NotSupportedException();

        public void Piece(ReadOnlySpan<byte> bytes) => Bytes.AddRange(bytes);

        public void EndValue() => throw new NotSupportedException();

        public void EndRow() => throw new NotSupportedException();
    }
}
