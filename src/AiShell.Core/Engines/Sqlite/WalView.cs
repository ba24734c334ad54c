using System.Buffers.Binary;
using System.Globalization;
using System.Text.RegularExpressions;
using AiShell.Engines.Sqlite.Log;
using Microsoft.Data.Sqlite;

namespace AiShell.Engines.Sqlite;

/// <summary>
/// A moment in a write-ahead log, as SQLite keeps it: the 48 bytes of a <c>sqlite3_snapshot</c> are the log's index header
/// (WalIndexHdr in wal.c; sqlite.org/walformat.html, 2.1), numbers in the machine's byte order, salts as in the log.
/// </summary>
/// <param name="Sum">The running checksum of the last frame, over all that the log has had until then.</param>
internal sealed partial record WalMoment(uint LastFrame, uint PageCount, int PageSize, ulong Salts, ulong Sum)
{
    public const int HeaderBytes = 48;

    /// <summary>A log that never had a transaction.</summary>
    public static readonly WalMoment None = new(0, 0, 0, 0, 0);

    /// <param name="changeCounter">Of page 1 at that moment.</param>
    public static LogPosition PositionOf(uint changeCounter, WalMoment? moment) => new(moment switch
    {
        null => $"change {changeCounter}",
        { LastFrame: 0 } => $"change {changeCounter}, frame 0 of 0x{moment.Salts:x16}",
        _ => $"change {changeCounter}, frame {moment.LastFrame} of 0x{moment.Salts:x16}, sum 0x{moment.Sum:x16}",
    });

    /// <param name="fileName">Of the file at that moment (<see cref="FileMoment"/>); asked for only where no log tells.</param>
    public static LogPosition PositionOf(uint changeCounter, WalMoment? moment, Func<ulong> fileName) =>
        moment is null or { Salts: 0 } ? OfFile(changeCounter, fileName()) : PositionOf(changeCounter, moment);

    /// <summary>
    /// Where no log tells: nothing in the database tells its moments from each other. In WAL mode a transaction need not raise the change counter (sqlite.org/fileformat2.html, 1.3.7), and in the
    /// other modes another file may have come to the same number. So it is told by the file: one that nobody has written to since has the same name, and any other another.
    /// </summary>
    private static LogPosition OfFile(uint changeCounter, ulong name) => new($"change {changeCounter}, moment 0x{name:x16}");

    /// <summary>Reads a position that names a frame. Null for any other: it does not say enough to find the place again.</summary>
    /// <param name="changeCounter">Of page 1 at that moment.</param>
    public static WalMoment? Parse(LogPosition position, out uint changeCounter)
    {
        changeCounter = 0;
        return FramePosition().Match(position.Value) is { Success: true } match
            && uint.TryParse(match.Groups[1].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out changeCounter)
            && uint.TryParse(match.Groups[2].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out uint frame)
                ? new WalMoment(frame, 0, 0, Hexadecimal(match.Groups[3]), Hexadecimal(match.Groups[4]))
                : null;
    }

    public static WalMoment Read(ReadOnlySpan<byte> header)
    {
        int size = BitConverter.ToUInt16(header[14..]);
        return new(
            BitConverter.ToUInt32(header[16..]),
            BitConverter.ToUInt32(header[20..]),
            (size & 0xFE00) + ((size & 1) << 16),
            BinaryPrimitives.ReadUInt64BigEndian(header[32..]),
            ((ulong)BitConverter.ToUInt32(header[24..]) << 32) | BitConverter.ToUInt32(header[28..]));
    }

    private static ulong Hexadecimal(Group digits) => ulong.Parse(digits.ValueSpan, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);

    [GeneratedRegex("^change ([0-9]+), frame ([1-9][0-9]*) of 0x([0-9a-f]{16}), sum 0x([0-9a-f]{16})$", RegexOptions.CultureInvariant)]
    private static partial Regex FramePosition();
}

/// <summary>
/// Which pages stand in the log at a moment, and where (sqlite.org/fileformat.html, 4). True as long as a read transaction
/// at that moment keeps the log from being reset.
/// </summary>
internal sealed class WalView
{
    private readonly Dictionary<uint, uint> _frames;
    private readonly int _pageSize;

    private WalView(Dictionary<uint, uint> frames, int pageSize)
    {
        _frames = frames;
        _pageSize = pageSize;
    }

    public static readonly WalView Empty = new([], 0);

    /// <summary>True where the log alone decides nothing.</summary>
    public bool IsEmpty => _frames.Count == 0;

    /// <summary>Offset of the page's newest image in the log, or null where the main file has it.</summary>
    public long? OffsetOf(uint page) =>
        _frames.TryGetValue(page, out uint frame) ? OffsetOfFrame(frame, _pageSize) + WalFile.FrameHeaderBytes : null;

    /// <param name="reader">A connection inside a read transaction at <paramref name="moment"/>.</param>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Integrity"/>: the log does not continue to that moment.</exception>
    public static WalView Read(SqliteConnection reader, WalMoment moment, CancellationToken cancellationToken)
    {
        if (moment.LastFrame == 0)
        {
            return Empty;
        }

        Span<byte> header = stackalloc byte[WalFile.HeaderBytes];
        PageFile.ReadLog(reader, 0, header);
        int pageSize = BinaryPrimitives.ReadInt32BigEndian(header[8..]);
        if (BinaryPrimitives.ReadUInt64BigEndian(header[16..]) != moment.Salts || pageSize != moment.PageSize)
        {
            throw Foreign(0);
        }

        Dictionary<uint, uint> frames = [];
        Span<byte> frameHeader = stackalloc byte[WalFile.FrameHeaderBytes];
        for (uint frame = 1; frame <= moment.LastFrame; frame++)
        {
            if (frame % 4096 == 0)
            {
                cancellationToken.ThrowIfCancellationRequested();
            }

            PageFile.ReadLog(reader, OffsetOfFrame(frame, pageSize), frameHeader);
            uint page = BinaryPrimitives.ReadUInt32BigEndian(frameHeader);

            // SQLite 3.40 leaves a committed frame's salts 0 now and then, after ROLLBACK TO; its readers do not mind (Log/WalCursor.cs).
            ulong salts = BinaryPrimitives.ReadUInt64BigEndian(frameHeader[8..]);
            if (page == 0 || (salts != moment.Salts && salts != 0))
            {
                throw Foreign(frame);
            }

            frames[page] = frame;
        }

        return new WalView(frames, pageSize);
    }

    /// <param name="frame">From 1.</param>
    public static long OffsetOfFrame(uint frame, int pageSize) =>
        WalFile.HeaderBytes + ((long)(frame - 1) * (WalFile.FrameHeaderBytes + pageSize));

    private static AiShellException Foreign(uint frame) => new(
        ErrorKind.Integrity,
        $"The write-ahead log does not hold frame {frame} of the database's present moment.",
        "Something other than SQLite has written or replaced the -wal file.");
}
