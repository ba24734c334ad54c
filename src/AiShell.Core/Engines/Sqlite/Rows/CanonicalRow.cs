using System.Buffers.Binary;

namespace AiShell.Engines.Sqlite.Rows;

/// <summary>
/// A row's canonical encoding: what its fingerprint is taken of, and the one form in which rows pass between SQLite and
/// the formats. The values follow each other, each a tag byte and its bytes; numbers are big-endian:
/// <code>
/// NULL     00
/// INTEGER  01  8 bytes, two's complement
/// REAL     02  8 bytes, IEEE 754
/// TEXT     03  4 bytes length, then so many bytes of UTF-8
/// BLOB     04  4 bytes length, then so many bytes
/// </code>
/// The values are those of the table's stored columns (not of generated ones) in the order of their declaration. For a
/// rowid table without an INTEGER PRIMARY KEY the rowid comes first, as an INTEGER; it is left out where columns take
/// all three of its names (rowid, _rowid_, oid), for then no statement can see it.
/// TEXT is the bytes as stored, also when they are not valid UTF-8 or hold NUL. In a UTF-16 database it is those bytes
/// transcoded; a surrogate without its pair becomes the three bytes that UTF-8 would have for its number (WTF-8).
/// <para>
/// Example: the row with rowid 7 of <c>CREATE TABLE t(a, b, c, d, e)</c> holding <c>(NULL, -2, 0.5, 'hé', x'00ff')</c> is
/// </para>
/// <code>
/// 01 0000000000000007  00  01 fffffffffffffffe  02 3fe0000000000000  03 00000003 68c3a9  04 00000002 00ff
/// </code>
/// and its XxHash128 is <c>9c413b377a36cbf7998a9463ca1ba3f9</c>; with no other row in it that is the table's fingerprint.
/// </summary>
internal static class CanonicalRow
{
    /// <summary>Room that a value takes besides the bytes of its TEXT or BLOB.</summary>
    public const int MaximalOverhead = 9;

    /// <exception cref="FormatException"><paramref name="canonical"/> is not a row.</exception>
    public static IReadOnlyList<object?> Decode(ReadOnlySpan<byte> canonical)
    {
        List<object?> values = [];
        CanonicalValues reader = new(canonical);
        while (reader.Next())
        {
            values.Add(reader.Kind switch
            {
                ValueKind.Null => null,
                ValueKind.Integer => reader.Integer,
                ValueKind.Real => reader.Real,
                ValueKind.Text => System.Text.Encoding.UTF8.GetString(reader.Bytes),
                _ => reader.Bytes.ToArray(),
            });
        }

        return values;
    }
}

/// <summary>SQLite's storage classes; the numbers are the tags of <see cref="CanonicalRow"/>.</summary>
internal enum ValueKind : byte
{
    Null = 0,
    Integer = 1,
    Real = 2,
    Text = 3,
    Blob = 4,
}

/// <summary>Walks over the values of a row in canonical encoding.</summary>
internal ref struct CanonicalValues(ReadOnlySpan<byte> canonical)
{
    private ReadOnlySpan<byte> _rest = canonical;

    public ValueKind Kind { get; private set; }

    public long Integer { get; private set; }

    /// <summary>Of a TEXT or BLOB.</summary>
    public ReadOnlySpan<byte> Bytes { get; private set; }

    public readonly double Real => BitConverter.Int64BitsToDouble(Integer);

    /// <exception cref="FormatException">It is not a row.</exception>
    public bool Next()
    {
        if (_rest.IsEmpty)
        {
            return false;
        }

        Kind = (ValueKind)_rest[0];
        int size = 1;
        switch (Kind)
        {
            case ValueKind.Null:
                break;
            case ValueKind.Integer or ValueKind.Real when _rest.Length >= 9:
                Integer = BinaryPrimitives.ReadInt64BigEndian(_rest[1..]);
                size = 9;
                break;
            case ValueKind.Text or ValueKind.Blob when _rest.Length >= 5
                && BinaryPrimitives.ReadUInt32BigEndian(_rest[1..]) is uint length && length <= _rest.Length - 5:
                Bytes = _rest.Slice(5, (int)length);
                size = 5 + (int)length;
                break;
            default:
                throw new FormatException("These bytes are not a row in canonical encoding.");
        }

        _rest = _rest[size..];
        return true;
    }
}
