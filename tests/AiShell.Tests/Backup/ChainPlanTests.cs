using AiShell.Backup;
using AiShell.Engines;
using AiShell.Engines.Sqlite;
using AiShell.Repository;
using AiShell.Tests.Repository;

namespace AiShell.Tests.Backup;

public sealed class ChainPlanTests
{
    private static readonly DateTimeOffset Start = new(2026, 11, 27, 12, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan Week = TimeSpan.FromDays(7);
    private readonly List<CatalogueEntry> _entries = [];
    private LogTimeline? _timeline;

    [Fact]
    public void Without_a_backup_a_full_one_comes_first() => FullBecause("there is no backup yet");

    [Fact]
    public void A_backup_in_another_format_is_no_base()
    {
        Add("full", change: manifest => manifest with { Format = BackupFormat.Sql });
        FullBecause("there is no full native backup of the whole database yet");
        Add("schema", change: manifest => manifest with { Scope = BackupScope.SchemaOnly });
        FullBecause("there is no full native backup of the whole database yet");
        Add("other", change: manifest => manifest with { Engine = "postgresql" });
        FullBecause("there is no full native backup of the whole database yet");
    }

    [Fact]
    public void An_increment_follows_the_newest_link_of_the_newest_base()
    {
        Add("a");
        Add("a1", "a", "a");
        Add("b");
        Builds("b");
        Add("b1", "b", "b");
        Add("b2", "b1", "b");
        Builds("b", "b1", "b2");
        Add("b3", "b", "b", change: manifest => manifest with { Kind = BackupKind.Differential });
        Builds("b", "b3");
        Add("b4", "b3", "b");
        Builds("b", "b3", "b4");
    }

    [Fact]
    public void A_differential_follows_the_base()
    {
        Add("a");
        Add("a1", "a", "a");
        Assert.Equal(["a"], Plan(BackupKind.Differential).Chain!.Entries.Select(entry => entry.Id));
    }

    [Fact]
    public void An_old_base_is_not_continued()
    {
        Add("a");
        Assert.NotNull(Plan(at: Start + Week).Chain);
        FullBecause("the last full backup, a, is 8 days old, and there shall be one every 7 days", Start + TimeSpan.FromDays(8));
    }

    [Fact]
    public void A_chain_that_failed_its_verification_is_not_continued()
    {
        Add("a");
        Add("a1", "a", "a");
        Add("a2", "a1", "a");
        Assert.Equal("a1 failed its last verification", Plan(bad: "a1").WhyFull);
        Assert.Equal("a failed its last verification", Plan(bad: "a").WhyFull);
        Assert.NotNull(Plan(bad: "x").Chain);
    }

    [Fact]
    public void A_broken_chain_is_not_continued()
    {
        Add("a");
        Add("a2", "a1", "a");
        FullBecause("the chain of a2 is broken: a2 builds on a1, which is missing");
        Add("b");
        Add("b1", "b", "b", change: manifest => manifest with { Position = new PositionRange(new LogPosition("elsewhere"), new LogPosition("end of b1")) });
        FullBecause("the chain of b1 is broken: b ends at 'end of b', and b1 begins at 'elsewhere'");
    }

    [Fact]
    public void A_damaged_link_breaks_the_chain()
    {
        Add("a");
        Add("a1", "a", "a");
        Add("a2", "a1", "a");
        _entries[1] = _entries[1] with { Manifest = null, Damage = new AiShellException(ErrorKind.Integrity, "damaged") };
        FullBecause("the chain of a2 is broken: a2 builds on a1, whose manifest is damaged");
    }

    [Fact]
    public void Nothing_is_built_on_a_history_that_a_restore_has_ended()
    {
        Add("a");
        _timeline = new LogTimeline(1, null, [], []);
        Builds("a");
        _timeline = new LogTimeline(2, new TimelineStart(2, Start.AddMinutes(5), "a", new LogPosition("end of a")), [], []);
        FullBecause("a was restored over the database on 2026-11-27 12:05 UTC, and what followed is another history");
        Add("b", change: manifest => manifest with { Timeline = 2 });
        Builds("b");
        Add("b1", "b", "b", manifest => manifest with { Timeline = 2 });
        Builds("b", "b1");
    }

    private void Builds(params string[] ids) => Assert.Equal(ids, Plan().Chain!.Entries.Select(entry => entry.Id));

    private void FullBecause(string why, DateTimeOffset? at = null)
    {
        ChainPlan plan = Plan(at: at);
        Assert.Null(plan.Chain);
        Assert.Equal(why, plan.WhyFull);
    }

    private ChainPlan Plan(BackupKind kind = BackupKind.Incremental, DateTimeOffset? at = null, params string[] bad) =>
        ChainPlan.For(kind, _entries, _timeline, new SqliteEngine(), bad.ToHashSet(), Week, at ?? Start + TimeSpan.FromHours(1));

    private void Add(string id, string? parent = null, string? @base = null, Func<Manifest, Manifest>? change = null)
    {
        Manifest manifest = TestRepository.ManifestOf(id, "shop", Start.AddSeconds(_entries.Count)) with
        {
            Format = BackupFormat.Native,
            Kind = parent is null ? BackupKind.Full : BackupKind.Incremental,
            Parent = parent,
            Base = @base,
            Position = new PositionRange(new LogPosition($"end of {parent ?? id}"), new LogPosition($"end of {id}")),
        };
        _entries.Add(new CatalogueEntry(id, "shop", change?.Invoke(manifest) ?? manifest, Damage: null));
    }
}
