using AiShell.Engines;
using AiShell.Repository;
using AiShell.Storage;
using AiShell.Storage.Local;
using AiShell.Testing.Storage;
using Microsoft.Extensions.Time.Testing;

namespace AiShell.Tests.Repository;

/// <summary>A real repository in a throw-away folder, and backups of a few bytes in it.</summary>
internal sealed class TestRepository : IDisposable
{
    public static readonly CompressionSettings Gzip = new("gzip", 6);

    private readonly TemporaryFolder _folder = new();

    public TestRepository()
    {
        Local = new LocalStore(_folder["repository"]);
        Store = new FaultyStore(Local);
    }

    public LocalStore Local { get; }

    public FaultyStore Store { get; }

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero));

    public LeaseStore Leases => new(Store, Time);

    public static CancellationToken None => CancellationToken.None;

    public string PathOf(string key) => Path.Combine(_folder["repository"], key);

    public string Outside => _folder.Path;

    public void Dispose() => _folder.Dispose();

    public Task<BackupRepository> OpenAsync(IManifestCache? cache = null) =>
        BackupRepository.OpenOrCreateAsync(Store, cache ?? new NoManifestCache(), Time, None);

    /// <summary>Makes a backup of one part a text, a second after the one before.</summary>
    public async Task<CatalogueEntry> BackUpAsync(string database, Func<Manifest, Manifest>? change = null, params string[] texts)
    {
        Time.Advance(TimeSpan.FromSeconds(1));
        BackupRepository repository = await OpenAsync();
        await using Lease databaseLock = await repository.LockDatabaseAsync(database, "backup create", TimeSpan.Zero, None);
        await using BackupWriter writer = repository.Begin(database, databaseLock);
        foreach ((int index, string text) in (texts.Length == 0 ? ["CREATE TABLE t(x);", "INSERT INTO t VALUES(1);"] : texts).Index())
        {
            await WritePartAsync(writer, index, text);
        }

        Manifest manifest = ManifestOf(writer, Time.GetUtcNow());
        return await writer.CommitAsync(change?.Invoke(manifest) ?? manifest, None);
    }

    public static async Task WritePartAsync(BackupWriter writer, int index, string text)
    {
        var step = new SnapshotStep(index, PartPhase.Data, "data", "sql", new TableName("", "t"), text.Length);
        await writer.WriteStepAsync(
            step,
            Gzip,
            1 << 20,
            new RateLimit(null, TimeProvider.System),
            async sink =>
            {
                await sink.Stream.WriteAsync(System.Text.Encoding.UTF8.GetBytes(text));
                await sink.EndPartAsync(1, None);
                return [];
            },
            _ => { },
            None);
    }

    public static Manifest ManifestOf(BackupWriter writer, DateTimeOffset at) =>
        ManifestOf(writer.Id, writer.Database, at) with { Parts = writer.Parts };

    public static Manifest ManifestOf(string id, string database, DateTimeOffset at) => new()
    {
        FormatVersion = Manifest.CurrentFormatVersion,
        Id = id,
        Database = database,
        Source = "/var/lib/shop.db",
        Engine = "sqlite",
        EngineVersion = "3.53.4",
        ToolVersion = "0.1.0",
        Kind = BackupKind.Full,
        Format = BackupFormat.Sql,
        Scope = BackupScope.All,
        CreatedAt = at,
        CompletedAt = at,
        Position = new PositionRange(new LogPosition("1"), new LogPosition("1")),
        Compression = Gzip,
        Parts = [],
        Tables = [new ManifestTable("", "t", 1, new string('0', 32))],
        Objects = new Dictionary<string, int> { ["views"] = 2 },
        Tags = new Dictionary<string, string> { ["why"] = "größe \"x\"" },
    };

    public async Task<string[]> KeysAsync(string prefix = "")
    {
        List<string> keys = [];
        await foreach (StoredObject found in Local.ListAsync(prefix, None))
        {
            keys.Add(found.Key);
        }

        return [.. keys];
    }

    public Task<byte[]> ReadAsync(string key) => File.ReadAllBytesAsync(PathOf(key));
}
