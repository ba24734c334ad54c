using AiShell.Engines.MySql.Wire;

namespace AiShell.Engines.MySql.Snapshot;

/// <summary>Who keeps us waiting, as far as the server tells.</summary>
internal static class LockHolders
{
    private const int MostNamed = 3;

    private static readonly string[] AtRest = ["Sleep", "Daemon", "Binlog Dump", "Binlog Dump GTID"];

    /// <summary>Never with the text of their statements: it may hold a secret.</summary>
    public static AiShellException Explain(MySqlSession session, ServerError error)
    {
        string[] sessions =
        [
            .. OtherSession.ReadAll(session).Where(one => one.Id != session.Id && !AtRest.Contains(one.Command))
                .OrderByDescending(one => one.Seconds).Take(MostNamed)
                .Select(one => FormattableString.Invariant($"session {one.Id} of {one.User}@{one.Client} ({one.Command} for {one.Seconds} s{(one.State.Length > 0 ? $", {one.State}" : "")})")),
        ];
        return new AiShellException(
            ErrorKind.Busy,
            $"The lock that makes a backup consistent was not to be had in time. {(sessions.Length > 0 ? $"Perhaps it is kept by {string.Join(", ", sessions)}." : "Who has it, the server does not tell this user.")}",
            "Try again when no schema is being changed and no table is locked, let the backup wait for longer with --lock-wait, or do without it with --no-lock.",
            error);
    }
}
