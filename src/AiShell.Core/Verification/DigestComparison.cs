using AiShell.Engines;

namespace AiShell.Verification;

/// <summary>Compares what a backup's manifest says of its tables with what was found.</summary>
internal static class DigestComparison
{
    /// <param name="finder">Who found it, for the message: <c>the parts hold</c>, <c>the restored copy has</c>.</param>
    /// <param name="fingerprints">False: compare the counts of rows only.</param>
    /// <returns>One line for each table that differs, is missing or too much.</returns>
    public static IReadOnlyList<string> Compare(
        IReadOnlyList<TableDigest> expected, IReadOnlyList<TableDigest> found, string finder, bool fingerprints)
    {
        var byName = found.ToDictionary(digest => digest.Table, digest => digest.Fingerprint);
        var problems = new List<string>();
        foreach ((TableName table, TableFingerprint want) in expected)
        {
            if (!byName.Remove(table, out TableFingerprint have))
            {
                problems.Add($"table '{table}' is missing");
            }
            else if (have.Rows != want.Rows)
            {
                problems.Add($"table '{table}': {finder} {have.Rows:N0} rows instead of {want.Rows:N0}");
            }
            else if (fingerprints && have.Sum != want.Sum)
            {
                problems.Add($"table '{table}': {finder} other values than were backed up (fingerprint {have.ToHex()} instead of {want.ToHex()})");
            }
        }

        problems.AddRange(byName.Keys.Order().Select(table => $"table '{table}' was not in the backup"));
        return problems;
    }
}
