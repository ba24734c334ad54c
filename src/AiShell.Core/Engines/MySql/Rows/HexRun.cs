using System.Buffers;

namespace AiShell.Engines.MySql;

/// <summary>Reads hexadecimal digits, in pairs, of one case.</summary>
internal sealed class HexRun(PartInput input, bool upperCase)
{
    private const int MostBytes = 8 * 1024;

    private static readonly SearchValues<byte> Upper = SearchValues.Create("0123456789ABCDEF"u8);
    private static readonly SearchValues<byte> Lower = SearchValues.Create("0123456789abcdef"u8);

    private readonly SearchValues<byte> _digits = upperCase ? Upper : Lower;
    private readonly byte[] _bytes = new byte[MostBytes];

    /// <summary>Up to the first byte that is no such digit, of which there must be one.</summary>
    /// <exception cref="FormatException">There are none, or they are not pairs.</exception>
    public void Read(IRowSink sink)
    {
        for (bool first = true; ; first = false)
        {
            input.Require(2);
            ReadOnlySpan<byte> window = input.Window[..Math.Min(input.Window.Length, 2 * MostBytes)];
            int end = window.IndexOfAnyExcept(_digits);
            int digits = end < 0 ? window.Length & ~1 : end;
            if ((digits & 1) != 0 || (digits == 0 && (first || end < 0)))
            {
                throw new FormatException("bytes are not pairs of digits");
            }

            Convert.FromHexString(window[..digits], _bytes, out _, out int written);
            sink.Piece(_bytes.AsSpan(0, written));
            input.Advance(digits);
            if (end >= 0)
            {
                return;
            }
        }
    }
}
