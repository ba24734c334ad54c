using System.Buffers;

namespace AiShell.Engines.MySql;

/// <summary>Reads canonical rows, tuples of SQL literals, as <see cref="TupleSink"/> builds them.</summary>
internal sealed class TupleReader(PartInput input)
{
    private static readonly SearchValues<byte> TextEnds = SearchValues.Create("\0\n\r\u001a\\'"u8);

    private readonly HexRun _hex = new(input, upperCase: true);
    private readonly CharacterSetName _characterSets = new(input);

    /// <exception cref="FormatException">It is not one, of so many columns.</exception>
    public void Read(int columns, IRowSink sink)
    {
        input.Expect((byte)'(');
        sink.BeginRow();
        for (int column = 0; column < columns; column++)
        {
            if (column > 0)
            {
                input.Expect((byte)',');
            }

            ReadValue(sink);
        }

        input.Expect((byte)')');
        sink.EndRow();
    }

    /// <exception cref="FormatException">There is none.</exception>
    public void ReadValue(IRowSink sink)
    {
        switch (input.Peek())
        {
            case '\'':
                ReadText(sink);
                break;
            case 'N':
                input.Expect("NULL"u8);
                sink.Null();
                break;
            case '_':
                ReadBytes(sink, ReadCharacterSet());
                break;
            case '0' when input.Require(2) && input.Window[1] == 'x':
                ReadBytes(sink, null);
                break;
            default:
                NumberLiteral.Read(input, sink);
                break;
        }
    }

    private void ReadText(IRowSink sink)
    {
        input.Advance(1);
        sink.BeginText();
        while (true)
        {
            RequireMore();
            int end = input.Window.IndexOfAny(TextEnds);
            int run = end < 0 ? input.Window.Length : end;
            sink.Piece(input.Window[..run]);
            input.Advance(run);
            if (end < 0)
            {
                continue;
            }

            if (input.Accept((byte)'\''))
            {
                sink.EndValue();
                return;
            }

            input.Expect((byte)'\\');
            sink.Piece([input.Peek() switch
            {
                '0' => 0,
                'n' => (byte)'\n',
                'r' => (byte)'\r',
                'Z' => 0x1A,
                '\\' => (byte)'\\',
                '\'' => (byte)'\'',
                _ => throw new FormatException("a text has an escape that is not written so"),
            }]);
            input.Advance(1);
        }
    }

    private void ReadBytes(IRowSink sink, string? characterSet)
    {
        input.Expect("0x"u8);
        sink.BeginBytes(characterSet);
        _hex.Read(sink);
        sink.EndValue();
    }

    private string ReadCharacterSet()
    {
        input.Advance(1);
        string name = _characterSets.Read();
        input.Expect((byte)' ');
        return name;
    }

    private void RequireMore()
    {
        if (input.AtEnd)
        {
            throw new FormatException("it ends within a value");
        }
    }
}
