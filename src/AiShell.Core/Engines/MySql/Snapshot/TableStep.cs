using AiShell.Engines.MySql.Wire;

namespace AiShell.Engines.MySql.Snapshot;

/// <summary>One table, or a range of its rows, to be read by one session.</summary>
/// <param name="Rest">What follows the table's name in the SELECT: <c>WHERE …</c>; empty for the whole table.</param>
internal sealed record TableStep(DefinedTable Table, string Rest, long EstimatedBytes)
{
    private const int MostStepsOfTable = 64;

    /// <summary>
    /// Splits only a table that is larger than its fair share of the whole: then ranges are the only way to keep all sessions busy.
    /// </summary>
    /// <param name="session">Within the moment.</param>
    public static IEnumerable<TableStep> Split(MySqlSession session, IReadOnlyList<DefinedTable> tables, Func<DefinedTable, bool> isSplit, int sessions, long partBytes)
    {
        long most = Math.Max(partBytes, FairShare.Most(tables.Sum(table => table.Source.Bytes), sessions));
        foreach (DefinedTable table in tables)
        {
            bool splits = sessions > 1 && table.Source.Bytes > most && isSplit(table);
            int ranges = splits ? (int)Math.Clamp(table.Source.Bytes / partBytes, 1, Math.Min(MostStepsOfTable, 4 * sessions)) : 1;
            IReadOnlyList<string> cut = KeyRanges.Cut(session, table, ranges);
            foreach (string rest in cut)
            {
                yield return new TableStep(table, $"{table.Period}{(table.Period.Length > 0 && rest.Length > 0 ? " " : "")}{rest}", table.Source.Bytes / cut.Count);
            }
        }
    }
}
