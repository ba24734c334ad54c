using System.Globalization;
using System.Text.RegularExpressions;
using AiShell.Engines.MySql.Snapshot;
using AiShell.Engines.MySql.Wire;

namespace AiShell.Engines.MySql.Log;

/// <summary>
/// Which of all logs a file of MySQL's is of: files are numbered from 1 again when a log is begun anew, and those of other servers have the same names. MariaDB's GTIDs tell that by
/// themselves; MySQL has them only where <c>gtid_mode</c> is on.
/// </summary>
/// <param name="Server">Its server_uuid.</param>
/// <param name="Second">When the file was begun, as its first event says.</param>
internal sealed partial record LogFileBirth(Guid Server, uint Second)
{
    /// <param name="text">What stands behind file and offset in a position (<see cref="BinaryLogPosition.Gtids"/>).</param>
    /// <returns>Null where it says none.</returns>
    public static LogFileBirth? Parse(string text) => Written().Match(text) is { Success: true } match && uint.TryParse(match.Groups["second"].Value, NumberStyles.None, CultureInfo.InvariantCulture, out uint second)
        ? new LogFileBirth(Guid.Parse(match.Groups["server"].Value), second)
        : null;

    /// <summary>Asks for the log from there, and takes no more of it than the description of its format. The session serves nothing else any more.</summary>
    /// <exception cref="ServerError">The user may not, or the file is gone.</exception>
    public static LogFileBirth Read(MySqlSession session, BinaryLogPosition at)
    {
        Guid server = ServerOf(session);
        return new LogFileBirth(server, BinaryLogStream.ReadSecond(session, at));
    }

    public static Guid ServerOf(MySqlSession session) => Guid.Parse(session.Scalar("SELECT @@server_uuid")!);

    /// <summary>The position with it, and with the last of the server's own transactions where they have GTIDs.</summary>
    /// <param name="at">As <c>SHOW BINARY LOG STATUS</c> says it, with all GTIDs.</param>
    public BinaryLogPosition Mark(BinaryLogPosition at)
    {
        string last = at.Gtids.Split(',', StringSplitOptions.TrimEntries).FirstOrDefault(set => set.StartsWith($"{Server}:", StringComparison.OrdinalIgnoreCase)) is { } own
            && own.Split(':').Skip(1).TakeWhile(range => char.IsAsciiDigit(range.FirstOrDefault())).LastOrDefault() is { } range
            ? $"{Server}:{range.Split('-')[^1]}"
            : "";
        return at with { Gtids = WithLast(last) };
    }

    /// <summary>What stands in a position.</summary>
    /// <param name="gtid">Of the transaction that ends there; empty for none.</param>
    public string WithLast(string gtid) => gtid.Length > 0 ? $"{this} {gtid}" : ToString();

    /// <summary>Files of one log are begun one after the other.</summary>
    /// <param name="files">Less than 0 where the other's file has the higher number.</param>
    public bool MayBeOfOneLog(LogFileBirth other, int files) => Server == other.Server && (files == 0 ? Second == other.Second : files < 0 ? Second <= other.Second : Second >= other.Second);

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Server}@{Second}");

    [GeneratedRegex("^(?<server>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})@(?<second>[0-9]{1,10})(?: |$)")]
    private static partial Regex Written();
}
