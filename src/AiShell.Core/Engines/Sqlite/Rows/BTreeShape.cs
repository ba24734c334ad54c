using System.Buffers.Binary;

namespace AiShell.Engines.Sqlite.Rows;

/// <summary>Reads whole pages of the pinned view, the first one being page 1.</summary>
internal delegate void PageReader(uint firstPage, Span<byte> pages);

/// <summary>
/// A table's size and the rowids that split it, from the topmost pages of its b-tree
/// (https://sqlite.org/fileformat2.html#b_tree_pages). All leaves are equally deep, so subtrees are about equally large.
/// </summary>
/// <param name="PayloadBytes">Roughly the bytes of all its rows.</param>
/// <param name="Dividers">Rowids in ascending order: each is the last one of a subtree. Empty for WITHOUT ROWID.</param>
internal sealed record BTreeShape(long PayloadBytes, IReadOnlyList<long> Dividers)
{
    private const byte InteriorIndex = 2;
    private const byte InteriorTable = 5;
    private const byte LeafIndex = 10;
    private const byte LeafTable = 13;
    private const int SampledLeaves = 8;

    /// <param name="wantedDividers">Goes down the tree until there are so many, or the next level is the leaves'.</param>
    public static BTreeShape Read(PageReader readPages, int pageSizeBytes, long rootPage, int wantedDividers)
    {
        byte[] page = new byte[pageSizeBytes];
        List<(uint Page, long? Last)> level = [((uint)rootPage, null)];
        double nodes = 1;
        while (true)
        {
            readPages(level[0].Page, page);
            if (page[0] is LeafTable or LeafIndex)
            {
                return new BTreeShape((long)(nodes * SampleLeaves(readPages, page, level)), DividersOf(level));
            }

            if (level.Count > wantedDividers)
            {
                // Deep enough for the cuts: guess the rest from one path to the leaves.
                double below = 1;
                uint child = level[level.Count / 2].Page;
                for (readPages(child, page); page[0] is InteriorIndex or InteriorTable; readPages(child, page))
                {
                    below *= Children(page).Count;
                    child = Children(page)[^1].Page;
                }

                return new BTreeShape((long)(level.Count * below * LeafPayload(page)), DividersOf(level));
            }

            List<(uint, long?)> next = [];
            foreach ((uint number, long? last) in level)
            {
                readPages(number, page);
                List<(uint Page, long? Last)> children = Children(page);
                next.AddRange(children[..^1]);
                next.Add((children[^1].Page, last));
            }

            level = next;
            nodes = level.Count;
        }
    }

    private static List<long> DividersOf(List<(uint Page, long? Last)> level) => [.. level.Where(node => node.Last is not null).Select(node => node.Last!.Value)];

    private static double SampleLeaves(PageReader readPages, byte[] page, List<(uint Page, long? Last)> leaves)
    {
        double sum = 0;
        int sampled = Math.Min(SampledLeaves, leaves.Count);
        for (int index = 0; index < sampled; index++)
        {
            readPages(leaves[(int)((long)index * leaves.Count / sampled)].Page, page);
            sum += LeafPayload(page);
        }

        return sum / sampled;
    }

    private static List<(uint Page, long? Last)> Children(byte[] page)
    {
        if (page[0] is not (InteriorIndex or InteriorTable))
        {
            throw LeafPages.Damaged();
        }

        int cells = BinaryPrimitives.ReadUInt16BigEndian(page.AsSpan(3));
        List<(uint, long?)> children = new(cells + 1);
        for (int cell = 0; cell < cells; cell++)
        {
            ReadOnlySpan<byte> content = LeafPages.Cell(page, LeafPages.InteriorHeaderBytes, cell);
            children.Add((BinaryPrimitives.ReadUInt32BigEndian(content), page[0] == InteriorTable ? Number(content[4..]) : null));
        }

        children.Add((BinaryPrimitives.ReadUInt32BigEndian(page.AsSpan(8)), null));
        return children;
    }

    /// <summary>The payload of a leaf's cells, overflow pages included: each cell begins with its length.</summary>
    private static double LeafPayload(byte[] page)
    {
        double sum = 0;
        int cells = BinaryPrimitives.ReadUInt16BigEndian(page.AsSpan(3));
        for (int cell = 0; cell < cells; cell++)
        {
            sum += Number(LeafPages.Cell(page, LeafPages.LeafHeaderBytes, cell));
        }

        return sum;
    }

    private static long Number(ReadOnlySpan<byte> bytes)
    {
        _ = Varint.Read(bytes, out ulong value);
        return (long)value;
    }
}
