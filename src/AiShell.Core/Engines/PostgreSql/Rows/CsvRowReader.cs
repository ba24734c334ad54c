using System.Text;

namespace AiShell.Engines.PostgreSql;

/// <summary>Reads what <see cref="CsvRowWriter"/> writes.</summary>
internal sealed class CsvRowReader(Stream plain) : RowReader
{
    private readonly PartInput _input = new(plain);
    private readonly LineOutput _output = new();

    protected override IReadOnlyList<string> ReadColumns()
    {
        if (_input.AtEnd)
        {
            throw new FormatException("it is empty");
        }

        List<string> columns = [];
        if (_input.Peek() == '"')
        {
            do
            {
                using MemoryStream name = new();
                ReadQuoted(bytes => name.Write(bytes));
                columns.Add(Encoding.UTF8.GetString(name.ToArray()));
            }
            while (_input.Accept((byte)','));
        }

        _input.Expect("\r\n"u8);
        return columns;
    }

    protected override void ReadLines(LinesAction take)
    {
        _output.Target = take;
        LinesAction append = _output.Append;
        while (!_input.AtEnd)
        {
            for (int column = 0; column < Columns.Count; column++)
            {
                if (column > 0)
                {
                    _input.Expect((byte)',');
                }

                _output.BeginValue();
                ReadValue(append);
            }

            _input.Expect("\r\n"u8);
            _output.EndLine(Columns.Count);
        }

        _output.Flush();
    }

    private void ReadValue(LinesAction append)
    {
        switch (_input.Peek())
        {
            case ',' or '\r':
                _output.Null();
                break;
            case '"':
                ReadQuoted(append);
                break;
            default:
                ReadBare();
                break;
        }
    }

    private void ReadBare()
    {
        while (true)
        {
            int end = _input.Window.IndexOfAny(",\r\n\""u8);
            _output.Append(end < 0 ? _input.Window : _input.Window[..end]);
            _input.Advance(end < 0 ? _input.Window.Length : end);
            if (end >= 0)
            {
                return; // what follows must be a comma or the line's end
            }

            if (_input.AtEnd)
            {
                throw new FormatException("its last line is not whole");
            }
        }
    }

    private void ReadQuoted(LinesAction take)
    {
        _input.Expect((byte)'"');
        while (true)
        {
            if (_input.AtEnd)
            {
                throw new FormatException("it ends within a quoted value");
            }

            int quote = _input.Window.IndexOf((byte)'"');
            take(quote < 0 ? _input.Window : _input.Window[..quote]);
            _input.Advance(quote < 0 ? _input.Window.Length : quote + 1);
            if (quote < 0)
            {
                continue;
            }

            if (!_input.Accept((byte)'"'))
            {
                return;
            }

            take("\""u8);
        }
    }
}
