using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;

namespace AiShell.Engines.Sqlite.Rows;

/// <summary>
/// JSON Lines: one object a row, its members in the order of the canonical row. What JSON has no form for is an object
/// with one member whose name begins with a dollar: <c>{"$blob":"base64"}</c>, <c>{"$text":"base64"}</c> for text that is
/// not valid UTF-8, <c>{"$real":"inf"}</c> and <c>{"$real":"-inf"}</c>. An INTEGER is digits, a REAL has a point or an
/// exponent, always. The rowid stands under the name that a statement would use, which no column has.
/// </summary>
internal sealed class JsonRowFormat : RowFormat
{
    private const int PieceBytes = 48 * 1024; // a multiple of three, so that base64 pieces need no padding between

    private static readonly JsonWriterOptions Options = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, // it is a file, not a web page
        SkipValidation = true,
    };

    private readonly RowOutput _output;
    private readonly Utf8JsonWriter _json;
    private readonly JsonEncodedText[] _names;
    private readonly byte[] _number = new byte[RealLiteral.LongestBytes];

    public JsonRowFormat(RowOutput output, SqliteTable table)
    {
        _output = output;
        _json = new Utf8JsonWriter(output, Options);
        _names = [.. table.RowColumns.Select(name => JsonEncodedText.Encode(name, Options.Encoder))];
    }

    public override void BeginPart()
    {
        // a line stands for itself
    }

    public override void WriteRow(ReadOnlySpan<byte> canonical)
    {
        _json.WriteStartObject();
        CanonicalValues values = new(canonical);
        for (int column = 0; values.Next(); column++)
        {
            _json.WritePropertyName(_names[column]);
            switch (values.Kind)
            {
                case ValueKind.Null:
                    _json.WriteNullValue();
                    break;
                case ValueKind.Integer:
                    _json.WriteNumberValue(values.Integer);
                    break;
                case ValueKind.Real:
                    WriteReal(values.Real);
                    break;
                case ValueKind.Text when Utf8.IsValid(values.Bytes):
                    WriteText(values.Bytes);
                    break;
                case ValueKind.Text:
                    WriteBase64("$text"u8, values.Bytes);
                    break;
                default:
                    WriteBase64("$blob"u8, values.Bytes);
                    break;
            }
        }

        _json.WriteEndObject();
        _json.Flush();
        _json.Reset();
        _output.Write((byte)'\n');
    }

    public override void EndPart()
    {
        // a line stands for itself
    }

    public override void Dispose()
    {
        _json.Dispose();
        base.Dispose();
    }

    private void WriteReal(double value)
    {
        if (double.IsInfinity(value))
        {
            _json.WriteStartObject();
            _json.WriteString("$real"u8, value > 0 ? "inf"u8 : "-inf"u8);
            _json.WriteEndObject();
            return;
        }

        _json.WriteRawValue(_number.AsSpan(0, RealLiteral.FormatShortest(value, _number)), skipInputValidation: true);
    }

    private void WriteText(ReadOnlySpan<byte> text)
    {
        if (text.Length <= PieceBytes)
        {
            _json.WriteStringValue(text);
            return;
        }

        for (; text.Length > PieceBytes; text = text[PieceBytes..])
        {
            _json.WriteStringValueSegment(text[..PieceBytes], isFinalSegment: false);
        }

        _json.WriteStringValueSegment(text, isFinalSegment: true);
    }

    private void WriteBase64(ReadOnlySpan<byte> name, ReadOnlySpan<byte> bytes)
    {
        _json.WriteStartObject();
        _json.WritePropertyName(name);
        for (; bytes.Length > PieceBytes; bytes = bytes[PieceBytes..])
        {
            _json.WriteBase64StringSegment(bytes[..PieceBytes], isFinalSegment: false);
        }

        _json.WriteBase64StringSegment(bytes, isFinalSegment: true);
        _json.WriteEndObject();
    }
}
