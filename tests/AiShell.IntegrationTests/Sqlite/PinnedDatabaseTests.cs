using AiShell.Engines;
using AiShell.Engines.Sqlite;
using AiShell.Testing.Engines.Sqlite;
using Microsoft.Data.Sqlite;

namespace AiShell.IntegrationTests.Sqlite;

public sealed class PinnedDatabaseTests : IDisposable
{
    private static readonly TimeSpan LockWait = TimeSpan.FromSeconds(5);
    private readonly SqliteFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("wal", 4096)]
    [InlineData("wal", 512)]
    [InlineData("wal", 65536)]
    [InlineData("delete", 4096)]
    [InlineData("delete", 512)]
    [InlineData("truncate", 65536)]
    public async Task Page_images_are_the_pinned_moment_whatever_is_written_after(string journalMode, int pageSize)
    {
        string path = _folder.Write(
            "bank.db",
            $"PRAGMA page_size = {pageSize}",
            $"PRAGMA journal_mode = {journalMode}",
            "CREATE TABLE account(id INTEGER PRIMARY KEY, balance INTEGER, note TEXT)",
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) INSERT INTO account SELECT i, 100, hex(randomblob(50)) FROM n");
        using SqliteConnection writer = SqliteSession.Open(path, SqliteAccess.Writer, LockWait);
        SqliteSession.Execute(writer, "UPDATE account SET balance = balance + 1 WHERE id % 7 = 0");
        long expected = SqliteSession.ScalarInt64(writer, "SELECT sum(balance) FROM account");

        await using PinnedDatabase pinned = await PinnedDatabase.PinAsync(path, 3, _folder.Scratch, LockWait, default);
        SqliteSession.Execute(writer, "UPDATE account SET balance = 0, note = NULL; VACUUM");
        if (journalMode == "wal")
        {
            SqliteSession.Execute(writer, "PRAGMA wal_checkpoint(PASSIVE); DELETE FROM account WHERE id > 10");
        }

        string copy = await WriteImageAsync(pinned, "copy.db");

        Assert.Equal(expected, SqliteFolder.Scalar(copy, "SELECT sum(balance) FROM account"));
        Assert.Equal("ok", await SqliteFolder.ShellAsync(copy, "PRAGMA integrity_check"));
        for (int i = 0; i < 3; i++)
        {
            PinnedReader reader = await pinned.RentAsync(default);
            Assert.Equal(expected, SqliteSession.ScalarInt64(reader.Connection, "SELECT sum(balance) FROM account"));
        }
    }

    /// <summary>Else a log that began at the later one would be taken to go on from a backup of the earlier one.</summary>
    [Fact]
    public async Task Two_moments_of_an_empty_log_are_told_apart_though_the_change_counter_is_the_same()
    {
        string path = _folder.Write("a.db", "PRAGMA journal_mode = wal", "CREATE TABLE t(x)", "INSERT INTO t VALUES(1)");
        await SqliteFolder.ShellAsync(path, "PRAGMA wal_checkpoint(TRUNCATE)");
        (uint Counter, LogPosition Position) before = await LookAsync();

        await SqliteFolder.ShellAsync(path, "UPDATE t SET x = 2");
        (uint Counter, LogPosition Position) after = await LookAsync();

        Assert.Equal(before.Counter, after.Counter);
        Assert.NotEqual(before.Position, after.Position);

        async Task<(uint, LogPosition)> LookAsync()
        {
            await using PinnedDatabase pinned = await PinnedDatabase.PinAsync(path, 1, _folder.Scratch, LockWait, default);
            return (pinned.ChangeCounter, pinned.Position);
        }
    }

    /// <summary>SQLite 3.40 writes such frames after ROLLBACK TO in a transaction that had outgrown its cache (seen with python's sqlite3; its own recovery loses them).</summary>
    [Fact]
    public async Task A_committed_frame_that_SQLite_left_without_salts_is_in_the_picture()
    {
        string path = _folder.Write("a.db", "PRAGMA journal_mode = wal", "CREATE TABLE t(x)");
        using SqliteConnection writer = SqliteSession.Open(path, SqliteAccess.Writer, LockWait);
        SqliteSession.Execute(writer, "INSERT INTO t VALUES(1)");
        await CliWrap.Cli.Wrap("python3").WithArguments(
            ["-c", "import sys\nf = open(sys.argv[1], 'r+b')\nf.seek(32 + 8)\nf.write(bytes(16))", path + "-wal"]).ExecuteAsync();

        await using PinnedDatabase pinned = await PinnedDatabase.PinAsync(path, 1, _folder.Scratch, LockWait, default);

        Assert.Equal(1, SqliteFolder.Scalar(await WriteImageAsync(pinned, "copy.db"), "SELECT x FROM t"));
    }

    private async Task<string> WriteImageAsync(PinnedDatabase pinned, string name)
    {
        string copy = _folder.PathOf(name);
        using PinnedReader reader = await pinned.RentAsync(default);
        byte[] image = new byte[pinned.SizeBytes];
        if (image.Length > 0)
        {
            reader.ReadPages(1, image);
        }

        await File.WriteAllBytesAsync(copy, image);
        return copy;
    }
}
