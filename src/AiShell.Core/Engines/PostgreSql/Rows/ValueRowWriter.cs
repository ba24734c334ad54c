using System.Buffers;

namespace AiShell.Engines.PostgreSql;

/// <summary>
/// Takes lines of COPY's text format apart into values (manual, COPY, "Text Format"). A value that arrives whole, as all but the
/// largest do, is given out at once; one that is cut is given out piece by piece and never held.
/// </summary>
internal abstract class ValueRowWriter(int columns) : RowWriter
{
    private const int BufferBytes = 64 * 1024;

    private static readonly SearchValues<byte> Ends = SearchValues.Create("\t\n"u8);

    private readonly byte[] _buffer = new byte[BufferBytes];
    private byte[] _plain = [];
    private int _used;
    private int _column;
    private bool _cut; // a value goes on from the bytes before
    private bool _begun; // and some of it was given out
    private readonly byte[] _head = new byte[2]; // what tells NULL from a value
    private int _headBytes;
    private bool _escaped; // the bytes before ended with a backslash

    public override void Write(ReadOnlySpan<byte> lines, Stream part)
    {
        while (!lines.IsEmpty)
        {
            int end = lines.IndexOfAny(Ends);
            ReadOnlySpan<byte> field = end < 0 ? lines : lines[..end];
            if (end < 0 || _cut)
            {
                WritePiece(field, part, isLast: end >= 0);
            }
            else if (columns > 0)
            {
                WriteField(field, part);
            }
            else
            {
                RequireNothing(field);
            }

            if (end < 0)
            {
                break;
            }

            EndField(lines[end] == '\n', part);
            lines = lines[(end + 1)..];
        }

        Flush(part);
    }

    public override void End(Stream part) => Flush(part);

    /// <summary>Before a value; for a table without columns before the end of a row.</summary>
    protected abstract void BeginValue(int column, Stream part);

    protected abstract void WriteNull(Stream part);

    protected abstract void WriteValue(int column, ReadOnlySpan<byte> value, Stream part);

    /// <summary>A value in pieces: begin, one or more of them, end.</summary>
    protected abstract void BeginPieces(Stream part);

    protected abstract void WriteValuePiece(ReadOnlySpan<byte> piece, Stream part);

    protected abstract void EndPieces(Stream part);

    protected abstract void EndRow(Stream part);

    protected void Put(ReadOnlySpan<byte> bytes, Stream part)
    {
        if (bytes.Length > _buffer.Length - _used)
        {
            Flush(part);
            if (bytes.Length > _buffer.Length)
            {
                part.Write(bytes);
                return;
            }
        }

        bytes.CopyTo(_buffer.AsSpan(_used));
        _used += bytes.Length;
    }

    protected void Flush(Stream part)
    {
        part.Write(_buffer.AsSpan(0, _used));
        _used = 0;
    }

    private void WriteField(ReadOnlySpan<byte> field, Stream part)
    {
        BeginValue(_column, part);
        if (field.SequenceEqual("\\N"u8))
        {
            WriteNull(part);
            return;
        }

        if (field.Contains((byte)'\\'))
        {
            field = Decode(field);
        }

        WriteValue(_column, field, part);
    }

    private void WritePiece(ReadOnlySpan<byte> piece, Stream part, bool isLast)
    {
        if (!_cut)
        {
            BeginValue(_column, part);
            _cut = true;
        }

        if (!_begun)
        {
            for (; _headBytes < _head.Length && !piece.IsEmpty; piece = piece[1..])
            {
                _head[_headBytes++] = piece[0];
            }

            ReadOnlySpan<byte> head = _head.AsSpan(0, _headBytes);
            if (piece.IsEmpty && !isLast)
            {
                return;
            }

            if (piece.IsEmpty && head.SequenceEqual("\\N"u8))
            {
                WriteNull(part);
                return;
            }

            _begun = true;
            BeginPieces(part);
            WriteValuePiece(Decode(head), part);
        }

        WriteValuePiece(Decode(piece), part);
        if (isLast)
        {
            EndPieces(part);
        }
    }

    private void EndField(bool isLast, Stream part)
    {
        if (_escaped || isLast != (_column + 1 >= columns))
        {
            throw new InvalidDataException($"a row does not have {columns} columns");
        }

        _cut = false;
        _begun = false;
        _headBytes = 0;
        _column++;
        if (isLast)
        {
            if (columns == 0)
            {
                BeginValue(0, part);
            }

            EndRow(part);
            _column = 0;
        }
    }

    /// <summary>As far as it goes: a backslash at the end waits for the next bytes.</summary>
    private ReadOnlySpan<byte> Decode(ReadOnlySpan<byte> field)
    {
        if (_plain.Length <= field.Length)
        {
            _plain = new byte[field.Length + 1];
        }

        int used = 0;
        while (!field.IsEmpty)
        {
            if (_escaped)
            {
                _plain[used++] = CopyText.Unescape(field[0]);
                _escaped = false;
                field = field[1..];
            }

            int run = field.IndexOf((byte)'\\');
            ReadOnlySpan<byte> plain = run < 0 ? field : field[..run];
            plain.CopyTo(_plain.AsSpan(used));
            used += plain.Length;
            _escaped = run >= 0;
            field = run < 0 ? [] : field[(run + 1)..];
        }

        return _plain.AsSpan(0, used);
    }

    private static void RequireNothing(ReadOnlySpan<byte> field)
    {
        if (!field.IsEmpty)
        {
            throw new InvalidDataException("a row of a table without columns has a value");
        }
    }
}
