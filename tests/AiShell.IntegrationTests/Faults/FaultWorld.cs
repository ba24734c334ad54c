using AiShell.Backup;
using AiShell.Connections;
using AiShell.Engines;
using AiShell.Engines.Sqlite;
using AiShell.Repository;
using AiShell.Restore;
using AiShell.Storage;
using AiShell.Storage.Local;
using AiShell.Testing.Engines.Sqlite;
using AiShell.Testing.Storage;
using AiShell.Verification;

namespace AiShell.IntegrationTests.Faults;

/// <summary>A real SQLite database with two backups of it, and a copy of all that for each round of a test.</summary>
internal sealed class FaultWorld : IDisposable
{
    private readonly SqliteFolder _folder = new();
    private int _rounds;

    private FaultWorld(BackupFormat format)
    {
        Format = format;
        Source = DatabaseAddress.OfFile(_folder.Write(
            "shop.db",
            "PRAGMA page_size = 1024",
            "CREATE TABLE customer(id INTEGER PRIMARY KEY, name TEXT NOT NULL)",
            "CREATE TABLE purchase(id INTEGER PRIMARY KEY, customer INTEGER REFERENCES customer, total REAL, note BLOB)",
            "CREATE INDEX purchase_customer ON purchase(customer)",
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60) INSERT INTO customer SELECT i, 'customer ' || i FROM n",
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 150) INSERT INTO purchase SELECT i, 1 + i % 60, i / 7.0, zeroblob(i % 9) FROM n"));
        Other = _folder.Write("other.db", "CREATE TABLE customer(id INTEGER PRIMARY KEY, name TEXT)", "INSERT INTO customer VALUES(1, 'somebody else')");
    }

    public BackupFormat Format { get; }

    public IDatabaseEngine Engine { get; } = new SqliteEngine();

    public DatabaseAddress Source { get; }

    /// <summary>What stands at a restore's target before.</summary>
    public string Other { get; }

    public string Scratch => _folder.Scratch;

    private string Template => _folder.PathOf("template");

    public static async Task<FaultWorld> CreateAsync(BackupFormat format)
    {
        var world = new FaultWorld(format);
        var store = new LocalStore(world.Template);
        for (int i = 0; i < 2; i++)
        {
            await BackUpAsync(world, await OpenAsync(store), verifyAfter: false);
        }

        return world;
    }

    public FaultRound Begin() => new(this, Template, Directory.CreateDirectory(_folder.PathOf($"round-{++_rounds}")).FullName);

    public static Task<BackupRepository> OpenAsync(IObjectStore store) =>
        BackupRepository.OpenOrCreateAsync(store, new NoManifestCache(), TimeProvider.System, default);

    public static Task<BackupResult> BackUpAsync(FaultWorld world, BackupRepository repository, bool verifyAfter, TimeSpan lockWait = default) =>
        new BackupJob(repository, TimeProvider.System, NoProgress.Instance).RunAsync(
            new BackupRequest(
                world.Engine,
                world.Source,
                "shop",
                Name: null,
                world.Format,
                BackupScope.All,
                TableFilter.Everything,
                new CompressionSettings("gzip", 1),
                Workers: 1,
                RateLimitBytesPerSecond: null,
                new Dictionary<string, string>(),
                lockWait,
                AllowEmpty: false,
                verifyAfter,
                world.Scratch)
            { PartBytes = 6000 },
            default);

    public async Task<VerifyReport> VerifyAsync(BackupRepository repository, CatalogueEntry entry) =>
        await new VerifyJob(repository, NoProgress.Instance).RunAsync(new VerifyRequest(entry, Engine, Deep: true, Workers: 1, Scratch), default);

    public Task<TestRestoreReport> TestRestoreAsync(BackupRepository repository, CatalogueEntry entry) =>
        new TestRestoreJob(repository, TimeProvider.System, NoProgress.Instance).RunAsync(
            new TestRestoreRequest(entry, Engine, SampleRows: 3, ValidateData: true, Workers: 1, Scratch), default);

    public Task<RestoreResult> RestoreAsync(BackupRepository repository, CatalogueEntry entry, DatabaseAddress target, bool verifyFirst) =>
        new RestoreJob(repository, TimeProvider.System, NoProgress.Instance).RunAsync(
            new RestoreRequest(entry, Engine, target, TableFilter.Everything, verifyFirst, Replace: true, Workers: 1, TimeSpan.FromSeconds(5), Scratch),
            _ => Task.FromResult(false),
            default);

    public Task<IReadOnlyList<TableDigest>> DigestAsync(DatabaseAddress address) => Engine.DigestAsync(address, default);

    public void Dispose() => _folder.Dispose();
}

/// <summary>One try: its own copy of the repository, and a target with a database that stands there.</summary>
internal sealed class FaultRound : IDisposable
{
    private readonly FaultWorld _world;
    private readonly string _template;
    private readonly string _folder;

    public FaultRound(FaultWorld world, string template, string folder)
    {
        _world = world;
        _template = template;
        _folder = folder;
        string repository = Path.Combine(folder, "repository");
        foreach (string file in Directory.EnumerateFiles(template, "*", SearchOption.AllDirectories))
        {
            string copy = Path.Combine(repository, Path.GetRelativePath(template, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }

        Local = new LocalStore(repository);
        Store = new FaultyStore(Local);
        Target = DatabaseAddress.OfFile(Path.Combine(folder, "target.db"));
        File.Copy(world.Other, Target.Database);
    }

    public LocalStore Local { get; }

    public FaultyStore Store { get; }

    public DatabaseAddress Target { get; }

    public async Task<CatalogueEntry> LatestAsync() => (await (await FaultWorld.OpenAsync(Local)).ListAsync("shop", default))[0];

    /// <summary>Every listed backup is whole; returns how many there are.</summary>
    public async Task<int> VerifyAllAsync(string what)
    {
        BackupRepository repository = await FaultWorld.OpenAsync(Local);
        IReadOnlyList<CatalogueEntry> list = await repository.ListAsync(null, default);
        foreach (CatalogueEntry entry in list)
        {
            VerifyReport report = await _world.VerifyAsync(repository, entry);
            Assert.True(report.IsGood, $"{what}: {entry.Id}: {string.Join("; ", report.Problems)}");
        }

        return list.Count;
    }

    /// <summary>Not a byte of the backups made before has changed.</summary>
    public void AssertEarlierUntouched(string what)
    {
        foreach (string file in Directory.EnumerateFiles(Path.Combine(_template, "backups"), "*", SearchOption.AllDirectories))
        {
            string copy = Path.Combine(_folder, "repository", Path.GetRelativePath(_template, file));
            Assert.True(File.Exists(copy) && File.ReadAllBytes(copy).AsSpan().SequenceEqual(File.ReadAllBytes(file)), $"{what}: {copy}");
        }
    }

    /// <summary>The target is what it was, or what was backed up, and nothing lies beside it.</summary>
    public async Task<bool> IsTargetNewAsync(string what)
    {
        IReadOnlyList<TableDigest> found = await _world.DigestAsync(Target);
        bool isNew = found.SequenceEqual(await _world.DigestAsync(_world.Source));
        bool isOld = found.SequenceEqual(await _world.DigestAsync(DatabaseAddress.OfFile(_world.Other)));
        Assert.True(isNew || isOld, $"{what}: the target is neither old nor new.");
        Assert.Equal("ok", await SqliteFolder.ShellAsync(Target.Database, "PRAGMA integrity_check"));
        Assert.Equal([Path.Combine(_folder, "repository"), Target.Database], Directory.EnumerateFileSystemEntries(_folder).Order(StringComparer.Ordinal));
        Assert.Empty(Directory.EnumerateFileSystemEntries(_world.Scratch));
        return isNew;
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
