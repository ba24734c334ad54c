using System.Text.Unicode;

namespace AiShell.Engines.MySql;

/// <summary>Whether a text that comes in pieces, which may cut characters, is UTF-8.</summary>
internal sealed class Utf8Check
{
    private readonly byte[] _cut = new byte[Utf8Cut.Longest + 1]; // a character's first bytes, whose rest comes with the next piece
    private int _cutBytes;

    /// <summary>False: it is not, whatever comes.</summary>
    public bool Take(ReadOnlySpan<byte> piece)
    {
        if (_cutBytes > 0 && !TakeCut(ref piece))
        {
            return false;
        }

        int whole = piece.Length - Utf8Cut.AtEnd(piece);
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

    /// <summary>Takes a piece and passes it on.</summary>
    /// <exception cref="FormatException">It is not UTF-8.</exception>
    public void Tell(ReadOnlySpan<byte> piece, IRowSink sink)
    {
        Require(Take(piece));
        sink.Piece(piece);
    }

    /// <exception cref="FormatException">The text ends within a character.</exception>
    public void RequireComplete() => Require(Complete());

    private static void Require(bool isUtf8)
    {
        if (!isUtf8)
        {
            throw new FormatException("a text is not UTF-8");
        }
    }

    private bool TakeCut(ref ReadOnlySpan<byte> piece)
    {
        int taken = Math.Min(piece.Length, Utf8Cut.Length(_cut[0]) - _cutBytes);
        piece[..taken].CopyTo(_cut.AsSpan(_cutBytes));
        piece = piece[taken..];
        _cutBytes += taken;
        if (_cutBytes < Utf8Cut.Length(_cut[0]))
        {
            return true;
        }

        bool isValid = Utf8.IsValid(_cut.AsSpan(0, _cutBytes));
        _cutBytes = 0;
        return isValid;
    }
}
