using System.Buffers;
using System.Buffers.Text;

namespace AiShell.Engines.MySql;

/// <summary>Reads base64 in its one form: no white space, padded, the bits that nothing stands in zero.</summary>
internal sealed class Base64Run(PartInput input)
{
    private const int Group = 4;
    private const int MostDigits = 16 * 1024;

    private static readonly SearchValues<byte> Digits = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="u8);

    private readonly byte[] _bytes = new byte[MostDigits];
    private readonly byte[] _again = new byte[Group];

    /// <summary>Up to the first byte that is no digit of base64, of which there must be one.</summary>
    /// <exception cref="FormatException">There is none, or they are not written so.</exception>
    public void Read(IRowSink sink)
    {
        bool isPadded = false;
        for (bool first = true; ; first = false)
        {
            input.Require(Group);
            ReadOnlySpan<byte> window = input.Window[..Math.Min(input.Window.Length, MostDigits)];
            int end = window.IndexOfAnyExcept(Digits);
            ReadOnlySpan<byte> digits = window[..(end < 0 ? window.Length & ~(Group - 1) : end)];
            if (digits.Length % Group != 0 || (digits.IsEmpty && (first || end < 0)) || (isPadded && end != 0))
            {
                throw Damage();
            }

            sink.Piece(Decode(digits));
            isPadded = digits is [.., (byte)'='];
            input.Advance(digits.Length);
            if (end >= 0)
            {
                return;
            }
        }
    }

    private ReadOnlySpan<byte> Decode(ReadOnlySpan<byte> digits)
    {
        if (Base64.DecodeFromUtf8(digits, _bytes, out int consumed, out int written) != OperationStatus.Done || consumed != digits.Length)
        {
            throw Damage();
        }

        if (digits is [.., (byte)'='])
        {
            Base64.EncodeToUtf8(_bytes.AsSpan(0, written)[^(digits[^2] == '=' ? 1 : 2)..], _again, out _, out _);
            if (!digits.EndsWith(_again))
            {
                throw Damage();
            }
        }

        return _bytes.AsSpan(0, written);
    }

    private static FormatException Damage() => new("bytes are not base64 as it is written here");
}
