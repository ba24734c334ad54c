using System.Globalization;
using AiShell.Engines.PostgreSql.Wire;

namespace AiShell.Engines.PostgreSql;

/// <summary>Counts and fingerprints of tables as they stand in a database.</summary>
internal static class TableDigests
{
    private const int RunBytes = 256 * 1024;

    private const int SmallRows = 10_000;
    private const int TablesPerQuery = 100;

    // Of an extension's table only the user's rows are in a backup.
    private const string ConditionQuery =
        "SELECT e.extcondition[array_position(e.extconfig, c.oid)] FROM pg_extension e JOIN pg_class c ON c.oid = ANY (e.extconfig) "
        + "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2";

    private const string ConditionsQuery =
        "SELECT n.nspname, c.relname, e.extcondition[array_position(e.extconfig, c.oid)] FROM pg_extension e JOIN pg_class c ON c.oid = ANY (e.extconfig) JOIN pg_namespace n ON n.oid = c.relnamespace";

    /// <summary>Tables to be read together: a large one by itself, of small ones many, each of which takes less than to ask for it.</summary>
    public static IEnumerable<TableName[]> Batch(IEnumerable<TableDigest> expected)
    {
        ILookup<bool, TableName> bySize = expected.ToLookup(digest => digest.Fingerprint.Rows <= SmallRows, digest => digest.Table);
        return [.. bySize[false].Select(table => new[] { table }), .. bySize[true].Chunk(TablesPerQuery)];
    }

    /// <param name="fingerprints">False: the rows are only counted, the sums are zero.</param>
    public static TableDigest[] Read(WireSession session, TableName[] tables, bool fingerprints)
    {
        if (fingerprints || tables.Length == 1)
        {
            return [.. tables.Select(table => new TableDigest(table, Read(session, table, fingerprints)))];
        }

        var conditions = session.Query(ConditionsQuery).ToDictionary(row => new TableName(row[0]!, row[1]!), row => row[2]);
        List<string?[]> counts = session.Query(string.Join(" UNION ALL ", tables.Select((table, index) =>
            $"(SELECT {index}, count(*) FROM ONLY {SqlText.Quote(table)} {LargeObjects.ConditionOf(table) ?? conditions.GetValueOrDefault(table)})")));
        return [.. counts.Select(row => new TableDigest(tables[Number(row[0])], new TableFingerprint(Number(row[1]), 0)))];
    }

    private static int Number(string? text) => int.Parse(text!, CultureInfo.InvariantCulture);

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
