using System.Runtime.Versioning;
using AiShell.Connections;
using AiShell.Engines;
using AiShell.Engines.Sqlite;
using AiShell.Testing.Engines;
using AiShell.Testing.Engines.Sqlite;
using CliWrap;
using CliWrap.Buffered;
using Microsoft.Data.Sqlite;

namespace AiShell.IntegrationTests.Sqlite;

/// <summary>What a file was and who has it open, before and after it was replaced; and sources that are not simply a file.</summary>
[SupportedOSPlatform("linux")]
public sealed class ReplacedFileTests : IAsyncLifetime, IDisposable
{
    private readonly SqliteFolder _folder = new();
    private readonly SqliteEngine _engine = new();
    private MemoryBackup _backup = null!;

    public async Task InitializeAsync() => _backup = await BackUpAsync(_folder.Write("new.db", "CREATE TABLE t(x)", "INSERT INTO t VALUES('new')"));

    public Task DisposeAsync() => Task.CompletedTask;

    public void Dispose() => _folder.Dispose();

    private Task<MemoryBackup> BackUpAsync(string path) => MemoryBackup.MakeAsync(
        _engine,
        DatabaseAddress.OfFile(path),
        new SnapshotOptions(BackupFormat.Native, BackupScope.All, TableFilter.Everything, 1, _folder.Scratch, 1 << 20, TimeSpan.FromSeconds(5)));

    private Task<IReadOnlyList<TableDigest>> RestoreAsync(string path, TableFilter? tables = null) => _backup.RestoreAsync(
        _engine, DatabaseAddress.OfFile(path), new TargetOptions(tables ?? TableFilter.Everything, tables is not null, true, 1, _folder.Scratch, TimeSpan.FromSeconds(0.3)));

    [Theory]
    [InlineData("wal")]
    [InlineData("delete")]
    public async Task Owner_group_and_mode_of_the_replaced_file_are_kept(string journalMode)
    {
        // Run by root, as CI does, this gives the file to somebody else; another user can only keep his own.
        string path = _folder.Write("old.db", $"PRAGMA journal_mode = {journalMode}", "CREATE TABLE t(x)");
        string owner = Environment.IsPrivilegedProcess ? "65534:12" : "";
        if (owner.Length > 0)
        {
            await Cli.Wrap("chown").WithArguments([owner, path]).ExecuteAsync();
        }

        await Cli.Wrap("chmod").WithArguments(["664", path]).ExecuteAsync();
        string before = await OwnerAsync(path);
        await RestoreAsync(path);

        Assert.Equal(before, await OwnerAsync(path));
        Assert.Equal("new", await SqliteFolder.ShellAsync(path, "SELECT x FROM t;"));
        Assert.StartsWith(owner, before, StringComparison.Ordinal);

        static async Task<string> OwnerAsync(string file) =>
            (await Cli.Wrap("stat").WithArguments(["-c", "%u:%g %a", file]).ExecuteBufferedAsync()).StandardOutput.Trim();
    }

    /// <summary>
    /// With a rollback journal a connection at rest holds no lock, so that nobody can know of it. It keeps the old file, which is no longer anybody's
    /// database, until it opens the path again.
    /// </summary>
    [Fact]
    public async Task A_connection_at_rest_with_a_rollback_journal_keeps_the_old_file_and_does_not_hurt_the_new_one()
    {
        string path = _folder.Write("old.db", "CREATE TABLE t(x)", "INSERT INTO t VALUES('old')");
        using (SqliteConnection idle = SqliteSession.Open(path, SqliteAccess.Writer, TimeSpan.Zero))
        {
            Assert.Equal("old", SqliteSession.ScalarText(idle, "SELECT x FROM t"));
            await RestoreAsync(path);

            SqliteException refused = Assert.Throws<SqliteException>(() => SqliteSession.Execute(idle, "INSERT INTO t VALUES('to the old file')"));
            Assert.Equal(SQLitePCL.raw.SQLITE_READONLY, refused.SqliteErrorCode);
        }

        Assert.Equal("new|ok", (await SqliteFolder.ShellAsync(path, "SELECT group_concat(x) FROM t; PRAGMA integrity_check;")).Replace('\n', '|'));
    }

    [Theory]
    [InlineData("wal", "BEGIN IMMEDIATE")]
    [InlineData("delete", "BEGIN IMMEDIATE")]
    [InlineData("delete", "BEGIN EXCLUSIVE")]
    public async Task A_lock_of_somebody_else_is_busy_also_for_some_tables_and_nothing_changes(string journalMode, string begin)
    {
        string path = _folder.Write("old.db", $"PRAGMA journal_mode = {journalMode}", "CREATE TABLE t(x)", "INSERT INTO t VALUES('old')");
        using SqliteConnection other = SqliteSession.Open(path, SqliteAccess.Writer, TimeSpan.Zero);
        SqliteSession.Execute(other, begin);
        SqliteSession.Execute(other, "INSERT INTO t VALUES('mine')");
        foreach (TableFilter? tables in new[] { null, new TableFilter(["t"], []) })
        {
            Assert.Equal(ErrorKind.Busy, (await Assert.ThrowsAsync<AiShellException>(() => RestoreAsync(path, tables))).Kind);
        }

        SqliteSession.Execute(other, "COMMIT");
        other.Dispose();
        Assert.Equal("old,mine", await SqliteFolder.ShellAsync(path, "SELECT group_concat(x) FROM t;"));
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder.Folder, ".*"));
        await RestoreAsync(path, new TableFilter(["t"], []));
        Assert.Equal("new", await SqliteFolder.ShellAsync(path, "SELECT group_concat(x) FROM t;"));
    }

    [Fact]
    public async Task Logs_of_another_database_beside_the_target_reach_neither_the_old_nor_the_new_one()
    {
        string path = _folder.Write("old.db", "CREATE TABLE t(x)", "INSERT INTO t VALUES('old')");
        string other = _folder.Write("other.db", "PRAGMA journal_mode = wal", "CREATE TABLE u(y)");
        using (SqliteConnection writer = SqliteSession.Open(other, SqliteAccess.Writer, TimeSpan.Zero))
        {
            SqliteSession.Execute(writer, "INSERT INTO u VALUES('foreign')");
            await SqliteFolder.CopyByOtherProcessAsync(other + "-wal", path + "-wal");
            await SqliteFolder.CopyByOtherProcessAsync(other + "-shm", path + "-shm");
        }

        await RestoreAsync(path);
        Assert.Equal("t|new|ok", (await SqliteFolder.ShellAsync(path, "SELECT name FROM sqlite_schema; SELECT x FROM t; PRAGMA integrity_check;")).Replace('\n', '|'));
    }

    [Theory]
    [InlineData("wal")]
    [InlineData("delete")]
    public async Task A_source_behind_symbolic_links_is_read_with_its_own_log(string journalMode)
    {
        string path = _folder.Write("real.db", $"PRAGMA journal_mode = {journalMode}", "CREATE TABLE t(x)");
        using SqliteConnection writer = SqliteSession.Open(path, SqliteAccess.Writer, TimeSpan.Zero);
        SqliteSession.Execute(writer, "INSERT INTO t VALUES(1), (2)");
        string folder = _folder.PathOf("links");
        Directory.CreateDirectory(folder);
        File.CreateSymbolicLink(Path.Combine(folder, "one.db"), path);
        File.CreateSymbolicLink(Path.Combine(folder, "two.db"), "one.db");

        MemoryBackup backup = await BackUpAsync(Path.Combine(folder, "two.db"));

        Assert.Equal(2, Assert.Single(backup.Contents.Tables).Fingerprint.Rows);
        Assert.Equal(["one.db", "two.db"], Directory.EnumerateFileSystemEntries(folder).Select(Path.GetFileName).Order());
    }

    [Theory]
    [InlineData("wal")]
    [InlineData("delete")]
    public async Task A_source_cut_short_makes_no_backup_that_restores(string journalMode)
    {
        string path = _folder.Write("cut.db", $"PRAGMA journal_mode = {journalMode}", "CREATE TABLE t(x)", "WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200) INSERT INTO t SELECT zeroblob(1000) FROM n");
        byte[] whole = await File.ReadAllBytesAsync(path);
        await File.WriteAllBytesAsync(path, whole[..(whole.Length / 2)]);

        AiShellException failure = await Assert.ThrowsAsync<AiShellException>(() => BackUpAsync(path));
        Assert.Equal(ErrorKind.Integrity, failure.Kind);
        Assert.NotNull(failure.Hint);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder.Scratch));
    }
}
