using System.Text;

namespace AiShell.Engines.MySql;

/// <summary>Reads what <see cref="SqlRowWriter"/> writes.</summary>
internal sealed class SqlRowReader : RowReader
{
    private const int LongestName = 16 * 1024;

    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    private readonly TableName _table;
    private readonly PartInput _input;
    private readonly TupleReader _tuples;
    private readonly List<byte[]> _header = []; // in pieces, each of which fits into the input's buffer
    private long _statement; // where it began
    private bool _inStatement;
    private bool _ended;

    public SqlRowReader(TableName table, Stream plain)
    {
        _table = table;
        _input = new PartInput(plain);
        _tuples = new TupleReader(_input);
    }

    protected override IReadOnlyList<string> ReadColumns()
    {
        if (_input.AtEnd)
        {
            throw new FormatException("it is empty");
        }

        List<string> columns = [];
        Keep(SqlRowWriter.HeaderStart(_table));
        if (_input.Peek() == '`')
        {
            columns.Add(ReadName(""));
            while (_input.Peek() == ',')
            {
                columns.Add(ReadName(","));
            }
        }

        Keep(SqlRowWriter.HeaderEnd);
        return columns;
    }

    protected override bool ReadNext(IRowSink sink)
    {
        if (_ended)
        {
            return false;
        }

        if (_inStatement)
        {
            bool isFull = _input.Offset - _statement >= SqlRowWriter.StatementBytes;
            if (isFull || !_input.Accept(",\n"u8))
            {
                _input.Expect(";\n"u8);
                if (_input.AtEnd)
                {
                    _ended = true;
                    return false;
                }

                if (!isFull)
                {
                    throw new FormatException("a statement ends before it is full");
                }

                _statement = _input.Offset;
                _header.ForEach(piece => _input.Expect(piece));
            }
        }

        _inStatement = true;
        _tuples.Read(Columns.Count, sink);
        return true;
    }

    private void Keep(string text)
    {
        byte[] piece = Encoding.UTF8.GetBytes(text);
        if (!_input.Accept(piece))
        {
            throw new FormatException($"it does not begin with rows of '{_table}'");
        }

        _header.Add(piece);
    }

    private string ReadName(string before)
    {
        _input.Require(LongestName);
        ReadOnlySpan<byte> window = _input.Window[..Math.Min(_input.Window.Length, LongestName)];
        StringBuilder name = new();
        int at = before.Length + 1;
        while (true)
        {
            int quote = at < window.Length ? window[at..].IndexOf((byte)'`') : -1;
            if (quote < 0)
            {
                throw new FormatException("a column's name has no end");
            }

            name.Append(Decode(window.Slice(at, quote)));
            at += quote + 1;
            if (at >= window.Length || window[at] != '`')
            {
                break;
            }

            name.Append('`');
            at++;
        }

        Keep($"{before}{SqlText.Quote(name.ToString())}");
        return name.ToString();
    }

    private static string Decode(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return Strict.GetString(bytes);
        }
        catch (DecoderFallbackException failure)
        {
            throw new FormatException("a column's name is not UTF-8", failure);
        }
    }
}
