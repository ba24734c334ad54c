using System.Globalization;
using System.Text.RegularExpressions;
using AiShell.Engines.MySql.Log;
using AiShell.Engines.MySql.Wire;

namespace AiShell.Engines.MySql.Snapshot;

/// <summary>Where in the binary log a moment is: file, offset, and the transactions that had been made (GTID).</summary>
/// <param name="Gtids">MariaDB's GTID position. MySQL's: which file it is (<see cref="LogFileBirth"/>), and the last transaction.</param>
internal sealed partial record BinaryLogPosition(string File, string Offset, string Gtids)
{
    /// <summary>The server writes no binary log, or does not tell.</summary>
    public static readonly LogPosition Unknown = new("no binary log");

    /// <summary>The offset as a number; 0 where it is none.</summary>
    public long OffsetValue => long.TryParse(Offset, NumberStyles.None, CultureInfo.InvariantCulture, out long offset) ? offset : 0;

    /// <summary>Of MySQL's; null where it is not said.</summary>
    public LogFileBirth? Birth => LogFileBirth.Parse(Gtids);

    /// <summary>What <see cref="ToLogPosition"/> wrote; null for anything else.</summary>
    public static BinaryLogPosition? Of(LogPosition position) =>
        Written().Match(position.Value) is { Success: true } match ? new BinaryLogPosition(match.Groups["file"].Value, match.Groups["offset"].Value, match.Groups["gtids"].Value) : null;

    /// <summary>The order of two positions in one server's log: by the number that its files' names end with, then by offset.</summary>
    /// <returns>Less than 0 where <paramref name="a"/> is first; null where they are of different logs, by the files' names or by when they were begun.</returns>
    public static int? Compare(BinaryLogPosition a, BinaryLogPosition b)
    {
        if (Numbered().Match(a.File) is not { Success: true } first || Numbered().Match(b.File) is not { Success: true } second || first.Groups["base"].Value != second.Groups["base"].Value)
        {
            return null;
        }

        int files = ulong.Parse(first.Groups["number"].Value, CultureInfo.InvariantCulture).CompareTo(ulong.Parse(second.Groups["number"].Value, CultureInfo.InvariantCulture));
        if (a.Birth is { } one && b.Birth is { } other && !one.MayBeOfOneLog(other, files))
        {
            return null;
        }

        return files != 0 ? files : a.OffsetValue.CompareTo(b.OffsetValue);
    }

    public LogPosition ToLogPosition() => new($"{File}:{Offset}{(Gtids.Length > 0 ? $" {Gtids}" : "")}");

    /// <summary>Of the snapshot that a session's transaction has (MariaDB); null without a binary log.</summary>
    public static BinaryLogPosition? OfSnapshot(MySqlSession session)
    {
        var status = session.Query("SHOW STATUS LIKE 'Binlog\\_snapshot\\_%'").ToDictionary(row => row[0]!.ToUpperInvariant(), row => row[1]!);
        string file = status.GetValueOrDefault("BINLOG_SNAPSHOT_FILE", "");
        string offset = status.GetValueOrDefault("BINLOG_SNAPSHOT_POSITION", "");
        return file.Length == 0 ? null : new BinaryLogPosition(file, offset, GtidsAt(session, file, offset));
    }

    /// <summary>The transactions before a place in the log, as MariaDB knows them.</summary>
    public static string GtidsAt(MySqlSession session, string file, string offset) => GtidState.Normalize(session.Scalar($"SELECT BINLOG_GTID_POS({SqlText.Literal(file)}, {offset})") ?? "");

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

    [GeneratedRegex(@"^(?<base>.*)\.(?<number>[0-9]{1,18})\z", RegexOptions.Singleline)]
    private static partial Regex Numbered();

    [GeneratedRegex(@"^(?<file>.*\.[0-9]+):(?<offset>[0-9]+)(?: (?<gtids>.*))?\z", RegexOptions.Singleline)]
    private static partial Regex Written();
}
