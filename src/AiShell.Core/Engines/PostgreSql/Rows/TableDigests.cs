using System.Globalization;
using AiShell.Engines.PostgreSql.Wire;

namespace AiShell.Engines.PostgreSql;

/// <summary>Counts and fingerprints of tables as they stand in a database.</summary>
internal static class TableDigests
{
    private const int RunBytes = 256 * 1024;

    // Of an extension's table only the user's rows are in a backup.
    private const string ConditionQuery =
        "SELECT e.extcondition[array_position(e.extconfig, c.oid)] FROM pg_extension e JOIN pg_class c ON c.oid = ANY (e.extconfig) "
        + "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2";

    /// <param name="fingerprints">False: the rows are only counted, the sum is zero.</param>
    public static TableFingerprint Read(WireSession session, TableName table, bool fingerprints)
    {
        string? condition = LargeObjects.ConditionOf(table) ?? session.Scalar(ConditionQuery, table.Schema, table.Name);
        string name = SqlText.Quote(table);
        if (!fingerprints)
        {
            return new TableFingerprint(long.Parse(session.Scalar($"SELECT count(*) FROM ONLY {name} {condition}")!, CultureInfo.InvariantCulture), 0);
        }

        CopyOut copy = session.BeginCopyOut(
            string.IsNullOrWhiteSpace(condition) ? $"COPY {name} TO STDOUT" : $"COPY (SELECT * FROM ONLY {name} {condition}) TO STDOUT");
        while (copy.Next(RunBytes, static _ => { }))
        {
            // The rows pass by for their hashes only.
        }

        return new TableFingerprint(copy.Rows, copy.Sum);
    }
}
