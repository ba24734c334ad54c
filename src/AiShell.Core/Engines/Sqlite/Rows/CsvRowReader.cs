using System.Buffers.Text;
using System.Text;

namespace AiShell.Engines.Sqlite.Rows;

/// <summary>
/// Reads what <see cref="CsvRowFormat"/> writes. Our own reader, because CSV libraries do not tell whether a field was
/// quoted, and that is what sets NULL apart from the empty text and a number from its digits.
/// </summary>
internal sealed class CsvRowReader(PartInput input) : RowReader
{
    public override long Offset => input.Offset;

    public override bool Next(RowBuffer row)
    {
        if (Columns.Count == 0 && !input.AtEnd)
        {
            ReadHeader(row);
        }

        row.Clear();
        if (input.AtEnd)
        {
            return false;
        }

        do
        {
            ReadField(row);
        }
        while (input.Accept((byte)','));
        EndLine();
        return row.Count == Columns.Count ? true : throw new FormatException($"a row has {row.Count} fields for {Columns.Count} columns");
    }

    private void ReadHeader(RowBuffer row)
    {
        List<string> columns = [];
        do
        {
            row.Clear();
            if (input.Peek() != '"')
            {
                throw new FormatException("its header does not name columns");
            }

            ReadQuoted(row);
            columns.Add(Encoding.UTF8.GetString(row.Row[5..]));
        }
        while (input.Accept((byte)','));
        EndLine();
        Columns = columns;
    }

    private void EndLine() => input.Expect("\r\n"u8);

    private void ReadField(RowBuffer row)
    {
        switch (input.Peek())
        {
            case '"':
                ReadQuoted(row);
                break;
            case 'x':
                ReadHex(row, ValueKind.Blob);
                break;
            case 't':
                ReadHex(row, ValueKind.Text);
                break;
            default:
                ReadBare(row);
                break;
        }
    }

    private void ReadQuoted(RowBuffer row)
    {
        row.BeginBytes(ValueKind.Text);
        input.Advance(1);
        while (true)
        {
            if (input.AtEnd)
            {
                throw new FormatException("it ends within a quoted field");
            }

            int end = input.Window.IndexOf((byte)'"');
            int length = end < 0 ? input.Window.Length : end;
            row.Append(input.Window[..length]);
            input.Advance(length);
            if (end < 0)
            {
                continue;
            }

            input.Advance(1);
            if (input.Peek() != '"')
            {
                row.EndBytes();
                return;
            }

            row.Append("\""u8);
            input.Advance(1);
        }
    }

    private void ReadHex(RowBuffer row, ValueKind kind)
    {
        row.BeginBytes(kind);
        input.Advance(1);
        input.Expect((byte)'\'');
        while (input.Require(2) && input.Window[0] != '\'')
        {
            int end = input.Window.IndexOf((byte)'\'');
            int length = end >= 0 ? end : input.Window.Length & ~1;
            AppendHex(row, input.Window[..length]);
            input.Advance(length);
        }

        input.Expect((byte)'\'');
        row.EndBytes();
    }

    private void ReadBare(RowBuffer row)
    {
        _ = input.Require(RealLiteral.LongestBytes);
        int end = input.Window.IndexOfAny((byte)',', (byte)'\r');
        ReadOnlySpan<byte> field = end < 0 ? input.Window : input.Window[..end];
        if (field.IsEmpty)
        {
            row.AddNull();
        }
        else if (field.SequenceEqual("inf"u8) || field.SequenceEqual("-inf"u8))
        {
            row.AddReal(field[0] == '-' ? double.NegativeInfinity : double.PositiveInfinity);
        }
        else if (Utf8Parser.TryParse(field, out long integer, out int used) && used == field.Length)
        {
            row.AddInteger(integer);
        }
        else
        {
            row.AddReal(RealLiteral.ParseDecimal(field));
        }

        input.Advance(field.Length);
    }
}
