using AiShell.Engines.Sqlite;
using AiShell.Engines.Sqlite.Log;
using Microsoft.Data.Sqlite;
using Microsoft.Win32.SafeHandles;

namespace AiShell.IntegrationTests.Sqlite;

/// <summary>Keeps what a capture hands over, and lays it over the capture's picture up to any commit.</summary>
internal sealed class CommitSpool : ICommitSink, IDisposable
{
    private readonly FileStream _pages;
    private readonly List<Commit> _commits = [];

    public CommitSpool(string folder)
    {
        Image = Path.Combine(folder, $"image-{Guid.NewGuid():N}.db");
        _pages = new FileStream(Image + ".pages", FileMode.CreateNew, FileAccess.ReadWrite);
    }

    public sealed record Commit(string Position, uint PageCount, int PageSize, DateTimeOffset After, DateTimeOffset At, List<uint> Pages, long Offset);

    /// <summary>The database as far as it was laid out.</summary>
    public string Image { get; }

    public IReadOnlyList<Commit> Commits
    {
        get
        {
            lock (_commits)
            {
                return [.. _commits];
            }
        }
    }

    public int Count
    {
        get
        {
            lock (_commits)
            {
                return _commits.Count;
            }
        }
    }

    public Task CommitAsync(CapturedCommit commit, CancellationToken cancellationToken)
    {
        long offset = _pages.Position;
        List<uint> pages = [];
        foreach (CapturedPage page in commit.Pages)
        {
            Assert.Equal(commit.PageSize, page.Image.Length);
            _pages.Write(page.Image.Span);
            pages.Add(page.Number);
        }

        Assert.Equal(commit.FrameCount, (uint)pages.Count);
        lock (_commits)
        {
            _commits.Add(new Commit(commit.Position.Value, commit.PageCount, commit.PageSize, commit.SeenAfter, commit.SeenAt, pages, offset));
        }

        return Task.CompletedTask;
    }

    public async Task WritePictureAsync(PinnedDatabase picture)
    {
        await using (picture)
        {
            using PinnedReader reader = await picture.RentAsync(default);
            byte[] pages = new byte[picture.SizeBytes];
            reader.ReadPages(1, pages);
            await File.WriteAllBytesAsync(Image, pages);
        }
    }

    /// <summary>Visits the database after each of the commits (numbered from 0, ascending), page by page as a restore would make it.</summary>
    public void Visit(IEnumerable<int> commits, Action<int, SqliteConnection> look)
    {
        int done = 0;
        foreach (int end in commits.Distinct().Order())
        {
            using (SafeFileHandle file = File.OpenHandle(Image, FileMode.Open, FileAccess.ReadWrite))
            {
                for (; done <= end; done++)
                {
                    Apply(_commits[done], file);
                }
            }

            using SqliteConnection connection = SqliteSession.Open(Image, SqliteAccess.Immutable, TimeSpan.Zero);
            look(end, connection);
        }
    }

    public void Dispose() => _pages.Dispose();

    private void Apply(Commit commit, SafeFileHandle file)
    {
        byte[] page = new byte[commit.PageSize];
        _pages.Position = commit.Offset;
        foreach (uint number in commit.Pages)
        {
            _pages.ReadExactly(page);
            RandomAccess.Write(file, page, (number - 1L) * commit.PageSize);
        }

        RandomAccess.SetLength(file, commit.PageCount * (long)commit.PageSize);
    }
}
