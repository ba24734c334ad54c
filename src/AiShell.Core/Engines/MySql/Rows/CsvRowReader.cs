using System.Text;

namespace AiShell.Engines.MySql;

/// <summary>Reads what <see cref="CsvRowWriter"/> writes.</summary>
internal sealed class CsvRowReader : RowReader
{
    private readonly PartInput _input;
    private readonly HexRun _hex;
    private readonly CharacterSetName _characterSets;
    private readonly Utf8Check _check = new();
    private bool _begun;

    public CsvRowReader(Stream plain)
    {
        _input = new PartInput(plain);
        _hex = new HexRun(_input, upperCase: false);
        _characterSets = new CharacterSetName(_input);
    }

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
                BytesSink name = new();
                ReadQuoted(name);
                columns.Add(Encoding.UTF8.GetString(name.Bytes));
            }
            while (_input.Accept((byte)','));
        }

        _input.Expect("\r\n"u8);
        return columns;
    }

    protected override bool ReadNext(IRowSink sink)
    {
        if (_input.AtEnd)
        {
            return _begun ? false : throw new FormatException("it has no rows");
        }

        _begun = true;
        sink.BeginRow();
        for (int column = 0; column < Columns.Count; column++)
        {
            if (column > 0)
            {
                _input.Expect((byte)',');
            }

            ReadValue(sink);
        }

        _input.Expect("\r\n"u8);
        sink.EndRow();
        return true;
    }

    private void ReadValue(IRowSink sink)
    {
        switch (_input.Peek())
        {
            case ',' or '\r':
                sink.Null();
                break;
            case '"':
                sink.BeginText();
                ReadQuoted(sink);
                sink.EndValue();
                break;
            case 'x':
                ReadBytes(sink, null);
                break;
            case '_':
                _input.Advance(1);
                string characterSet = _characterSets.Read();
                _input.Expect((byte)' ');
                ReadBytes(sink, characterSet);
                break;
            default:
                NumberLiteral.Read(_input, sink);
                break;
        }
    }

    private void ReadBytes(IRowSink sink, string? characterSet)
    {
        _input.Expect("x'"u8);
        sink.BeginBytes(characterSet);
        _hex.Read(sink);
        _input.Expect((byte)'\'');
        sink.EndValue();
    }

    private void ReadQuoted(IRowSink sink)
    {
        _input.Expect((byte)'"');
        while (true)
        {
            if (_input.AtEnd)
            {
                throw new FormatException("it ends within a quoted value");
            }

            int quote = _input.Window.IndexOf((byte)'"');
            int run = quote < 0 ? _input.Window.Length : quote;
            _check.Tell(_input.Window[..run], sink);
            _input.Advance(run);
            if (quote < 0)
            {
                continue;
            }

            _input.Advance(1);
            if (!_input.Accept((byte)'"'))
            {
                _check.RequireComplete();
                return;
            }

            _check.Tell("\""u8, sink);
        }
    }
}
