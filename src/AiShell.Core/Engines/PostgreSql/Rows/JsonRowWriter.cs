using System.Buffers;
using System.Text;

namespace AiShell.Engines.PostgreSql;

/// <summary>
/// JSON Lines: one object a row, its members in the order of the columns, no white space that a value does not have. Numbers that JSON
/// can write are numbers with the server's own digits, booleans are booleans, objects and arrays of json and jsonb stand as they are;
/// everything else is the text that COPY's stands for, as a string. So what a value was shows in how it is written, and every
/// value comes back to the byte.
/// </summary>
internal sealed class JsonRowWriter : ValueRowWriter
{
    private static readonly SearchValues<byte> Escaped = SearchValues.Create([.. Enumerable.Range(0, 0x20).Select(code => (byte)code), (byte)'"', (byte)'\\']);

    private readonly byte[][] _names;
    private readonly JsonForm[] _forms;

    /// <param name="types">The columns' types, by number; see <see cref="Snapshot.SourceTable.Types"/>.</param>
    public JsonRowWriter(IReadOnlyList<string> columns, IReadOnlyList<uint> types)
        : base(columns.Count)
    {
        _names = columns.Count == 0 ? [[(byte)'{']] : [.. columns.Select((name, index) => MemberStart(name, index))];
        _forms = [.. columns.Select((_, index) => index < types.Count ? JsonForms.Of(types[index]) : JsonForm.Text)];
    }

    public override void Begin(Stream part)
    {
        // a line stands for itself
    }

    protected override void BeginValue(int column, Stream part) => Put(_names[column], part);

    protected override void WriteNull(Stream part) => Put("null"u8, part);

    protected override void WriteValue(int column, ReadOnlySpan<byte> value, Stream part)
    {
        switch (_forms[column])
        {
            case JsonForm.Number when JsonForms.IsNumber(value):
            case JsonForm.Document when JsonForms.IsOneLineDocument(value):
                Put(value, part);
                break;
            case JsonForm.Boolean when value is [(byte)'t' or (byte)'f']:
                Put(value[0] == 't' ? "true"u8 : "false"u8, part);
                break;
            default:
                BeginPieces(part);
                WriteValuePiece(value, part);
                EndPieces(part);
                break;
        }
    }

    protected override void BeginPieces(Stream part) => Put("\""u8, part);

    protected override void WriteValuePiece(ReadOnlySpan<byte> piece, Stream part)
    {
        for (int at = piece.IndexOfAny(Escaped); at >= 0; at = piece.IndexOfAny(Escaped))
        {
            Put(piece[..at], part);
            Put(JsonText.EscapeOf(piece[at]), part);
            piece = piece[(at + 1)..];
        }

        Put(piece, part);
    }

    protected override void EndPieces(Stream part) => Put("\""u8, part);

    protected override void EndRow(Stream part) => Put("}\n"u8, part);

    private static byte[] MemberStart(string name, int index)
    {
        StringBuilder start = new(index == 0 ? "{\"" : ",\"");
        foreach (char letter in name)
        {
            start.Append(letter < 0x20 || letter is '"' or '\\' ? Encoding.ASCII.GetString(JsonText.EscapeOf((byte)letter)) : letter);
        }

        return Encoding.UTF8.GetBytes(start.Append("\":").ToString());
    }
}
