using System.Buffers;
using System.Buffers.Text;
using System.Text;
using AiShell.Engines.MySql.Snapshot;

namespace AiShell.Engines.MySql;

/// <summary>
/// JSON Lines: one object a row, its members in the order of the columns, no white space that a value does not have. Numbers have the
/// digits of the canonical row; bytes are an object of one member: <c>{"$blob":"AP8="}</c>, or, in a character set that is not turned into
/// Unicode, <c>{"$sjis":"g0E="}</c>.
/// </summary>
internal sealed class JsonRowWriter(SourceTable table) : ValueRowWriter(table)
{
    private const int Group = 3; // bytes that base64 writes together
    private const int Run = 3 * 4096;

    private static readonly SearchValues<byte> Escaped = SearchValues.Create([.. Enumerable.Range(0, 0x20).Select(code => (byte)code), (byte)'"', (byte)'\\']);

    private readonly byte[][] _names = [.. table.Columns.Select((column, index) => MemberStart(column.Name, index))];
    private readonly byte[] _group = new byte[Group];
    private int _inGroup;

    /// <summary>What stands before a member's value.</summary>
    public static byte[] MemberStart(string name, int index)
    {
        StringBuilder start = new(index == 0 ? "\"" : ",\"");
        foreach (char letter in name)
        {
            start.Append(letter < 0x20 || letter is '"' or '\\' ? Encoding.ASCII.GetString(JsonText.EscapeOf((byte)letter)) : letter);
        }

        return Encoding.UTF8.GetBytes(start.Append("\":").ToString());
    }

    protected override void WriteRowStart() => Output.Put("{"u8);

    protected override void WriteNull()
    {
        Output.Put(_names[Column]);
        Output.Put("null"u8);
    }

    protected override void WriteNumber(ReadOnlySpan<byte> literal)
    {
        Output.Put(_names[Column]);
        Output.Put(literal);
    }

    protected override void WriteTextStart()
    {
        Output.Put(_names[Column]);
        Output.Put("\""u8);
    }

    protected override void WriteText(ReadOnlySpan<byte> piece)
    {
        for (int at = piece.IndexOfAny(Escaped); at >= 0; at = piece.IndexOfAny(Escaped))
        {
            Output.Put(piece[..at]);
            Output.Put(JsonText.EscapeOf(piece[at]));
            piece = piece[(at + 1)..];
        }

        Output.Put(piece);
    }

    protected override void WriteTextEnd() => Output.Put("\""u8);

    protected override void WriteBytesStart(string? characterSet)
    {
        Output.Put(_names[Column]);
        Output.Put("{\"$"u8);
        Output.Put(characterSet is null ? "blob"u8 : Encoding.ASCII.GetBytes(characterSet));
        Output.Put("\":\""u8);
        _inGroup = 0;
    }

    protected override void WriteBytes(ReadOnlySpan<byte> piece)
    {
        if (_inGroup > 0)
        {
            int taken = Math.Min(piece.Length, Group - _inGroup);
            piece[..taken].CopyTo(_group.AsSpan(_inGroup));
            _inGroup += taken;
            piece = piece[taken..];
            if (_inGroup < Group)
            {
                return;
            }

            Encode(_group, isLast: false);
        }

        int whole = piece.Length - (piece.Length % Group);
        for (int at = 0; at < whole; at += Run)
        {
            Encode(piece[at..Math.Min(whole, at + Run)], isLast: false);
        }

        piece[whole..].CopyTo(_group);
        _inGroup = piece.Length - whole;
    }

    protected override void WriteBytesEnd()
    {
        Encode(_group.AsSpan(0, _inGroup), isLast: true);
        Output.Put("\"}"u8);
    }

    protected override void WriteRowEnd() => Output.Put("}\n"u8);

    private void Encode(ReadOnlySpan<byte> bytes, bool isLast)
    {
        Base64.EncodeToUtf8(bytes, Output.Reserve(Base64.GetMaxEncodedToUtf8Length(bytes.Length)), out _, out int written, isLast);
        Output.Advance(written);
    }
}
