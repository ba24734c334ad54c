using System.Text.Unicode;

namespace AiShell.Engines.MySql;

/// <summary>Whether a text that comes in pieces, which may cut characters, is UTF-8.</summary>
internal sealed class Utf8Check
{
    private const int LongestCut = 3;

    private readonly byte[] _cut = new byte[LongestCut + 1]; // a character's first bytes, whose rest comes with the next piece
    private int _cutBytes;

    /// <summary>False: it is not, whatever comes.</summary>
    public bool Take(ReadOnlySpan<byte> piece)
    {
        if (_cutBytes > 0 && !TakeCut(ref piece))
        {
            return false;
        }

        int whole = piece.Length - CutAtEnd(piece);
        if (!Utf8.IsValid(piece[..whole]))
        {
            return false;
        }

        piece[whole..].CopyTo(_cut.AsSpan(_cutBytes));
        _cutBytes += piece.Length - whole;
        return true;
    }

    /// <summary>At the text's end; the next one may begin.</summary>
    public bool Complete()
    {
        bool isWhole = _cutBytes == 0;
        _cutBytes = 0;
        return isWhole;
    }

    private bool TakeCut(ref ReadOnlySpan<byte> piece)
    {
        int taken = Math.Min(piece.Length, Length(_cut[0]) - _cutBytes);
        piece[..taken].CopyTo(_cut.AsSpan(_cutBytes));
        piece = piece[taken..];
        _cutBytes += taken;
        if (_cutBytes < Length(_cut[0]))
        {
            return true;
        }

        bool isValid = Utf8.IsValid(_cut.AsSpan(0, _cutBytes));
        _cutBytes = 0;
        return isValid;
    }

    /// <summary>How many bytes at the end may be the beginning of a character.</summary>
    private static int CutAtEnd(ReadOnlySpan<byte> bytes)
    {
        for (int back = 1; back <= Math.Min(LongestCut, bytes.Length); back++)
        {
            byte value = bytes[^back];
            if (value < 0x80)
            {
                return 0;
            }

            if (value >= 0xC0)
            {
                return Length(value) > back ? back : 0;
            }
        }

        return 0;
    }

    /// <summary>Of the character that begins so.</summary>
    private static int Length(byte first) => first switch { >= 0xF0 => 4, >= 0xE0 => 3, _ => 2 };
}
