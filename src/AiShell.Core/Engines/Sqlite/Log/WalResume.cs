using System.Buffers.Binary;

namespace AiShell.Engines.Sqlite.Log;

/// <summary>
/// Whether the log still goes on where it was left. The frame must stand there with the same running checksum, which depends on every byte that was in the log until then: an
/// earlier state of database and log that somebody put back has the same salts, and other frames.
/// </summary>
internal static class WalResume
{
    /// <param name="present">Where the log stands now; it is held, so that nothing up to there can be overwritten.</param>
    /// <returns>In words that follow a colon; null where it goes on.</returns>
    public static string? WhyNot(LogPosition left, WalMoment present, ReadLogBytes read)
    {
        if (WalMoment.Parse(left, out _) is not { Sum: not 0 } moment)
        {
            return $"nothing proves what followed '{left}'";
        }

        if (moment.Salts != present.Salts)
        {
            return "the database's write-ahead log was begun anew meanwhile";
        }

        if (moment.LastFrame > present.LastFrame)
        {
            return $"the database's write-ahead log has no frame {moment.LastFrame} any more: an earlier state of it was put back, or lost with the machine's power";
        }

        Span<byte> frame = stackalloc byte[WalFile.FrameHeaderBytes];
        read(WalView.OffsetOfFrame(moment.LastFrame, present.PageSize), frame);
        bool isThere = BinaryPrimitives.ReadUInt32BigEndian(frame[4..]) != 0
            && BinaryPrimitives.ReadUInt64BigEndian(frame[8..]) == moment.Salts
            && BinaryPrimitives.ReadUInt64BigEndian(frame[16..]) == moment.Sum;
        return isThere ? null : $"frame {moment.LastFrame} of the database's write-ahead log is another one: an earlier state of it was put back and written to";
    }
}
