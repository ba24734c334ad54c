using AiShell.IO;
using Microsoft.Data.Sqlite;
using Microsoft.Win32.SafeHandles;

namespace AiShell.Engines.Sqlite;

/// <summary>
/// Copies a rollback-journal database to the scratch directory. Each stroke copies a window under a read transaction of
/// its own, a few hundredths of a second long; the file's change counter tells whether somebody committed between two. After
/// two tries that somebody spoiled, one transaction covers the whole copy (about half a second a gigabyte).
/// </summary>
internal static class PrivateCopy
{
    private const int WindowBytes = 64 * 1024 * 1024;
    private const int BufferBytes = 1024 * 1024;
    private const int HeaderBytes = 100;
    private const int TriesInWindows = 2;

    /// <param name="source">A connection outside a transaction.</param>
    public static async Task<PinnedDatabase> PinAsync(
        SqliteConnection source,
        string path,
        int readers,
        string scratchDirectory,
        TimeSpan lockWait,
        CancellationToken cancellationToken)
    {
        DatabaseFile.RequireSpace(scratchDirectory, new FileInfo(path).Length, $"A private copy of '{path}'");
        string copy = Path.Combine(scratchDirectory, $"pinned-{Guid.NewGuid():N}.db");
        List<SqliteConnection> connections = [];
        try
        {
            ulong fileName = await CopyAsync(source, path, copy, lockWait, cancellationToken);
            for (int i = 0; i < readers; i++)
            {
                connections.Add(SqliteSession.Open(copy, SqliteAccess.Immutable, lockWait));
                SnapshotPinning.BeginRead(connections[i]);
            }

            return new PinnedDatabase(path, connections, moment: null, WalView.Empty, fileName, copy);
        }
        catch
        {
            connections.ForEach(connection => connection.Dispose());
            File.Delete(copy);
            throw;
        }
    }

    /// <returns>The file's name at the moment of the copy.</returns>
    private static async Task<ulong> CopyAsync(SqliteConnection source, string path, string copy, TimeSpan lockWait, CancellationToken cancellationToken)
    {
        using SafeFileHandle file = File.OpenHandle(copy, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.Read);
        DatabaseFile.MakePrivate(file);
        byte[] buffer = new byte[BufferBytes];
        for (int attempt = 0; attempt <= TriesInWindows; attempt++)
        {
            long windowBytes = attempt < TriesInWindows ? WindowBytes : long.MaxValue;
            if (await TryCopyAsync(source, path, file, buffer, windowBytes, lockWait, cancellationToken) is { } fileName)
            {
                return fileName;
            }
        }

        throw new AiShellException(
            ErrorKind.Busy,
            $"'{path}' changed its journal mode while it was read.",
            "Try again when nobody reorganises the database.");
    }

    /// <summary>Null when somebody committed between two windows.</summary>
    private static async Task<ulong?> TryCopyAsync(
        SqliteConnection source,
        string path,
        SafeFileHandle copy,
        byte[] buffer,
        long windowBytes,
        TimeSpan lockWait,
        CancellationToken cancellationToken)
    {
        byte[]? header = null;
        long offset = 0;
        long sizeBytes;
        ulong fileName;
        do
        {
            await SqliteSession.WaitForLockAsync(() => SnapshotPinning.BeginRead(source), lockWait, cancellationToken);
            try
            {
                sizeBytes = SqliteSession.ScalarInt64(source, "PRAGMA page_size") * SqliteSession.ScalarInt64(source, "PRAGMA page_count");
                if (SnapshotPinning.IsWal(source) || !SameMoment(source, ref header, sizeBytes))
                {
                    return null;
                }

                fileName = FileMoment.NameOf(path);
                long end = Math.Min(sizeBytes, windowBytes == long.MaxValue ? sizeBytes : offset + windowBytes);
                while (offset < end)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    int count = (int)Math.Min(buffer.Length, end - offset);
                    PageFile.ReadMain(source, offset, buffer.AsSpan(0, count));
                    FileWrites.Write(copy, buffer.AsSpan(0, count), offset);
                    offset += count;
                }
            }
            finally
            {
                SqliteSession.Rollback(source);
            }
        }
        while (offset < sizeBytes);

        RandomAccess.SetLength(copy, sizeBytes);
        return fileName;
    }

    private static bool SameMoment(SqliteConnection source, ref byte[]? header, long sizeBytes)
    {
        byte[] now = new byte[HeaderBytes];
        if (sizeBytes > 0)
        {
            PageFile.ReadMain(source, 0, now);
        }

        header ??= now;
        return now.AsSpan().SequenceEqual(header);
    }
}
