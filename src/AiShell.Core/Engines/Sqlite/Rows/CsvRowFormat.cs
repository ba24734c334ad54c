using System.Buffers.Text;
using System.Text;
using System.Text.Unicode;

namespace AiShell.Engines.Sqlite.Rows;

/// <summary>
/// RFC 4180 with a header line in every part, so that each part opens in any program by itself. The type of every value
/// comes back: TEXT is always quoted (<c>""</c> is the empty text), NULL is nothing at all, numbers are bare (a REAL has
/// a point or an exponent; <c>inf</c>, <c>-inf</c>), a BLOB is <c>x'00ff'</c>, text that is not valid UTF-8 is
/// <c>t'ff'</c>, both bare.
/// </summary>
internal sealed class CsvRowFormat : RowFormat
{
    private const int HexPiece = 16 * 1024;

    private readonly RowOutput _output;
    private readonly byte[] _header;

    public CsvRowFormat(RowOutput output, SqliteTable table)
    {
        _output = output;
        _header = Encoding.UTF8.GetBytes(string.Join(',', table.RowColumns.Select(SqlName.Quote)) + "\r\n");
    }

    public override void BeginPart() => _output.Write(_header);

    public override void WriteRow(ReadOnlySpan<byte> canonical)
    {
        CanonicalValues values = new(canonical);
        for (bool first = true; values.Next(); first = false)
        {
            if (!first)
            {
                _output.Write((byte)',');
            }

            WriteField(in values);
        }

        _output.Write("\r\n"u8);
    }

    public override void EndPart()
    {
        // a row ends itself
    }

    private void WriteField(in CanonicalValues value)
    {
        switch (value.Kind)
        {
            case ValueKind.Null:
                break;
            case ValueKind.Integer:
                Utf8Formatter.TryFormat(value.Integer, _output.GetSpan(20), out int digits);
                _output.Advance(digits);
                break;
            case ValueKind.Real when double.IsInfinity(value.Real):
                _output.Write(value.Real > 0 ? "inf"u8 : "-inf"u8);
                break;
            case ValueKind.Real:
                _output.Advance(RealLiteral.FormatShortest(value.Real, _output.GetSpan(RealLiteral.LongestBytes)));
                break;
            case ValueKind.Text when Utf8.IsValid(value.Bytes):
                WriteQuoted(value.Bytes);
                break;
            default:
                WriteHex(value.Kind == ValueKind.Text ? "t'"u8 : "x'"u8, value.Bytes);
                break;
        }
    }

    private void WriteQuoted(ReadOnlySpan<byte> text)
    {
        _output.Write((byte)'"');
        for (int quote = text.IndexOf((byte)'"'); quote >= 0; quote = text.IndexOf((byte)'"'))
        {
            _output.Write(text[..(quote + 1)]);
            _output.Write((byte)'"');
            text = text[(quote + 1)..];
        }

        _output.Write(text);
        _output.Write((byte)'"');
    }

    private void WriteHex(ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> bytes)
    {
        _output.Write(prefix);
        for (int at = 0; at < bytes.Length; at += HexPiece)
        {
            ReadOnlySpan<byte> piece = bytes[at..Math.Min(at + HexPiece, bytes.Length)];
            Convert.TryToHexStringLower(piece, _output.GetSpan(2 * piece.Length), out int written);
            _output.Advance(written);
        }

        _output.Write((byte)'\'');
    }
}
