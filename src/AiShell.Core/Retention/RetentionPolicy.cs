using AiShell.Engines;
using AiShell.Repository;

namespace AiShell.Retention;

/// <param name="MaxAge">Backups older than this go; null: no limit.</param>
/// <param name="MaxCount">The newest so many of a database stay; null: no limit.</param>
public sealed record RetentionRules(TimeSpan? MaxAge, int? MaxCount);

/// <param name="Reason">Why, in words for the user: <c>older than 30 days</c>, <c>the last good backup</c>.</param>
public sealed record RetentionDecision(CatalogueEntry Entry, bool Keep, string Reason);

/// <summary>
/// Decides which backups of one database stay. Pure: the same backups and time give the same answer. Whatever the rules
/// say, it keeps the newest good backup (readable, as is everything it needs), the newest good one of the whole database
/// when that is another, every backup that a kept one needs, and every backup it cannot read.
/// </summary>
public static class RetentionPolicy
{
    /// <param name="entries">All backups of one database.</param>
    /// <param name="knownBad">Ids of backups that failed their last verification; they do not count as good.</param>
    /// <returns>One decision for each entry, newest first.</returns>
    public static IReadOnlyList<RetentionDecision> Decide(
        IReadOnlyList<CatalogueEntry> entries, IReadOnlySet<string> knownBad, RetentionRules rules, DateTimeOffset now)
    {
        CatalogueEntry[] newestFirst = [.. entries.Order(NewestFirst.Instance)];
        HashSet<CatalogueEntry> lastGood = LastGood(newestFirst, knownBad);
        var byRules = new List<RetentionDecision>();
        int readable = 0;
        foreach (CatalogueEntry entry in newestFirst)
        {
            readable += entry.Manifest is null ? 0 : 1;
            byRules.Add(DecideAlone(entry, readable, lastGood, rules, now));
        }

        return KeepWhatIsNeeded(byRules);
    }

    /// <summary>The schema alone, or rows alone, do not replace a backup of the whole database.</summary>
    private static HashSet<CatalogueEntry> LastGood(CatalogueEntry[] newestFirst, IReadOnlySet<string> knownBad)
    {
        var readable = newestFirst.Where(entry => entry.Manifest is not null).ToDictionary(entry => entry.Id, StringComparer.Ordinal);
        CatalogueEntry[] good = [.. newestFirst.Where(entry => IsGood(entry, readable, knownBad))];
        CatalogueEntry?[] last = [good.FirstOrDefault(), good.FirstOrDefault(entry => entry.Require().Scope == BackupScope.All)];
        return new HashSet<CatalogueEntry>(last.OfType<CatalogueEntry>(), ReferenceEqualityComparer.Instance);
    }

    private static bool IsGood(CatalogueEntry entry, Dictionary<string, CatalogueEntry> readable, IReadOnlySet<string> knownBad) =>
        entry.Manifest is not null
        && Chain(entry.Id, readable).All(id => readable.ContainsKey(id) && !knownBad.Contains(id));

    /// <summary>A backup's own id and those of all it needs, readable or not.</summary>
    private static HashSet<string> Chain(string id, Dictionary<string, CatalogueEntry> readable)
    {
        var found = new HashSet<string>(StringComparer.Ordinal);
        var next = new Stack<string>([id]);
        while (next.TryPop(out string? one))
        {
            if (found.Add(one) && readable.TryGetValue(one, out CatalogueEntry? entry))
            {
                NeedsOf(entry).ForEach(next.Push);
            }
        }

        return found;
    }

    private static List<string> NeedsOf(CatalogueEntry entry) =>
        [.. ((string?[])[entry.Manifest?.Parent, entry.Manifest?.Base]).OfType<string>()];

    private static RetentionDecision DecideAlone(CatalogueEntry entry, int number, HashSet<CatalogueEntry> lastGood, RetentionRules rules, DateTimeOffset now)
    {
        if (entry.Manifest is not { } manifest)
        {
            return new RetentionDecision(entry, Keep: true, "its manifest is damaged: look at it, then delete it by its id");
        }

        if (lastGood.Contains(entry))
        {
            return new RetentionDecision(entry, Keep: true, "the last good backup");
        }

        if (rules.MaxAge is { } age && now - manifest.CreatedAt > age)
        {
            return new RetentionDecision(entry, Keep: false, $"older than {age.TotalDays:0.##} days");
        }

        return rules.MaxCount is { } count && number > count
            ? new RetentionDecision(entry, Keep: false, $"not one of the newest {count}")
            : new RetentionDecision(entry, Keep: true, "within the rules");
    }

    private static List<RetentionDecision> KeepWhatIsNeeded(List<RetentionDecision> decisions)
    {
        var readable = decisions.Where(decision => decision.Entry.Manifest is not null)
            .ToDictionary(decision => decision.Entry.Id, decision => decision.Entry, StringComparer.Ordinal);
        var needed = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (CatalogueEntry kept in decisions.Where(decision => decision.Keep).Select(decision => decision.Entry))
        {
            foreach (string ancestor in Chain(kept.Id, readable))
            {
                needed.TryAdd(ancestor, kept.Id);
            }
        }

        return [.. decisions.Select(decision => !decision.Keep && needed.TryGetValue(decision.Entry.Id, out string? dependant)
            ? decision with { Keep = true, Reason = $"needed by {dependant}" }
            : decision)];
    }
}
