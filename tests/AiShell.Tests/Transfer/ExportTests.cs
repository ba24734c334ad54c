using System.Text.Json;
using AiShell.Engines;
using AiShell.Repository;
using AiShell.Transfer;

namespace AiShell.Tests.Transfer;

public sealed class ExportTests : IDisposable
{
    private readonly TransferFolder _folder = new();

    public static TheoryData<BackupFormat, string, string> EveryWay
    {
        get
        {
            var ways = new TheoryData<BackupFormat, string, string>();
            string[] codecs = ["gzip", "bzip2", "zstd", "none"];
            foreach (BackupFormat format in Enum.GetValues<BackupFormat>())
            {
                for (int at = 0; at < codecs.Length; at++)
                {
                    ways.Add(format, codecs[at], codecs[at]);
                    ways.Add(format, codecs[at], codecs[(at + 1) % codecs.Length]);
                }
            }

            return ways;
        }
    }

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(EveryWay))]
    public async Task An_export_comes_back_with_the_same_fingerprints(BackupFormat format, string stored, string exported)
    {
        CatalogueEntry entry = await _folder.BackUpAsync(_folder.Shop(), format, stored);
        string name = ExportJob.FileNameFor(entry.Require(), new CompressionSettings(exported, 1));
        ExportResult export = await _folder.ExportAsync(entry, name, exported == stored ? null : exported);

        ImportResult import = await _folder.ImportAsync(export.Path, codec: exported);

        Assert.Equal(TransferFolder.TablesOf(entry), TransferFolder.TablesOf(import.Entry));
        Manifest manifest = import.Entry.Require();
        Assert.Equal((entry.Id, "before", "test", exported), (manifest.Id, manifest.Name, manifest.Tags["why"], manifest.Compression.Codec));
    }

    [Theory]
    [InlineData(BackupFormat.Csv)]
    [InlineData(BackupFormat.Json)]
    public async Task A_tar_carries_its_manifest_inside(BackupFormat format)
    {
        CatalogueEntry entry = await _folder.BackUpAsync(_folder.Shop(), format);
        ExportResult export = await _folder.ExportAsync(entry, "shop.tar.gz");
        File.Delete(export.MetadataPath);

        Assert.Equal(TransferFolder.TablesOf(entry), TransferFolder.TablesOf((await _folder.ImportAsync(export.Path)).Entry));
    }

    [Fact]
    public async Task The_metadata_tell_what_the_file_is()
    {
        CatalogueEntry entry = await _folder.BackUpAsync(_folder.Shop());
        ExportResult export = await _folder.ExportAsync(entry, "shop.sql.gz");

        Assert.Equal(_folder.PathOf("shop.sql.gz.metadata.json"), export.MetadataPath);
        using JsonDocument metadata = JsonDocument.Parse(await File.ReadAllBytesAsync(export.MetadataPath));
        Assert.Equal("shop.sql.gz", metadata.RootElement.GetProperty("file").GetString());
        Assert.Equal(new FileInfo(export.Path).Length, metadata.RootElement.GetProperty("sizeBytes").GetInt64());
        Assert.Equal(Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(await File.ReadAllBytesAsync(export.Path))), metadata.RootElement.GetProperty("sha256").GetString());
        Assert.Equal(entry.Id, metadata.RootElement.GetProperty("manifest").GetProperty("id").GetString());
    }

    [Theory]
    [InlineData("shop.sql.gz")]
    [InlineData("shop.sql.gz.metadata.json")]
    public async Task What_stands_there_is_not_overwritten(string standing)
    {
        CatalogueEntry entry = await _folder.BackUpAsync(_folder.Shop());
        await File.WriteAllTextAsync(_folder.PathOf(standing), "mine");

        AiShellException refused = await Assert.ThrowsAsync<AiShellException>(() => _folder.ExportAsync(entry, "shop.sql.gz"));

        Assert.Equal(ErrorKind.Refused, refused.Kind);
        Assert.Contains(standing, refused.Message, StringComparison.Ordinal);
        Assert.Equal("mine", await File.ReadAllTextAsync(_folder.PathOf(standing)));
        await _folder.ExportAsync(entry, "shop.sql.gz", replace: true);
        await _folder.ImportAsync(_folder.PathOf("shop.sql.gz"));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("zstd")]
    public async Task A_damaged_backup_is_not_exported_and_what_stood_there_stays(string? codec)
    {
        CatalogueEntry entry = await _folder.BackUpAsync(_folder.Shop());
        string part = Directory.EnumerateFiles(_folder.PathOf("repository"), "*.gz", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Last();
        byte[] content = await File.ReadAllBytesAsync(part);
        content[^9] ^= 1;
        await File.WriteAllBytesAsync(part, content);
        await File.WriteAllTextAsync(_folder.PathOf("shop.sql"), "mine");
        string[] before = Directory.GetFileSystemEntries(_folder.PathOf("."));

        AiShellException failure = await Assert.ThrowsAsync<AiShellException>(() => _folder.ExportAsync(entry, "shop.sql", codec, replace: true));

        Assert.Equal(ErrorKind.Integrity, failure.Kind);
        Assert.Equal("mine", await File.ReadAllTextAsync(_folder.PathOf("shop.sql")));
        Assert.Equal(before.Order(), Directory.GetFileSystemEntries(_folder.PathOf(".")).Order());
    }

    [Fact]
    public async Task An_export_is_readable_by_its_owner_only()
    {
        ExportResult export = await _folder.ExportAsync(await _folder.BackUpAsync(_folder.Shop()), "shop.sql.gz");
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(export.Path));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(export.MetadataPath));
    }

    [Fact]
    public async Task A_folder_that_is_missing_is_named()
    {
        CatalogueEntry entry = await _folder.BackUpAsync(_folder.Shop());
        AiShellException failure = await Assert.ThrowsAsync<AiShellException>(() => _folder.ExportAsync(entry, "no/such/folder/x.sql"));
        Assert.Contains("no/such/folder", failure.Message, StringComparison.Ordinal);
        Assert.NotNull(failure.Hint);
    }
}
