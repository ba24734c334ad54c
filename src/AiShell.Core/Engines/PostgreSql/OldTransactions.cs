using System.Globalization;
using AiShell.Engines.PostgreSql.Wire;

namespace AiShell.Engines.PostgreSql;

/// <summary>
/// Transactions that are open for long on a server, prepared ones too: nothing that was deleted or changed since they began can be
/// vacuumed, as long as a backup holds its snapshot neither (manual, "Routine Vacuuming").
/// </summary>
internal static class OldTransactions
{
    /// <summary>From here on one is worth a word.</summary>
    public static readonly TimeSpan Worrying = TimeSpan.FromHours(1);

    private const string Query =
        """
        SELECT format('process %s (%s%s, %s, database %s)', pid, coalesce(usename, '?'), ', ' || nullif(application_name, ''), coalesce(state, '?'), coalesce(datname, '?')),
               extract(epoch FROM now() - xact_start)::bigint
        FROM pg_stat_activity WHERE xact_start IS NOT NULL AND pid <> pg_backend_pid() AND backend_type = 'client backend' AND now() - xact_start >= $1::bigint * interval '1 second'
        UNION ALL
        SELECT format('the prepared transaction %s (%s, database %s)', quote_literal(gid), owner, database), extract(epoch FROM now() - prepared)::bigint
        FROM pg_prepared_xacts WHERE now() - prepared >= $1::bigint * interval '1 second'
        ORDER BY 2 DESC, 1
        """;

    /// <summary>One sentence each, the oldest first. Others' transactions show only to a member of pg_read_all_stats.</summary>
    public static IEnumerable<string> Find(WireSession session, TimeSpan olderThan) => session
        .Query(Query, ((long)olderThan.TotalSeconds).ToString(CultureInfo.InvariantCulture))
        .Select(row => $"A transaction has been open for {For(TimeSpan.FromSeconds(long.Parse(row[1]!, CultureInfo.InvariantCulture)))}: {row[0]}. As long as it is, vacuum cannot remove what was changed since, and tables grow.");

    private static string For(TimeSpan age) =>
        age.TotalHours < 48 ? string.Create(CultureInfo.InvariantCulture, $"{age.TotalHours:0.0} hours") : string.Create(CultureInfo.InvariantCulture, $"{age.TotalDays:0} days");
}
