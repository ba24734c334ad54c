using System.Buffers.Binary;

namespace AiShell.Engines.Sqlite;

/// <summary>The first bytes of a database file (sqlite.org/fileformat.html, 1.3).</summary>
internal static class PageHeader
{
    public const int Bytes = 100;

    public static ReadOnlySpan<byte> Magic => "SQLite format 3\0"u8;

    /// <summary>A page size that SQLite can have, or 0.</summary>
    public static int PageSize(ReadOnlySpan<byte> header)
    {
        int size = BinaryPrimitives.ReadUInt16BigEndian(header[16..]);
        size = size == 1 ? 65536 : size;
        return size >= 512 && (size & (size - 1)) == 0 ? size : 0;
    }

    public static uint ChangeCounter(ReadOnlySpan<byte> header) => BinaryPrimitives.ReadUInt32BigEndian(header[24..]);

    /// <summary>Pages that the header says there are; 0 where it does not know, as after a very old writer.</summary>
    public static uint PageCount(ReadOnlySpan<byte> header) =>
        header[24..28].SequenceEqual(header[92..96]) ? BinaryPrimitives.ReadUInt32BigEndian(header[28..]) : 0;

    /// <summary>Checks a closed private file from outside: SQLite takes a file of zero bytes for an empty database.</summary>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Integrity"/>: not a database, or cut short.</exception>
    public static void RequireComplete(string path, BackupContents contents)
    {
        if (contents.PlainBytes == 0 && contents.Tables.Count == 0)
        {
            return;
        }

        RequireComplete(path, "The backup's database file");
    }

    /// <inheritdoc cref="RequireComplete(string, BackupContents)"/>
    public static void RequireComplete(string path, string name)
    {
        byte[] header = new byte[Bytes];
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        int read = file.ReadAtLeast(header, Bytes, throwOnEndOfStream: false);
        if (read < Bytes || !header.AsSpan().StartsWith(Magic) || PageSize(header) == 0)
        {
            throw new AiShellException(ErrorKind.Integrity, $"{name} is not a SQLite database.", "It may be encrypted or damaged.");
        }

        long expected = (long)PageSize(header) * PageCount(header);
        if (file.Length < expected)
        {
            throw new AiShellException(
                ErrorKind.Integrity, $"{name} is cut short: it has {file.Length:N0} bytes of {expected:N0}.", "Get a complete copy of it.");
        }
    }
}
