using System.Buffers.Binary;
using System.Runtime.InteropServices;
using AiShell.IO;
using Microsoft.Win32.SafeHandles;

namespace AiShell.Engines.Sqlite.Log;

/// <summary>
/// The XxHash128 of every page of a database, by page number, in a private scratch file: a database of a terabyte has four gigabytes of them.
/// Different pages may be read and written at once. Disposing it removes the file.
/// </summary>
internal sealed class PageMap : IDisposable
{
    private const int HashBytes = 16;
    private const int BlockPages = 4096;
    private readonly SafeFileHandle _file;

    /// <param name="scratchDirectory">An existing private directory.</param>
    public PageMap(string scratchDirectory)
    {
        string path = Path.Combine(scratchDirectory, $"pages-{Guid.NewGuid():N}.hashes");
        _file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, FileOptions.DeleteOnClose);
        DatabaseFile.MakePrivate(_file);
    }

    /// <summary>0 until it is known.</summary>
    public int PageSize { get; set; }

    public uint PageCount { get; set; }

    /// <summary>Pages that were never written have the hash 0.</summary>
    public void Read(uint firstPage, Span<UInt128> hashes)
    {
        Span<byte> bytes = MemoryMarshal.AsBytes(hashes);
        int read = 0;
        for (int more = -1; read < bytes.Length && more != 0; read += more)
        {
            more = RandomAccess.Read(_file, bytes[read..], ((firstPage - 1L) * HashBytes) + read);
        }

        bytes[read..].Clear();
    }

    public void Write(uint firstPage, ReadOnlySpan<UInt128> hashes) =>
        FileWrites.Write(_file, MemoryMarshal.AsBytes(hashes), (firstPage - 1L) * HashBytes);

    /// <summary>Every page's hash with its number, added up: the whole database in one value.</summary>
    public TableFingerprint Image()
    {
        TableFingerprint sum = TableFingerprint.Empty;
        UInt128[] hashes = new UInt128[BlockPages];
        for (ulong first = 1; first <= PageCount; first += BlockPages)
        {
            Span<UInt128> block = hashes.AsSpan(0, (int)Math.Min(BlockPages, PageCount - first + 1));
            Read((uint)first, block);
            sum = Add(sum, (uint)first, block);
        }

        return sum;
    }

    /// <summary>Adds pages to an image that is being summed up.</summary>
    public static TableFingerprint Add(TableFingerprint sum, uint firstPage, ReadOnlySpan<UInt128> hashes)
    {
        Span<byte> row = stackalloc byte[PageMapFile.RecordBytes];
        for (int i = 0; i < hashes.Length; i++)
        {
            PageMapFile.Format(firstPage + (uint)i, hashes[i], row);
            sum = sum.Add(row);
        }

        return sum;
    }

    public void Dispose() => _file.Dispose();
}

/// <summary>
/// The part of phase <see cref="PartPhase.Index"/>, all numbers big-endian: <c>aipages1</c>, page size, pages of the whole database; then, for each page that
/// the backup holds, its number and its hash.
/// </summary>
internal static class PageMapFile
{
    public const string Extension = "pagemap";
    public const int RecordBytes = 4 + 16;
    private const int HeaderBytes = 16;
    private const int BlockRecords = 4096;
    private const int BlockHashes = 256;

    private static ReadOnlySpan<byte> Magic => "aipages1"u8;

    public static void Format(uint page, UInt128 hash, Span<byte> record)
    {
        BinaryPrimitives.WriteUInt32BigEndian(record, page);
        BinaryPrimitives.WriteUInt128BigEndian(record[4..], hash);
    }

    /// <param name="pages">In ascending order.</param>
    public static void Write(Stream stream, PageMap map, IEnumerable<uint> pages)
    {
        Span<byte> header = stackalloc byte[HeaderBytes];
        Magic.CopyTo(header);
        BinaryPrimitives.WriteInt32BigEndian(header[8..], map.PageSize);
        BinaryPrimitives.WriteUInt32BigEndian(header[12..], map.PageCount);
        stream.Write(header);
        byte[] records = new byte[BlockRecords * RecordBytes];
        UInt128[] hashes = new UInt128[BlockHashes];
        uint first = 0;
        int used = 0;
        foreach (uint page in pages)
        {
            if (first == 0 || page - first >= BlockHashes)
            {
                first = page;
                map.Read(first, hashes);
            }

            Format(page, hashes[page - first], records.AsSpan(used));
            used += RecordBytes;
            if (used == records.Length)
            {
                stream.Write(records);
                used = 0;
            }
        }

        stream.Write(records.AsSpan(0, used));
    }

    /// <summary>Lays what a backup holds over what the ones before it held.</summary>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Integrity"/>: not such a file, or cut short.</exception>
    public static async Task ReadAsync(Stream stream, PageMap map, CancellationToken cancellationToken)
    {
        byte[] block = new byte[BlockRecords * RecordBytes];
        if (await stream.ReadAtLeastAsync(block.AsMemory(0, HeaderBytes), HeaderBytes, false, cancellationToken) < HeaderBytes || !block.AsSpan().StartsWith(Magic))
        {
            throw Damaged();
        }

        map.PageSize = BinaryPrimitives.ReadInt32BigEndian(block.AsSpan(8));
        map.PageCount = BinaryPrimitives.ReadUInt32BigEndian(block.AsSpan(12));
        UInt128[] run = new UInt128[BlockRecords];
        int read;
        while ((read = await stream.ReadAtLeastAsync(block, block.Length, false, cancellationToken)) > 0)
        {
            uint first = 0;
            int length = 0;
            for (int at = 0; at < read; at += RecordBytes)
            {
                uint page = at + RecordBytes <= read ? BinaryPrimitives.ReadUInt32BigEndian(block.AsSpan(at)) : 0;
                UInt128 hash = page == 0 || page > map.PageCount ? throw Damaged() : BinaryPrimitives.ReadUInt128BigEndian(block.AsSpan(at + 4));
                if (length > 0 && page != first + (uint)length)
                {
                    map.Write(first, run.AsSpan(0, length));
                    length = 0;
                }

                first = length == 0 ? page : first;
                run[length++] = hash;
            }

            map.Write(first, run.AsSpan(0, length));
        }
    }

    private static AiShellException Damaged() => new(
        ErrorKind.Integrity, "The backup's list of pages is damaged.", "Make a full backup; this one cannot be continued.");
}
