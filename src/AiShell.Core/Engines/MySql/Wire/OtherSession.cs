using System.Globalization;

namespace AiShell.Engines.MySql.Wire;

/// <summary>A session as the server lists it: all to whoever has PROCESS, to others their own.</summary>
/// <param name="Client">The connection's other end, as the server sees it.</param>
/// <param name="Database">Its default; null for none.</param>
/// <param name="Seconds">For how long it has done what it does.</param>
internal sealed record OtherSession(string Id, string User, string Client, string? Database, string Command, long Seconds, string State)
{
    /// <summary>
    /// By SHOW: of MySQL's information_schema.PROCESSLIST no row can be had while any session runs a statement with a character of four bytes (error 3854).
    /// </summary>
    public static IEnumerable<OtherSession> ReadAll(MySqlSession session) => session.Query("SHOW PROCESSLIST").Select(row =>
        new OtherSession(row[0]!, row[1]!, row[2] ?? "", row[3], row[4] ?? "", long.TryParse(row[5], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long seconds) ? seconds : 0, row[6] ?? ""));
}
