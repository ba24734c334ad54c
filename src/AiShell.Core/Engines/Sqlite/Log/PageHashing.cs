using System.Collections.Concurrent;
using Microsoft.Win32.SafeHandles;

namespace AiShell.Engines.Sqlite.Log;

/// <summary>Finds the pages that are not what they were, by their hashes.</summary>
internal static class PageHashing
{
    // Small enough that a page is hashed before it leaves the processor's cache.
    private const int BufferBytes = 256 * 1024;
    private const uint RangePages = 16384;

    /// <summary>Hashes every page of a pinned moment, with all its readers.</summary>
    /// <param name="before">The hashes of the picture before.</param>
    /// <param name="now">Gets the hashes of this one.</param>
    /// <returns>Pages that are new or differ, in ascending order.</returns>
    public static async Task<IReadOnlyList<uint>> FindChangedAsync(PinnedDatabase database, PageMap before, PageMap now, CancellationToken cancellationToken)
    {
        now.PageSize = database.PageSize;
        now.PageCount = database.PageCount;
        ConcurrentDictionary<uint, List<uint>> changed = new();
        uint ranges = (uint)(((ulong)database.PageCount + RangePages - 1) / RangePages);
        await Parallel.ForAsync(
            0L,
            ranges,
            new ParallelOptions { MaxDegreeOfParallelism = database.Readers, CancellationToken = cancellationToken },
            async (range, token) =>
            {
                using PinnedReader reader = await database.RentAsync(token);
                uint first = (uint)(range * RangePages) + 1;
                changed[(uint)range] = Compare(reader, database.PageSize, first, Math.Min(RangePages, database.PageCount - first + 1), before, now, token);
            });
        return [.. changed.OrderBy(range => range.Key).SelectMany(range => range.Value)];
    }

    /// <summary>The image of a closed private database file.</summary>
    public static TableFingerprint OfFile(string path)
    {
        using SafeFileHandle file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, FileOptions.SequentialScan);
        byte[] header = new byte[PageHeader.Bytes];
        long length = RandomAccess.GetLength(file);
        int pageSize = RandomAccess.Read(file, header, 0) == header.Length ? PageHeader.PageSize(header) : 0;
        if (pageSize == 0)
        {
            return TableFingerprint.Empty;
        }

        TableFingerprint sum = TableFingerprint.Empty;
        uint pageCount = (uint)(length / pageSize);
        byte[] buffer = new byte[Math.Max(BufferBytes, pageSize)];
        UInt128[] hashes = new UInt128[buffer.Length / pageSize];
        for (ulong first = 1; first <= pageCount; first += (uint)hashes.Length)
        {
            int count = (int)Math.Min((uint)hashes.Length, pageCount - first + 1);
            Span<byte> pages = buffer.AsSpan(0, count * pageSize);
            for (int read = 0; read < pages.Length;)
            {
                int more = RandomAccess.Read(file, pages[read..], (((long)first - 1) * pageSize) + read);
                read += more > 0 ? more : throw new EndOfStreamException(path);
            }

            PageHash.Hash(pages, pageSize, hashes);
            sum = PageMap.Add(sum, (uint)first, hashes.AsSpan(0, count));
        }

        return sum;
    }

    private static List<uint> Compare(PinnedReader reader, int pageSize, uint first, uint count, PageMap before, PageMap now, CancellationToken cancellationToken)
    {
        List<uint> changed = [];
        byte[] buffer = new byte[Math.Max(BufferBytes / pageSize, 1) * pageSize];
        UInt128[] found = new UInt128[buffer.Length / pageSize];
        UInt128[] known = new UInt128[found.Length];
        for (uint done = 0; done < count;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int pages = (int)Math.Min((uint)found.Length, count - done);
            Span<byte> read = buffer.AsSpan(0, pages * pageSize);
            reader.ReadPages(first + done, read);
            PageHash.Hash(read, pageSize, found);
            now.Write(first + done, found.AsSpan(0, pages));
            before.Read(first + done, known.AsSpan(0, pages));
            for (int i = 0; i < pages; i++)
            {
                uint page = first + done + (uint)i;
                if (found[i] != known[i] || page > before.PageCount)
                {
                    changed.Add(page);
                }
            }

            done += (uint)pages;
        }

        return changed;
    }
}
