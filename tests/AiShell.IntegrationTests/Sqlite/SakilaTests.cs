using System.IO.Compression;
using AiShell.Connections;
using AiShell.Engines;
using AiShell.Engines.Sqlite;
using AiShell.Testing.Engines;
using AiShell.Testing.Engines.Sqlite;

namespace AiShell.IntegrationTests.Sqlite;

/// <summary>A real database: foreign keys in a circle, views on six tables, triggers, a full text and a spatial index, pictures.</summary>
public sealed class SakilaTests : IAsyncLifetime, IDisposable
{
    private const string Views =
        "SELECT * FROM customer_list; SELECT * FROM film_list; SELECT * FROM nicer_but_slower_film_list; SELECT * FROM staff_list; "
        + "SELECT * FROM sales_by_store; SELECT * FROM sales_by_film_category; SELECT * FROM actor_info; "
        + "SELECT rowid, title FROM film_search WHERE film_search MATCH 'robot OR shark'; SELECT * FROM address_location WHERE min_x BETWEEN 10 AND 40;";

    private readonly SqliteFolder _folder = new();
    private readonly SqliteEngine _engine = new();
    private string _path = "";

    public async Task InitializeAsync()
    {
        _path = _folder.PathOf("sakila.db");
        await using FileStream file = File.OpenRead(Path.Combine(AppContext.BaseDirectory, "Data", "sakila.sql.gz"));
        await using GZipStream script = new(file, CompressionMode.Decompress);
        using StreamReader text = new(script);
        Assert.Equal("", await SqliteFolder.ShellAsync(_path, await text.ReadToEndAsync()));
    }

    public Task DisposeAsync() => Task.CompletedTask;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task It_comes_back_from_every_format_with_working_views_triggers_and_search()
    {
        string[] dump = await DumpAsync(_path);
        string views = await SqliteFolder.ShellAsync(_path, Views);
        IReadOnlyList<TableDigest> digests = await _engine.DigestAsync(DatabaseAddress.OfFile(_path), default);
        Assert.Equal((200, 16_049, 1000), (RowsOf("actor"), RowsOf("payment"), RowsOf("film_search_docsize")));
        foreach (BackupFormat format in _engine.Capabilities.Formats)
        {
            MemoryBackup backup = await BackUpAsync(format);
            string copy = _folder.PathOf($"{format}.db");
            Assert.Equal(digests, await RestoreAsync(backup, copy, TableFilter.Everything));
            Assert.Equal(digests, (await backup.ReadAsync(_engine, new ReaderOptions(2, 0, _folder.Scratch))).Tables.OrderBy(digest => digest.Table));

            Assert.Equal(dump, await DumpAsync(copy));
            Assert.Equal(views, await SqliteFolder.ShellAsync(copy, Views));
            Assert.Equal(
                "1|A NEW FILM\nok",
                await SqliteFolder.ShellAsync(
                    copy,
                    "INSERT INTO film(title, description, language_id) VALUES('A NEW FILM', 'of a unicorn', 1); "
                    + "SELECT count(*), title FROM film_search WHERE film_search MATCH 'unicorn'; PRAGMA integrity_check;"));
        }

        long RowsOf(string table) => digests.Single(digest => digest.Table.Name == table).Fingerprint.Rows;
    }

    [Theory]
    [InlineData(BackupFormat.Native)]
    [InlineData(BackupFormat.Sql)]
    [InlineData(BackupFormat.Json)]
    [InlineData(BackupFormat.Csv)]
    public async Task Some_of_its_tables_come_back_with_what_hangs_on_them_and_leave_the_rest_alone(BackupFormat format)
    {
        MemoryBackup backup = await BackUpAsync(format);
        string[] dump = await DumpAsync(_path);
        await SqliteFolder.ShellAsync(
            _path,
            "DELETE FROM film_text WHERE film_id > 500; DELETE FROM rental WHERE rental_id % 2; DROP INDEX idx_title; DROP TRIGGER upd_film; "
            + "DROP TABLE address_location; DROP TABLE film_search; UPDATE film SET title = 'lost'; UPDATE sqlite_sequence SET seq = 5 WHERE name = 'film';");

        await RestoreAsync(backup, _path, new TableFilter(["film", "film_text", "film_search*", "rental", "address_location*"], []), intoExisting: true);

        Assert.Equal(dump, await DumpAsync(_path));
        Assert.Equal("ok", await SqliteFolder.ShellAsync(_path, "PRAGMA integrity_check; PRAGMA foreign_key_check;"));
    }

    private Task<MemoryBackup> BackUpAsync(BackupFormat format) => MemoryBackup.MakeAsync(
        _engine,
        DatabaseAddress.OfFile(_path),
        new SnapshotOptions(format, BackupScope.All, TableFilter.Everything, 2, _folder.Scratch, 200_000, TimeSpan.FromSeconds(5)));

    private Task<IReadOnlyList<TableDigest>> RestoreAsync(MemoryBackup backup, string path, TableFilter tables, bool intoExisting = false) => backup.RestoreAsync(
        _engine, DatabaseAddress.OfFile(path), new TargetOptions(tables, intoExisting, true, 2, _folder.Scratch, TimeSpan.FromSeconds(5)));

    private static async Task<string[]> DumpAsync(string path) =>
        [.. (await SqliteFolder.ShellAsync(path, ".dump")).Split('\n').Order(StringComparer.Ordinal)];
}
