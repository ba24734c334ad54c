using AiShell.Connections;
using AiShell.Engines;
using AiShell.Health;
using AiShell.Repository;
using AiShell.Tests.Transfer;

namespace AiShell.Tests.Health;

public sealed class HealthCheckTests : IDisposable
{
    private readonly TransferFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_database_with_a_fresh_backup_has_nothing_to_complain_about()
    {
        string shop = _folder.Shop();
        await _folder.BackUpAsync(shop);
        IReadOnlyList<HealthFinding> findings = await CheckAsync(shop);
        Assert.All(findings, finding => Assert.True(finding.IsGood, finding.Detail));
        Assert.Equal(["database", "last backup", "repository", "space"], findings.Select(finding => finding.Name).Where(name => name != "limit").Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Looking_changes_nothing()
    {
        string shop = _folder.Shop();
        await _folder.BackUpAsync(shop);
        (string, DateTime)[] before = Snapshot();
        await CheckAsync(shop);
        Assert.Equal(before, Snapshot());
    }

    [Fact]
    public async Task A_database_that_is_not_there_is_a_finding_and_the_others_are_still_looked_at()
    {
        string shop = _folder.Shop();
        await _folder.BackUpAsync(shop);
        IReadOnlyList<HealthFinding> findings = await CheckAsync(_folder.PathOf("gone.db"), shop);
        HealthFinding bad = Assert.Single(findings, finding => finding is { Name: "database", IsGood: false });
        Assert.Equal("gone.db", bad.Subject);
        Assert.NotNull(bad.Hint);
        Assert.Contains(findings, finding => finding is { Name: "database", Subject: "shop.db", IsGood: true });
        Assert.Contains(findings, finding => finding is { Name: "last backup", Subject: "gone.db", IsGood: false });
    }

    [Fact]
    public async Task No_repository_is_a_finding()
    {
        IReadOnlyList<HealthFinding> findings = await new HealthCheckJob(TimeProvider.System).RunAsync([], null, "/backups", new HashSet<string>(), default);
        Assert.Equal(("repository", "/backups", false), (findings[0].Name, findings[0].Subject, findings[0].IsGood));
    }

    [Fact]
    public async Task A_damaged_manifest_is_named()
    {
        string shop = _folder.Shop();
        CatalogueEntry entry = await _folder.BackUpAsync(shop);
        await File.WriteAllTextAsync(Directory.GetFiles(_folder.PathOf("repository"), "manifest.json", SearchOption.AllDirectories)[0], "{");
        HealthFinding bad = Assert.Single(await CheckAsync(shop), finding => finding is { Name: "repository", IsGood: false });
        Assert.Contains(entry.Id, bad.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_failed_verification_is_a_finding()
    {
        string shop = _folder.Shop();
        CatalogueEntry entry = await _folder.BackUpAsync(shop);
        IReadOnlyList<HealthFinding> findings = await new HealthCheckJob(TimeProvider.System).RunAsync(
            [Subject(shop)], await _folder.RepositoryAsync(), "here", new HashSet<string> { entry.Id }, default);
        Assert.Contains(findings, finding => finding is { Name: "last backup", IsGood: false } && finding.Detail.Contains(entry.Id, StringComparison.Ordinal));
    }

    private async Task<IReadOnlyList<HealthFinding>> CheckAsync(params string[] databases) => await new HealthCheckJob(TimeProvider.System).RunAsync(
        [.. databases.Select(Subject)], await _folder.RepositoryAsync(), "here", new HashSet<string>(), default);

    private static HealthSubject Subject(string path) => new(Path.GetFileName(path), new EngineRegistry().ByName("sqlite"), DatabaseAddress.OfFile(path));

    private (string, DateTime)[] Snapshot() =>
        [.. Directory.EnumerateFiles(_folder.PathOf("."), "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select(file => (file, File.GetLastWriteTimeUtc(file)))];
}
