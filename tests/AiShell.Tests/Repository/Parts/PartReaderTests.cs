using System.Text;
using AiShell.Repository;
using AiShell.Repository.Codecs;
using AiShell.Storage;
using AiShell.Testing.Storage;

namespace AiShell.Tests.Repository.Parts;

public sealed class PartReaderTests : IDisposable
{
    private const string Name = "parts/00001-data.0001.sql.gz";
    private readonly TestRepository _test = new();

    public void Dispose() => _test.Dispose();

    [Fact]
    public async Task A_whole_part_is_given_to_the_last_byte()
    {
        (CatalogueEntry entry, _) = await MakeAsync();
        Assert.Null(await CheckAsync(entry));
        Assert.Equal("one two three", await ReadAsync(_test.Store, entry));
    }

    [Fact]
    public async Task A_missing_part_is_named()
    {
        (CatalogueEntry entry, string path) = await MakeAsync();
        File.Delete(path);
        await AssertDamagedAsync(entry, $"{Name} is missing");
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(-10)]
    [InlineData(1)]
    [InlineData(5000)]
    public async Task A_longer_or_shorter_part_is_named_with_both_sizes(int change)
    {
        (CatalogueEntry entry, string path) = await MakeAsync();
        long size = new FileInfo(path).Length;
        await using (FileStream file = File.OpenWrite(path))
        {
            file.SetLength(size + change);
        }

        await AssertDamagedAsync(entry, $"{Name} has {size + change:N0} bytes instead of {size:N0}");
    }

    [Fact]
    public async Task Every_single_flipped_bit_is_found_before_a_byte_is_shown()
    {
        (CatalogueEntry entry, string path) = await MakeAsync();
        byte[] whole = await File.ReadAllBytesAsync(path);
        for (int bit = 0; bit < whole.Length * 8; bit++)
        {
            byte[] altered = [.. whole];
            altered[bit / 8] ^= (byte)(1 << (bit % 8));
            await File.WriteAllBytesAsync(path, altered);
            await AssertDamagedAsync(entry, $"{Name} was altered");
        }
    }

    [Fact]
    public async Task Every_bit_that_flips_between_the_check_and_the_use_is_found()
    {
        (CatalogueEntry entry, string path) = await MakeAsync();
        for (long offset = 0; offset < new FileInfo(path).Length; offset++)
        {
            var second = new SecondReadFlips(_test.Local, offset);
            AiShellException damage = await Assert.ThrowsAsync<AiShellException>(() => ReadAsync(second, entry));
            Assert.Equal(ErrorKind.Integrity, damage.Kind);
            Assert.Contains(Name, damage.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_part_that_holds_less_or_more_than_the_manifest_says_is_named()
    {
        (CatalogueEntry entry, _) = await MakeAsync();
        foreach (int change in new[] { -1, 1 })
        {
            Manifest manifest = entry.Require();
            CatalogueEntry other = entry with { Manifest = manifest with { Parts = [manifest.Parts[0] with { PlainBytes = manifest.Parts[0].PlainBytes + change }] } };
            AiShellException damage = await Assert.ThrowsAsync<AiShellException>(() => ReadAsync(_test.Store, other));
            Assert.Equal(ErrorKind.Integrity, damage.Kind);
            Assert.Contains("plain bytes", damage.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_store_that_breaks_is_no_damage()
    {
        (CatalogueEntry entry, _) = await MakeAsync();
        foreach (StoreCall call in new[] { StoreCall.Stat, StoreCall.Open, StoreCall.Read })
        {
            _test.Store.Fail(call);
            await Assert.ThrowsAsync<TransientStoreException>(() => CheckAsync(entry));
            _test.Store.Fail(call, error: new AiShellException(ErrorKind.Unreachable, "away"));
            Assert.Equal(ErrorKind.Unreachable, (await Assert.ThrowsAsync<AiShellException>(() => ReadAsync(_test.Store, entry))).Kind);
        }
    }

    [Fact]
    public async Task What_is_not_read_by_its_user_is_still_checked()
    {
        (CatalogueEntry entry, _) = await MakeAsync();
        int seen = 0;
        await PartReader.ReadAsync(_test.Store, FolderOf(entry), entry.Require().Parts[0], new GzipCodec(), _ => Task.CompletedTask, bytes => seen += (int)bytes, default);
        Assert.Equal("one two three".Length, seen);
    }

    private async Task<(CatalogueEntry Entry, string Path)> MakeAsync()
    {
        CatalogueEntry entry = await _test.BackUpAsync("shop", null, "one two three");
        return (entry, _test.PathOf(FolderOf(entry) + Name));
    }

    private Task<string?> CheckAsync(CatalogueEntry entry) =>
        PartReader.CheckAsync(_test.Store, FolderOf(entry), entry.Require().Parts[0], _ => { }, default);

    private static async Task<string> ReadAsync(IObjectStore store, CatalogueEntry entry)
    {
        string text = "";
        await PartReader.ReadAsync(
            store,
            FolderOf(entry),
            entry.Require().Parts[0],
            new GzipCodec(),
            async plain => text = await new StreamReader(plain, Encoding.UTF8).ReadToEndAsync(),
            _ => { },
            default);
        return text;
    }

    private async Task AssertDamagedAsync(CatalogueEntry entry, string problem)
    {
        Assert.StartsWith(problem, await CheckAsync(entry), StringComparison.Ordinal);
        bool shown = false;
        AiShellException damage = await Assert.ThrowsAsync<AiShellException>(() => PartReader.ReadAsync(
            _test.Store,
            FolderOf(entry),
            entry.Require().Parts[0],
            new GzipCodec(),
            _ =>
            {
                shown = true;
                return Task.CompletedTask;
            },
            _ => { },
            default));
        Assert.Equal(ErrorKind.Integrity, damage.Kind);
        Assert.Contains(problem, damage.Message, StringComparison.Ordinal);
        Assert.False(shown);
    }

    private static string FolderOf(CatalogueEntry entry) => $"backups/{entry.DatabaseFolder}/{entry.Id}/";

    /// <summary>Right when it is checked, wrong when it is used.</summary>
    private sealed class SecondReadFlips(IObjectStore inner, long offset) : ForwardingStore(inner)
    {
        private int _opened;

        public override Task<Stream> OpenAsync(string key, long from, long? length, CancellationToken cancellationToken) =>
            ++_opened == 1
                ? base.OpenAsync(key, from, length, cancellationToken)
                : new FaultyStore(Inner).FlipBit(StoreCall.Read, offset).OpenAsync(key, from, length, cancellationToken);
    }
}
