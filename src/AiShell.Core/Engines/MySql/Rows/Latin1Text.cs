using System.Text;

namespace AiShell.Engines.MySql;

/// <summary>
/// Turns what the server calls latin1 into UTF-8: Windows-1252, in which the five bytes that have no letter are control characters. The
/// server could do so too, but its functions give NULL for values longer than max_allowed_packet.
/// </summary>
internal static class Latin1Text
{
    private const int Run = 1024;
    private const int LongestCharacter = 3;
    private const int FirstSpecial = 0x80;

    // From 0x80 to 0x9F; all other bytes are the character of their number.
    private const string Special = "€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ";

    private static readonly byte[][] Characters = [.. Enumerable.Range(0, 256).Select(code => Encoding.UTF8.GetBytes(code is >= FirstSpecial and < FirstSpecial + 32 ? Special[code - FirstSpecial].ToString() : ((char)code).ToString()))];

    /// <summary>Null where latin1 has no such character.</summary>
    public static byte? ByteOf(char character)
    {
        if (character is < (char)FirstSpecial or (>= (char)(FirstSpecial + 32) and <= (char)0xFF))
        {
            return (byte)character;
        }

        int special = Special.IndexOf(character, StringComparison.Ordinal);
        return special < 0 ? null : (byte)(FirstSpecial + special);
    }

    public static void Tell(IRowSink sink, ReadOnlySpan<byte> bytes)
    {
        Span<byte> text = stackalloc byte[Run * LongestCharacter];
        while (!bytes.IsEmpty)
        {
            int ascii = bytes.IndexOfAnyInRange((byte)FirstSpecial, (byte)0xFF);
            if (ascii != 0)
            {
                ReadOnlySpan<byte> plain = ascii < 0 ? bytes : bytes[..ascii];
                sink.Piece(plain);
                bytes = bytes[plain.Length..];
                continue;
            }

            int used = 0;
            int run = Math.Min(Run, bytes.Length);
            foreach (byte letter in bytes[..run])
            {
                byte[] character = Characters[letter];
                character.CopyTo(text[used..]);
                used += character.Length;
            }

            sink.Piece(text[..used]);
            bytes = bytes[run..];
        }
    }
}

/// <summary>The way back: UTF-8 to the server's latin1. Of one value at a time; pieces may cut a character.</summary>
internal sealed class Latin1Encoder
{
    private const int Run = 1024;

    private readonly Decoder _utf8 = new UTF8Encoding(false, throwOnInvalidBytes: true).GetDecoder();
    private readonly char[] _characters = new char[Run + 1];
    private readonly byte[] _bytes = new byte[Run + 1];
    private bool _mayBeInCharacter;

    /// <returns>The bytes of so much of the text; <paramref name="text"/> is what is left of it. Good until the next call.</returns>
    /// <exception cref="InvalidDataException">There is no such character in latin1.</exception>
    public ReadOnlySpan<byte> Next(ref ReadOnlySpan<byte> text)
    {
        if (!_mayBeInCharacter && text.IndexOfAnyInRange((byte)0x80, (byte)0xFF) is not 0 and int ascii)
        {
            ReadOnlySpan<byte> same = ascii < 0 ? text : text[..ascii];
            text = text[same.Length..];
            return same;
        }

        int run = Math.Min(Run, text.Length);
        int characters;
        try
        {
            characters = _utf8.GetChars(text[..run], _characters, flush: false);
        }
        catch (DecoderFallbackException damage)
        {
            throw new InvalidDataException("a text is not UTF-8", damage);
        }

        for (int at = 0; at < characters; at++)
        {
            _bytes[at] = Latin1Text.ByteOf(_characters[at]) ?? throw new InvalidDataException($"a latin1 column has no character U+{(int)_characters[at]:X4}");
        }

        _mayBeInCharacter = text[run - 1] >= 0x80;
        text = text[run..];
        return _bytes.AsSpan(0, characters);
    }
}
