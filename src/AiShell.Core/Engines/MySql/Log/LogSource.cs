using System.Globalization;
using AiShell.Engines.MySql.Connecting;
using AiShell.Engines.MySql.Restore;
using AiShell.Engines.MySql.Snapshot;
using AiShell.Engines.MySql.Wire;

namespace AiShell.Engines.MySql.Log;

/// <summary>A server's binary log for one of its databases: looked at before it is read.</summary>
/// <param name="End">Where it ends now.</param>
/// <param name="Mark">What parts of it begin with.</param>
/// <param name="Tables">How many the database has.</param>
internal sealed record LogSource(BinaryLogPosition End, LogMark Mark, int Tables, string ServerVersion, IReadOnlyList<string> Remarks)
{
    private const string PrivilegeHint = "GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO the user.";

    /// <exception cref="AiShellException"><see cref="ErrorKind.Refused"/>: the server keeps no log that can be replayed, or does not let the user read it; the hint has the statement that changes that.</exception>
    public static async Task<LogSource> LookAsync(ConnectionSettings settings, bool hasEnd, CancellationToken cancellationToken)
    {
        using MySqlSession session = await Server.OpenAsync(settings, cancellationToken);
        LogSource source = await ServerErrors.RunAsync(session, "the binary log", open => Look(open, settings, hasEnd), cancellationToken);
        if (session.Features.IsMariaDb)
        {
            return source;
        }

        using MySqlSession reader = await Server.OpenAsync(settings, cancellationToken);
        return source with { End = await ServerErrors.RunAsync(reader, "the binary log", open => MarkEnd(open, source.End), cancellationToken) };
    }

    /// <summary>That the log goes on from there is asked, too.</summary>
    /// <exception cref="BrokenChainException">It does not: it was purged, or is another one.</exception>
    public static async Task RequireAsync(ConnectionSettings settings, BinaryLogPosition from, CancellationToken cancellationToken)
    {
        using MySqlSession session = await Server.OpenAsync(settings, cancellationToken);
        try
        {
            await ServerErrors.RunAsync(session, "the binary log", open => Require(open, from), cancellationToken);
        }
        catch (AiShellException failure) when (WhyBroken(failure) is { } why)
        {
            throw new BrokenChainException(why);
        }
    }

    /// <summary>What a failure to read the log is to those who wait for it; null where it only failed.</summary>
    public static Exception? Explain(AiShellException failure) => WhyBroken(failure) is { } why
        ? new BrokenChainException(why)
        : failure.InnerException is ServerError error && SnapshotErrors.IsDenied(error) ? Denied(error) : null;

    private static void Require(MySqlSession session, BinaryLogPosition from)
    {
        LogCapture.Ask(session).Require(session, from);
        if (from.Birth is not null)
        {
            LogCapture.RequireBirth(from, LogFileBirth.Read(session, from));
        }
    }

    private static BinaryLogPosition MarkEnd(MySqlSession session, BinaryLogPosition end)
    {
        try
        {
            return LogFileBirth.Read(session, end).Mark(end);
        }
        catch (ServerError error) when (SnapshotErrors.IsDenied(error))
        {
            throw Denied(error);
        }
    }

    private static AiShellException Denied(ServerError error) => new(ErrorKind.Refused, $"The user may not read the server's binary log: {error.Message.TrimEnd('.')}.", PrivilegeHint, error);

    /// <summary>What a failure means for a chain, in words that follow a colon; null where it only failed.</summary>
    private static string? WhyBroken(AiShellException failure) =>
        failure.Kind is ErrorKind.NotFound or ErrorKind.Integrity ? $"{char.ToLowerInvariant(failure.Message[0])}{failure.Message[1..].TrimEnd('.')}" : null;

    private static LogSource Look(MySqlSession session, ConnectionSettings settings, bool hasEnd)
    {
        try
        {
            LogCapture capture = LogCapture.Ask(session);
            TableNameCase nameCase = TableNameCase.Read(session);
            if (nameCase.Setting is not ("0" or "1"))
            {
                throw new AiShellException(
                    ErrorKind.Refused,
                    $"The server keeps names in the case they were written in and does not tell them apart by it (lower_case_table_names = {nameCase.Setting}), so that its log holds one table under several names; this version does not read it.",
                    "Make full backups.");
            }

            RefuseWhatIsNotRead(session);
            if (!hasEnd && !session.Features.IsMariaDb)
            {
                CommitsUnderWay.Require(session);
            }

            BinaryLogPosition end = session.Features.IsMariaDb ? capture.End with { Gtids = BinaryLogPosition.GtidsAt(session, capture.End.File, capture.End.Offset) } : capture.End;
            LogMark mark = new(nameCase.OfDatabase(settings.Database), null, null, hasEnd)
            {
                DefaultEngine = session.Scalar("SELECT @@global.default_storage_engine"),
                TimeZone = session.Scalar("SELECT @@system_time_zone"),
                LowerCaseTableNames = int.Parse(nameCase.Setting, CultureInfo.InvariantCulture),
            };
            int tables = int.Parse(session.Scalar("SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED')")!, CultureInfo.InvariantCulture);
            return new LogSource(end, mark, tables, session.ServerVersionText, capture.Remarks);
        }
        catch (ServerError error) when (SnapshotErrors.IsDenied(error))
        {
            throw Denied(error);
        }
    }

    /// <summary>Ways to write the log that its replay does not know.</summary>
    private static void RefuseWhatIsNotRead(MySqlSession session)
    {
        if (BinaryLogPosition.OfServer(session, out bool isFiltered) is not null && isFiltered)
        {
            throw new AiShellException(
                ErrorKind.Refused, "The server leaves databases out of its binary log (binlog_do_db, binlog_ignore_db), and with them statements run in these that change others.", "Take these settings out of its configuration and restart it, or make full backups.");
        }

        if (session.Query("SHOW GLOBAL VARIABLES WHERE Variable_name IN ('log_bin_compress', 'binlog_alter_two_phase') AND Value IN ('ON', '1')") is [[{ } setting, ..], ..])
        {
            throw new AiShellException(ErrorKind.Refused, $"The server writes its binary log in a way that is not replayed here ({setting} is on).", $"SET GLOBAL {setting} = OFF on the server, then make a new full backup.");
        }
    }
}
