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
