using AiShell.Repository;

namespace AiShell.Health;

/// <summary>How well a database is covered, worst first.</summary>
public enum Coverage
{
    /// <summary>There is no backup that can be read.</summary>
    None,

    /// <summary>The newest backup failed its last verification, or its manifest is damaged.</summary>
    Damaged,

    /// <summary>The newest backup is older than expected.</summary>
    Stale,

    Good,
}

/// <summary>One line of <c>backup status</c>.</summary>
/// <param name="LastBackupId">The newest backup that can be read; null when there is none.</param>
/// <param name="RecoverableFrom">The oldest and newest instants that a restore can bring back; with full backups alone these are single instants.</param>
public sealed record DatabaseStatus(
    string Database,
    string? LastBackupId,
    DateTimeOffset? LastBackupAt,
    TimeSpan? Age,
    int Backups,
    long StoredBytes,
    DateTimeOffset? RecoverableFrom,
    DateTimeOffset? RecoverableTo,
    Coverage Coverage,
    string Explanation);

/// <summary>Sums a repository up, one line a database. Pure.</summary>
public static class StatusReport
{
    /// <summary>Older than this, the newest backup counts as stale.</summary>
    public static readonly TimeSpan FreshFor = TimeSpan.FromHours(26);

    /// <param name="entries">All backups of the repository.</param>
    /// <param name="knownNames">Configured connections; those without a backup get a line too.</param>
    /// <param name="knownBad">Ids of backups that failed their last verification.</param>
    public static IReadOnlyList<DatabaseStatus> Of(
        IReadOnlyList<CatalogueEntry> entries, IEnumerable<string> knownNames, IReadOnlySet<string> knownBad, DateTimeOffset now)
    {
        ILookup<string, CatalogueEntry> byDatabase = entries.ToLookup(entry => entry.Database);
        return
        [
            .. byDatabase.Select(group => group.Key).Union(knownNames).Order(StringComparer.Ordinal)
                .Select(database => OfOne(database, [.. byDatabase[database].Order(NewestFirst.Instance)], knownBad, now)),
        ];
    }

    private static DatabaseStatus OfOne(string database, CatalogueEntry[] newestFirst, IReadOnlySet<string> knownBad, DateTimeOffset now)
    {
        Manifest[] readable = [.. newestFirst.Select(entry => entry.Manifest).OfType<Manifest>()];
        Manifest? last = readable.FirstOrDefault();
        TimeSpan? age = now - last?.CreatedAt;
        (Coverage coverage, string explanation) = (newestFirst, last) switch
        {
            ([], _) => (Coverage.None, "never backed up"),
            (_, null) => (Coverage.None, "no backup can be read"),
            ([{ Manifest: null } damaged, ..], _) => (Coverage.Damaged, $"the manifest of {damaged.Id} is damaged"),
            _ when knownBad.Contains(last.Id) => (Coverage.Damaged, $"{last.Id} failed its last verification"),
            _ when age > FreshFor => (Coverage.Stale, $"the last backup is older than {FreshFor.TotalHours:0} hours"),
            _ => (Coverage.Good, "ok"),
        };
        return new DatabaseStatus(
            database, last?.Id, last?.CreatedAt, age, newestFirst.Length, readable.Sum(manifest => manifest.StoredBytes),
            readable.LastOrDefault()?.CreatedAt, last?.CreatedAt, coverage, explanation);
    }
}
