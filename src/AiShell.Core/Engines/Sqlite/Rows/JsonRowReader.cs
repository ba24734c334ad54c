using System.Buffers;
using System.Buffers.Text;
using System.Text.Json;

namespace AiShell.Engines.Sqlite.Rows;

/// <summary>Reads what <see cref="JsonRowFormat"/> writes. Every line has the same members in the same order.</summary>
internal sealed class JsonRowReader(PartInput input) : RowReader
{
    private static readonly JsonReaderOptions Options = new() { MaxDepth = 2 };

    private readonly ArrayBufferWriter<byte> _line = new();
    private readonly List<byte[]> _names = [];

    public override long Offset => input.Offset;

    public override bool Next(RowBuffer row)
    {
        row.Clear();
        if (input.AtEnd)
        {
            return false;
        }

        try
        {
            ReadOnlySpan<byte> line = ReadLine();
            ReadObject(line, row);
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException)
        {
            throw new FormatException(failure.Message, failure);
        }

        return true;
    }

    private ReadOnlySpan<byte> ReadLine()
    {
        if (_line.Capacity > 16 * 1024 * 1024)
        {
            _line.Clear();
        }

        _line.ResetWrittenCount();
        while (!input.AtEnd)
        {
            int end = input.Window.IndexOf((byte)'\n');
            if (end >= 0)
            {
                _line.Write(input.Window[..end]);
                input.Advance(end + 1);
                return _line.WrittenSpan;
            }

            _line.Write(input.Window);
            input.Advance(input.Window.Length);
        }

        throw new FormatException("its last line is not whole");
    }

    private void ReadObject(ReadOnlySpan<byte> line, RowBuffer row)
    {
        Utf8JsonReader json = new(line, Options);
        if (!json.Read() || json.TokenType != JsonTokenType.StartObject)
        {
            throw new FormatException("a line is not a JSON object");
        }

        bool first = Columns.Count == 0;
        List<string> columns = [];
        for (int column = 0; json.Read() && json.TokenType == JsonTokenType.PropertyName; column++)
        {
            if (first)
            {
                columns.Add(json.GetString()!);
                _names.Add(json.ValueSpan.ToArray());
            }
            else if (column >= _names.Count || !json.ValueSpan.SequenceEqual(_names[column]))
            {
                throw new FormatException("its lines have different members");
            }

            json.Read();
            ReadValue(ref json, row);
        }

        Columns = first ? columns : Columns;
        if (row.Count != Columns.Count || row.Count == 0 || json.Read())
        {
            throw new FormatException($"a line has {row.Count} members, the first one {Columns.Count}");
        }
    }

    private static void ReadValue(ref Utf8JsonReader json, RowBuffer row)
    {
        switch (json.TokenType)
        {
            case JsonTokenType.Null:
                row.AddNull();
                break;
            case JsonTokenType.Number when json.ValueSpan.IndexOfAny((byte)'.', (byte)'e', (byte)'E') >= 0:
                row.AddReal(json.GetDouble() is var real && double.IsFinite(real) ? real : throw new FormatException("a REAL is too large"));
                break;
            case JsonTokenType.Number:
                row.AddInteger(json.TryGetInt64(out long integer) ? integer : throw new FormatException("an INTEGER does not fit 64 bits"));
                break;
            case JsonTokenType.String:
                row.BeginBytes(ValueKind.Text);
                row.Advance(json.CopyString(row.GetSpan(json.ValueSpan.Length)));
                row.EndBytes();
                break;
            case JsonTokenType.StartObject:
                ReadTagged(ref json, row);
                break;
            default:
                throw new FormatException($"'{json.TokenType}' is no value of a row");
        }
    }

    private static void ReadTagged(ref Utf8JsonReader json, RowBuffer row)
    {
        json.Read();
        bool isBlob = json.ValueTextEquals("$blob"u8);
        bool isText = json.ValueTextEquals("$text"u8);
        bool isReal = json.ValueTextEquals("$real"u8);
        if (json.TokenType != JsonTokenType.PropertyName || !(isBlob || isText || isReal))
        {
            throw new FormatException("an object is no value of a row");
        }

        json.Read();
        if (json.TokenType != JsonTokenType.String)
        {
            throw new FormatException("a tagged value is not a string");
        }

        if (isReal)
        {
            row.AddReal(json.ValueTextEquals("inf"u8) ? double.PositiveInfinity
                : json.ValueTextEquals("-inf"u8) ? double.NegativeInfinity
                : throw new FormatException("$real is neither inf nor -inf"));
        }
        else
        {
            row.BeginBytes(isText ? ValueKind.Text : ValueKind.Blob);
            Span<byte> target = row.GetSpan(Base64.GetMaxDecodedFromUtf8Length(json.ValueSpan.Length) + 1);
            if (json.ValueIsEscaped || Base64.DecodeFromUtf8(json.ValueSpan, target, out _, out int written) != OperationStatus.Done)
            {
                throw new FormatException("a value is not base64");
            }

            row.Advance(written);
            row.EndBytes();
        }

        if (!json.Read() || json.TokenType != JsonTokenType.EndObject)
        {
            throw new FormatException("a tagged value has more than one member");
        }
    }
}
