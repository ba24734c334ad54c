using System.Buffers;
using System.Buffers.Text;
using System.Text.Unicode;

namespace AiShell.Engines.Sqlite.Rows;

/// <summary>
/// Writes values as SQL literals that give the same value back in the stock shell and in the bundled library, bit by bit
/// (https://sqlite.org/lang_expr.html#literal_values_constants_).
/// </summary>
internal sealed class SqlLiterals(RowOutput output, string encoding)
{
    private const int HexPiece = 16 * 1024;

    private static readonly SearchValues<byte> Special = SearchValues.Create("'\0\r"u8);

    /// <summary>Stand-ins for a line's CR LF, of which the shell would drop the CR: the first that the text does not have.</summary>
    private static readonly byte[][] LineEndMarks = ["\\r\\n"u8.ToArray(), "\\015\\012"u8.ToArray(), "<CRLF>"u8.ToArray()];

    public void Write(in CanonicalValues value)
    {
        switch (value.Kind)
        {
            case ValueKind.Null:
                output.Write("NULL"u8);
                break;
            case ValueKind.Integer:
                WriteInteger(value.Integer);
                break;
            case ValueKind.Real:
                Span<byte> real = output.GetSpan(RealLiteral.LongestBytes);
                output.Advance(RealLiteral.Format(value.Real, real));
                break;
            case ValueKind.Text:
                WriteText(value.Bytes);
                break;
            default:
                WriteHex(value.Bytes);
                break;
        }
    }

    /// <param name="text">As in canonical encoding.</param>
    public void WriteText(ReadOnlySpan<byte> text)
    {
        int special = text.IndexOfAny(Special);
        if (!Utf8.IsValid(text) || (special >= 0 && text[special..].Contains((byte)0)))
        {
            WriteAsStored(text);
        }
        else if (special >= 0 && text[special..].IndexOf("\r\n"u8) >= 0)
        {
            WriteLines(text);
        }
        else
        {
            WriteQuoted(text);
        }
    }

    private void WriteInteger(long value)
    {
        Utf8Formatter.TryFormat(value, output.GetSpan(20), out int written);
        output.Advance(written);
    }

    private void WriteQuoted(ReadOnlySpan<byte> text)
    {
        output.Write((byte)'\'');
        for (int quote = text.IndexOf((byte)'\''); quote >= 0; quote = text.IndexOf((byte)'\''))
        {
            output.Write(text[..(quote + 1)]);
            output.Write((byte)'\'');
            text = text[(quote + 1)..];
        }

        output.Write(text);
        output.Write((byte)'\'');
    }

    /// <summary>The stock shell reads lines, and takes a CR before an LF for part of the line's end.</summary>
    private void WriteLines(ReadOnlySpan<byte> text)
    {
        foreach (byte[] mark in LineEndMarks)
        {
            if (text.IndexOf(mark) < 0)
            {
                output.Write("replace("u8);
                WriteReplaced(text, mark);
                output.Write(",'"u8);
                output.Write(mark);
                output.Write("',char(13,10))"u8);
                return;
            }
        }

        WriteAsStored(text);
    }

    private void WriteReplaced(ReadOnlySpan<byte> text, byte[] mark)
    {
        output.Write((byte)'\'');
        while (!text.IsEmpty)
        {
            int end = text.IndexOf("\r\n"u8);
            ReadOnlySpan<byte> line = end < 0 ? text : text[..end];
            for (int quote = line.IndexOf((byte)'\''); quote >= 0; quote = line.IndexOf((byte)'\''))
            {
                output.Write(line[..(quote + 1)]);
                output.Write((byte)'\'');
                line = line[(quote + 1)..];
            }

            output.Write(line);
            if (end < 0)
            {
                break;
            }

            output.Write(mark);
            text = text[(end + 2)..];
        }

        output.Write((byte)'\'');
    }

    /// <summary>
    /// CAST of a BLOB takes its bytes for text in the database's encoding. The comment names that encoding where it is
    /// not UTF-8, so that the value can be read without knowing the database.
    /// </summary>
    private void WriteAsStored(ReadOnlySpan<byte> text)
    {
        output.Write("CAST("u8);
        if (encoding == "UTF-8")
        {
            WriteHex(text);
            output.Write(" AS TEXT)"u8);
            return;
        }

        bool bigEndian = encoding == "UTF-16be";
        WriteHex(Utf16Text.ToStored(text, bigEndian));
        output.Write(bigEndian ? " AS TEXT)/*UTF-16be*/"u8 : " AS TEXT)/*UTF-16le*/"u8);
    }

    private void WriteHex(ReadOnlySpan<byte> blob)
    {
        output.Write("X'"u8);
        for (int at = 0; at < blob.Length; at += HexPiece)
        {
            ReadOnlySpan<byte> piece = blob[at..Math.Min(at + HexPiece, blob.Length)];
            Convert.TryToHexString(piece, output.GetSpan(2 * piece.Length), out int written);
            output.Advance(written);
        }

        output.Write((byte)'\'');
    }
}
