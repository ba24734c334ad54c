using AiShell.Backup;
using AiShell.Connections;
using AiShell.Engines;
using AiShell.Repository;
using AiShell.Repository.Codecs;
using AiShell.Storage;
using AiShell.Tests.Engines.SqliteRows;
using AiShell.Transfer;
using Microsoft.Data.Sqlite;

namespace AiShell.Tests.Transfer;

/// <summary>A real repository, real databases and a scratch directory in a throw-away folder.</summary>
internal sealed class TransferFolder : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("ai-shell-transfer-");
    private readonly EngineRegistry _engines = new();

    public TransferFolder() => Directory.CreateDirectory(Scratch);

    public string Scratch => PathOf("scratch");

    public string PathOf(string name) => Path.Combine(_folder.FullName, name);

    public void Dispose() => _folder.Delete(recursive: true);

    /// <summary>A database with an odd name, NULL, blobs, text and numbers.</summary>
    public string Shop(string name = "shop.db")
    {
        string path = PathOf(name);
        using SqliteConnection connection = TestDatabase.Open(
            path,
            "CREATE TABLE customer(id INTEGER PRIMARY KEY, name TEXT NOT NULL, photo BLOB)",
            "CREATE TABLE \"odd \"\"name'\"(k TEXT PRIMARY KEY, v) WITHOUT ROWID",
            "INSERT INTO customer VALUES (1, 'Zoë', x'00ff'), (2, '', NULL), (3, 'a' || char(10) || 'b', x'')",
            "INSERT INTO \"odd \"\"name'\" VALUES ('a', 9223372036854775807), ('b', 1.5)",
            "CREATE VIEW names AS SELECT name FROM customer");
        return path;
    }

    public Task<BackupRepository> RepositoryAsync(string name = "repository") =>
        BackupRepository.OpenOrCreateAsync(StoreRegistry.Open(PathOf(name)), new NoManifestCache(), TimeProvider.System, default);

    public async Task<CatalogueEntry> BackUpAsync(string database, BackupFormat format = BackupFormat.Sql, string codec = "gzip")
    {
        BackupRepository repository = await RepositoryAsync();
        BackupResult result = await new BackupJob(repository, TimeProvider.System, NoProgress.Instance).RunAsync(
            new BackupRequest(
                _engines.ByName("sqlite"), DatabaseAddress.OfFile(database), Path.GetFileName(database), "before", format, BackupScope.All, TableFilter.Everything,
                CodecRegistry.Settings(codec, null), 2, null, new Dictionary<string, string> { ["why"] = "test" }, TimeSpan.Zero, false, false, Scratch),
            default);
        return result.Entry;
    }

    public async Task<ExportResult> ExportAsync(CatalogueEntry entry, string name, string? codec = null, bool replace = false) =>
        await new ExportJob(await RepositoryAsync(), TimeProvider.System, NoProgress.Instance).RunAsync(
            new ExportRequest(entry, PathOf(name), codec is null ? null : CodecRegistry.Settings(codec, null), replace), default);

    public async Task<ImportResult> ImportAsync(string path, string repository = "other", string? database = null, string codec = "gzip", bool trust = false) =>
        await new ImportJob(await RepositoryAsync(repository), TimeProvider.System, NoProgress.Instance).RunAsync(
            new ImportRequest(path, _engines.All, database, null, CodecRegistry.Settings(codec, null), 2, TimeSpan.Zero, trust, Scratch), default);

    /// <summary>The import fails as told, leaves no backup, no part and nothing in the scratch directory.</summary>
    public async Task<AiShellException> RefuseAsync(ErrorKind kind, string path)
    {
        AiShellException failure = await Assert.ThrowsAsync<AiShellException>(() => ImportAsync(path));
        Assert.True(kind == failure.Kind, $"{failure.Kind}: {failure.Message}");
        Assert.Contains(Path.GetFileName(path), failure.Message, StringComparison.Ordinal);
        BackupRepository repository = await RepositoryAsync("other");
        Assert.Empty(await repository.ListAsync(null, default));
        Assert.Empty(await repository.ListOrphansAsync(default));
        Assert.Empty(Directory.EnumerateFileSystemEntries(Scratch));
        return failure;
    }

    public static IEnumerable<ManifestTable> TablesOf(CatalogueEntry entry) => entry.Require().Tables;
}
