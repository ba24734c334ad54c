using System.Diagnostics;
using AiShell.Connections;
using AiShell.Engines;
using AiShell.Engines.Sqlite;
using AiShell.Testing.Engines;
using AiShell.Testing.Engines.Sqlite;
using Microsoft.Data.Sqlite;

namespace AiShell.IntegrationTests.Sqlite;

/// <summary>The traps of reading a live SQLite file; the stock shell plays the other process.</summary>
public sealed class PinningTrapTests : IDisposable
{
    private static readonly TimeSpan LockWait = TimeSpan.FromSeconds(5);
    private readonly SqliteFolder _folder = new();
    private readonly SqliteEngine _engine = new();

    public void Dispose() => _folder.Dispose();

    private SnapshotOptions Native(TimeSpan? lockWait = null) =>
        new(BackupFormat.Native, BackupScope.All, TableFilter.Everything, 2, _folder.Scratch, 1 << 20, lockWait ?? LockWait);

    private Task<MemoryBackup> BackUpAsync(string path, TimeSpan? lockWait = null) => MemoryBackup.MakeAsync(_engine, DatabaseAddress.OfFile(path), Native(lockWait));

    private async Task<AiShellException> FailsToOpenAsync(string path, TimeSpan? lockWait = null)
    {
        AiShellException failure = await Assert.ThrowsAsync<AiShellException>(
            () => _engine.OpenSnapshotAsync(DatabaseAddress.OfFile(path), Native(lockWait), default));
        Assert.Contains(path, failure.Message, StringComparison.Ordinal);
        Assert.NotNull(failure.Hint);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder.Scratch));
        return failure;
    }

    [Fact]
    public async Task Reading_pages_keeps_our_locks_so_that_no_checkpoint_of_another_process_resets_the_log()
    {
        string path = _folder.Write("a.db", "PRAGMA journal_mode = wal", "CREATE TABLE t(x)", "INSERT INTO t VALUES(1)");
        using SqliteConnection open = SqliteSession.Open(path, SqliteAccess.Writer, LockWait);
        SqliteSession.Execute(open, "INSERT INTO t VALUES(2)");
        await using ISnapshot snapshot = await _engine.OpenSnapshotAsync(DatabaseAddress.OfFile(path), Native(), default);
        SqliteSession.Execute(open, "INSERT INTO t VALUES(3)");

        byte[] before = (await MemoryBackup.WriteAsync(_engine, snapshot, Native())).Plain;
        Assert.StartsWith("1|", await SqliteFolder.ShellAsync(path, "PRAGMA wal_checkpoint(TRUNCATE);"), StringComparison.Ordinal);
        await SqliteFolder.ShellAsync(path, "INSERT INTO t VALUES(4); PRAGMA wal_checkpoint(RESTART);");

        Assert.Equal(before, (await MemoryBackup.WriteAsync(_engine, snapshot, Native())).Plain);
    }

    [Fact]
    public async Task A_log_that_is_wholly_checkpointed_may_not_be_reset_under_us()
    {
        string path = _folder.Write("a.db", "PRAGMA journal_mode = wal", "CREATE TABLE t(x)");
        using SqliteConnection open = SqliteSession.Open(path, SqliteAccess.Writer, LockWait);
        SqliteSession.Execute(open, "INSERT INTO t VALUES(1); PRAGMA wal_checkpoint(PASSIVE)");
        await using ISnapshot snapshot = await _engine.OpenSnapshotAsync(DatabaseAddress.OfFile(path), Native(), default);
        byte[] before = (await MemoryBackup.WriteAsync(_engine, snapshot, Native())).Plain;
        for (int i = 0; i < 20; i++)
        {
            SqliteSession.Execute(open, "INSERT INTO t SELECT randomblob(3000)");
        }

        await SqliteFolder.ShellAsync(path, "PRAGMA wal_checkpoint(FULL);");
        Assert.Equal(before, (await MemoryBackup.WriteAsync(_engine, snapshot, Native())).Plain);
    }

    [Fact]
    public async Task Writers_in_WAL_mode_go_on_during_a_snapshot()
    {
        string path = _folder.Write("a.db", "PRAGMA journal_mode = wal", "CREATE TABLE t(x)", "INSERT INTO t VALUES(1)");
        await using ISnapshot snapshot = await _engine.OpenSnapshotAsync(DatabaseAddress.OfFile(path), Native(), default);

        // No busy timeout: had they to wait at all, they would fail.
        using SqliteConnection writer = SqliteSession.Open(path, SqliteAccess.Writer, TimeSpan.Zero);
        for (int i = 0; i < 100; i++)
        {
            SqliteSession.Execute(writer, "BEGIN IMMEDIATE; INSERT INTO t VALUES(2); COMMIT");
        }

        Assert.Equal("1", await SqliteFolder.ShellAsync(path, "PRAGMA busy_timeout=0; DELETE FROM t WHERE rowid = 1; SELECT changes();") is var text ? text.Split('\n')[^1] : "");
    }

    [Fact]
    public async Task Writers_with_a_rollback_journal_go_on_while_steps_are_written()
    {
        string path = _folder.Write("a.db", "PRAGMA journal_mode = delete", "CREATE TABLE t(x)", "INSERT INTO t VALUES(1)");
        await using ISnapshot snapshot = await _engine.OpenSnapshotAsync(DatabaseAddress.OfFile(path), Native(), default);

        using SqliteConnection writer = SqliteSession.Open(path, SqliteAccess.Writer, TimeSpan.Zero);
        SqliteSession.Execute(writer, "BEGIN EXCLUSIVE; INSERT INTO t VALUES(2); COMMIT");

        MemoryBackup backup = await MemoryBackup.WriteAsync(_engine, snapshot, Native());
        Assert.Equal(1, Assert.Single(backup.Contents.Tables).Fingerprint.Rows);
    }

    [Theory]
    [InlineData("wal")]
    [InlineData("delete")]
    public async Task A_locked_database_is_waited_for_and_then_busy(string journalMode)
    {
        string path = _folder.Write("a.db", $"PRAGMA journal_mode = {journalMode}", "CREATE TABLE t(x)");
        using SqliteConnection other = SqliteSession.Open(path, SqliteAccess.Writer, TimeSpan.Zero);
        SqliteSession.Execute(other, "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; INSERT INTO t VALUES(1)");
        long start = Stopwatch.GetTimestamp();

        AiShellException busy = await FailsToOpenAsync(path, TimeSpan.FromMilliseconds(300));

        Assert.Equal(ErrorKind.Busy, busy.Kind);
        Assert.True(Stopwatch.GetElapsedTime(start) > TimeSpan.FromSeconds(0.25), "It did not wait.");

        Task<MemoryBackup> waiting = BackUpAsync(path, TimeSpan.FromMinutes(5));
        await Task.Delay(200);
        Assert.False(waiting.IsCompleted);
        SqliteSession.Execute(other, "COMMIT");
        other.Dispose();
        Assert.Equal(1, Assert.Single((await waiting).Contents.Tables).Fingerprint.Rows);
    }

    [Fact]
    public async Task Waiting_for_a_lock_ends_on_cancellation()
    {
        string path = _folder.Write("a.db", "CREATE TABLE t(x)");
        using SqliteConnection other = SqliteSession.Open(path, SqliteAccess.Writer, TimeSpan.Zero);
        SqliteSession.Execute(other, "BEGIN EXCLUSIVE");
        using CancellationTokenSource stop = new(TimeSpan.FromMilliseconds(200));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => _engine.OpenSnapshotAsync(DatabaseAddress.OfFile(path), Native(TimeSpan.FromMinutes(5)), stop.Token));
    }

    [Fact]
    public async Task A_hot_journal_of_a_dead_writer_is_rolled_back_first()
    {
        string path = _folder.Write("a.db", "PRAGMA journal_mode = delete", "CREATE TABLE t(x)", "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<500) INSERT INTO t SELECT hex(randomblob(200)) FROM n");
        string crashed = _folder.PathOf("crashed.db");
        using (SqliteConnection writer = SqliteSession.Open(path, SqliteAccess.Writer, TimeSpan.Zero))
        {
            // A tiny cache makes the transaction write to the file before its commit; the copy is what a crash would leave.
            SqliteSession.Execute(writer, "PRAGMA cache_size = 5; BEGIN; UPDATE t SET x = 'lost'");
            await SqliteFolder.CopyByOtherProcessAsync(path, crashed);
            await SqliteFolder.CopyByOtherProcessAsync(path + "-journal", crashed + "-journal");
            SqliteSession.Execute(writer, "ROLLBACK");
        }

        MemoryBackup backup = await BackUpAsync(crashed);

        Assert.Equal(await _engine.DigestAsync(DatabaseAddress.OfFile(path), default), backup.Contents.Tables);
        Assert.False(File.Exists(crashed + "-journal"));
    }

    [Fact]
    public async Task A_log_that_a_dead_application_left_is_in_the_backup_and_stays_where_it_is()
    {
        string path = _folder.Write("a.db", "PRAGMA journal_mode = wal", "CREATE TABLE t(x)");
        string crashed = _folder.PathOf("crashed.db");
        using (SqliteConnection writer = SqliteSession.Open(path, SqliteAccess.Writer, TimeSpan.Zero))
        {
            SqliteSession.Execute(writer, "INSERT INTO t VALUES(1),(2),(3)");
            await SqliteFolder.CopyByOtherProcessAsync(path, crashed);
            await SqliteFolder.CopyByOtherProcessAsync(path + "-wal", crashed + "-wal");
        }

        byte[] log = await File.ReadAllBytesAsync(crashed + "-wal");
        MemoryBackup backup = await BackUpAsync(crashed);

        Assert.Equal(3, Assert.Single(backup.Contents.Tables).Fingerprint.Rows);
        Assert.Equal(log, await File.ReadAllBytesAsync(crashed + "-wal"));
        Assert.Matches("^change [0-9]+, frame [1-9][0-9]* of 0x[0-9a-f]{16}, sum 0x[0-9a-f]{16}$", backup.Position.Value);
    }

    [Theory]
    [InlineData("it's a \"file\".db")]
    [InlineData("100%25 ?mode=memory#x&.db")]
    [InlineData("file:x.db")]
    [InlineData("new\nline 🙂 ü.db")]
    [InlineData("; Mode=Memory; .db")]
    [InlineData("|DataDirectory|.db")]
    public async Task Any_file_name_is_backed_up_and_restored_by_that_name(string name)
    {
        foreach (string mode in new[] { "wal", "delete" })
        {
            string path = _folder.Write($"{mode} {name}", $"PRAGMA journal_mode = {mode}", "CREATE TABLE t(x)", "INSERT INTO t VALUES(1)");
            MemoryBackup backup = await BackUpAsync(path);
            string copy = _folder.PathOf("copy " + mode + name);
            await backup.RestoreAsync(_engine, DatabaseAddress.OfFile(copy), new TargetOptions(TableFilter.Everything, false, false, 1, _folder.Scratch, LockWait));
            await backup.RestoreAsync(_engine, DatabaseAddress.OfFile(copy), new TargetOptions(new TableFilter(["t"], []), true, true, 1, _folder.Scratch, LockWait));

            Assert.True(File.Exists(copy));
            Assert.Equal(1, Assert.Single(await _engine.DigestAsync(DatabaseAddress.OfFile(copy), default)).Fingerprint.Rows);
        }

        Assert.Equal(5, Directory.EnumerateFileSystemEntries(_folder.Folder).Count());
    }

    [Fact]
    public async Task What_is_no_database_is_said_to_be_none()
    {
        string text = _folder.PathOf("text.db");
        await File.WriteAllTextAsync(text, string.Concat(Enumerable.Repeat("not a database, maybe encrypted. ", 300)));
        Assert.Equal(ErrorKind.Unreachable, (await FailsToOpenAsync(text)).Kind);
        Assert.Equal(ErrorKind.Unreachable, (await FailsToOpenAsync(_folder.Scratch)).Kind);
        Assert.Equal(ErrorKind.Unreachable, (await FailsToOpenAsync(_folder.PathOf("nowhere.db"))).Kind);

        string path = _folder.Write("damaged.db", "CREATE TABLE t(x)", "CREATE INDEX i ON t(x)");
        byte[] bytes = await File.ReadAllBytesAsync(path);
        bytes.AsSpan(100, 100).Fill(0xEE);
        await File.WriteAllBytesAsync(path, bytes);
        AiShellException damaged = await FailsToOpenAsync(path);
        Assert.Equal(ErrorKind.Integrity, damaged.Kind);
    }

    [Fact]
    public async Task A_file_of_no_bytes_is_an_empty_database()
    {
        string path = _folder.PathOf("zero.db");
        await File.WriteAllBytesAsync(path, []);
        MemoryBackup backup = await BackUpAsync(path);

        Assert.Empty(backup.Plain);
        Assert.Empty(backup.Contents.Tables);
    }

    [Theory]
    [InlineData("wal", 512)]
    [InlineData("wal", 65536)]
    [InlineData("delete", 512)]
    [InlineData("delete", 8192)]
    [InlineData("delete", 65536)]
    public async Task A_native_backup_is_the_file_byte_for_byte(string journalMode, int pageSize)
    {
        string path = _folder.Write(
            "a.db",
            $"PRAGMA page_size = {pageSize}",
            "PRAGMA auto_vacuum = INCREMENTAL",
            $"PRAGMA journal_mode = {journalMode}",
            "CREATE TABLE t(x)",
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<300) INSERT INTO t SELECT randomblob(i * 7) FROM n",
            "DELETE FROM t WHERE rowid % 3 = 0");
        MemoryBackup backup = await BackUpAsync(path);

        Assert.Equal(await File.ReadAllBytesAsync(path), backup.Plain);
    }

    [Fact]
    public async Task The_lock_page_at_one_gibibyte_is_kept_as_the_file_has_it()
    {
        // Sparse: 1 GiB and two pages, of which SQLite never uses the one at the lock byte.
        const long LockByte = 0x40000000;
        string path = _folder.Write("big.db", "PRAGMA page_size = 65536", "CREATE TABLE t(x)", "INSERT INTO t VALUES(1)");
        using (FileStream file = new(path, FileMode.Open, FileAccess.ReadWrite))
        {
            file.SetLength(LockByte + (2 * 65536));
            file.Position = 28;
            file.Write([0, 0, 0x40, 0x02]);
            file.Position = LockByte;
            file.Write("locks"u8);
        }

        await using PinnedDatabase pinned = await PinnedDatabase.PinAsync(path, 1, _folder.Scratch, LockWait, default);
        using PinnedReader reader = await pinned.RentAsync(default);
        byte[] page = new byte[65536];
        reader.ReadPages(0x4001, page);

        Assert.Equal(0x4002u, pinned.PageCount);
        Assert.Equal("locks"u8, page.AsSpan(0, 5));
    }

    [Fact]
    public async Task Double_quoted_texts_in_an_old_schema_are_read()
    {
        string path = _folder.PathOf("old.db");
        Assert.Equal("", await SqliteFolder.ShellAsync(path, ".dbconfig dqs_ddl on\nCREATE TABLE t(x CHECK (x <> \"none\")); CREATE INDEX i ON t(x) WHERE x > \"a\"; INSERT INTO t VALUES('b');") is var said && said.Contains("dqs_ddl", StringComparison.Ordinal) ? "" : said);
        MemoryBackup backup = await BackUpAsync(path);

        Assert.Equal(1, Assert.Single(backup.Contents.Tables).Fingerprint.Rows);
    }

    [Fact]
    public async Task Chinook_comes_back_from_every_format()
    {
        string path = _folder.PathOf("chinook.db");
        File.Copy(Path.Combine(AppContext.BaseDirectory, "Data", "chinook.sqlite"), path);
        IReadOnlyList<TableDigest> digests = await _engine.DigestAsync(DatabaseAddress.OfFile(path), default);
        Assert.Equal(11, digests.Count);
        string dump = await SqliteFolder.ShellAsync(path, ".dump");
        foreach (BackupFormat format in _engine.Capabilities.Formats)
        {
            MemoryBackup backup = await MemoryBackup.MakeAsync(_engine, DatabaseAddress.OfFile(path), Native() with { Format = format, PartBytes = 100_000 });
            DatabaseAddress copy = DatabaseAddress.OfFile(_folder.PathOf($"{format}.db"));
            Assert.Equal(digests, await backup.RestoreAsync(_engine, copy, new TargetOptions(TableFilter.Everything, false, false, 2, _folder.Scratch, LockWait)));
            Assert.Equal(dump, await SqliteFolder.ShellAsync(copy.Database, ".dump"));
        }
    }
}
