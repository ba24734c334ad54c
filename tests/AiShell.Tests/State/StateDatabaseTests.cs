using System.Text;
using AiShell.State;
using AiShell.Tests.Configuration;
using Microsoft.Extensions.Time.Testing;

namespace AiShell.Tests.State;

public sealed class StateDatabaseTests : IDisposable
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 23, 12, 0, 0, TimeSpan.Zero);

    private readonly TemporaryHome _home = new();
    private readonly List<string> _warnings = [];

    public void Dispose() => _home.Dispose();

    [Fact]
    public void The_audit_trail_comes_back_newest_first_and_whole()
    {
        using (StateDatabase state = Open())
        {
            state.Append(Entry(0, "create", "shop") with { Message = null, BackupId = null });
            state.Append(Entry(60, "restore", "other"));
        }

        using StateDatabase again = Open();
        IReadOnlyList<AuditEntry> history = again.History(null, null, 10);
        Assert.Equal(["restore", "create"], history.Select(entry => entry.Operation));
        Assert.Equal(Entry(60, "restore", "other"), history[0]);
        Assert.Single(again.History(Noon.AddSeconds(30), null, 10));
        Assert.Equal("create", again.History(null, "shop", 10).Single().Operation);
        Assert.Single(again.History(null, null, 1));
        Assert.Empty(_warnings);
    }

    [Fact]
    public void The_file_is_private()
    {
        using StateDatabase state = Open();
        state.Append(Entry(0, "create", "shop"));
        foreach (string file in Directory.GetFiles(_home.Home.Root, "state.db*"))
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        }
    }

    [Theory]
    [InlineData("this is no database, and long enough to look like a file with a header of a hundred bytes or more ........")]
    [InlineData("SQLite format 3\0 and then nothing that fits, for more than a hundred bytes: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx")]
    public void A_corrupt_file_is_moved_aside_with_a_warning(string content)
    {
        File.WriteAllText(_home.Home.StateFile, content);
        using StateDatabase state = Open();
        state.Append(Entry(0, "create", "shop"));

        Assert.Single(state.History(null, null, 10));
        Assert.Contains("damaged", Assert.Single(_warnings), StringComparison.Ordinal);
        string aside = Assert.Single(Directory.GetFiles(_home.Home.Root, "state.db.corrupt-*"));
        Assert.Equal(content, File.ReadAllText(aside));
    }

    [Fact]
    public void A_file_that_is_damaged_inside_does_not_stop_the_work()
    {
        using (StateDatabase state = Open())
        {
            for (int number = 0; number < 2000; number++)
            {
                state.Append(Entry(number, "create", "shop"));
            }
        }

        byte[] bytes = File.ReadAllBytes(_home.Home.StateFile);
        bytes.AsSpan(4096).Fill(0xa5);
        File.WriteAllBytes(_home.Home.StateFile, bytes);

        using StateDatabase damaged = Open();
        damaged.Append(Entry(5000, "restore", "shop"));
        Assert.Equal("restore", damaged.History(null, null, 1).Single().Operation);
        Assert.NotEmpty(_warnings);
    }

    [Fact]
    public void A_place_that_cannot_be_used_gives_a_warning_and_memory()
    {
        Directory.CreateDirectory(_home.Home.StateFile);
        using StateDatabase state = Open();
        state.Append(Entry(0, "create", "shop"));
        Assert.Single(state.History(null, null, 10));
        Assert.Contains("cannot be used", Assert.Single(_warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void A_newer_version_s_file_is_left_alone()
    {
        using (Open())
        {
        }

        Execute("PRAGMA user_version = 99");
        using (StateDatabase state = Open())
        {
            state.Append(Entry(0, "create", "shop"));
        }

        Assert.Contains("newer version", Assert.Single(_warnings), StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(_home.Home.Root, "state.db.corrupt-*"));
    }

    [Fact]
    public void A_manifest_counts_only_at_the_size_and_time_it_was_read_at()
    {
        using StateDatabase state = Open();
        byte[] manifest = Encoding.UTF8.GetBytes("{\"id\":\"é\"}");
        state.Put("repo", "backup", 10, Noon, manifest);

        Assert.Equal(manifest, state.Get("repo", "backup", 10, Noon));
        Assert.Null(state.Get("repo", "backup", 11, Noon));
        Assert.Null(state.Get("repo", "backup", 10, Noon.AddTicks(1)));
        Assert.Null(state.Get("other", "backup", 10, Noon));
        state.Remove("repo", "backup");
        Assert.Null(state.Get("repo", "backup", 10, Noon));
        state.Put("repo", "backup", 10, Noon, manifest);
        state.Clear("repo");
        Assert.Null(state.Get("repo", "backup", 10, Noon));
    }

    [Theory]
    [InlineData("deep:bad", true)]
    [InlineData("deep:good", false)]
    [InlineData("deep:bad checksum:good", true)]
    [InlineData("checksum:bad deep:good", false)]
    [InlineData("test:bad deep:good", true)]
    [InlineData("deep:good checksum:bad", true)]
    [InlineData("", false)]
    public void A_shallower_good_check_does_not_clear_a_deeper_bad_one(string checks, bool bad)
    {
        using StateDatabase state = Open();
        foreach ((int number, string check) in checks.Split(' ', StringSplitOptions.RemoveEmptyEntries).Index())
        {
            string[] words = check.Split(':');
            state.Record("repo", "backup", new VerificationResult(Noon.AddMinutes(number), Enum.Parse<VerificationLevel>(words[0], true), words[1] == "good", null));
        }

        Assert.Equal(bad, state.KnownBad("repo").Contains("backup"));
        Assert.Empty(state.KnownBad("other"));
    }

    [Fact]
    public void Several_processes_may_write()
    {
        using StateDatabase one = Open();
        using StateDatabase other = Open();
        Parallel.For(0, 40, number => (number % 2 == 0 ? one : other).Append(Entry(number, "create", "shop")));
        Assert.Equal(40, one.History(null, null, 100).Count);
        Assert.Empty(_warnings);
    }

    private static AuditEntry Entry(int seconds, string operation, string database) => new(
        Noon.AddSeconds(seconds), $"backup {operation}", operation, database, "backup-1", "done", 0, TimeSpan.FromMilliseconds(1234), "message", "user", "host");

    private StateDatabase Open() => StateDatabase.Open(_home.Home, _warnings.Add, new FakeTimeProvider(Noon));

    private void Execute(string sql)
    {
        using var connection = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={_home.Home.StateFile};Pooling=False");
        connection.Open();
        using Microsoft.Data.Sqlite.SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
