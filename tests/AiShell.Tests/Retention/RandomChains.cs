using AiShell.Engines;
using AiShell.Repository;
using AiShell.Tests.Repository;
using CsCheck;

namespace AiShell.Tests.Retention;

/// <summary>Random histories of one database: bases and increments on any earlier backup, some damaged, some known to be bad.</summary>
internal static class RandomChains
{
    public static readonly DateTimeOffset Now = new(2026, 11, 24, 12, 0, 0, TimeSpan.Zero);

    private static readonly Gen<(int Parent, int Damage, int Bad, int Scope, int AgeHours)> Backup =
        Gen.Select(Gen.Int[-3, 30], Gen.Int[0, 6], Gen.Int[0, 4], Gen.Int[0, 9], Gen.Int[0, 40]);

    public static readonly Gen<History> Histories =
        from backups in Backup.Array[0, 12]
        from maxCount in Gen.Int[-1, 6]
        from maxAgeHours in Gen.Int[-1, 200]
        select Build(backups, maxCount, maxAgeHours);

    public static Manifest ManifestOf(string id, DateTimeOffset at) => TestRepository.ManifestOf(id, "shop", at);

    private static History Build((int Parent, int Damage, int Bad, int Scope, int AgeHours)[] backups, int maxCount, int maxAgeHours)
    {
        List<CatalogueEntry> entries = [];
        HashSet<string> knownBad = [];
        DateTimeOffset at = Now - TimeSpan.FromHours(backups.Sum(backup => backup.AgeHours));
        foreach (var backup in backups)
        {
            at += TimeSpan.FromHours(backup.AgeHours);
            string id = $"backup-{at.AddSeconds(entries.Count):yyyyMMddHHmmss}-{entries.Count:D6}";
            CatalogueEntry? parent = backup.Parent >= 0 && backup.Parent < entries.Count ? entries[backup.Parent] : null;
            Manifest manifest = ManifestOf(id, at) with
            {
                Parent = parent?.Id,
                Base = parent is null ? null : parent.Manifest?.Base ?? parent.Id,
                Scope = backup.Scope == 0 ? BackupScope.SchemaOnly : BackupScope.All,
            };
            entries.Add(backup.Damage == 0
                ? new CatalogueEntry(id, "shop", null, new AiShellException(ErrorKind.Integrity, "damaged"))
                : new CatalogueEntry(id, "shop", manifest, null));
            if (backup.Bad == 0)
            {
                knownBad.Add(id);
            }
        }

        return new History(entries, knownBad, maxCount < 0 ? null : maxCount, maxAgeHours < 0 ? null : TimeSpan.FromHours(maxAgeHours));
    }
}

internal sealed record History(List<CatalogueEntry> Entries, HashSet<string> KnownBad, int? MaxCount, TimeSpan? MaxAge)
{
    public IEnumerable<CatalogueEntry> NewestFirst => Entries.AsEnumerable().Reverse();

    /// <summary>The backup and all it needs are there and not known to be bad. Written apart from the policy's own code.</summary>
    public bool Restores(CatalogueEntry entry)
    {
        if (entry.Manifest is not { } manifest || KnownBad.Contains(entry.Id))
        {
            return false;
        }

        return new[] { manifest.Parent, manifest.Base }.OfType<string>()
            .All(id => Entries.Find(other => other.Id == id) is { } needed && Restores(needed));
    }

    public bool IsNeededBy(CatalogueEntry needed, CatalogueEntry entry) =>
        entry.Manifest is { } manifest
        && new[] { manifest.Parent, manifest.Base }.OfType<string>()
            .Any(id => id == needed.Id || (Entries.Find(other => other.Id == id) is { } between && IsNeededBy(needed, between)));

    public override string ToString() =>
        $"count {MaxCount}, age {MaxAge}\n" + string.Join('\n', Entries.Select(entry =>
            $"{entry.Id} {(entry.Manifest is null ? "damaged" : entry.Manifest.Scope)} {(KnownBad.Contains(entry.Id) ? "bad" : "")} parent {entry.Manifest?.Parent} base {entry.Manifest?.Base}"));
}
