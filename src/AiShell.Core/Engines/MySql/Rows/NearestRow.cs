using System.Buffers;

namespace AiShell.Engines.MySql;

/// <summary>Compares the rows it is told with one canonical row; of those that differ it keeps how the first does.</summary>
internal sealed class NearestRow(byte[] expected) : TupleSink
{
    private const int MostKept = TupleDigester.LargestSampled + 1; // a longer row cannot be the expected one

    private readonly ArrayBufferWriter<byte> _row = new();

    public bool IsEqual { get; private set; }

    /// <summary>Which value differs, and what the literal is that was found; null where no row was found.</summary>
    public (int Column, byte[] Literal)? Difference { get; private set; }

    protected override void BeforeRow() => _row.ResetWrittenCount();

    protected override void AfterRow(ReadOnlySpan<byte> rest)
    {
        Keep(rest);
        Clear();
        ReadOnlySpan<byte> row = _row.WrittenSpan;
        if (row.SequenceEqual(expected))
        {
            IsEqual = true;
        }
        else
        {
            Difference ??= FirstDifference(row);
        }
    }

    protected override void Leave(ReadOnlySpan<byte> content, int inRow) => Keep(content[^inRow..]);

    private void Keep(ReadOnlySpan<byte> bytes) => _row.Write(bytes[..Math.Min(bytes.Length, MostKept - _row.WrittenCount)]);

    private (int Column, byte[] Literal) FirstDifference(ReadOnlySpan<byte> row)
    {
        // One that was cut has no end; a quote and a parenthesis end it here for the sake of the message.
        byte[] whole = row.Length < MostKept ? row.ToArray() : [.. row, .. "')"u8];
        List<Range> found = TupleLiterals.Split(whole);
        List<Range> values = TupleLiterals.Split(expected);
        for (int column = 0; column < Math.Min(found.Count, values.Count); column++)
        {
            if (!whole.AsSpan(found[column]).SequenceEqual(expected.AsSpan(values[column])))
            {
                return (column, whole[found[column]]);
            }
        }

        return (values.Count - 1, whole[found[^1]]);
    }
}
