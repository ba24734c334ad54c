using System.Buffers.Binary;

namespace AiShell.Engines.Sqlite.Rows;

/// <summary>The leaf pages of a table's b-tree in the order of their rowids, those that follow each other in the file read at once.</summary>
internal sealed class LeafPages
{
    public const int InteriorHeaderBytes = 12;
    public const int LeafHeaderBytes = 8;

    private const byte InteriorTable = 5;
    private const byte LeafTable = 13;
    private const int RunBytes = 128 * 1024;

    // Every interior page has two children at least; a deeper tree has a circle in it. (One that comes back to a leaf shows in rowids
    // that do not ascend.)
    private const int DeepestTree = 40;

    private readonly PageReader _readPages;
    private readonly int _pageSize;
    private readonly RowidRange _range;
    private readonly byte[] _run;
    private readonly Stack<(uint Page, int Depth)> _waiting = new();
    private int _runPages;
    private int _runAt;

    public LeafPages(PageReader readPages, int pageSizeBytes, uint rootPage, RowidRange range)
    {
        _readPages = readPages;
        _pageSize = pageSizeBytes;
        _range = range;
        _run = new byte[Math.Max(RunBytes, pageSizeBytes)];
        _waiting.Push((rootPage, 0));
    }

    /// <summary>The leaf that <see cref="Next"/> has gone to.</summary>
    public ReadOnlySpan<byte> Page => _run.AsSpan(_runAt * _pageSize, _pageSize);

    /// <exception cref="AiShellException"><see cref="ErrorKind.Integrity"/>: a page is none of a table's.</exception>
    public bool Next()
    {
        if (++_runAt < _runPages)
        {
            RequireLeaf();
            return true;
        }

        while (_waiting.TryPop(out (uint Page, int Depth) next))
        {
            int pages = ReadRun(next);
            if (_run[0] != InteriorTable)
            {
                _runPages = pages;
                _runAt = 0;
                RequireLeaf();
                return true;
            }

            // What was read beyond an interior page goes back to be looked at on its own.
            for (int extra = pages - 1; extra > 0; extra--)
            {
                _waiting.Push((next.Page + (uint)extra, next.Depth));
            }

            PushChildren(next.Depth);
        }

        _runPages = 0;
        return false;
    }

    public static int CellCount(ReadOnlySpan<byte> leaf) => BinaryPrimitives.ReadUInt16BigEndian(leaf[3..]);

    /// <summary>From the cell's first byte to the page's end.</summary>
    public static ReadOnlySpan<byte> Cell(ReadOnlySpan<byte> page, int headerBytes, int cell)
    {
        int at = headerBytes + (2 * cell);
        int start = at + 2 <= page.Length ? BinaryPrimitives.ReadUInt16BigEndian(page[at..]) : page.Length;
        return start + 4 <= page.Length ? page[start..] : throw Damaged();
    }

    public static AiShellException Damaged() =>
        new(ErrorKind.Integrity, "The database is damaged: a page of a table is not one.", "Check it with: sqlite3 <file> 'PRAGMA integrity_check'.");

    /// <summary>Reads the page and those behind it in the file that are also next in the tree, at the same depth; returns how many.</summary>
    private int ReadRun((uint Page, int Depth) first)
    {
        int pages = 1;
        int most = _run.Length / _pageSize;
        while (pages < most && _waiting.TryPeek(out (uint Page, int Depth) behind) && behind == (first.Page + (uint)pages, first.Depth))
        {
            _waiting.Pop();
            pages++;
        }

        _readPages(first.Page, _run.AsSpan(0, pages * _pageSize));
        return pages;
    }

    private void RequireLeaf()
    {
        if (Page[0] != LeafTable)
        {
            throw Damaged();
        }
    }

    private void PushChildren(int depth)
    {
        if (depth == DeepestTree)
        {
            throw Damaged();
        }

        ReadOnlySpan<byte> page = _run.AsSpan(0, _pageSize);
        int cells = CellCount(page);
        List<uint> children = [];
        long last = long.MinValue;
        for (int cell = 0; cell < cells; cell++)
        {
            ReadOnlySpan<byte> content = Cell(page, InteriorHeaderBytes, cell);
            _ = Varint.Read(content[4..], out ulong key);
            if ((long)key >= _range.First && last <= _range.Last)
            {
                children.Add(BinaryPrimitives.ReadUInt32BigEndian(content));
            }

            last = (long)key;
        }

        if (last <= _range.Last)
        {
            children.Add(BinaryPrimitives.ReadUInt32BigEndian(page[8..]));
        }

        for (int child = children.Count - 1; child >= 0; child--)
        {
            _waiting.Push(children[child] > 1 ? (children[child], depth + 1) : throw Damaged());
        }
    }
}
