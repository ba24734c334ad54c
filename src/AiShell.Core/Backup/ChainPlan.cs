using AiShell.Engines;
using AiShell.Repository;

namespace AiShell.Backup;

/// <summary>Which backups an increment would build on. Pure: the same backups and time give the same answer.</summary>
/// <param name="Chain">The full backup and the links after it that the new one follows; null when a full backup must come first.</param>
/// <param name="WhyFull">Why, in words that follow a colon; null with a chain.</param>
public sealed record ChainPlan(BackupChain? Chain, string? WhyFull)
{
    /// <param name="kind">Incremental: after the newest link; differential: after the full backup.</param>
    /// <param name="entries">The database's backups.</param>
    /// <param name="timeline">The history that the database is in; null for its first.</param>
    /// <param name="knownBad">Backups that failed their last verification: nothing is built on them.</param>
    /// <param name="fullEvery">An older full backup is not continued.</param>
    public static ChainPlan For(
        BackupKind kind, IReadOnlyList<CatalogueEntry> entries, LogTimeline? timeline, IDatabaseEngine engine, IReadOnlySet<string> knownBad, TimeSpan fullEvery, DateTimeOffset now)
    {
        CatalogueEntry[] newestFirst = [.. entries.Where(entry => entry.Manifest is not null).Order(NewestFirst.Instance)];
        if (Array.Find(newestFirst, entry => IsBase(entry.Require(), engine)) is not { } newest)
        {
            return new ChainPlan(null, newestFirst.Length == 0
                ? "there is no backup yet"
                : $"there is no full {BackupFormatName(engine)} backup of the whole database yet");
        }

        if (timeline?.Start is { } start && newest.Require().TimelineNumber != timeline.Number)
        {
            return new ChainPlan(null, $"{start.Restored} was restored over the database on {start.BeganAt.UtcDateTime:yyyy-MM-dd HH:mm} UTC, and what followed is another history");
        }

        if (now - newest.Require().CreatedAt is var age && age > fullEvery)
        {
            return new ChainPlan(null, $"the last full backup, {newest.Id}, is {Days(age)} old, and there shall be one every {Days(fullEvery)}");
        }

        CatalogueEntry parent = kind == BackupKind.Differential ? newest : newestFirst.First(entry => entry == newest || entry.Require().Base == newest.Id);
        try
        {
            var chain = BackupChain.Of(parent, entries);
            return chain.Entries.FirstOrDefault(entry => knownBad.Contains(entry.Id)) is { } bad
                ? new ChainPlan(null, $"{bad.Id} failed its last verification")
                : new ChainPlan(chain, null);
        }
        catch (AiShellException broken) when (broken.Kind == ErrorKind.Integrity)
        {
            return new ChainPlan(null, char.ToLowerInvariant(broken.Message[0]) + broken.Message[1..].TrimEnd('.'));
        }
    }

    private static bool IsBase(Manifest manifest, IDatabaseEngine engine) =>
        manifest.Kind == BackupKind.Full && manifest.Engine == engine.Name && manifest.Format == engine.Log?.BaseFormat && manifest.Scope == BackupScope.All && manifest.Selection is null;

    private static string BackupFormatName(IDatabaseEngine engine) => engine.Log!.BaseFormat.ToString().ToLowerInvariant();

    private static string Days(TimeSpan time) => time.TotalDays >= 1 ? $"{time.TotalDays:0.#} days" : $"{time.TotalHours:0.#} hours";
}
