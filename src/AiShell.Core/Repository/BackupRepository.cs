using System.Text.Json;
using AiShell.Repository.Codecs;
using AiShell.Storage;

namespace AiShell.Repository;

/// <summary>
/// The backups in a store: the only type that knows names and formats there (docs/format.md). Safe for several processes
/// at once; whoever changes the backups of a database holds its lock.
/// </summary>
public sealed class BackupRepository
{
    private const string Reading = "reading-";
    private const string Deleting = "deleting-";

    /// <summary>A deletion marks a backup only until its manifest is gone.</summary>
    private static readonly TimeSpan DeletionPoll = TimeSpan.FromMilliseconds(50);

    private readonly IObjectStore _store;
    private readonly ManifestStore _manifests;
    private readonly TimeProvider _time;
    private readonly LeaseStore _leases;

    private BackupRepository(IObjectStore store, RepositoryDescription description, IManifestCache cache, TimeProvider time)
    {
        _store = store;
        _manifests = new ManifestStore(store, cache, description.Id);
        _time = time;
        _leases = new LeaseStore(store, time) { Waits = wait => Waits?.Invoke(wait) };
        Description = description;
    }

    public RepositoryDescription Description { get; }

    /// <summary>Told whenever an operation begins to wait for a lock that another one holds.</summary>
    public Action<WaitForLock>? Waits { get; set; }

    /// <summary>Where it is, without secrets.</summary>
    public string Location => _store.Display;

    /// <summary>Opens a repository.</summary>
    /// <exception cref="AiShellException"><see cref="ErrorKind.NotFound"/>: there is none; <see cref="ErrorKind.Integrity"/>: its description is damaged.</exception>
    public static async Task<BackupRepository> OpenAsync(IObjectStore store, IManifestCache cache, TimeProvider time, CancellationToken cancellationToken)
    {
        RepositoryDescription description = await ReadDescriptionAsync(store, cancellationToken) ?? throw new AiShellException(
            ErrorKind.NotFound,
            $"There is no backup repository at '{store.Display}'.",
            "The first 'ai-shell backup create' makes one, or 'ai-shell repo init'. Check --repo and AI_SHELL_BACKUP_DIR.");
        return new BackupRepository(store, description, cache, time);
    }

    /// <summary>Opens a repository, or makes one where there is none. Two that do it at once get the same one.</summary>
    public static async Task<BackupRepository> OpenOrCreateAsync(IObjectStore store, IManifestCache cache, TimeProvider time, CancellationToken cancellationToken)
    {
        if (await ReadDescriptionAsync(store, cancellationToken) is null)
        {
            var description = new RepositoryDescription(Guid.NewGuid().ToString("n"), Manifest.CurrentFormatVersion, time.GetUtcNow(), ToolVersion.Text);
            try
            {
                byte[] content = JsonSerializer.SerializeToUtf8Bytes(description, RepositoryJson.Readable.RepositoryDescription);
                await StoreContent.WriteAsync(store, RepositoryKeys.Repository, content, WriteMode.CreateOnly, cancellationToken);
            }
            catch (ObjectExistsException)
            {
                // Another process made it in this moment.
            }
        }

        return await OpenAsync(store, cache, time, cancellationToken);
    }

    /// <summary>Holds a database's backups for one writer: create, delete, prune, import.</summary>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Busy"/>: another operation held it for all of <paramref name="wait"/>.</exception>
    public Task<Lease> LockDatabaseAsync(string database, string operation, TimeSpan wait, CancellationToken cancellationToken) =>
        LockFolderAsync(RepositoryKeys.Encode(database), operation, wait, cancellationToken);

    /// <summary>As <see cref="LockDatabaseAsync"/>, by the encoded name of its folder.</summary>
    public Task<Lease> LockFolderAsync(string databaseFolder, string operation, TimeSpan wait, CancellationToken cancellationToken) =>
        _leases.AcquireAsync($"database-{databaseFolder}", operation, wait, cancellationToken);

    internal async Task<bool> IsFolderLockedAsync(string databaseFolder, CancellationToken cancellationToken) =>
        (await _leases.ListHeldAsync($"database-{databaseFolder}.", cancellationToken)).Count > 0;

    /// <summary>
    /// Marks a backup as being read, so that nobody deletes it meanwhile, and makes sure that it is still there. Any number of readers may;
    /// a deletion that has begun is waited for.
    /// </summary>
    /// <exception cref="AiShellException"><see cref="ErrorKind.NotFound"/>: it was deleted since it was listed.</exception>
    public async Task<Lease> LockForReadingAsync(CatalogueEntry entry, string operation, CancellationToken cancellationToken)
    {
        Lease reading = await _leases.AcquireSharedAsync($"{Reading}{entry.Id}-", operation, cancellationToken);
        try
        {
            await (entry.IsPending ? Task.CompletedTask : EnsureExistsAsync(entry, cancellationToken));
            return reading;
        }
        catch
        {
            await reading.DisposeAsync();
            throw;
        }
    }

    /// <summary>Locks held by living processes, with a line about each.</summary>
    public async Task<IReadOnlyList<HeldLock>> ListLocksAsync(CancellationToken cancellationToken) =>
        [.. (await _leases.ListHeldAsync("", cancellationToken)).Select(held => new HeldLock(held.Name, held.Record))];

    /// <summary>Takes a lock from its holder, which then fails before it commits anything.</summary>
    public Task BreakLockAsync(string name, CancellationToken cancellationToken) => _leases.BreakAsync(name, "repo unlock", cancellationToken);

    /// <summary>Every backup, newest first; damaged ones too.</summary>
    /// <param name="database">Only this database's; null for all.</param>
    public async Task<IReadOnlyList<CatalogueEntry>> ListAsync(string? database, CancellationToken cancellationToken)
    {
        string prefix = database is null ? RepositoryKeys.Backups : $"{RepositoryKeys.Backups}{RepositoryKeys.Encode(database)}/";
        var manifests = new List<StoredObject>();
        await foreach (StoredObject file in _store.ListAsync(prefix, cancellationToken))
        {
            if (RepositoryKeys.SplitBackupKey(file.Key) is { Path: RepositoryKeys.ManifestName })
            {
                manifests.Add(file);
            }
        }

        return [.. (await _manifests.ReadAsync(manifests, PlaceOf, CheckPlace, cancellationToken)).Order(NewestFirst.Instance)];
    }

    /// <summary>The log of one database.</summary>
    public DatabaseLog LogOf(string database) => new(_store, _manifests, _leases, database, RepositoryKeys.Encode(database));

    /// <summary>As <see cref="LogOf"/>, by the encoded name of its folder.</summary>
    internal DatabaseLog LogOfFolder(string databaseFolder) => new(_store, _manifests, _leases, Uri.UnescapeDataString(databaseFolder), databaseFolder);

    /// <summary>Finds one backup by its id, a unique beginning of it, or <c>latest</c> (of <paramref name="database"/>).</summary>
    /// <exception cref="AiShellException"><see cref="ErrorKind.NotFound"/>: none; <see cref="ErrorKind.Usage"/>: the beginning fits several.</exception>
    public async Task<CatalogueEntry> FindAsync(string idOrPrefix, string? database, CancellationToken cancellationToken) =>
        CatalogueSearch.Find(await ListAsync(database: null, cancellationToken), idOrPrefix, database);

    /// <summary>A backup with all that it needs.</summary>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Integrity"/>: the chain is broken.</exception>
    public async Task<BackupChain> FindChainAsync(CatalogueEntry entry, CancellationToken cancellationToken) =>
        BackupChain.Of(entry, entry.Require().Kind == BackupKind.Full ? [] : await ListAsync(entry.Database, cancellationToken));

    /// <summary>Begins a backup; nothing of it is visible before its manifest is committed.</summary>
    /// <param name="id">The id of an imported backup; null for a new one.</param>
    public BackupWriter Begin(string database, Lease databaseLock, string? id = null) =>
        new(_store, database, new CatalogueEntry(id ?? BackupId.Create(_time.GetUtcNow()), RepositoryKeys.Encode(database), Manifest: null, Damage: null), databaseLock);

    /// <summary>Reads the manifest from the store, whatever the cache has; returns what is wrong with it, or null.</summary>
    public async Task<string?> CheckManifestAsync(CatalogueEntry entry, CancellationToken cancellationToken)
    {
        string key = entry.ManifestKey;
        try
        {
            Manifest found = ManifestJson.Read(await StoreContent.ReadAsync(_store, key, cancellationToken), key);
            return found.Digest == entry.Require().Digest ? null : $"The manifest '{key}' is another than the one that was listed.";
        }
        catch (ObjectNotFoundException)
        {
            return $"The manifest '{key}' is missing.";
        }
        catch (AiShellException damage) when (damage.Kind == ErrorKind.Integrity)
        {
            return damage.Message;
        }
    }

    /// <summary>Compares a part's file with the manifest; returns what is wrong with it, or null.</summary>
    public Task<string?> CheckPartAsync(CatalogueEntry entry, ManifestPart part, Action<long> progress, CancellationToken cancellationToken) =>
        PartReader.CheckAsync(_store, entry.Folder, part, progress, cancellationToken);

    /// <summary>Checks a part, then gives its plain bytes to <paramref name="use"/>.</summary>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Integrity"/>: the part is not what was stored.</exception>
    public Task ReadPartAsync(CatalogueEntry entry, ManifestPart part, Func<Stream, Task> use, Action<long> progress, CancellationToken cancellationToken)
    {
        ICodec codec = CodecRegistry.ByName(entry.Require().Compression.Codec);
        return PartReader.ReadAsync(_store, entry.Folder, part, codec, use, progress, cancellationToken);
    }

    /// <summary>Where one may stop in a segment of a log, in its order.</summary>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Integrity"/>: the list is damaged, or is another segment's.</exception>
    public Task<IReadOnlyList<SegmentCommit>> ReadCommitsAsync(CatalogueEntry segment, CancellationToken cancellationToken) =>
        SegmentIndex.ReadAsync(segment, (part, use) => ReadPartAsync(segment, part, use, _ => { }, cancellationToken), cancellationToken);

    /// <summary>Opens a part's stored bytes as they are, unchecked; for copies, which check them while copying.</summary>
    internal Task<Stream> OpenStoredAsync(CatalogueEntry entry, ManifestPart part, CancellationToken cancellationToken) =>
        _store.OpenAsync(entry.Folder + part.Path, 0, null, cancellationToken);

    /// <summary>
    /// Removes a backup: its manifest first, so that it is gone at once and a crash leaves only files for
    /// <c>repo gc</c>. The caller holds the database's lock.
    /// </summary>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Busy"/>: somebody is reading it.</exception>
    public async Task DeleteAsync(CatalogueEntry entry, Lease databaseLock, CancellationToken cancellationToken)
    {
        string folder = entry.Folder;

        // A reader leaves its mark, then looks for this one; we leave this one, then look for its. Either of us sees the other.
        await using (await _leases.AcquireSharedAsync($"{Deleting}{entry.Id}-", "delete", cancellationToken))
        {
            await RefuseBeingReadAsync(entry, cancellationToken);
            await databaseLock.EnsureHeldAsync(cancellationToken);
            await _store.DeleteAsync(entry.ManifestKey, cancellationToken);
        }

        await foreach (StoredObject file in _store.ListAsync(folder, cancellationToken))
        {
            await _store.DeleteAsync(file.Key, cancellationToken);
        }
    }

    /// <summary>Files in backup folders that no manifest names, by database folder: leftovers of failed or killed backups, and strays.</summary>
    public async Task<IReadOnlyList<OrphanedFile>> ListOrphansAsync(CancellationToken cancellationToken)
    {
        var named = new HashSet<string>(StringComparer.Ordinal);
        var damaged = new HashSet<string>(StringComparer.Ordinal);
        foreach (CatalogueEntry entry in await ListAsync(database: null, cancellationToken))
        {
            string folder = entry.Folder;
            named.Add(folder + RepositoryKeys.ManifestName);
            if (entry.Manifest is null)
            {
                // Nobody knows what belongs to it: its files are evidence, not garbage.
                damaged.Add(folder);
            }

            named.UnionWith(entry.Manifest?.Parts.Select(part => folder + part.Path) ?? []);
        }

        var orphans = new List<OrphanedFile>();
        await foreach (StoredObject file in _store.ListAsync(RepositoryKeys.Backups, cancellationToken))
        {
            if (RepositoryKeys.SplitBackupKey(file.Key) is { } key
                && !named.Contains(file.Key)
                && !damaged.Contains($"{RepositoryKeys.Backups}{key.DatabaseFolder}/{key.Id}/"))
            {
                orphans.Add(new OrphanedFile(file.Key, key.DatabaseFolder, file.SizeBytes));
            }
        }

        foreach (string folder in await ListLogFoldersAsync(cancellationToken))
        {
            orphans.AddRange(await LogOfFolder(folder).ListOrphansAsync(cancellationToken));
        }

        return orphans;
    }

    /// <summary>The encoded names of databases that have a log.</summary>
    private async Task<IReadOnlyCollection<string>> ListLogFoldersAsync(CancellationToken cancellationToken)
    {
        var folders = new HashSet<string>(StringComparer.Ordinal);
        await foreach (StoredObject file in _store.ListAsync(RepositoryKeys.Logs, cancellationToken))
        {
            folders.Add(file.Key.Split('/')[1]);
        }

        return folders;
    }

    /// <summary>Removes a file that <see cref="ListOrphansAsync"/> found while the caller held the database's lock.</summary>
    internal Task DeleteOrphanAsync(OrphanedFile orphan, CancellationToken cancellationToken) => _store.DeleteAsync(orphan.Key, cancellationToken);

    /// <summary>Removes the marks of readers that were killed.</summary>
    internal async Task CollectDeadMarksAsync(CancellationToken cancellationToken)
    {
        await _leases.CollectSharedAsync(Reading, cancellationToken);
        await _leases.CollectSharedAsync(Deleting, cancellationToken);
    }

    internal Task<int> CollectUnfinishedAsync(DateTimeOffset olderThan, CancellationToken cancellationToken) =>
        _store.CollectUnfinishedAsync(olderThan, cancellationToken);

    /// <summary>Bytes that can still be stored, null where the store does not know.</summary>
    public Task<long?> GetFreeBytesAsync(CancellationToken cancellationToken) => _store.GetFreeBytesAsync(cancellationToken);

    private static async Task<RepositoryDescription?> ReadDescriptionAsync(IObjectStore store, CancellationToken cancellationToken)
    {
        try
        {
            byte[] content = await StoreContent.ReadAsync(store, RepositoryKeys.Repository, cancellationToken);
            RepositoryDescription? description = JsonSerializer.Deserialize(content, RepositoryJson.Compact.RepositoryDescription);
            return description?.FormatVersion == Manifest.CurrentFormatVersion ? description : throw new AiShellException(
                ErrorKind.Integrity,
                $"The repository at '{store.Display}' has format version {description?.FormatVersion}; this program reads version {Manifest.CurrentFormatVersion}.",
                "Use the version of ai-shell that made it, or a newer one.");
        }
        catch (ObjectNotFoundException)
        {
            return null;
        }
        catch (JsonException failure)
        {
            throw new AiShellException(
                ErrorKind.Integrity,
                $"'{RepositoryKeys.Repository}' at '{store.Display}' is damaged: it is not valid JSON.",
                "Restore the file from a copy; the backups beside it are not affected.",
                failure);
        }
    }

    private async Task EnsureExistsAsync(CatalogueEntry entry, CancellationToken cancellationToken)
    {
        while ((await _leases.ListHeldAsync($"{Deleting}{entry.Id}-", cancellationToken)).Count > 0)
        {
            await Task.Delay(DeletionPoll, _time, cancellationToken);
        }

        if (await _store.StatAsync(entry.ManifestKey, cancellationToken) is null)
        {
            throw new AiShellException(
                ErrorKind.NotFound, $"The backup '{entry.Id}' was deleted in this moment.", "'ai-shell backup list' shows the backups there are.");
        }
    }

    private async Task RefuseBeingReadAsync(CatalogueEntry entry, CancellationToken cancellationToken)
    {
        if (await _leases.ListHeldAsync($"{Reading}{entry.Id}-", cancellationToken) is [var reader, ..])
        {
            throw new AiShellException(
                ErrorKind.Busy,
                $"The backup '{entry.Id}' is being read by '{reader.Record.Operation}' (process {reader.Record.ProcessId} on {reader.Record.Host}).",
                "Wait until that is done.");
        }
    }

    private static CatalogueEntry PlaceOf(StoredObject file)
    {
        (string folder, string id, _) = RepositoryKeys.SplitBackupKey(file.Key)!.Value;
        return new CatalogueEntry(id, folder, Manifest: null, Damage: null);
    }

    /// <summary>A manifest copied to another folder would let one backup pass for another.</summary>
    private static void CheckPlace(CatalogueEntry place, Manifest manifest)
    {
        if (manifest.Id != place.Id || RepositoryKeys.Encode(manifest.Database) != place.DatabaseFolder || manifest.Segment is not null)
        {
            throw new AiShellException(
                ErrorKind.Integrity,
                $"The manifest '{place.ManifestKey}' is that of backup '{manifest.Id}' of database '{manifest.Database}': it does not belong here.",
                "Move the folder back to its place.");
        }
    }
}
