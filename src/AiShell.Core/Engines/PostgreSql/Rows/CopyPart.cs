using System.Text;

namespace AiShell.Engines.PostgreSql;

/// <summary>
/// Takes the rows out of a part of the sql format: the COPY statement, lines, the end mark. Knows nothing of the values;
/// rows are found by their newlines, which COPY writes nowhere else.
/// </summary>
internal sealed class CopyPart(BackupPart part, Stream plain)
{
    private const int UsualBytes = 256 * 1024;
    private const int LongestHeader = 1 << 20;

    private byte[] _buffer = new byte[UsualBytes];
    private int _start;
    private int _end;

    /// <summary>The table's columns as SQL, in parentheses and ready for a COPY statement; empty for a table without columns.</summary>
    public string Columns { get; private set; } = "";

    public delegate void RowsAction(ReadOnlySpan<byte> lines);

    /// <summary>Reads the statement at the beginning.</summary>
    /// <exception cref="InvalidDataException">It is not one, or of another table.</exception>
    public void ReadHeader()
    {
        string before = $"COPY {SqlText.Quote(LargeObjects.Destination(part.Table!))} ";
        const string After = "FROM stdin;";
        string line = Encoding.UTF8.GetString(ReadStatement() ?? throw new InvalidDataException("it is empty"));
        if (!line.StartsWith(before, StringComparison.Ordinal) || !line.EndsWith(After, StringComparison.Ordinal))
        {
            throw new InvalidDataException($"it does not begin with rows of '{part.Table}'");
        }

        Columns = line[before.Length..^After.Length].Trim();
    }

    /// <summary>
    /// Gives the rows out in runs of whole lines, or one that is larger than the buffer after it has grown, up to the end
    /// mark, after which nothing may follow.
    /// </summary>
    /// <exception cref="InvalidDataException">The end mark is missing, or is not the end.</exception>
    public void ReadRows(RowsAction take)
    {
        while (true)
        {
            ReadOnlySpan<byte> available = _buffer.AsSpan(_start, _end - _start);
            int lines = available.LastIndexOf((byte)'\n') + 1;
            int mark = IndexOfEndMark(available[..lines]);
            if (mark >= 0)
            {
                if (mark > 0)
                {
                    take(available[..mark]);
                }

                _start += mark + EndMark.Length;
                RequireEnd();
                return;
            }

            if (lines > 0)
            {
                take(available[..lines]);
                _start += lines;
            }

            if (!Fill())
            {
                throw new InvalidDataException("it ends before the mark that ends its rows");
            }
        }
    }

    private static ReadOnlySpan<byte> EndMark => "\\.\n"u8;

    private static int IndexOfEndMark(ReadOnlySpan<byte> lines)
    {
        if (lines.StartsWith(EndMark))
        {
            return 0;
        }

        int found = lines.IndexOf("\n\\.\n"u8);
        return found < 0 ? -1 : found + 1;
    }

    private void RequireEnd()
    {
        do
        {
            if (_buffer.AsSpan(_start, _end - _start).ContainsAnyExcept((byte)'\n'))
            {
                throw new InvalidDataException("something follows the mark that ends its rows");
            }

            _start = _end;
        }
        while (Fill());
    }

    /// <summary>Up to the newline that is not within a quoted name.</summary>
    private byte[]? ReadStatement()
    {
        int end = 0;
        while (true)
        {
            ReadOnlySpan<byte> available = _buffer.AsSpan(_start, _end - _start);
            int newline = available[end..].IndexOf((byte)'\n');
            end += Math.Max(newline, 0);
            if (newline >= 0 && available[..end].Count((byte)'"') % 2 != 0)
            {
                end++;
                continue;
            }

            if (newline >= 0)
            {
                byte[] line = _buffer.AsSpan(_start, end).ToArray();
                _start += end + 1;
                return line;
            }

            if (_end - _start > LongestHeader || !Fill())
            {
                return null;
            }
        }
    }

    private bool Fill()
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            _end -= _start;
            _start = 0;
        }

        if (_end == _buffer.Length)
        {
            Array.Resize(ref _buffer, (int)Math.Min(2L * _buffer.Length, Array.MaxLength));
        }

        int read = plain.Read(_buffer, _end, _buffer.Length - _end);
        _end += read;
        return read > 0;
    }
}
