using AiShell.Engines;
using AiShell.Engines.Sqlite.Log;
using AiShell.Testing.Docs;
using AiShell.Testing.Storage;

namespace AiShell.Tests.Engines.Sqlite.Log;

public sealed class PageMapFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task The_documents_example_is_what_is_written_and_read()
    {
        string example = Assert.Single(Document.Read("docs/format.md").Section("### Pages").Frames(""));
        using PageMap map = new(_folder.Path) { PageSize = 4096, PageCount = 2 };
        map.Write(2, [UInt128.One]);

        using MemoryStream written = new();
        PageMapFile.Write(written, map, [2]);
        Assert.Equal(example.Replace(" ", "", StringComparison.Ordinal).Replace("\n", "", StringComparison.Ordinal), Convert.ToHexStringLower(written.ToArray()));

        using PageMap read = new(_folder.Path);
        await PageMapFile.ReadAsync(new MemoryStream(written.ToArray()), read, default);
        UInt128[] hashes = new UInt128[3];
        read.Read(1, hashes);
        Assert.Equal((4096, 2u), (read.PageSize, read.PageCount));
        Assert.Equal([UInt128.Zero, UInt128.One, UInt128.Zero], hashes);
        Assert.Equal(map.Image(), read.Image());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(15)]
    [InlineData(17)]
    [InlineData(35)]
    public async Task A_list_that_is_cut_short_is_damage(int bytes)
    {
        using PageMap map = new(_folder.Path) { PageSize = 512, PageCount = 2 };
        map.Write(1, [UInt128.One, UInt128.MaxValue]);
        using MemoryStream written = new();
        PageMapFile.Write(written, map, [1, 2]);

        AiShellException damage = await Assert.ThrowsAsync<AiShellException>(() => PageMapFile.ReadAsync(new MemoryStream(written.ToArray()[..bytes]), map, default));

        Assert.Equal(ErrorKind.Integrity, damage.Kind);
    }

    [Fact]
    public void The_image_is_the_sum_over_numbers_and_hashes()
    {
        using PageMap map = new(_folder.Path) { PageSize = 512, PageCount = 2 };
        map.Write(1, [UInt128.One, UInt128.MaxValue]);
        byte[] first = [0, 0, 0, 1, .. new byte[15], 1];
        byte[] second = [0, 0, 0, 2, .. Enumerable.Repeat((byte)255, 16)];

        Assert.Equal(TableFingerprint.Empty.Add(second).Add(first), map.Image());
    }
}
