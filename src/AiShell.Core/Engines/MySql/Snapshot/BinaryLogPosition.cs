using AiShell.Engines.MySql.Wire;

namespace AiShell.Engines.MySql.Snapshot;

/// <summary>Where in the binary log a moment is: file, offset, and the transactions that had been made (GTID).</summary>
internal sealed record BinaryLogPosition(string File, string Offset, string Gtids)
{
    /// <summary>The server writes no binary log, or does not tell.</summary>
    public static readonly LogPosition Unknown = new("no binary log");

    public LogPosition ToLogPosition() => new($"{File}:{Offset}{(Gtids.Length > 0 ? $" {Gtids}" : "")}");

    /// <summary>Of the snapshot that a session's transaction has (MariaDB); null without a binary log.</summary>
    public static BinaryLogPosition? OfSnapshot(MySqlSession session)
    {
        var status = session.Query("SHOW STATUS LIKE 'Binlog\\_snapshot\\_%'").ToDictionary(row => row[0]!.ToUpperInvariant(), row => row[1]!);
        string file = status.GetValueOrDefault("BINLOG_SNAPSHOT_FILE", "");
        string offset = status.GetValueOrDefault("BINLOG_SNAPSHOT_POSITION", "");
        return file.Length == 0 ? null : new BinaryLogPosition(file, offset, session.Scalar($"SELECT BINLOG_GTID_POS({SqlText.Literal(file)}, {offset})") ?? "");
    }

    /// <summary>Of now; null without a binary log or the privilege.</summary>
    public static BinaryLogPosition? OfServer(MySqlSession session, out bool isFiltered)
    {
        isFiltered = false;
        try
        {
            if (session.Query(session.Features.BinaryLogStatus) is not [var row, ..])
            {
                return null;
            }

            isFiltered = !string.IsNullOrEmpty(row[2]) || !string.IsNullOrEmpty(row[3]);
            return new BinaryLogPosition(row[0]!, row[1]!, row.Length > 4 ? (row[4] ?? "").Replace("\n", "", StringComparison.Ordinal) : "");
        }
        catch (ServerError error) when (SnapshotErrors.IsDenied(error))
        {
            return null;
        }
    }
}
