using System.Runtime.InteropServices;
using AiShell.Storage;
using AiShell.Storage.Local;
using AiShell.Testing.Storage;

namespace AiShell.IntegrationTests.Storage;

/// <summary>Other users' folders, links, names at the limit, and what dead writers leave.</summary>
public sealed partial class LocalStoreHardCaseTests : IDisposable
{
    private const uint Nobody = 65534;

    private readonly TemporaryFolder _folder = new();
    private readonly LocalStore _store;

    public LocalStoreHardCaseTests() => _store = new LocalStore(_folder["root"]);

    private static CancellationToken None => CancellationToken.None;

    public void Dispose() => _folder.Dispose();

    [RootFact]
    public async Task What_another_user_may_not_do_is_explained_and_never_looks_like_nothing_there()
    {
        await PutAsync("folder/object");
        await File.WriteAllBytesAsync(Path.Combine(_store.Display, ".unfinished", "left"), [1]);

        // The way to the root is open, the root itself is not.
        OpenToAll(_folder.Path);
        AssertDenied();

        // Everything may be seen, nothing read or changed.
        foreach (string folder in new[] { "", "folder", ".unfinished" })
        {
            OpenToAll(Path.Combine(_store.Display, folder));
        }

        Assert.NotNull(AsNobody(() => _store.StatAsync("folder/object", None).Result));
        AssertDenied(stat: false, list: false);
        Assert.NotNull(await _store.StatAsync("folder/object", None));

        void AssertDenied(bool stat = true, bool list = true)
        {
            AssertUnreachable(() => _store.CreateAsync("folder/new", WriteMode.CreateOnly, None).Wait());
            AssertUnreachable(() => _store.OpenAsync("folder/object", 0, null, None).Wait());
            AssertUnreachable(() => _store.DeleteAsync("folder/object", None).Wait());
            AssertUnreachable(() => _store.CollectUnfinishedAsync(DateTimeOffset.MaxValue, None).Wait());
            if (stat)
            {
                AssertUnreachable(() => _store.StatAsync("folder/object", None).Wait());
            }

            if (list)
            {
                AssertUnreachable(() => Assert.Fail(string.Join(' ', Keys())));
            }
        }
    }

    [RootFact]
    public void A_place_where_no_folder_can_be_made_is_explained()
    {
        OpenToAll(_folder.Path);
        AssertUnreachable(() => _store.CreateAsync("object", WriteMode.CreateOnly, None).Wait());
        Assert.False(Directory.Exists(_store.Display));
    }

    [Fact]
    public async Task A_file_where_the_store_should_be_is_explained()
    {
        await File.WriteAllTextAsync(_store.Display, "not a folder");

        AiShellException refusal = await Assert.ThrowsAsync<AiShellException>(() => _store.CreateAsync("object", WriteMode.CreateOnly, None));

        Assert.Contains(_store.Display, refusal.Message, StringComparison.Ordinal);
        Assert.NotNull(refusal.Hint);
        Assert.Equal("not a folder", await File.ReadAllTextAsync(_store.Display));
    }

    [Fact]
    public async Task A_path_longer_than_the_system_allows_is_an_error_and_leaves_nothing()
    {
        string key = string.Join('/', Enumerable.Repeat(new string('x', 255), 17));

        AiShellException refusal = await Assert.ThrowsAsync<AiShellException>(async () =>
        {
            await using IObjectWriter writer = await _store.CreateAsync(key, WriteMode.CreateOnly, None);
            await writer.CommitAsync(None);
        });

        Assert.Equal(ErrorKind.Failed, refusal.Kind);
        Assert.Contains("too long", refusal.Message, StringComparison.Ordinal);
        Assert.NotNull(refusal.Hint);
        Assert.Null(await _store.StatAsync(key, None));
        await Assert.ThrowsAsync<ObjectNotFoundException>(() => _store.OpenAsync(key, 0, null, None));
        await _store.DeleteAsync(key, None);
        Assert.Empty(Keys());
    }

    [Fact]
    public async Task A_path_just_as_long_as_the_system_allows_works()
    {
        // 4,095 bytes and the zero byte behind them.
        string key = "";
        for (int left = 4095 - _store.Display.Length - 1; left > 0; left -= 201)
        {
            key += (key.Length == 0 ? "" : "/") + new string('x', left > 201 && left - 201 < 3 ? 100 : Math.Min(200, left));
            if (left > 201 && left - 201 < 3)
            {
                left += 100;
            }
        }

        await PutAsync(key);

        Assert.Equal([key], Keys());
        await _store.DeleteAsync(key, None);
        Assert.Empty(Keys());
    }

    [Theory]
    [InlineData("../outside", true)]
    [InlineData("../outside/file", false)]
    [InlineData("nowhere", false)]
    [InlineData("link", false)]
    public async Task A_link_that_leads_out_or_nowhere_is_refused_by_every_call(string target, bool isFolder)
    {
        await PutAsync("object");
        Directory.CreateDirectory(_folder["outside"]);
        await File.WriteAllTextAsync(_folder["outside/file"], "theirs");
        File.CreateSymbolicLink(Path.Combine(_store.Display, "link"), target);
        string key = isFolder ? "link/file" : "link";

        await AssertRefusedAsync(() => _store.CreateAsync(key, WriteMode.Replace, None));
        await AssertRefusedAsync(() => _store.OpenAsync(key, 0, null, None));
        await AssertRefusedAsync(() => _store.StatAsync(key, None));
        await AssertRefusedAsync(() => _store.DeleteAsync(key, None));
        await AssertRefusedAsync(() => Task.FromResult(Keys()));
        Assert.Equal("theirs", await File.ReadAllTextAsync(_folder["outside/file"]));
        Assert.Single(Directory.GetFileSystemEntries(_folder["outside"]));
    }

    [Fact]
    public async Task A_link_out_made_while_an_object_is_written_is_refused_at_the_commit()
    {
        Directory.CreateDirectory(_folder["outside"]);
        await using IObjectWriter writer = await _store.CreateAsync("folder/object", WriteMode.CreateOnly, None);
        File.CreateSymbolicLink(Path.Combine(_store.Display, "folder"), _folder["outside"]);

        await AssertRefusedAsync(() => writer.CommitAsync(None));

        Assert.Empty(Directory.GetFileSystemEntries(_folder["outside"]));
    }

    [Fact]
    public async Task Unfinished_files_do_not_go_through_a_link_either()
    {
        Directory.CreateDirectory(_folder["outside"]);
        await File.WriteAllTextAsync(_folder["outside/file"], "theirs");
        Directory.CreateDirectory(_store.Display);
        File.CreateSymbolicLink(Path.Combine(_store.Display, ".unfinished"), _folder["outside"]);

        await AssertRefusedAsync(() => _store.CreateAsync("object", WriteMode.CreateOnly, None));
        await AssertRefusedAsync(() => _store.CollectUnfinishedAsync(DateTimeOffset.MaxValue, None));

        Assert.Equal("theirs", await File.ReadAllTextAsync(_folder["outside/file"]));
    }

    [Fact]
    public async Task A_link_within_the_store_is_another_name_and_is_not_listed_twice()
    {
        await PutAsync("folder/object");
        File.CreateSymbolicLink(Path.Combine(_store.Display, "alias"), "folder");

        Assert.NotNull(await _store.StatAsync("alias/object", None));
        Assert.Equal(["folder/object"], Keys());
    }

    [Fact]
    public async Task The_store_itself_may_lie_behind_a_link()
    {
        Directory.CreateDirectory(_folder["elsewhere"]);
        File.CreateSymbolicLink(_store.Display, "elsewhere");

        await PutAsync("folder/object");

        Assert.Equal(["folder/object"], Keys());
        Assert.True(File.Exists(_folder["elsewhere/folder/object"]));
    }

    [Fact]
    public async Task What_dead_writers_left_is_collected_when_it_is_old_enough()
    {
        await PutAsync("object");
        string left = Path.Combine(_store.Display, ".unfinished", "4711-0123456789abcdef0123456789abcdef");
        await File.WriteAllBytesAsync(left, new byte[1000]);
        DateTimeOffset written = File.GetLastWriteTimeUtc(left);

        Assert.Equal(0, await _store.CollectUnfinishedAsync(written.AddSeconds(-1), None));
        Assert.True(File.Exists(left));
        Assert.Equal(1, await _store.CollectUnfinishedAsync(written.AddSeconds(1), None));
        Assert.False(File.Exists(left));
        Assert.Equal(["object"], Keys());
    }

    private List<string> Keys() => [.. _store.ListAsync("", None).ToBlockingEnumerable(None).Select(found => found.Key)];

    private async Task PutAsync(string key)
    {
        await using IObjectWriter writer = await _store.CreateAsync(key, WriteMode.CreateOnly, None);
        await writer.Stream.WriteAsync(new byte[10]);
        await writer.CommitAsync(None);
    }

    private static async Task AssertRefusedAsync(Func<Task> call)
    {
        AiShellException refusal = await Assert.ThrowsAsync<AiShellException>(call);
        Assert.Equal(ErrorKind.Refused, refusal.Kind);
        Assert.Contains("symbolic link", refusal.Message, StringComparison.Ordinal);
        Assert.NotNull(refusal.Hint);
    }

    private static void AssertUnreachable(Action call)
    {
        Exception? failure = AsNobody(() => Record.Exception(call));
        AiShellException refusal = Assert.IsType<AiShellException>(failure is AggregateException { InnerException: { } inner } ? inner : failure);
        Assert.Equal(ErrorKind.Unreachable, refusal.Kind);
        Assert.Contains("permission denied", refusal.Message, StringComparison.Ordinal);
        Assert.NotNull(refusal.Hint);
    }

    /// <summary>Mode 755.</summary>
    private static void OpenToAll(string folder) => Assert.Equal(0, SmallDisk.Run("chmod", "755", folder));

    /// <summary>On a thread of its own whose calls to the file system are another user's (setfsuid(2)).</summary>
    private static T AsNobody<T>(Func<T> call)
    {
        T result = default!;
        var thread = new Thread(() =>
        {
            _ = SetFileSystemUser(Nobody);
            _ = SetFileSystemGroup(Nobody);
            result = call();
        });
        thread.Start();
        thread.Join();
        return result;
    }

    [LibraryImport("libc", EntryPoint = "setfsuid")]
    private static partial int SetFileSystemUser(uint user);

    [LibraryImport("libc", EntryPoint = "setfsgid")]
    private static partial int SetFileSystemGroup(uint group);
}
