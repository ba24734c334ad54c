using AiShell.Engines.MySql.Wire;

namespace AiShell.Engines.MySql.Restore;

/// <summary>Foreign keys that cross the border between tables that are replaced and those that stay.</summary>
/// <param name="Inside">Between tables of the copy, which move with them.</param>
/// <param name="Outward">Of the copy's tables, to tables that stay in the target; as they are to be there.</param>
/// <param name="Inward">Of tables that stay, to those that are replaced.</param>
/// <param name="Staging">Where the copy is.</param>
internal sealed record StandingKeys(IReadOnlyList<ForeignKey> Inside, IReadOnlyList<ForeignKey> Outward, IReadOnlyList<ForeignKey> Inward, string Staging)
{
    /// <summary>All, as rows are to be looked for now.</summary>
    public IReadOnlyList<ForeignKey> All =>
        [.. Inside, .. Outward.Select(key => key with { Database = Staging }), .. Inward.Select(key => key with { ReferencedDatabase = Staging })];

    /// <exception cref="AiShellException"><see cref="ErrorKind.Failed"/>: a table that one refers to is nowhere.</exception>
    public static StandingKeys Of(MySqlSession session, StagingSchema staging, IReadOnlyList<StandingTable> replaced)
    {
        IReadOnlyList<ForeignKey> own = ForeignKey.Of(session, staging.Name);
        ForeignKey[] outward =
        [
            .. own.Where(key => key.ReferencedDatabase == staging.Name && !DatabaseListing.HasTable(session, staging.Name, key.Referenced))
                .Select(key => key with { Database = staging.Target, ReferencedDatabase = staging.Target }),
        ];
        if (outward.FirstOrDefault(key => !DatabaseListing.HasTable(session, staging.Target, key.Referenced)) is { } lost)
        {
            throw new AiShellException(
                ErrorKind.Failed, $"Table '{lost.Table}' refers to a table '{lost.Referenced}', which is not in '{staging.Target}'.", "Restore that table too, or restore to another database with -d.");
        }

        HashSet<string> names = [.. replaced.Select(table => table.Name)];
        return new StandingKeys(
            [.. own.Where(key => !outward.Any(other => other.Table == key.Table && other.Name == key.Name))],
            outward,
            [.. ForeignKey.Into(session, staging.Target).Where(key => names.Contains(key.Referenced) && !(key.Database == staging.Target && names.Contains(key.Table)))],
            staging.Name);
    }
}
