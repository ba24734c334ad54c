using System.Buffers.Text;
using System.Text;

namespace AiShell.Engines.Sqlite.Rows;

/// <summary>
/// Reads the INSERT statements that <see cref="SqlRowFormat"/> writes, and nothing else: what is not exactly of that form
/// is an error. Faster than SQLite's own parser, and it rounds no number.
/// </summary>
internal sealed class SqlRowReader(PartInput input, string table) : RowReader
{
    private readonly RowBuffer _scratch = new();
    private bool _inStatement;

    public override long Offset => input.Offset;

    public override bool Next(RowBuffer row)
    {
        if (!_inStatement)
        {
            if (input.AtEnd)
            {
                return false;
            }

            ReadHeader();
        }

        row.Clear();
        input.Expect((byte)'(');
        do
        {
            ReadValue(row);
        }
        while (input.Accept((byte)','));
        input.Expect((byte)')');
        if (row.Count != Columns.Count)
        {
            throw new FormatException($"a row has {row.Count} values for {Columns.Count} columns");
        }

        _inStatement = input.Accept(",\n"u8);
        if (!_inStatement)
        {
            input.Expect(";\n"u8);
        }

        return true;
    }

    private void ReadHeader()
    {
        input.Expect("INSERT INTO "u8);
        string into = ReadName();
        if (into != table)
        {
            throw new FormatException($"it has rows of '{into}'");
        }

        input.Expect((byte)'(');
        List<string> columns = [ReadName()];
        while (input.Accept((byte)','))
        {
            columns.Add(ReadName());
        }

        input.Expect(") VALUES\n"u8);
        if (Columns.Count == 0)
        {
            Columns = columns;
        }
        else if (!columns.SequenceEqual(Columns))
        {
            throw new FormatException("its statements name different columns");
        }
    }

    private string ReadName()
    {
        _scratch.Clear();
        input.Expect((byte)'"');
        ReadQuoted((byte)'"', _scratch);
        return Encoding.UTF8.GetString(_scratch.Row);
    }

    private void ReadValue(RowBuffer row)
    {
        switch (input.Peek())
        {
            case '\'':
                row.BeginBytes(ValueKind.Text);
                ReadText(row);
                row.EndBytes();
                break;
            case 'N':
                input.Expect("NULL"u8);
                row.AddNull();
                break;
            case 'X':
                row.BeginBytes(ValueKind.Blob);
                ReadHex(row);
                row.EndBytes();
                break;
            case 'C':
                ReadCast(row);
                break;
            case 'r':
                ReadLines(row);
                break;
            default:
                ReadNumber(row);
                break;
        }
    }

    private void ReadText(RowBuffer row)
    {
        input.Expect((byte)'\'');
        ReadQuoted((byte)'\'', row);
    }

    /// <summary>Up to the closing quote; a doubled one is one of the text's.</summary>
    private void ReadQuoted(byte quote, RowBuffer row)
    {
        while (true)
        {
            if (input.AtEnd)
            {
                throw new FormatException("it ends within a text");
            }

            ReadOnlySpan<byte> window = input.Window;
            int end = window.IndexOf(quote);
            row.Append(end < 0 ? window : window[..end]);
            input.Advance(end < 0 ? window.Length : end + 1);
            if (end >= 0)
            {
                if (input.Peek() != quote)
                {
                    return;
                }

                row.Append([quote]);
                input.Advance(1);
            }
        }
    }

    private void ReadHex(RowBuffer row)
    {
        input.Expect("X'"u8);
        while (input.Require(2) && input.Window[0] != '\'')
        {
            ReadOnlySpan<byte> digits = input.Window;
            int end = digits.IndexOf((byte)'\'');
            int length = end >= 0 ? end : digits.Length & ~1;
            AppendHex(row, digits[..length]);
            input.Advance(length);
        }

        input.Expect((byte)'\'');
    }

    private void ReadCast(RowBuffer row)
    {
        _scratch.Clear();
        input.Expect("CAST("u8);
        ReadHex(_scratch);
        input.Expect(" AS TEXT)"u8);
        row.BeginBytes(ValueKind.Text);
        if (input.Peek() == '/')
        {
            input.Expect("/*UTF-16"u8);
            bool bigEndian = input.Accept("be*/"u8);
            if (!bigEndian)
            {
                input.Expect("le*/"u8);
            }

            Utf16Text.AppendAsUtf8(row, _scratch.Row, bigEndian);
        }
        else
        {
            row.Append(_scratch.Row);
        }

        row.EndBytes();
    }

    /// <summary><c>replace('text','mark',char(13,10))</c></summary>
    private void ReadLines(RowBuffer row)
    {
        _scratch.Clear();
        input.Expect("replace("u8);
        ReadText(_scratch);
        input.Expect((byte)',');
        int text = _scratch.Row.Length;
        ReadText(_scratch);
        input.Expect(",char(13,10))"u8);
        ReadOnlySpan<byte> rest = _scratch.Row[..text];
        ReadOnlySpan<byte> mark = _scratch.Row[text..];
        if (mark.IsEmpty)
        {
            throw new FormatException("replace() has nothing to replace");
        }

        row.BeginBytes(ValueKind.Text);
        for (int at = rest.IndexOf(mark); at >= 0; at = rest.IndexOf(mark))
        {
            row.Append(rest[..at]);
            row.Append("\r\n"u8);
            rest = rest[(at + mark.Length)..];
        }

        row.Append(rest);
        row.EndBytes();
    }

    private void ReadNumber(RowBuffer row)
    {
        _ = input.Require(RealLiteral.LongestBytes);
        ReadOnlySpan<byte> window = input.Window;
        int end = window.IndexOfAny((byte)',', (byte)')');
        ReadOnlySpan<byte> number = end < 0 ? window : window[..end];
        if (Utf8Parser.TryParse(number, out long integer, out int used) && used == number.Length)
        {
            row.AddInteger(integer);
        }
        else
        {
            row.AddReal(RealLiteral.Parse(number));
        }

        input.Advance(number.Length);
    }
}
