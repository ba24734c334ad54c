using System.Buffers;
using AiShell.Engines.MySql.Snapshot;
using AiShell.Engines.MySql.Wire;

namespace AiShell.Engines.MySql.Restore;

/// <summary>
/// Rows by LOAD DATA LOCAL (manual, "LOAD DATA Statement"). The file is told to be binary, so that bytes are stored as they come; values
/// of the few types that do not take bytes go through a variable.
/// </summary>
internal sealed class LocalLoad : ILoadSink
{
    private static readonly SearchValues<byte> Escaped = SearchValues.Create("\0\t\n\\"u8);

    private readonly LocalInfile _file;
    private readonly bool[] _isYear;
    private readonly Latin1Encoder?[] _latin1;
    private Latin1Encoder? _encoder; // of the text that is being told
    private int _column;

    public LocalLoad(MySqlSession session, TableName table, IReadOnlyList<SourceColumn> columns)
    {
        _file = new LocalInfile(session, StatementFor(table, columns));
        _isYear = [.. columns.Select(column => column.BaseType == "year")];
        _latin1 = [.. columns.Select(column => column.CharacterSet == "latin1" ? new Latin1Encoder() : null)];
    }

    public static string StatementFor(TableName table, IReadOnlyList<SourceColumn> columns)
    {
        string[] places = [.. columns.Select((column, index) => Converts(column) ? FormattableString.Invariant($"@v{index}") : SqlText.Quote(column.Name))];
        string[] sets =
        [
            .. columns.Index().Where(column => Converts(column.Item))
                .Select(column => FormattableString.Invariant($"{SqlText.Quote(column.Item.Name)} = CONVERT(@v{column.Index} USING utf8mb4)")),
        ];
        return $"LOAD DATA LOCAL INFILE 'rows' INTO TABLE {SqlText.Quote(table.Name)} CHARACTER SET binary FIELDS TERMINATED BY '\\t' ESCAPED BY '\\\\' LINES TERMINATED BY '\\n' "
            + $"({string.Join(", ", places)}){(sets.Length > 0 ? $" SET {string.Join(", ", sets)}" : "")}";
    }

    public void BeginRow() => _column = -1;

    public void Null()
    {
        Separate();
        _file.Write("\\N"u8);
    }

    public void Number(ReadOnlySpan<byte> literal)
    {
        Separate();
        // Everything in the file is a text, and the year of a text '0' is 2000.
        _file.Write(_isYear[_column] && literal.SequenceEqual("0"u8) ? "0000"u8 : literal);
    }

    public void BeginText()
    {
        Separate();
        _encoder = _latin1[_column];
    }

    public void BeginBytes(string? characterSet)
    {
        Separate();
        _encoder = null;
    }

    public void Piece(ReadOnlySpan<byte> bytes)
    {
        if (_encoder is null)
        {
            Write(bytes);
            return;
        }

        while (!bytes.IsEmpty)
        {
            Write(_encoder.Next(ref bytes));
        }
    }

    private void Write(ReadOnlySpan<byte> bytes)
    {
        for (int at = bytes.IndexOfAny(Escaped); at >= 0; at = bytes.IndexOfAny(Escaped))
        {
            _file.Write(bytes[..at]);
            _file.Write((byte)'\\');
            _file.Write(bytes[at] switch { 0 => (byte)'0', (byte)'\n' => (byte)'n', (byte)'\t' => (byte)'t', _ => (byte)'\\' });
            bytes = bytes[(at + 1)..];
        }

        _file.Write(bytes);
    }

    public void EndValue()
    {
        // the next value's or the line's end ends it
    }

    public void EndRow() => _file.Write((byte)'\n');

    public LoadOutcome Complete() => _file.Complete();

    /// <summary>
    /// The server takes it only as text. Short ones: its functions give NULL for values longer than max_allowed_packet, which is why text of
    /// latin1 is turned into its bytes here.
    /// </summary>
    private static bool Converts(SourceColumn column) => column.BaseType is "uuid" or "inet4" or "inet6" or "json";

    private void Separate()
    {
        if (++_column > 0)
        {
            _file.Write((byte)'\t');
        }
    }
}
