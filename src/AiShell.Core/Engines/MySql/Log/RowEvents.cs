using System.Buffers.Binary;

namespace AiShell.Engines.MySql.Log;

/// <summary>
/// Collects the row events of a statement, with the tables that they belong to, into BINLOG statements (manual, "BINLOG"); of another database's tables nothing is taken. Each statement
/// is complete by itself, so a long one goes in several.
/// </summary>
/// <param name="isOurs">Of a database as the log calls it.</param>
/// <param name="copy">Where its rows go: no event names any other.</param>
/// <param name="requireFit">Is given each table before its rows.</param>
internal sealed class RowEvents(Func<string, bool> isOurs, string copy, Action<string> requireFit, Action<string> run)
{
    private const int Enough = 4 * 1024 * 1024;
    private const int TableIdBytes = 6;
    private const ushort StatementEnd = 0x0001;

    private readonly List<(ulong Id, byte[] Event)> _tables = [];
    private readonly List<byte[]> _rows = [];
    private long _bytes;

    /// <summary>The events that follow are of this format.</summary>
    public void Describe(BinaryLogEvent description) => run($"BINLOG '{Convert.ToBase64String(OwnEvent.Description(description.Bytes.Span, LogChecksum.None))}'");

    public void Add(BinaryLogEvent next)
    {
        if (next.Type == EventType.TableMap)
        {
            if (TableMap.Read(next) is var map && isOurs(map.Database))
            {
                requireFit(map.Table);
                _tables.Add((TableOf(next), OwnEvent.TableIn(copy, next)));
            }

            return;
        }

        ulong table = TableOf(next);
        if (_tables.Any(known => known.Id == table))
        {
            byte[] rows = OwnEvent.WithoutChecksum(next);
            _rows.Add(rows);
            _bytes += rows.Length;
        }

        bool ends = (FlagsOf(next.Body) & StatementEnd) != 0;
        if (ends || _bytes > Enough)
        {
            Send();
        }

        if (ends)
        {
            _tables.Clear();
        }
    }

    /// <summary>Something else follows.</summary>
    public void Flush()
    {
        Send();
        _tables.Clear();
    }

    private void Send()
    {
        if (_rows.Count == 0)
        {
            return;
        }

        Span<byte> last = _rows[^1].AsSpan(BinaryLogEvent.HeaderBytes + TableIdBytes);
        BinaryPrimitives.WriteUInt16LittleEndian(last, (ushort)(BinaryPrimitives.ReadUInt16LittleEndian(last) | StatementEnd));
        byte[] all = [.. _tables.SelectMany(table => table.Event), .. _rows.SelectMany(rows => rows)];
        _rows.Clear();
        _bytes = 0;
        run($"BINLOG '{Convert.ToBase64String(all)}'");
    }

    private static ulong TableOf(BinaryLogEvent next)
    {
        BodyReader body = new(next);
        return body.UInt32() | ((ulong)body.UInt16() << 32);
    }

    private static ushort FlagsOf(ReadOnlySpan<byte> body) => body.Length >= TableIdBytes + sizeof(ushort) ? BinaryPrimitives.ReadUInt16LittleEndian(body[TableIdBytes..]) : throw LogDamage.Of("a row event is too short");
}
