using AiShell.Backup;
using AiShell.Connections;
using AiShell.Engines;
using AiShell.Repository;
using AiShell.Storage.Local;
using AiShell.Verification;

namespace AiShell.IntegrationTests.PostgreSql;

/// <summary>Parts that changed places, are there twice or not at all, in the files or in a manifest with a right digest: deep verification refuses and names them.</summary>
public sealed class MixedUpPartsTests(SharedServer shared) : PostgreSqlRestoreSuite(shared), IClassFixture<SharedServer>
{
    // Two tables of one shape, so that only the rows tell their parts from each other's; so many that one read never has a third of them.
    private const string Shop =
        """
        CREATE TABLE first(id int, note text); INSERT INTO first SELECT i, md5(i::text) FROM generate_series(1, 20000) i;
        CREATE TABLE second(id int, note text); INSERT INTO second SELECT i, md5((-i)::text) FROM generate_series(1, 20000) i;
        """;

    public static TheoryData<string> Formats => ["sql", "json", "csv"];

    [Theory]
    [MemberData(nameof(Formats))]
    public async Task Two_parts_of_one_table_whose_files_changed_places(string format)
    {
        World world = await MakeAsync(format);
        ManifestPart[] parts = world.PartsOf("first");
        await world.SwapFilesAsync(parts[0], parts[1]);
        await AssertBadAsync(world, parts[0].Path, parts[1].Path);
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public async Task A_part_whose_file_is_anothers_or_gone(string format)
    {
        World world = await MakeAsync(format);
        File.Copy(world.FileOf(world.PartsOf("second")[1]), world.FileOf(world.PartsOf("first")[1]), overwrite: true);
        File.Delete(world.FileOf(world.PartsOf("second")[0]));
        await AssertBadAsync(world, world.PartsOf("first")[1].Path, world.PartsOf("second")[0].Path);
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public async Task A_part_that_the_manifest_has_twice(string format)
    {
        World world = await MakeAsync(format);
        ManifestPart twice = world.PartsOf("first")[1];
        await world.ListAsync(parts => parts.SelectMany(part => part == twice ? [part, part] : (ManifestPart[])[part]));
        await AssertBadAsync(world, "'public.first'");
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public async Task A_part_that_the_manifest_has_twice_and_another_not_at_all(string format)
    {
        World world = await MakeAsync(format);
        ManifestPart[] parts = world.PartsOf("first");
        await world.ListAsync(all => all.Select(part => part == parts[1] ? parts[0] : part));
        await AssertBadAsync(world, "'public.first'");
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public async Task A_part_that_the_manifest_does_not_have(string format)
    {
        World world = await MakeAsync(format);
        ManifestPart missing = world.PartsOf("second")[1];
        await world.ListAsync(parts => parts.Where(part => part != missing));
        await AssertBadAsync(world, "'public.second'");
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public async Task A_part_that_the_manifest_has_as_another_tables(string format)
    {
        World world = await MakeAsync(format);
        ManifestPart moved = world.PartsOf("second")[1];
        await world.ListAsync(parts => parts.Select(part => part == moved ? part with { Table = world.PartsOf("first")[0].Table } : part));
        await AssertBadAsync(world, "'public.first'");
    }

    [Theory]
    [InlineData(PartPhase.PreData)]
    [InlineData(PartPhase.PostData)]
    public async Task A_part_of_the_schema_that_the_manifest_has_twice(PartPhase phase)
    {
        World world = await MakeAsync("sql");
        await world.ListAsync(parts => parts.SelectMany(part => part.Phase == phase ? [part, part] : (ManifestPart[])[part]));
        await AssertBadAsync(world, "twice");
    }

    [Fact]
    public async Task A_schema_that_the_manifest_does_not_have()
    {
        World world = await MakeAsync("sql");
        await world.ListAsync(parts => parts.Where(part => part.Phase != PartPhase.PreData));
        await AssertBadAsync(world, "schema");
    }

    private static async Task AssertBadAsync(World world, params string[] named)
    {
        VerifyReport report = await world.VerifyAsync();
        Assert.All(named, name => Assert.True(report.Problems.Any(problem => problem.Contains(name, StringComparison.Ordinal)), $"'{name}' is not in: {string.Join("; ", report.Problems)}"));
    }

    private async Task<World> MakeAsync(string format)
    {
        DatabaseAddress shop = await CreateAsync($"shop_{Guid.NewGuid():N}"[..20], Shop, "CREATE INDEX ON first(id); ALTER TABLE second ADD PRIMARY KEY (id)");
        string folder = Path.Combine(Fixture.ScratchDirectory, $"repository-{Guid.NewGuid():N}");
        BackupRepository repository = await BackupRepository.OpenOrCreateAsync(new LocalStore(folder), new NoManifestCache(), TimeProvider.System, default);
        BackupResult made = await new BackupJob(repository, TimeProvider.System, NoProgress.Instance).RunAsync(
            new BackupRequest(
                Engine, shop, "shop", Name: null, Enum.Parse<BackupFormat>(format, ignoreCase: true), BackupScope.All, TableFilter.Everything, new CompressionSettings("gzip", 1),
                Workers: 2, RateLimitBytesPerSecond: null, new Dictionary<string, string>(), TimeSpan.FromSeconds(5), AllowEmpty: false, VerifyAfter: true, Fixture.ScratchDirectory)
            { PartBytes = 30_000 },
            default);
        World world = new(repository, Engine, made.Manifest, Path.Combine(folder, RepositoryKeys.BackupFolder("shop", made.Manifest.Id)), Fixture.ScratchDirectory);
        Assert.True(world.PartsOf("first").Length > 2 && world.PartsOf("second").Length > 2);
        return world;
    }

    private sealed record World(BackupRepository Repository, IDatabaseEngine Engine, Manifest Manifest, string Folder, string Scratch)
    {
        public ManifestPart[] PartsOf(string table) => [.. Manifest.Parts.Where(part => part.Table?.Name == table)];

        public string FileOf(ManifestPart part) => Path.Combine(Folder, part.Path);

        public async Task SwapFilesAsync(ManifestPart one, ManifestPart other)
        {
            byte[] content = await File.ReadAllBytesAsync(FileOf(one));
            File.Copy(FileOf(other), FileOf(one), overwrite: true);
            await File.WriteAllBytesAsync(FileOf(other), content);
        }

        /// <summary>Writes the manifest anew, with its digest right.</summary>
        public Task ListAsync(Func<IEnumerable<ManifestPart>, IEnumerable<ManifestPart>> change) =>
            File.WriteAllBytesAsync(Path.Combine(Folder, RepositoryKeys.ManifestName), ManifestJson.Write(Manifest with { Parts = [.. change(Manifest.Parts)] }));

        public async Task<VerifyReport> VerifyAsync() => await new VerifyJob(Repository, NoProgress.Instance).RunAsync(
            new VerifyRequest(await Repository.FindAsync(Manifest.Id, "shop", default), Engine, Deep: true, Workers: 2, Scratch), default);
    }
}
