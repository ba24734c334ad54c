using System.Text;
using AiShell.Engines;
using AiShell.Repository;
using AiShell.Repository.Codecs;
using AiShell.Transfer;

namespace AiShell.Tests.Transfer;

public sealed class ForeignImportTests : IDisposable
{
    private const string Script = "PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\nCREATE TABLE t(a, b);\nINSERT INTO t VALUES(1,'x;y'),(2,NULL);\nCOMMIT;\n";

    private readonly TransferFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("none", "dump.sql")]
    [InlineData("gzip", "dump.sql.gz")]
    [InlineData("bzip2", "dump.sql.bz2")]
    [InlineData("zstd", "dump.sql.zst")]
    [InlineData("zstd", "dump.sql.gz")]
    [InlineData("none", "dump.db")]
    [InlineData("gzip", "photo.jpg")]
    [InlineData("bzip2", "no-extension")]
    public async Task A_script_is_known_by_its_content_whatever_its_name_says(string codec, string name)
    {
        string path = await WriteAsync(name, codec, Encoding.UTF8.GetBytes(Script));
        ImportResult import = await _folder.ImportAsync(path);
        Assert.Equal(2, Assert.Single(TransferFolder.TablesOf(import.Entry)).Rows);
        Assert.Equal((BackupFormat.Sql, name.Split('.')[0]), (import.Entry.Require().Format, import.Entry.Database));
        Assert.Equal(path, import.Entry.Require().Source);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder.Scratch));
    }

    [Theory]
    [InlineData("none", "copy.sql")]
    [InlineData("gzip", "copy.sql")]
    [InlineData("zstd", "copy.db.zst")]
    public async Task A_database_file_has_the_fingerprints_of_the_original(string codec, string name)
    {
        string shop = _folder.Shop();
        CatalogueEntry original = await _folder.BackUpAsync(shop, BackupFormat.Native);
        string path = await WriteAsync(name, codec, await File.ReadAllBytesAsync(shop));
        ImportResult import = await _folder.ImportAsync(path);
        Assert.Equal(BackupFormat.Native, import.Entry.Require().Format);
        Assert.Equal(TransferFolder.TablesOf(original), TransferFolder.TablesOf(import.Entry));
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("bzip2")]
    [InlineData("zstd")]
    public async Task A_compressed_file_cut_in_half_is_damage(string codec)
    {
        string script = Script.Replace("COMMIT;\n", string.Concat(Enumerable.Range(0, 20_000).Select(at => $"INSERT INTO t VALUES({at * 7919L},'row {at}');\n")) + "COMMIT;\n", StringComparison.Ordinal);
        string path = await WriteAsync("half.sql", codec, Encoding.UTF8.GetBytes(script));
        byte[] content = await File.ReadAllBytesAsync(path);
        await File.WriteAllBytesAsync(path, content[..(content.Length / 2)]);
        await _folder.RefuseAsync(ErrorKind.Integrity, path);
    }

    [Fact]
    public async Task A_script_that_ends_in_the_middle_of_its_transaction_is_refused()
    {
        string path = await WriteAsync("half.sql", "none", Encoding.UTF8.GetBytes(Script[..^"COMMIT;\n".Length]));
        await _folder.RefuseAsync(ErrorKind.Integrity, path);
    }

    [Fact]
    public async Task A_script_that_ends_in_the_middle_of_a_statement_is_refused()
    {
        string path = await WriteAsync("half.sql", "none", "CREATE TABLE t(a); INSERT INTO t VALUES ('x"u8.ToArray());
        await _folder.RefuseAsync(ErrorKind.Failed, path);
    }

    [Fact]
    public async Task A_database_file_cut_short_is_damage()
    {
        byte[] content = await File.ReadAllBytesAsync(_folder.Shop());
        string path = await WriteAsync("half.db", "none", content[..(content.Length / 2)]);
        await _folder.RefuseAsync(ErrorKind.Integrity, path);
    }

    [Theory]
    [InlineData("")]
    [InlineData("hello")]
    [InlineData("\0\0\0\0")]
    [InlineData("db.t.insertOne({a: 1})\n")]
    public async Task What_nobody_knows_is_wrong_usage(string content)
    {
        AiShellException unknown = await _folder.RefuseAsync(ErrorKind.Usage, await WriteAsync("file.sql", "none", Encoding.UTF8.GetBytes(content)));
        Assert.Contains("SQL scripts for SQLite", unknown.Hint, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Only_the_compressions_first_bytes_are_damage() =>
        await _folder.RefuseAsync(ErrorKind.Integrity, await WriteAsync("file.sql.gz", "none", [0x1f, 0x8b, 0x08, 0, 0]));

    [Fact]
    public async Task A_script_cannot_reach_other_files()
    {
        string victim = _folder.PathOf("victim.db");
        string path = await WriteAsync("attach.sql", "none", Encoding.UTF8.GetBytes($"CREATE TABLE t(a); ATTACH '{victim}' AS v; CREATE TABLE v.mine(a);"));
        AiShellException refused = await Assert.ThrowsAsync<AiShellException>(() => _folder.ImportAsync(path));
        Assert.DoesNotContain("Unexpected", refused.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(victim));
    }

    [Fact]
    public async Task An_export_that_was_altered_is_damage()
    {
        ExportResult export = await _folder.ExportAsync(await _folder.BackUpAsync(_folder.Shop()), "shop.sql", "none");
        string text = await File.ReadAllTextAsync(export.Path);
        await File.WriteAllTextAsync(export.Path, text.Replace("Zoë", "Zoé", StringComparison.Ordinal));
        AiShellException damage = await _folder.RefuseAsync(ErrorKind.Integrity, export.Path);
        Assert.Contains("SHA-256", damage.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_backup_that_is_there_already_is_not_imported_twice()
    {
        CatalogueEntry entry = await _folder.BackUpAsync(_folder.Shop());
        ExportResult export = await _folder.ExportAsync(entry, "shop.sql.gz");
        AiShellException refused = await Assert.ThrowsAsync<AiShellException>(() => _folder.ImportAsync(export.Path, "repository", "elsewhere"));
        Assert.Equal(ErrorKind.Refused, refused.Kind);
        Assert.Contains(entry.Id, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_directory_and_a_missing_file_are_not_found()
    {
        Assert.Equal(ErrorKind.NotFound, (await Assert.ThrowsAsync<AiShellException>(() => _folder.ImportAsync(_folder.Scratch))).Kind);
        Assert.Equal(ErrorKind.NotFound, (await Assert.ThrowsAsync<AiShellException>(() => _folder.ImportAsync(_folder.PathOf("none")))).Kind);
    }

    private async Task<string> WriteAsync(string name, string codec, byte[] content)
    {
        string path = _folder.PathOf(name);
        await using FileStream file = File.Create(path);
        await using Stream compressor = CodecRegistry.ByName(codec).Compress(file, CodecRegistry.ByName(codec).DefaultLevel);
        await compressor.WriteAsync(content);
        return path;
    }
}
