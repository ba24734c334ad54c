using System.Text;
using AiShell.Storage;

namespace AiShell.Testing.Storage;

/// <summary>Ranges, deletion, listings and keys.</summary>
public abstract partial class ObjectStoreContract
{
    public static TheoryData<string> InvalidKeys =>
    [
        "", "/", "/abs", "a/", "a//b", ".", "..", "../x", "a/..", "a/../b", "a/../../b", "./a", "a/./b", "a b", "a\\b",
        "a\nb", "a\0b", "a:b", "a*", "~", "ü", "🐘", "a\"b", "a'b", new string('x', 256), $"a/{new string('x', 256)}/b",
    ];

    public static TheoryData<string> OddKeys =>
    [
        "a", "..a", "a..", "...", ".hidden", "%2e%2e/%2F", "-rf", "_", "%F0%9F%90%98", "backups/%F0%9F%90%98%20shop/manifest.json",
        new string('x', 255), $"{new string('y', 255)}/{new string('%', 255)}/z", "CON", "a.b-c_d%20", "0",
    ];

    [Theory]
    [InlineData(0, null, 0, 100)]
    [InlineData(0, 0L, 0, 0)]
    [InlineData(0, 10L, 0, 10)]
    [InlineData(10, 20L, 10, 20)]
    [InlineData(99, null, 99, 1)]
    [InlineData(90, 10L, 90, 10)]
    [InlineData(90, 1000L, 90, 10)]
    [InlineData(90, long.MaxValue, 90, 10)]
    [InlineData(100, null, 100, 0)]
    [InlineData(100, 5L, 100, 0)]
    public async Task A_range_gives_just_those_bytes(long offset, long? length, int expectedOffset, int expectedLength)
    {
        IObjectStore store = Open();
        byte[] content = [.. Enumerable.Range(0, 100).Select(i => (byte)i)];
        await PutAsync(store, "key", content);

        await using Stream stream = await store.OpenAsync("key", offset, length, None);
        using var read = new MemoryStream();
        await stream.CopyToAsync(read);
        Assert.Equal(content[expectedOffset..(expectedOffset + expectedLength)], read.ToArray());
    }

    [Theory]
    [InlineData(-1, null)]
    [InlineData(101, null)]
    [InlineData(0, -1L)]
    public async Task A_range_outside_the_object_is_refused(long offset, long? length)
    {
        IObjectStore store = Open();
        await PutAsync(store, "key", new byte[100]);
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => store.OpenAsync("key", offset, length, None));
    }

    [Fact]
    public async Task A_missing_object_is_not_found()
    {
        IObjectStore store = Open();
        Assert.Null(await store.StatAsync("nothing/here", None));
        Assert.Equal("nothing/here", (await Assert.ThrowsAsync<ObjectNotFoundException>(() => store.OpenAsync("nothing/here", 0, null, None))).Key);

        await PutAsync(store, "folder/object", [1]);
        Assert.Null(await store.StatAsync("folder", None));
        Assert.Null(await store.StatAsync("folder/object/deeper", None));
        await Assert.ThrowsAsync<ObjectNotFoundException>(() => store.OpenAsync("folder", 0, null, None));
        await Assert.ThrowsAsync<ObjectNotFoundException>(() => store.OpenAsync("folder/object/deeper", 0, null, None));
    }

    [Fact]
    public async Task Deleting_removes_one_object_and_is_idempotent()
    {
        IObjectStore store = Open();
        await PutAsync(store, "a/b/c", [1]);
        await PutAsync(store, "a/b/d", [2]);
        await store.DeleteAsync("a/b", None);
        await store.DeleteAsync("a/b/c/d", None);
        Assert.Equal(["a/b/c", "a/b/d"], await KeysAsync(store, ""));

        await store.DeleteAsync("a/b/c", None);
        await store.DeleteAsync("a/b/c", None);
        await store.DeleteAsync("never/was", None);

        Assert.Null(await store.StatAsync("a/b/c", None));
        Assert.Equal(["a/b/d"], await KeysAsync(store, ""));
        await store.DeleteAsync("a/b/d", None);
        Assert.Empty(await KeysAsync(store, ""));
        await PutAsync(store, "a/b/c", [3]);
        Assert.Equal([3], await ReadAsync(store, "a/b/c"));
    }

    [Fact]
    public async Task Nothing_is_listed_in_an_empty_store()
    {
        IObjectStore store = Open();
        Assert.Empty(await KeysAsync(store, ""));
        Assert.Empty(await KeysAsync(store, "backups/"));
        Assert.Equal(0, await store.CollectUnfinishedAsync(DateTimeOffset.MaxValue, None));
    }

    [Fact]
    public async Task Keys_are_listed_in_ordinal_order()
    {
        IObjectStore store = Open();
        string[] keys =
        [
            "a-b", "a/b", "a.b/c", "a0", "a/b-c/d", "a/b.c", "a%20b", "a_b", "B", "b", "Z/z", "z", "a/b0", "a-b0/c", ".x", "..x/y", "%25", "10", "9",
        ];
        keys = [.. keys.Where(key => key != "a/b"), "a/b/x"];
        foreach (string key in keys)
        {
            await PutAsync(store, key, [1]);
        }

        Array.Sort(keys, string.CompareOrdinal);
        Assert.Equal(keys, await KeysAsync(store, ""));
    }

    [Theory]
    [InlineData("", "shop/1", "shop/2/x", "shop2", "shopping/1", "ship")]
    [InlineData("shop", "shop/1", "shop/2/x", "shop2", "shopping/1")]
    [InlineData("shop/", "shop/1", "shop/2/x")]
    [InlineData("shop/2", "shop/2/x")]
    [InlineData("shop/2/x", "shop/2/x")]
    [InlineData("shop/2/xy")]
    [InlineData("ship", "ship")]
    [InlineData("ship/")]
    [InlineData("none/at/all/")]
    [InlineData("Shop")]
    public async Task A_prefix_is_a_text_not_a_folder(string prefix, params string[] expected)
    {
        IObjectStore store = Open();
        foreach (string key in new[] { "shop/1", "shop/2/x", "shop2", "shopping/1", "ship" })
        {
            await PutAsync(store, key, [1]);
        }

        Array.Sort(expected, string.CompareOrdinal);
        Assert.Equal(expected, await KeysAsync(store, prefix));
    }

    [Fact]
    public async Task More_than_a_thousand_objects_are_listed()
    {
        string[] keys = [.. Enumerable.Range(0, 1_234).Select(i => $"many/{i % 7}/{i:x}")];
        await Parallel.ForEachAsync(keys, async (key, _) => await PutAsync(Open(), key, Encoding.UTF8.GetBytes(key)));

        List<StoredObject> found = await ListAsync(Open(), "many/");
        Assert.Equal(keys.Order(StringComparer.Ordinal), found.Select(one => one.Key));
        Assert.All(found, one => Assert.Equal(one.Key.Length, one.SizeBytes));
        Assert.Equal(keys.Count(key => key.StartsWith("many/3/1", StringComparison.Ordinal)), (await ListAsync(Open(), "many/3/1")).Count);
    }

    [Theory]
    [MemberData(nameof(InvalidKeys))]
    public async Task A_key_that_could_leave_the_store_is_refused_everywhere(string key)
    {
        IObjectStore store = Open();
        await Assert.ThrowsAnyAsync<ArgumentException>(() => store.CreateAsync(key, WriteMode.Replace, None));
        await Assert.ThrowsAnyAsync<ArgumentException>(() => store.OpenAsync(key, 0, null, None));
        await Assert.ThrowsAnyAsync<ArgumentException>(() => store.StatAsync(key, None));
        await Assert.ThrowsAnyAsync<ArgumentException>(() => store.DeleteAsync(key, None));
        await Assert.ThrowsAnyAsync<ArgumentException>(() => ListAsync(store, key + "/"));
    }

    [Theory]
    [MemberData(nameof(OddKeys))]
    public async Task An_odd_but_legal_key_works(string key)
    {
        IObjectStore store = Open();
        await PutAsync(store, key, [42]);
        Assert.Equal([42], await ReadAsync(store, key));
        Assert.Equal([key], await KeysAsync(store, ""));
        Assert.Equal([key], await KeysAsync(store, key));
        await store.DeleteAsync(key, None);
        Assert.Empty(await KeysAsync(store, ""));
    }
}
