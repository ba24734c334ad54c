namespace AiShell.Engines;

/// <summary>
/// A uniform random sample of rows whose number is not known beforehand: every row draws a number, the lowest stay. So
/// samples of a table's parts merge into one of the table.
/// </summary>
internal sealed class RowSample(int size)
{
    private readonly PriorityQueue<byte[], long> _rows = new(Comparer<long>.Create((one, other) => other.CompareTo(one)));

    public IEnumerable<ReadOnlyMemory<byte>> Rows => _rows.UnorderedItems.Select(item => (ReadOnlyMemory<byte>)item.Element);

    public void Offer(ReadOnlySpan<byte> row)
    {
        if (size == 0)
        {
            return;
        }

        long draw = Random.Shared.NextInt64();
        if (Takes(draw))
        {
            Add(row.ToArray(), draw);
        }
    }

    public void Merge(RowSample other)
    {
        foreach ((byte[] row, long draw) in other._rows.UnorderedItems)
        {
            if (Takes(draw))
            {
                Add(row, draw);
            }
        }
    }

    private bool Takes(long draw) => _rows.Count < size || (_rows.TryPeek(out _, out long highest) && draw < highest);

    private void Add(byte[] row, long draw)
    {
        _rows.Enqueue(row, draw);
        if (_rows.Count > size)
        {
            _rows.Dequeue();
        }
    }
}
