using System.Buffers.Binary;

namespace AiShell.Engines.Sqlite.Rows;

/// <summary>Turns the records of a rowid table into canonical rows (https://sqlite.org/fileformat2.html#record_format).</summary>
internal sealed class RecordReader
{
    private const int OverflowLinkBytes = 4;
    private const int ReservedBytesOffset = 20;
    private const int LongestRecord = int.MaxValue - 64 * 1024;

    private readonly PageReader _readPages;
    private readonly byte[] _page;
    private readonly int _usableBytes;
    private readonly int _columns;
    private readonly int _rowidColumn;
    private readonly bool _showsRowid;
    private readonly bool[] _real;
    private readonly bool _utf16;
    private readonly bool _bigEndian;
    private byte[] _record = [];

    /// <param name="table">Has rowids and no generated columns.</param>
    public RecordReader(PageReader readPages, SqliteSchema schema, SqliteTable table)
    {
        _readPages = readPages;
        _page = new byte[schema.PageSizeBytes];
        readPages(1, _page);
        _usableBytes = schema.PageSizeBytes - _page[ReservedBytesOffset];
        _columns = table.StoredColumns.Count;
        _rowidColumn = table.RowidColumn;
        _showsRowid = table.HasHiddenRowid;
        _real = [.. table.StoredColumns.Select(column => ColumnAffinity.IsReal(column.DeclaredType))];
        _utf16 = schema.IsUtf16;
        _bigEndian = schema.Encoding == "UTF-16be";
    }

    /// <param name="local">From the payload's first byte to the end of its leaf.</param>
    /// <returns>False where the record has fewer values than the table has columns.</returns>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Integrity"/>: it is not a record.</exception>
    public bool Read(ReadOnlySpan<byte> local, ulong payloadBytes, long rowid, RowBuffer row)
    {
        ReadOnlySpan<byte> record = Gather(local, payloadBytes);
        int at = Varint.Read(record, out ulong headerBytes);
        if (headerBytes > (ulong)record.Length || (int)headerBytes < at)
        {
            throw LeafPages.Damaged();
        }

        ReadOnlySpan<byte> types = record[at..(int)headerBytes];
        ReadOnlySpan<byte> values = record[(int)headerBytes..];
        row.Clear();
        if (_showsRowid)
        {
            row.AddInteger(rowid);
        }

        for (int column = 0; column < _columns; column++)
        {
            if (types.IsEmpty)
            {
                return false;
            }

            types = types[Varint.Read(types, out ulong type)..];
            int bytes = SizeOf(type);
            if (bytes > values.Length)
            {
                throw LeafPages.Damaged();
            }

            if (column == _rowidColumn)
            {
                row.AddInteger(rowid); // the record has NULL in its place
            }
            else
            {
                Add(row, column, type, values[..bytes]);
            }

            values = values[bytes..];
        }

        return true;
    }

    private void Add(RowBuffer row, int column, ulong type, ReadOnlySpan<byte> value)
    {
        switch (type)
        {
            case 0:
                row.AddNull();
                break;
            case 7:
                double real = BinaryPrimitives.ReadDoubleBigEndian(value);
                if (double.IsNaN(real))
                {
                    row.AddNull(); // as SQLite reads it
                }
                else
                {
                    row.AddReal(real);
                }

                break;
            case < 10 when _real[column]:
                row.AddReal(Integer(type, value)); // whole numbers are kept as integers, to save space
                break;
            case < 10:
                row.AddInteger(Integer(type, value));
                break;
            default:
                if ((type & 1) == 0)
                {
                    row.AddBytes(ValueKind.Blob, value);
                }
                else if (_utf16)
                {
                    row.BeginBytes(ValueKind.Text);
                    Utf16Text.AppendAsUtf8(row, value, _bigEndian);
                    row.EndBytes();
                }
                else
                {
                    row.AddBytes(ValueKind.Text, value);
                }

                break;
        }
    }

    private static int SizeOf(ulong type) => type switch
    {
        <= 4 => (int)type,
        5 => 6,
        6 or 7 => 8,
        8 or 9 => 0,
        >= 12 and <= 2UL * LongestRecord => (int)((type - 12) / 2),
        _ => throw LeafPages.Damaged(),
    };

    private static long Integer(ulong type, ReadOnlySpan<byte> value) => type switch
    {
        1 => (sbyte)value[0],
        2 => BinaryPrimitives.ReadInt16BigEndian(value),
        3 => ((sbyte)value[0] << 16) | BinaryPrimitives.ReadUInt16BigEndian(value[1..]),
        4 => BinaryPrimitives.ReadInt32BigEndian(value),
        5 => ((long)BinaryPrimitives.ReadInt16BigEndian(value) << 32) | BinaryPrimitives.ReadUInt32BigEndian(value[2..]),
        6 => BinaryPrimitives.ReadInt64BigEndian(value),
        8 => 0,
        _ => 1,
    };

    /// <summary>The whole record: where it lies, or put together from its overflow pages (section 1.6, "cell payload").</summary>
    private ReadOnlySpan<byte> Gather(ReadOnlySpan<byte> local, ulong payloadBytes)
    {
        if (payloadBytes > LongestRecord)
        {
            throw payloadBytes > int.MaxValue ? LeafPages.Damaged() : new AiShellException(ErrorKind.Failed, "A row is larger than 2 GB.", "Use --format native for this database.");
        }

        int total = (int)payloadBytes;
        if (total <= _usableBytes - 35)
        {
            return total <= local.Length ? local[..total] : throw LeafPages.Damaged();
        }

        int least = ((_usableBytes - 12) * 32 / 255) - 23;
        int kept = least + ((total - least) % (_usableBytes - OverflowLinkBytes));
        kept = kept <= _usableBytes - 35 ? kept : least;
        if (kept + OverflowLinkBytes > local.Length)
        {
            throw LeafPages.Damaged();
        }

        if (_record.Length < total)
        {
            _record = new byte[Math.Max(total, _usableBytes)];
        }

        local[..kept].CopyTo(_record);
        uint next = BinaryPrimitives.ReadUInt32BigEndian(local[kept..]);
        for (int done = kept; done < total;)
        {
            if (next < 2)
            {
                throw LeafPages.Damaged();
            }

            _readPages(next, _page);
            int count = Math.Min(total - done, _usableBytes - OverflowLinkBytes);
            _page.AsSpan(OverflowLinkBytes, count).CopyTo(_record.AsSpan(done));
            done += count;
            next = BinaryPrimitives.ReadUInt32BigEndian(_page);
        }

        return _record.AsSpan(0, total);
    }
}
