using AiShell.Repository;

namespace AiShell.Retention;

/// <param name="MaxAge">Backups older than this go; null: no limit.</param>
/// <param name="MaxCount">The newest so many of a database stay; null: no limit.</param>
public sealed record RetentionRules(TimeSpan? MaxAge, int? MaxCount);

/// <param name="Reason">Why, in words for the user: <c>older than 30 days</c>, <c>the last good backup</c>.</param>
public sealed record RetentionDecision(CatalogueEntry Entry, bool Keep, string Reason);

/// <summary>
/// Decides which backups of one database stay. Pure: the same backups and time give the same answer. Whatever the rules
/// say, it keeps the newest good backup, every backup that a kept one needs, and every backup it cannot read.
/// </summary>
public static class RetentionPolicy
{
    /// <param name="entries">All backups of one database.</param>
    /// <param name="knownBad">Ids of backups that failed their last verification; they do not count as good.</param>
    /// <returns>One decision for each entry, newest first.</returns>
    public static IReadOnlyList<RetentionDecision> Decide(
        IReadOnlyList<CatalogueEntry> entries, IReadOnlySet<string> knownBad, RetentionRules rules, DateTimeOffset now)
    {
        CatalogueEntry[] newestFirst = [.. entries.OrderByDescending(entry => entry.Id, StringComparer.Ordinal)];
        CatalogueEntry? lastGood = newestFirst.FirstOrDefault(entry => entry.Manifest is not null && !knownBad.Contains(entry.Id));
        var byRules = new List<RetentionDecision>();
        int readable = 0;
        foreach (CatalogueEntry entry in newestFirst)
        {
            readable += entry.Manifest is null ? 0 : 1;
            byRules.Add(DecideAlone(entry, readable, lastGood, rules, now));
        }

        return KeepWhatIsNeeded(byRules);
    }

    private static RetentionDecision DecideAlone(CatalogueEntry entry, int number, CatalogueEntry? lastGood, RetentionRules rules, DateTimeOffset now)
    {
        if (entry.Manifest is not { } manifest)
        {
            return new RetentionDecision(entry, Keep: true, "its manifest is damaged: look at it, then delete it by its id");
        }

        if (ReferenceEquals(entry, lastGood))
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
        var needed = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (RetentionDecision decision in decisions.Where(decision => decision.Keep))
        {
            NeedAncestors(decision.Entry, decisions, needed);
        }

        return [.. decisions.Select(decision => !decision.Keep && needed.TryGetValue(decision.Entry.Id, out string? dependant)
            ? decision with { Keep = true, Reason = $"needed by {dependant}" }
            : decision)];
    }

    private static void NeedAncestors(CatalogueEntry entry, List<RetentionDecision> decisions, Dictionary<string, string> needed)
    {
        foreach (string? ancestor in new[] { entry.Manifest?.Parent, entry.Manifest?.Base })
        {
            if (ancestor is not null && needed.TryAdd(ancestor, entry.Id)
                && decisions.Find(decision => decision.Entry.Id == ancestor) is { } found)
            {
                NeedAncestors(found.Entry, decisions, needed);
            }
        }
    }
}
