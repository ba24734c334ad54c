using System.Globalization;
using AiShell.Engines.MySql.Snapshot;
using AiShell.Engines.MySql.Wire;

namespace AiShell.Engines.MySql.Log;

/// <summary>Whether a server's binary log is good enough to replay, asked before it is read.</summary>
/// <param name="End">Where it ends now.</param>
/// <param name="Files">That are still there, the oldest first.</param>
/// <param name="Remarks">What is no reason to refuse it, in sentences.</param>
internal sealed record LogCapture(BinaryLogPosition End, IReadOnlyList<string> Files, IReadOnlyList<string> Remarks)
{
    private const string PrivilegeHint = "GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO the user; the changed setting holds for new sessions only.";

    /// <exception cref="AiShellException"><see cref="ErrorKind.Refused"/>: the server writes no binary log, or one that does not hold every row.</exception>
    /// <exception cref="ServerError">The user may not ask.</exception>
    public static LogCapture Ask(MySqlSession session)
    {
        Dictionary<string, string> settings = session
            .Query("SHOW GLOBAL VARIABLES WHERE Variable_name IN ('log_bin', 'binlog_format', 'binlog_row_image', 'binlog_transaction_compression')")
            .ToDictionary(row => row[0]!.ToLowerInvariant(), row => (row[1] ?? "").ToUpperInvariant());
        if (settings.GetValueOrDefault("log_bin") is not ("ON" or "1"))
        {
            throw Refuse("The server writes no binary log (log_bin is off)", "Set log_bin in the server's configuration and restart it.");
        }

        if (settings.GetValueOrDefault("binlog_format") is { } format and not "ROW")
        {
            throw Refuse(
                $"The server's binary log holds statements, not rows (binlog_format is {format}), and statements need not do the same again", "SET GLOBAL binlog_format = 'ROW' on the server; sessions that are open keep the old one.");
        }

        if (settings.GetValueOrDefault("binlog_transaction_compression") is "ON" or "1")
        {
            throw Compressed("binlog_transaction_compression is on");
        }

        BinaryLogPosition end = BinaryLogPosition.OfServer(session, out bool isFiltered)
            ?? throw new AiShellException(ErrorKind.Failed, "The server does not tell where its binary log is.", PrivilegeHint);
        List<string> remarks = [];
        if (isFiltered)
        {
            remarks.Add("The server leaves some databases out of its binary log (binlog_do_db, binlog_ignore_db): their changes are not in it.");
        }

        if (settings.GetValueOrDefault("binlog_row_image") is { } image and not ("FULL" or "FULL_NODUP"))
        {
            remarks.Add($"The binary log holds rows in part (binlog_row_image is {image}): they are replayed by key, so a row that differs from the source's is not noticed.");
        }

        return new LogCapture(end, [.. session.Query("SHOW BINARY LOGS").Select(row => row[0]!)], remarks);
    }

    /// <summary>The file that is asked for must be there, and be the one that the position was taken from: not shorter, nor with other transactions before it.</summary>
    /// <exception cref="AiShellException"><see cref="ErrorKind.NotFound"/>: the file is gone; <see cref="ErrorKind.Integrity"/>: it is another one of the same name.</exception>
    public void Require(MySqlSession session, BinaryLogPosition from)
    {
        if (!Files.Contains(from.File, StringComparer.Ordinal))
        {
            throw Gone(from, Files is [var oldest, ..] ? oldest : null, null);
        }

        if (BinaryLogPosition.Compare(from, End) is null or > 0)
        {
            throw Another($"it ends at {End.File}:{End.Offset}, before {from.File}:{from.Offset} where it is to be read from");
        }

        if (from.OffsetValue is < BinaryLogFile.FirstEvent or > uint.MaxValue)
        {
            throw new AiShellException(
                ErrorKind.Refused, string.Create(CultureInfo.InvariantCulture, $"A server cannot be asked for its binary log from {from.File}:{from.Offset} on: an offset is 32 bits in the protocol."), "Make a new full backup.");
        }

        if (!session.Features.IsMariaDb)
        {
            Guid server = LogFileBirth.ServerOf(session);
            RequireBirth(from, from.Birth is { } birth ? birth with { Server = server } : throw Another($"'{from.ToLogPosition()}' does not say of which server, and when its file was begun (an earlier version made it, or a user without REPLICATION SLAVE)"));
        }
        else if (from.Gtids.Length > 0)
        {
            string there = session.Scalar($"SELECT BINLOG_GTID_POS({SqlText.Literal(from.File)}, {from.OffsetValue})") ?? "";
            if (!there.Split(',').ToHashSet(StringComparer.Ordinal).SetEquals(from.Gtids.Split(',')))
            {
                throw Another($"the transactions before {from.File}:{from.Offset} end with {(there.Length > 0 ? there : "none")}, not with {from.Gtids}");
            }
        }
    }

    /// <param name="found">What the server's file of that name is.</param>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Integrity"/>: it is another one.</exception>
    internal static void RequireBirth(BinaryLogPosition from, LogFileBirth found)
    {
        if (from.Birth is { } expected && expected.Server != found.Server)
        {
            throw Another($"it is of the server {found.Server}, not of {expected.Server}");
        }

        if (from.Birth is { } begun && begun.Second != found.Second)
        {
            throw Another($"its {from.File} was begun at {DateTimeOffset.FromUnixTimeSeconds(found.Second):u}, not at {DateTimeOffset.FromUnixTimeSeconds(begun.Second):u}");
        }
    }

    internal static AiShellException Gone(BinaryLogPosition from, string? oldest, Exception? cause) => new(
        ErrorKind.NotFound,
        $"The server no longer has its binary log {from.File}; {(oldest is null ? "it was purged" : $"the oldest that is still there is {oldest}")}.",
        "Make a new full backup, and let the server keep its logs longer (expire_logs_days, binlog_expire_logs_seconds).",
        cause);

    private static AiShellException Another(string why) => new(
        ErrorKind.Integrity, $"The server's binary log is not the one that the position was taken from: {why}.", "Make a new full backup. RESET MASTER (MySQL: RESET BINARY LOGS AND GTIDS) on the server begins its log anew.");

    internal static AiShellException Compressed(string why) => Refuse(
        $"The server's binary log holds compressed transactions, which are not read here ({why})", "SET GLOBAL binlog_transaction_compression = OFF on the server, then make a new full backup.");

    private static AiShellException Refuse(string what, string hint) => new(ErrorKind.Refused, $"{what}.", hint);
}
