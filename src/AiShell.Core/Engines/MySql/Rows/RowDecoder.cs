using System.Buffers.Binary;
using System.Buffers.Text;
using System.Text;
using AiShell.Engines.MySql.Snapshot;
using AiShell.Engines.MySql.Wire;

namespace AiShell.Engines.MySql;

/// <summary>
/// Reads rows of the binary protocol and tells them to a sink. The hot loop of a backup: a row that lies whole in the buffer is
/// read without an allocation; a larger one piece by piece.
/// </summary>
internal sealed class RowDecoder
{
    private const int NullBitOffset = 2;

    // A column of ASCII takes other bytes too, which are no text; so that this shows before a value's first piece, long ones are told as bytes.
    private const int LongestAscii = 64 * 1024;

    private readonly BinaryRows _rows;
    private readonly PacketStream _packets;
    private readonly ColumnForm[] _columns;
    private readonly byte[] _nulls;
    private byte[] _scratch = new byte[128];

    /// <param name="columns">Those that the SELECT reads; see <see cref="RowSelect"/>.</param>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Failed"/>: what the server sends is not of these columns.</exception>
    public RowDecoder(BinaryRows rows, IReadOnlyList<SourceColumn> columns)
    {
        int selected = Math.Max(columns.Count, 1); // a table of generated columns only is read by a constant
        if (rows.Columns.Count != selected)
        {
            throw new AiShellException(ErrorKind.Failed, $"The server sends {rows.Columns.Count} columns instead of {selected}.", "Somebody changed the table meanwhile; try again.");
        }

        _rows = rows;
        _packets = rows.Packets;
        _columns = [.. columns.Select((column, index) => ColumnForm.Of(column, rows.Columns[index]))];
        _nulls = new byte[(selected + NullBitOffset + 7) / 8];
    }

    /// <summary>Tells rows to the sink until about so many bytes have come from the server, or to the end.</summary>
    /// <returns>False at the end of the rows.</returns>
    public bool Read(IRowSink sink, long bytes)
    {
        while (bytes > 0)
        {
            if (!_rows.Next())
            {
                return false;
            }

            bytes -= _packets.LeftInPacket;
            if (_packets.IsWhole)
            {
                ReadWhole(sink);
            }
            else
            {
                ReadPieces(sink);
            }
        }

        return true;
    }

    public void ReadToEnd(IRowSink sink)
    {
        while (Read(sink, long.MaxValue))
        {
            // to the end
        }
    }

    private void ReadWhole(IRowSink sink)
    {
        ReadOnlySpan<byte> row = _packets.Window;
        ReadOnlySpan<byte> nulls = row.Slice(1, _nulls.Length);
        ReadOnlySpan<byte> values = row[(1 + nulls.Length)..];
        ColumnForm[] columns = _columns;
        sink.BeginRow();
        for (int column = 0; column < columns.Length; column++)
        {
            if (IsNull(nulls, column))
            {
                sink.Null();
            }
            else
            {
                values = values[ReadValue(sink, in columns[column], values)..];
            }
        }

        if (!values.IsEmpty && columns.Length > 0)
        {
            throw new InvalidDataException("a row is longer than its columns");
        }

        _packets.Advance(row.Length);
        sink.EndRow();
    }

    private static bool IsNull(ReadOnlySpan<byte> nulls, int column) => (nulls[(column + NullBitOffset) >> 3] & (1 << ((column + NullBitOffset) & 7))) != 0;

    /// <returns>Bytes that it took.</returns>
    private static int ReadValue(IRowSink sink, in ColumnForm column, ReadOnlySpan<byte> values)
    {
        int length = FixedLength(column.Form);
        if (length > 0)
        {
            TellNumber(sink, column.Form, values[..length]);
            return length;
        }

        int prefix = 1;
        length = values[0];
        if (length > 250)
        {
            prefix = LengthBytes(values[0]);
            length = checked((int)LongLength(values[1..prefix]));
        }

        Tell(sink, column, values.Slice(prefix, length));
        return prefix + length;
    }

    /// <summary>A row that is larger than the buffer.</summary>
    private void ReadPieces(IRowSink sink)
    {
        Take(1);
        Take(_nulls);
        sink.BeginRow();
        for (int column = 0; column < _columns.Length; column++)
        {
            if (IsNull(_nulls, column))
            {
                sink.Null();
                continue;
            }

            int length = FixedLength(_columns[column].Form);
            if (length > 0)
            {
                TellNumber(sink, _columns[column].Form, Take(length));
                continue;
            }

            long bytes = Take(1)[0];
            if (bytes > 250)
            {
                bytes = (long)LongLength(Take(LengthBytes((byte)bytes) - 1));
            }

            if (_columns[column].Form is ValueForm.Text or ValueForm.Latin1 or ValueForm.Bytes || bytes > LongestAscii)
            {
                TellPieces(sink, _columns[column], bytes);
            }
            else
            {
                Tell(sink, _columns[column], Take((int)bytes));
            }
        }

        if (!_packets.AtEnd && _columns.Length > 0)
        {
            throw new InvalidDataException("a row is longer than its columns");
        }

        _packets.Skip();
        sink.EndRow();
    }

    private void TellPieces(IRowSink sink, in ColumnForm column, long bytes)
    {
        Begin(sink, column, isText: column.Form is ValueForm.Text or ValueForm.Latin1 || bytes == 0);
        while (bytes > 0)
        {
            RequireWindow();
            ReadOnlySpan<byte> piece = _packets.Window;
            piece = piece[..(int)Math.Min(piece.Length, bytes)];
            TellPiece(sink, column.Form, piece);
            bytes -= piece.Length;
            _packets.Advance(piece.Length);
        }

        sink.EndValue();
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count > _scratch.Length)
        {
            _scratch = new byte[LongestAscii];
        }

        Take(_scratch.AsSpan(0, count));
        return _scratch.AsSpan(0, count);
    }

    private void Take(Span<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            RequireWindow();
            int run = Math.Min(bytes.Length, _packets.Window.Length);
            _packets.Window[..run].CopyTo(bytes);
            _packets.Advance(run);
            bytes = bytes[run..];
        }
    }

    private void RequireWindow()
    {
        while (_packets.Window.IsEmpty)
        {
            if (!_packets.Fill())
            {
                throw new InvalidDataException("a row is shorter than its columns");
            }
        }
    }

    private static void Begin(IRowSink sink, in ColumnForm column, bool isText)
    {
        if (isText)
        {
            sink.BeginText();
        }
        else
        {
            sink.BeginBytes(column.CharacterSet);
        }
    }

    private static void Tell(IRowSink sink, in ColumnForm column, ReadOnlySpan<byte> value)
    {
        switch (column.Form)
        {
            case ValueForm.Decimal:
                sink.Number(WithoutZerofill(value));
                return;
            case ValueForm.Date or ValueForm.DateTime or ValueForm.Time:
                TellDate(sink, column, value);
                return;
        }

        Begin(sink, column, column.Form is ValueForm.Text or ValueForm.Latin1 || value.IsEmpty || (column.Form == ValueForm.Ascii && value.Length <= LongestAscii && Ascii.IsValid(value)));
        TellPiece(sink, column.Form, value);
        sink.EndValue();
    }

    private static void TellPiece(IRowSink sink, ValueForm form, ReadOnlySpan<byte> piece)
    {
        if (form == ValueForm.Latin1)
        {
            Latin1Text.Tell(sink, piece);
        }
        else
        {
            sink.Piece(piece);
        }
    }

    private static void TellDate(IRowSink sink, in ColumnForm column, ReadOnlySpan<byte> value)
    {
        Span<byte> text = stackalloc byte[DateLiteral.Longest];
        int length = column.Form switch
        {
            ValueForm.Date => DateLiteral.WriteDate(value, text),
            ValueForm.DateTime => DateLiteral.WriteDateTime(value, column.Fraction, text),
            _ => DateLiteral.WriteTime(value, column.Fraction, text),
        };
        sink.BeginText();
        sink.Piece(text[..length]);
        sink.EndValue();
    }

    private static ReadOnlySpan<byte> WithoutZerofill(ReadOnlySpan<byte> number)
    {
        while (number is [(byte)'0', >= (byte)'0' and <= (byte)'9', ..])
        {
            number = number[1..];
        }

        return number;
    }

    private static void TellNumber(IRowSink sink, ValueForm form, ReadOnlySpan<byte> value)
    {
        Span<byte> literal = stackalloc byte[RealLiteral.Longest];
        int written;
        if (form is ValueForm.Single or ValueForm.Double)
        {
            written = RealLiteral.Write(form == ValueForm.Single ? BinaryPrimitives.ReadSingleLittleEndian(value) : BinaryPrimitives.ReadDoubleLittleEndian(value), literal);
        }
        else if (form == ValueForm.UInt64)
        {
            Utf8Formatter.TryFormat(BinaryPrimitives.ReadUInt64LittleEndian(value), literal, out written);
        }
        else
        {
            long number = form switch
            {
                ValueForm.Int8 => (sbyte)value[0],
                ValueForm.UInt8 => value[0],
                ValueForm.Int16 => BinaryPrimitives.ReadInt16LittleEndian(value),
                ValueForm.UInt16 => BinaryPrimitives.ReadUInt16LittleEndian(value),
                ValueForm.Int32 => BinaryPrimitives.ReadInt32LittleEndian(value),
                ValueForm.UInt32 => BinaryPrimitives.ReadUInt32LittleEndian(value),
                _ => BinaryPrimitives.ReadInt64LittleEndian(value),
            };
            Utf8Formatter.TryFormat(number, literal, out written);
        }

        sink.Number(literal[..written]);
    }

    /// <summary>0 for values that say their length.</summary>
    private static int FixedLength(ValueForm form) => form switch
    {
        ValueForm.Int8 or ValueForm.UInt8 => 1,
        ValueForm.Int16 or ValueForm.UInt16 => 2,
        ValueForm.Int32 or ValueForm.UInt32 or ValueForm.Single => 4,
        ValueForm.Int64 or ValueForm.UInt64 or ValueForm.Double => 8,
        _ => 0,
    };

    /// <summary>Of a length-encoded integer, the first byte included.</summary>
    private static int LengthBytes(byte first) => first switch
    {
        0xFC => 3,
        0xFD => 4,
        0xFE => 9,
        _ => throw new InvalidDataException("a length is not one"),
    };

    private static ulong LongLength(ReadOnlySpan<byte> bytes)
    {
        Span<byte> whole = stackalloc byte[8];
        whole.Clear();
        bytes.CopyTo(whole);
        return BinaryPrimitives.ReadUInt64LittleEndian(whole);
    }
}
