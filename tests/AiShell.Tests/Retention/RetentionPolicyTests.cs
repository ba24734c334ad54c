using AiShell.Engines;
using AiShell.Repository;
using AiShell.Retention;
using CsCheck;

namespace AiShell.Tests.Retention;

public sealed class RetentionPolicyTests
{
    private const int Iterations = 3000;

    [Fact]
    public void The_last_good_backup_is_never_removed() => Sample((history, kept, _) =>
    {
        CatalogueEntry? last = history.NewestFirst.FirstOrDefault(history.Restores);
        CatalogueEntry? lastWhole = history.NewestFirst.FirstOrDefault(entry => history.Restores(entry) && entry.Require().Scope == BackupScope.All);
        return (last is null || kept.Contains(last)) && (lastWhole is null || kept.Contains(lastWhole));
    });

    [Fact]
    public void No_backup_that_a_kept_one_needs_is_removed() => Sample((history, kept, removed) =>
        !removed.Any(gone => kept.Any(entry => history.IsNeededBy(gone, entry))));

    [Fact]
    public void A_backup_that_cannot_be_read_is_never_removed() => Sample((_, _, removed) => removed.All(entry => entry.Manifest is not null));

    [Fact]
    public void Nothing_that_the_rules_keep_is_removed_and_nothing_else_is_kept_without_a_reason() => Sample((history, kept, removed) =>
    {
        CatalogueEntry[] readable = [.. history.NewestFirst.Where(entry => entry.Manifest is not null)];
        bool IsWithin(CatalogueEntry entry) =>
            (history.MaxCount is not { } count || Array.IndexOf(readable, entry) < count)
            && (history.MaxAge is not { } age || RandomChains.Now - entry.Require().CreatedAt <= age);
        CatalogueEntry? last = history.NewestFirst.FirstOrDefault(history.Restores);
        CatalogueEntry? lastWhole = history.NewestFirst.FirstOrDefault(entry => history.Restores(entry) && entry.Require().Scope == BackupScope.All);
        return removed.All(entry => !IsWithin(entry))
            && kept.All(entry => entry.Manifest is null || IsWithin(entry) || entry == last || entry == lastWhole || kept.Any(other => history.IsNeededBy(entry, other)));
    });

    [Fact]
    public void Every_backup_gets_one_decision_newest_first_and_the_same_again() => RandomChains.Histories.Sample(
        history =>
        {
            IReadOnlyList<RetentionDecision> decisions = Decide(history);
            return decisions.Select(decision => decision.Entry).SequenceEqual(history.NewestFirst)
                && decisions.All(decision => decision.Reason.Length > 0)
                && Decide(history with { Entries = [.. history.NewestFirst] }).SequenceEqual(decisions);
        },
        iter: Iterations,
        threads: 1);

    [Fact]
    public void Increments_on_a_damaged_or_bad_base_are_no_good_backup()
    {
        CatalogueEntry good = Entry(1);
        CatalogueEntry bad = Entry(2);
        CatalogueEntry increment = Entry(3, parent: bad.Id);
        CatalogueEntry orphan = Entry(4, parent: "backup-20200101000000-gggggg");

        IReadOnlyList<RetentionDecision> decisions = RetentionPolicy.Decide(
            [good, bad, increment, orphan], new HashSet<string> { bad.Id }, new RetentionRules(null, 2), RandomChains.Now);
        Assert.True(decisions.Single(decision => decision.Entry == good).Keep);
        Assert.Equal("the last good backup", decisions.Single(decision => decision.Entry == good).Reason);
    }

    [Fact]
    public void A_newer_schema_alone_does_not_replace_the_last_whole_backup()
    {
        CatalogueEntry whole = Entry(1);
        CatalogueEntry schema = Entry(2);
        schema = schema with { Manifest = schema.Require() with { Scope = BackupScope.SchemaOnly } };
        Assert.All(
            RetentionPolicy.Decide([whole, schema], new HashSet<string>(), new RetentionRules(TimeSpan.Zero, 1), RandomChains.Now),
            decision => Assert.True(decision.Keep));
    }

    [Fact]
    public void A_chain_of_thousands_of_increments_is_decided()
    {
        List<CatalogueEntry> entries = [Entry(0)];
        for (int i = 1; i < 3000; i++)
        {
            entries.Add(Entry(i, parent: entries[^1].Id));
        }

        IReadOnlyList<RetentionDecision> decisions = RetentionPolicy.Decide(entries, new HashSet<string>(), new RetentionRules(null, 1), RandomChains.Now);
        Assert.All(decisions, decision => Assert.True(decision.Keep));
        Assert.Equal($"needed by {entries[^1].Id}", decisions[^1].Reason);
    }

    private static CatalogueEntry Entry(int number, string? parent = null)
    {
        string id = $"backup-20261101000000-{number:D6}";
        return new CatalogueEntry(id, "shop", RandomChains.ManifestOf(id, RandomChains.Now.AddDays(-20)) with { Parent = parent }, null);
    }

    private static IReadOnlyList<RetentionDecision> Decide(History history) =>
        RetentionPolicy.Decide(history.Entries, history.KnownBad, new RetentionRules(history.MaxAge, history.MaxCount), RandomChains.Now);

    private static void Sample(Func<History, HashSet<CatalogueEntry>, List<CatalogueEntry>, bool> holds) => RandomChains.Histories.Sample(
        history =>
        {
            IReadOnlyList<RetentionDecision> decisions = Decide(history);
            return holds(
                history,
                [.. decisions.Where(decision => decision.Keep).Select(decision => decision.Entry)],
                [.. decisions.Where(decision => !decision.Keep).Select(decision => decision.Entry)]);
        },
        iter: Iterations,
        threads: 1);
}
