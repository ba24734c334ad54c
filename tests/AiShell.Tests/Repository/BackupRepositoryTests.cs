using System.Text;
using System.Text.Json.Nodes;
using AiShell.Repository;

namespace AiShell.Tests.Repository;

public sealed class BackupRepositoryTests : IDisposable
{
    private readonly TestRepository _test = new();

    public static TheoryData<string> Garbage =>
    [
        "", "{", "[]", "null", "42", "\"text\"", "{}", "\0\0\0\0", "{\"formatVersion\":1}", "{\"formatVersion\":\"1\"}", "{\"formatVersion\":1.5}",
        "{\"formatVersion\":1e99}", "{\"formatVersion\":null}", "\ufeff{}", "{\"formatVersion\":1,\"id\":\"\\ud800\"}", new string('[', 5000), "\u00ff\u00fe",
    ];

    public static TheoryData<string> Names =>
    [
        "../../etc/passwd", "..", ".", "...", "/", "a/b", "", " ", "shop\n2", "it's \"quoted\"", "🐘 shop", "%2e%2e", "-rf", "C:\\x", "a\0b",
        new string('x', 255), new string('ü', 255), "\ud800", "con", "*", "~",
    ];

    public void Dispose() => _test.Dispose();

    [Fact]
    public async Task The_manifest_is_written_last_and_its_parts_are_durable_before()
    {
        BackupRepository repository = await _test.OpenAsync();
        await using Lease databaseLock = await repository.LockDatabaseAsync("shop", "backup create", TimeSpan.Zero, default);
        await using BackupWriter writer = repository.Begin("shop", databaseLock);
        await TestRepository.WritePartAsync(writer, 0, "one");

        string folder = $"backups/shop/{writer.Id}/";
        Assert.Equal([folder + "parts/00001-data.0001.sql.gz"], await _test.KeysAsync("backups/"));
        Assert.Empty(await repository.ListAsync(null, default));

        await writer.CommitAsync(TestRepository.ManifestOf(writer, _test.Time.GetUtcNow()), default);
        Assert.Equal(writer.Id, Assert.Single(await repository.ListAsync(null, default)).Id);
    }

    [Fact]
    public async Task A_commit_replaces_no_manifest()
    {
        CatalogueEntry first = await _test.BackUpAsync("shop");
        string key = $"backups/shop/{first.Id}/manifest.json";
        byte[] before = await _test.ReadAsync(key);

        BackupRepository repository = await _test.OpenAsync();
        await using (Lease databaseLock = await repository.LockDatabaseAsync("shop", "backup import", TimeSpan.Zero, default))
        {
            await using BackupWriter writer = repository.Begin("shop", databaseLock, first.Id);
            await Assert.ThrowsAsync<AiShell.Storage.ObjectExistsException>(
                () => writer.CommitAsync(TestRepository.ManifestOf(writer, _test.Time.GetUtcNow()), default));
        }

        Assert.Equal(before, await _test.ReadAsync(key));
        Assert.Equal(3, (await _test.KeysAsync("backups/")).Length);
    }

    [Fact]
    public async Task A_writer_given_up_leaves_no_file_behind_even_one_the_store_denied()
    {
        BackupRepository repository = await _test.OpenAsync();
        await using (Lease databaseLock = await repository.LockDatabaseAsync("shop", "backup create", TimeSpan.Zero, default))
        {
            await using BackupWriter writer = repository.Begin("shop", databaseLock);
            await TestRepository.WritePartAsync(writer, 0, "one");
            _test.Store.FailAfter(AiShell.Testing.Storage.StoreCall.Commit);
            await Assert.ThrowsAsync<AiShell.Storage.TransientStoreException>(() => TestRepository.WritePartAsync(writer, 1, "two"));
            Assert.Equal(2, (await _test.KeysAsync("backups/")).Length);
        }

        Assert.Empty(await _test.KeysAsync("backups/"));
    }

    [Fact]
    public async Task A_writer_that_lost_its_lock_leaves_its_files_to_gc()
    {
        BackupRepository repository = await _test.OpenAsync();
        Lease databaseLock = await repository.LockDatabaseAsync("shop", "backup create", TimeSpan.Zero, default);
        BackupWriter writer = repository.Begin("shop", databaseLock);
        await TestRepository.WritePartAsync(writer, 0, "one");
        await repository.BreakLockAsync("database-shop", default);

        AiShellException lost = await Assert.ThrowsAsync<AiShellException>(
            () => writer.CommitAsync(TestRepository.ManifestOf(writer, _test.Time.GetUtcNow()), default));
        await writer.DisposeAsync();
        await databaseLock.DisposeAsync();

        Assert.Equal(ErrorKind.Busy, lost.Kind);
        Assert.Equal($"backups/shop/{writer.Id}/", writer.Leftovers);
        Assert.Empty(await repository.ListAsync(null, default));
        Assert.Single(await repository.ListOrphansAsync(default));
    }

    [Theory]
    [MemberData(nameof(Garbage))]
    public async Task A_garbage_manifest_is_listed_as_damaged_and_the_list_goes_on(string content)
    {
        CatalogueEntry old = await _test.BackUpAsync("shop");
        CatalogueEntry bad = await _test.BackUpAsync("shop");
        CatalogueEntry recent = await _test.BackUpAsync("shop");
        await File.WriteAllBytesAsync(_test.PathOf($"backups/shop/{bad.Id}/manifest.json"), Encoding.Latin1.GetBytes(content));

        IReadOnlyList<CatalogueEntry> list = await (await _test.OpenAsync()).ListAsync(null, default);

        Assert.Equal([recent.Id, bad.Id, old.Id], list.Select(entry => entry.Id));
        Assert.Equal([null, ErrorKind.Integrity, null], list.Select(entry => entry.Damage?.Kind));
        Assert.Null(list[1].Manifest);
        Assert.Equal("shop", list[1].Database);
    }

    [Fact]
    public async Task A_manifest_cut_anywhere_or_with_any_bit_flipped_is_damaged()
    {
        CatalogueEntry entry = await _test.BackUpAsync("shop");
        string key = $"backups/shop/{entry.Id}/manifest.json";
        byte[] whole = await _test.ReadAsync(key);
        for (int length = 0; length < whole.Length - 1; length++)
        {
            Assert.Equal(ErrorKind.Integrity, Assert.Throws<AiShellException>(() => ManifestJson.Read(whole.AsMemory(0, length), key)).Kind);
        }

        for (int position = 0; position < whole.Length; position++)
        {
            byte[] altered = [.. whole];
            altered[position] ^= 0x04;
            bool onlyLayout = whole[position] is (byte)' ' or (byte)'\n';
            Exception? found = Record.Exception(() => ManifestJson.Read(altered, key));
            Assert.True(onlyLayout || found is AiShellException { Kind: ErrorKind.Integrity }, $"byte {position}: {found?.ToString() ?? "accepted"}");
        }
    }

    [Fact]
    public async Task An_unknown_major_version_is_refused_with_its_number()
    {
        CatalogueEntry entry = await _test.BackUpAsync("shop");
        await EditAsync(entry, manifest => manifest["formatVersion"] = 2);

        CatalogueEntry found = Assert.Single(await (await _test.OpenAsync()).ListAsync(null, default));
        Assert.Equal(ErrorKind.Integrity, found.Damage!.Kind);
        Assert.Contains("format version 2", found.Damage.Message, StringComparison.Ordinal);
        Assert.Equal(ErrorKind.Integrity, Assert.Throws<AiShellException>(found.Require).Kind);
    }

    [Theory]
    [InlineData("id")]
    [InlineData("database")]
    [InlineData("parts")]
    [InlineData("tables")]
    [InlineData("compression")]
    [InlineData("tags")]
    public async Task A_manifest_without_what_it_must_have_is_damaged_even_if_its_digest_is_right(string key)
    {
        CatalogueEntry entry = await _test.BackUpAsync("shop");
        await EditAsync(entry, manifest => manifest[key] = null);
        Assert.Equal(ErrorKind.Integrity, Assert.Single(await (await _test.OpenAsync()).ListAsync(null, default)).Damage?.Kind);

        await EditAsync(entry, manifest => manifest.Remove(key));
        Assert.Equal(ErrorKind.Integrity, Assert.Single(await (await _test.OpenAsync()).ListAsync(null, default)).Damage?.Kind);
    }

    [Theory]
    [InlineData("../../shop2/x")]
    [InlineData("/etc/passwd")]
    [InlineData("parts/../manifest.json")]
    [InlineData("parts/..")]
    [InlineData("parts/a\\b")]
    [InlineData("manifest.json")]
    public async Task A_part_outside_its_folder_makes_the_manifest_damaged(string path)
    {
        CatalogueEntry entry = await _test.BackUpAsync("shop");
        await EditAsync(entry, manifest => manifest["parts"]![0]!["path"] = path);
        Assert.Contains("outside its folder", Assert.Single(await (await _test.OpenAsync()).ListAsync(null, default)).Damage?.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_backup_copied_under_another_name_does_not_pass_for_one()
    {
        CatalogueEntry entry = await _test.BackUpAsync("shop");
        string other = entry.Id[..^6] + "zzzzzz";
        Directory.CreateDirectory(_test.PathOf($"backups/shop/{other}"));
        File.Copy(_test.PathOf($"backups/shop/{entry.Id}/manifest.json"), _test.PathOf($"backups/shop/{other}/manifest.json"));

        IReadOnlyList<CatalogueEntry> list = await (await _test.OpenAsync()).ListAsync(null, default);
        Assert.Contains("does not belong here", list.Single(found => found.Id == other).Damage!.Message, StringComparison.Ordinal);
        Assert.NotNull(list.Single(found => found.Id == entry.Id).Manifest);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task No_name_leaves_its_folder(string name)
    {
        string[] before = Directory.GetFileSystemEntries(_test.Outside);
        CatalogueEntry entry = await _test.BackUpAsync(name);
        BackupRepository repository = await _test.OpenAsync();

        CatalogueEntry found = Assert.Single(await repository.ListAsync(name, default));
        Assert.Null(found.Damage);
        Assert.Equal(entry.Id, found.Id);
        Assert.All(await _test.KeysAsync("backups/"), key => Assert.Equal(entry.Id, key.Split('/')[2]));
        Assert.Equal(3, (await _test.KeysAsync("backups/")).Length);
        Assert.Equal([.. before, _test.PathOf("")], Directory.GetFileSystemEntries(_test.Outside));
        Assert.Null(await repository.CheckPartAsync(found, found.Require().Parts[0], _ => { }, default));
        Assert.Empty(await repository.ListOrphansAsync(default));
    }

    [Fact]
    public async Task A_unique_beginning_finds_a_backup_and_an_ambiguous_or_unknown_one_is_told_apart()
    {
        CatalogueEntry first = await _test.BackUpAsync("shop");
        CatalogueEntry second = await _test.BackUpAsync("zoo");
        BackupRepository repository = await _test.OpenAsync();

        Assert.Equal(first.Id, (await repository.FindAsync(first.Id, null, default)).Id);
        Assert.Equal(first.Id, (await repository.FindAsync(first.Id[..^7], null, default)).Id);
        Assert.Equal(second.Id, (await repository.FindAsync("latest", "zoo", default)).Id);
        AiShellException ambiguous = await Assert.ThrowsAsync<AiShellException>(() => repository.FindAsync("backup-2026", null, default));
        Assert.Equal(ErrorKind.Usage, ambiguous.Kind);
        Assert.Contains(first.Id, ambiguous.Message, StringComparison.Ordinal);
        Assert.Contains(second.Id, ambiguous.Message, StringComparison.Ordinal);
        Assert.Equal(ErrorKind.NotFound, (await Assert.ThrowsAsync<AiShellException>(() => repository.FindAsync("backup-1999", null, default))).Kind);
        Assert.Equal(ErrorKind.NotFound, (await Assert.ThrowsAsync<AiShellException>(() => repository.FindAsync("latest", "none", default))).Kind);
        Assert.Equal(ErrorKind.Usage, (await Assert.ThrowsAsync<AiShellException>(() => repository.FindAsync("latest", null, default))).Kind);
    }

    [Fact]
    public void Of_backups_made_in_the_same_second_the_newer_one_is_listed_first()
    {
        var second = new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero);
        string[] suffixes = ["mmmmmm", "zzzzzz", "aaaaaa"];
        CatalogueEntry[] made =
        [
            .. suffixes.Select((suffix, index) => new CatalogueEntry(
                $"backup-20261124120000-{suffix}", "shop", TestRepository.ManifestOf("x", "shop", second.AddMilliseconds(index)), null)),
            new CatalogueEntry("backup-20261124120001-aaaaaa", "shop", null, null),
        ];
        Assert.Equal(made.AsEnumerable().Reverse(), made.Order(NewestFirst.Instance));
    }

    [Fact]
    public async Task Latest_passes_over_a_damaged_backup()
    {
        CatalogueEntry good = await _test.BackUpAsync("shop");
        CatalogueEntry bad = await _test.BackUpAsync("shop");
        await File.WriteAllTextAsync(_test.PathOf($"backups/shop/{bad.Id}/manifest.json"), "{");
        Assert.Equal(good.Id, (await (await _test.OpenAsync()).FindAsync("latest", "shop", default)).Id);
    }

    [Fact]
    public async Task Orphans_are_the_files_that_no_manifest_names_but_never_those_beside_a_damaged_one()
    {
        CatalogueEntry good = await _test.BackUpAsync("shop");
        CatalogueEntry damaged = await _test.BackUpAsync("shop");
        CatalogueEntry killed = await _test.BackUpAsync("zoo");
        await File.WriteAllTextAsync(_test.PathOf($"backups/shop/{damaged.Id}/manifest.json"), "{");
        File.Delete(_test.PathOf($"backups/zoo/{killed.Id}/manifest.json"));
        await File.WriteAllTextAsync(_test.PathOf($"backups/shop/{good.Id}/parts/stray"), "12345");
        await File.WriteAllTextAsync(_test.PathOf("backups/shop/README"), "not ours to touch");

        IReadOnlyList<OrphanedFile> orphans = await (await _test.OpenAsync()).ListOrphansAsync(default);

        Assert.Equal(
            [
                $"backups/shop/{good.Id}/parts/stray",
                $"backups/zoo/{killed.Id}/parts/00001-data.0001.sql.gz",
                $"backups/zoo/{killed.Id}/parts/00002-data.0001.sql.gz",
            ],
            orphans.Select(orphan => orphan.Key));
        Assert.Equal(5, orphans[0].SizeBytes);
        Assert.Equal("zoo", orphans[1].DatabaseFolder);
    }

    [Fact]
    public async Task A_repository_opened_elsewhere_lists_everything_from_the_manifests_alone()
    {
        CatalogueEntry one = await _test.BackUpAsync("shop");
        CatalogueEntry two = await _test.BackUpAsync("zoo");
        var cache = new MemoryCache();

        IReadOnlyList<CatalogueEntry> first = await (await _test.OpenAsync(cache)).ListAsync(null, default);
        IReadOnlyList<CatalogueEntry> cached = await (await _test.OpenAsync(cache)).ListAsync(null, default);
        Assert.Equal([two.Id, one.Id], first.Select(entry => entry.Id));
        Assert.Equal(first.Select(entry => entry.Require().Digest), cached.Select(entry => entry.Require().Digest));
        Assert.Equal(2, cache.Hits);
    }

    [Fact]
    public async Task A_manifest_that_rots_behind_the_cache_is_found()
    {
        CatalogueEntry entry = await _test.BackUpAsync("shop");
        var cache = new MemoryCache();
        BackupRepository repository = await _test.OpenAsync(cache);
        CatalogueEntry listed = Assert.Single(await repository.ListAsync(null, default));
        Assert.Null(await repository.CheckManifestAsync(listed, default));

        string path = _test.PathOf($"backups/shop/{entry.Id}/manifest.json");
        DateTime time = File.GetLastWriteTimeUtc(path);
        await File.WriteAllTextAsync(path, (await File.ReadAllTextAsync(path)).Replace("3.53.4", "3.53.5", StringComparison.Ordinal));
        File.SetLastWriteTimeUtc(path, time);

        listed = Assert.Single(await repository.ListAsync(null, default));
        Assert.NotNull(listed.Manifest);
        Assert.Contains("digest", await repository.CheckManifestAsync(listed, default), StringComparison.Ordinal);
        File.Delete(path);
        Assert.Contains("missing", await repository.CheckManifestAsync(listed, default), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_that_make_a_repository_at_once_get_the_same_one()
    {
        for (int round = 0; round < 5; round++)
        {
            using var test = new TestRepository();
            BackupRepository[] opened = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => test.OpenAsync())));
            Assert.Single(opened.Select(repository => repository.Description.Id).Distinct());
        }
    }

    [Fact]
    public async Task A_place_without_a_repository_or_with_a_damaged_one_is_told_apart()
    {
        Task<BackupRepository> Open() => BackupRepository.OpenAsync(_test.Store, new NoManifestCache(), _test.Time, default);
        Assert.Equal(ErrorKind.NotFound, (await Assert.ThrowsAsync<AiShellException>(Open)).Kind);
        await _test.OpenAsync();
        foreach (string content in new[] { "{", "", "null", "{}", "{\"formatVersion\":2,\"id\":\"x\"}", "{\"formatVersion\":1,\"id\":null}" })
        {
            await File.WriteAllTextAsync(_test.PathOf("repository.json"), content);
            Assert.Equal(ErrorKind.Integrity, (await Assert.ThrowsAsync<AiShellException>(Open)).Kind);
        }
    }

    /// <summary>As another program would write it: the digest is right again.</summary>
    private async Task EditAsync(CatalogueEntry entry, Action<JsonObject> edit)
    {
        string path = _test.PathOf($"backups/shop/{entry.Id}/manifest.json");
        JsonObject manifest = JsonNode.Parse(await File.ReadAllTextAsync(path))!.AsObject();
        edit(manifest);
        await File.WriteAllTextAsync(path, TestManifest.Sign(manifest));
    }

    private sealed class MemoryCache : IManifestCache
    {
        private readonly System.Collections.Concurrent.ConcurrentDictionary<(string, string, long, DateTimeOffset), byte[]> _known = new();

        public int Hits { get; private set; }

        public byte[]? Get(string repositoryId, string backupId, long sizeBytes, DateTimeOffset lastModified)
        {
            byte[]? found = _known.GetValueOrDefault((repositoryId, backupId, sizeBytes, lastModified));
            lock (_known)
            {
                Hits += found is null ? 0 : 1;
            }

            return found;
        }

        public void Put(string repositoryId, string backupId, long sizeBytes, DateTimeOffset lastModified, byte[] manifest) =>
            _known[(repositoryId, backupId, sizeBytes, lastModified)] = manifest;
    }
}
