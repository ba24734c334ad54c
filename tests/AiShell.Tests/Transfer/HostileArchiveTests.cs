using System.Formats.Tar;
using System.IO.Compression;
using System.Text.Json;
using System.Text.Json.Nodes;
using AiShell.Engines;
using AiShell.Repository;
using AiShell.Transfer;

namespace AiShell.Tests.Transfer;

/// <summary>Archives made to write elsewhere. Nothing of them is unpacked, and the words say what was wrong.</summary>
public sealed class HostileArchiveTests : IDisposable
{
    private readonly TransferFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(TarEntryType.RegularFile, "/etc/ai-shell-was-here")]
    [InlineData(TarEntryType.RegularFile, "../ai-shell-was-here")]
    [InlineData(TarEntryType.RegularFile, "parts/../../ai-shell-was-here")]
    [InlineData(TarEntryType.RegularFile, "..\\ai-shell-was-here")]
    [InlineData(TarEntryType.RegularFile, "C:\\ai-shell-was-here")]
    [InlineData(TarEntryType.RegularFile, "sub/ai-shell-was-here")]
    [InlineData(TarEntryType.SymbolicLink, "00001-schema.0001.sql")]
    [InlineData(TarEntryType.HardLink, "00001-schema.0001.sql")]
    [InlineData(TarEntryType.Directory, "parts")]
    [InlineData(TarEntryType.CharacterDevice, "null")]
    [InlineData(TarEntryType.BlockDevice, "disk")]
    [InlineData(TarEntryType.Fifo, "pipe")]
    public async Task An_entry_that_an_export_never_has_is_refused(TarEntryType type, string name)
    {
        foreach (bool first in new[] { true, false })
        {
            string archive = await ArchiveAsync((tar, export) =>
            {
                if (first)
                {
                    tar.WriteEntry(Entry(type, name));
                }

                foreach ((string entry, byte[] content) in export)
                {
                    tar.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, entry) { DataStream = new MemoryStream(content) });
                }

                if (!first)
                {
                    tar.WriteEntry(Entry(type, name));
                }
            });

            AiShellException refused = await _folder.RefuseAsync(ErrorKind.Refused, archive);
            Assert.Contains(name, refused.Message, StringComparison.Ordinal);
            Assert.False(File.Exists("/etc/ai-shell-was-here"));
        }
    }

    [Fact]
    public async Task A_part_that_comes_twice_is_damage()
    {
        string archive = await ArchiveAsync((tar, export) =>
        {
            foreach ((string entry, byte[] content) in export.Append(export[^1]))
            {
                tar.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, entry) { DataStream = new MemoryStream(content) });
            }
        });
        await _folder.RefuseAsync(ErrorKind.Integrity, archive);
    }

    [Fact]
    public async Task A_part_that_is_missing_is_damage()
    {
        string archive = await ArchiveAsync((tar, export) =>
        {
            foreach ((string entry, byte[] content) in export[..^1])
            {
                tar.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, entry) { DataStream = new MemoryStream(content) });
            }
        });
        AiShellException damage = await _folder.RefuseAsync(ErrorKind.Integrity, archive);
        Assert.Contains("lacks", damage.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rows_that_are_not_the_manifests_are_damage()
    {
        string archive = await ArchiveAsync((tar, export) =>
        {
            foreach ((string entry, byte[] content) in export)
            {
                byte[] changed = [.. content];
                if (entry.EndsWith(".csv", StringComparison.Ordinal) && content.AsSpan().IndexOf("Zo"u8) is >= 0 and var at)
                {
                    changed[at] = (byte)'X';
                }

                tar.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, entry) { DataStream = new MemoryStream(changed) });
            }
        });
        AiShellException damage = await Assert.ThrowsAsync<AiShellException>(() => _folder.ImportAsync(archive));
        Assert.Equal(ErrorKind.Integrity, damage.Kind);
        Assert.Contains("customer", damage.Message, StringComparison.Ordinal);
        Assert.Empty(await (await _folder.RepositoryAsync("other")).ListOrphansAsync(default));
    }

    public static TheoryData<string> Lies => ["id-outside", "id-odd", "part-outside", "part-short", "part-twice", "codec", "negative", "no-parts"];

    /// <summary>A digest only guards against accidents: whoever makes a manifest makes its digest too.</summary>
    [Theory]
    [MemberData(nameof(Lies))]
    public async Task A_manifest_that_lies_with_a_good_digest_leads_nowhere(string lie)
    {
        ExportResult export = await _folder.ExportAsync(await _folder.BackUpAsync(_folder.Shop()), "shop.sql.gz");
        JsonNode metadata = JsonNode.Parse(await File.ReadAllTextAsync(export.MetadataPath))!;
        Manifest manifest = ManifestJson.Read(JsonSerializer.SerializeToUtf8Bytes(metadata["manifest"]), "test");
        ManifestPart part = manifest.Parts[0];
        manifest = lie switch
        {
            "id-outside" => manifest with { Id = "../../../ai-shell-was-here" },
            "id-odd" => manifest with { Id = "invisible" },
            "part-outside" => manifest with { Parts = [part with { Path = "../../../ai-shell-was-here.sql.gz" }, .. manifest.Parts.Skip(1)] },
            "part-short" => manifest with { Parts = [part with { Path = "p" }, .. manifest.Parts.Skip(1)] },
            "part-twice" => manifest with { Parts = [part, part, .. manifest.Parts.Skip(1)] },
            "codec" => manifest with { Compression = new CompressionSettings("lzma", 1) },
            "negative" => manifest with { Parts = [part with { PlainBytes = -1 }, .. manifest.Parts.Skip(1)] },
            _ => manifest with { Parts = [] },
        };
        metadata["manifest"] = JsonNode.Parse(ManifestJson.Write(manifest));
        await File.WriteAllTextAsync(export.MetadataPath, metadata.ToJsonString());

        await _folder.RefuseAsync(ErrorKind.Integrity, export.Path);
        Assert.DoesNotContain(Directory.EnumerateFileSystemEntries(_folder.PathOf("."), "*was-here*", SearchOption.AllDirectories), _ => true);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("{\"file\":\"x\"")]
    [InlineData("")]
    public async Task Metadata_that_are_no_metadata_are_damage(string text)
    {
        ExportResult export = await _folder.ExportAsync(await _folder.BackUpAsync(_folder.Shop()), "shop.sql.gz");
        await File.WriteAllTextAsync(export.MetadataPath, text);
        AiShellException damage = await _folder.RefuseAsync(ErrorKind.Integrity, export.Path);
        Assert.NotNull(damage.Hint);
    }

    private static PaxTarEntry Entry(TarEntryType type, string name)
    {
        var entry = new PaxTarEntry(type, name);
        switch (type)
        {
            case TarEntryType.RegularFile:
                entry.DataStream = new MemoryStream("was here"u8.ToArray());
                break;
            case TarEntryType.SymbolicLink or TarEntryType.HardLink:
                entry.LinkName = "/etc/passwd";
                break;
        }

        return entry;
    }

    /// <summary>A gzip tar made from the entries of a real export, without the metadata beside it.</summary>
    private async Task<string> ArchiveAsync(Action<TarWriter, (string Name, byte[] Content)[]> write)
    {
        string name = $"real-{Guid.NewGuid():n}.tar.gz";
        ExportResult export = await _folder.ExportAsync(await _folder.BackUpAsync(_folder.Shop($"{Guid.NewGuid():n}.db"), BackupFormat.Csv), name);
        var entries = new List<(string, byte[])>();
        await using (var tar = new TarReader(new GZipStream(File.OpenRead(export.Path), CompressionMode.Decompress)))
        {
            while (await tar.GetNextEntryAsync() is { } entry)
            {
                using var content = new MemoryStream();
                await (entry.DataStream ?? Stream.Null).CopyToAsync(content);
                entries.Add((entry.Name, content.ToArray()));
            }
        }

        string hostile = _folder.PathOf($"hostile-{Guid.NewGuid():n}.tar.gz");
        await using (var tar = new TarWriter(new GZipStream(File.Create(hostile), CompressionLevel.Fastest), TarEntryFormat.Pax))
        {
            write(tar, [.. entries]);
        }

        return hostile;
    }
}
