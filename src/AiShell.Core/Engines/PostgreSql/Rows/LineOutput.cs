using System.Buffers;

namespace AiShell.Engines.PostgreSql;

/// <summary>Puts values together to lines of COPY's text format, as the server would have written them.</summary>
internal sealed class LineOutput
{
    private static readonly SearchValues<byte> Escaped = SearchValues.Create("\b\f\n\r\t\v\\"u8);

    private readonly byte[] _buffer = new byte[128 * 1024];
    private int _used;
    private int _column;

    /// <summary>Where the bytes go whenever there are enough of them.</summary>
    public RowReader.LinesAction Target { get; set; } = static _ => { };

    public void BeginValue()
    {
        if (_column++ > 0)
        {
            Put("\t"u8);
        }
    }

    public void Null() => Put("\\N"u8);

    /// <summary>The next bytes of a value.</summary>
    public void Append(ReadOnlySpan<byte> value)
    {
        for (int at = value.IndexOfAny(Escaped); at >= 0; at = value.IndexOfAny(Escaped))
        {
            Put(value[..at]);
            Put([(byte)'\\', CopyText.Escape(value[at])]);
            value = value[(at + 1)..];
        }

        Put(value);
    }

    /// <exception cref="FormatException">The row had other than so many values.</exception>
    public void EndLine(int columns)
    {
        if (_column != columns)
        {
            throw new FormatException($"a row has {_column} values for {columns} columns");
        }

        _column = 0;
        Put("\n"u8);
    }

    public void Flush()
    {
        if (_used > 0)
        {
            Target(_buffer.AsSpan(0, _used));
            _used = 0;
        }
    }

    private void Put(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > _buffer.Length - _used)
        {
            int room = _buffer.Length - _used;
            bytes[..room].CopyTo(_buffer.AsSpan(_used));
            _used += room;
            bytes = bytes[room..];
            Flush();
        }

        bytes.CopyTo(_buffer.AsSpan(_used));
        _used += bytes.Length;
    }
}
