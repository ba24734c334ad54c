using System.Text;

namespace AiShell.Engines.PostgreSql;

/// <summary>
/// The COPY statement, the lines as they are, the end mark. Knows nothing of the values; rows are found by their newlines, which
/// COPY writes nowhere else.
/// </summary>
internal sealed class SqlRowReader(TableName table, Stream plain) : RowReader
{
    private const int LongestHeader = 1 << 20;

    private readonly byte[] _buffer = new byte[256 * 1024];
    private int _start;
    private int _end;

    private ReadOnlySpan<byte> Window => _buffer.AsSpan(_start, _end - _start);

    private static ReadOnlySpan<byte> EndMark => "\\.\n"u8;

    protected override IReadOnlyList<string> ReadColumns()
    {
        using MemoryStream line = new();
        bool inName = false;
        while (true)
        {
            if (!Fill(1))
            {
                throw new FormatException(line.Length == 0 ? "it is empty" : "it ends within its statement");
            }

            int end = Window.IndexOf((byte)'\n');
            ReadOnlySpan<byte> piece = end < 0 ? Window : Window[..(end + 1)];
            line.Write(piece);
            inName ^= (piece.Count((byte)'"') & 1) != 0; // a name may have a newline
            _start += piece.Length;
            if (end >= 0 && !inName)
            {
                return CopyHeader.Parse(table, Encoding.UTF8.GetString(line.GetBuffer(), 0, (int)line.Length));
            }

            if (line.Length > LongestHeader)
            {
                throw new FormatException($"it does not begin with rows of '{table}'");
            }
        }
    }

    protected override void ReadLines(LinesAction take)
    {
        bool atLineStart = true;
        while (Fill(atLineStart ? EndMark.Length : 1))
        {
            if (atLineStart && Window.StartsWith(EndMark))
            {
                _start += EndMark.Length;
                RequireEnd();
                return;
            }

            // Up to the mark, or as much as cannot be the beginning of one.
            int mark = Window.IndexOf("\n\\.\n"u8);
            int last = Window.LastIndexOf((byte)'\n');
            int length = mark >= 0 ? mark + 1 : last >= 0 ? last + 1 : Window.Length;
            take(Window[..length]);
            atLineStart = Window[length - 1] == '\n';
            _start += length;
        }

        throw new FormatException("it ends before the mark that ends its rows");
    }

    private void RequireEnd()
    {
        if (!Fill(1) || Window[0] != '\n' || Window.Length > 1 || Fill(2))
        {
            throw new FormatException("something else follows the mark that ends its rows than an empty line");
        }
    }

    /// <summary>Waits for so many bytes in the window; false if the part ends before.</summary>
    private bool Fill(int bytes)
    {
        if (Window.Length >= bytes)
        {
            return true;
        }

        Window.CopyTo(_buffer);
        _end -= _start;
        _start = 0;
        while (_end < bytes || _end == 0)
        {
            int read = plain.Read(_buffer, _end, _buffer.Length - _end);
            if (read == 0)
            {
                return false;
            }

            _end += read;
        }

        return true;
    }
}
