using System.Runtime.Versioning;
using AiShell.Connections;
using AiShell.Engines;
using AiShell.Engines.Sqlite;
using AiShell.Testing.Engines;
using AiShell.Testing.Engines.Sqlite;
using CliWrap;
using Microsoft.Data.Sqlite;

namespace AiShell.IntegrationTests.Sqlite;

/// <summary>The traps of replacing a SQLite file that others may use.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class PromotionTests : IAsyncLifetime, IDisposable
{
    private readonly SqliteFolder _folder = new();
    private readonly SqliteEngine _engine = new();
    private MemoryBackup _backup = null!;

    public async Task InitializeAsync()
    {
        string path = _folder.Write("new.db", "PRAGMA journal_mode = wal", "CREATE TABLE t(x)", "INSERT INTO t VALUES('new')");
        _backup = await MemoryBackup.MakeAsync(
            _engine,
            DatabaseAddress.OfFile(path),
            new SnapshotOptions(BackupFormat.Native, BackupScope.All, TableFilter.Everything, 1, _folder.Scratch, 1 << 20, TimeSpan.FromSeconds(5)));
    }

    public Task DisposeAsync() => Task.CompletedTask;

    public void Dispose() => _folder.Dispose();

    private TargetOptions Options(double lockWaitSeconds = 0.3) =>
        new(TableFilter.Everything, false, true, 1, _folder.Scratch, TimeSpan.FromSeconds(lockWaitSeconds));

    private Task<IReadOnlyList<TableDigest>> RestoreAsync(string path, double lockWaitSeconds = 0.3) =>
        _backup.RestoreAsync(_engine, DatabaseAddress.OfFile(path), Options(lockWaitSeconds));

    private static async Task<string> ReadAsync(string path) => await SqliteFolder.ShellAsync(path, "SELECT group_concat(x) FROM t;");

    [Theory]
    [InlineData("wal")]
    [InlineData("delete")]
    public async Task A_database_with_a_transaction_open_is_busy_and_stays(string journalMode)
    {
        string path = _folder.Write("old.db", $"PRAGMA journal_mode = {journalMode}", "CREATE TABLE t(x)", "INSERT INTO t VALUES('old')");
        using (SqliteConnection other = SqliteSession.Open(path, SqliteAccess.Writer, TimeSpan.Zero))
        {
            SnapshotPinning.BeginRead(other);
            Assert.Equal(ErrorKind.Busy, (await Assert.ThrowsAsync<AiShellException>(() => RestoreAsync(path))).Kind);
            Assert.Equal("old", await ReadAsync(path));
        }

        await RestoreAsync(path);
        Assert.Equal("new", await ReadAsync(path));
    }

    [Fact]
    public async Task An_idle_connection_of_another_process_in_WAL_mode_is_busy_and_stays()
    {
        string path = _folder.Write("old.db", "PRAGMA journal_mode = wal", "CREATE TABLE t(x)", "INSERT INTO t VALUES('old')");
        await using Stream input = new System.IO.Pipelines.Pipe() is var pipe ? pipe.Writer.AsStream() : null!;
        TaskCompletionSource isRead = new(TaskCreationOptions.RunContinuationsAsynchronously);
        CommandTask<CommandResult> shell = Cli.Wrap("sqlite3").WithArguments(["-batch", path])
            .WithStandardInputPipe(PipeSource.FromStream(pipe.Reader.AsStream()))
            .WithStandardOutputPipe(PipeTarget.ToDelegate(_ => isRead.TrySetResult()))
            .ExecuteAsync();
        await input.WriteAsync("SELECT x FROM t;\n"u8.ToArray());
        await input.FlushAsync();
        await isRead.Task.WaitAsync(TimeSpan.FromMinutes(1));

        Assert.Equal(ErrorKind.Busy, (await Assert.ThrowsAsync<AiShellException>(() => RestoreAsync(path))).Kind);

        await input.WriteAsync("INSERT INTO t VALUES('older');\n.quit\n"u8.ToArray());
        await input.DisposeAsync();
        await shell;
        Assert.Equal("old,older", await ReadAsync(path));
        await RestoreAsync(path);
        Assert.Equal("new", await ReadAsync(path));
    }

    [Fact]
    public async Task A_stale_log_is_not_replayed_onto_the_new_database()
    {
        string path = _folder.Write("live.db", "PRAGMA journal_mode = wal", "CREATE TABLE t(x)");
        string old = _folder.PathOf("old.db");
        using (SqliteConnection writer = SqliteSession.Open(path, SqliteAccess.Writer, TimeSpan.Zero))
        {
            SqliteSession.Execute(writer, "INSERT INTO t VALUES('old')");
            await SqliteFolder.CopyByOtherProcessAsync(path, old);
            await SqliteFolder.CopyByOtherProcessAsync(path + "-wal", old + "-wal");
        }

        await RestoreAsync(old);
        Assert.False(File.Exists(old + "-wal"));
        Assert.Equal("new", await ReadAsync(old));
        Assert.Equal("ok", await SqliteFolder.ShellAsync(old, "PRAGMA integrity_check;"));
    }

    [Fact]
    public async Task Orphaned_companions_of_a_missing_target_do_not_reach_the_new_database()
    {
        string path = _folder.PathOf("gone.db");
        foreach (string companion in new[] { "-wal", "-journal", "-shm" })
        {
            await File.WriteAllTextAsync(path + companion, "stale");
        }

        await RestoreAsync(path);
        Assert.Equal("new", await ReadAsync(path));
        Assert.False(File.Exists(path + "-journal"));
    }

    [Fact]
    public async Task A_damaged_database_can_be_replaced()
    {
        string path = _folder.PathOf("old.db");
        await File.WriteAllTextAsync(path, string.Concat(Enumerable.Repeat("garbage", 1000)));
        TargetState state = await _engine.InspectTargetAsync(DatabaseAddress.OfFile(path), _backup.Contents, Options() with { Replace = false }, default);
        Assert.Single(state.Replaced);
        Assert.Empty(state.Obstacles);

        await Assert.ThrowsAsync<AiShellException>(() => _backup.RestoreAsync(_engine, DatabaseAddress.OfFile(path), Options() with { Replace = false }));
        await RestoreAsync(path);
        Assert.Equal("new", await ReadAsync(path));
    }

    [Fact]
    public async Task A_symbolic_link_stays_and_what_it_points_to_is_replaced()
    {
        string path = _folder.Write("real.db", "CREATE TABLE t(x)");
        string link = _folder.PathOf("link.db");
        File.CreateSymbolicLink(link, path);
        await RestoreAsync(link);

        Assert.Equal(path, new FileInfo(link).LinkTarget);
        Assert.Equal("new", await ReadAsync(path));
    }

    [Fact]
    public async Task The_replaced_files_mode_is_kept_and_a_new_file_is_private()
    {
        string path = _folder.Write("old.db", "CREATE TABLE t(x)");
        UnixFileMode mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
        File.SetUnixFileMode(path, mode);
        await RestoreAsync(path);
        await RestoreAsync(_folder.PathOf("fresh.db"));

        Assert.Equal(mode, File.GetUnixFileMode(path));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_folder.PathOf("fresh.db")));
    }

    [Fact]
    public async Task What_a_killed_restore_left_is_removed_by_the_next_and_a_living_one_is_spared()
    {
        string path = _folder.PathOf("old.db");
        using StagingFolder living = StagingFolder.Create(path);
        string dead = living.Path + "-dead";
        Directory.CreateDirectory(dead);
        await File.WriteAllTextAsync(Path.Combine(dead, "new.db"), "half");

        await RestoreAsync(path);

        Assert.True(Directory.Exists(living.Path));
        Assert.False(Directory.Exists(dead));
    }

    [Fact]
    public async Task Obstacles_are_told_before()
    {
        Assert.Equal(ErrorKind.Unreachable, await FirstObstacleAsync(_folder.Folder));
        Assert.Equal(ErrorKind.Busy, await FirstObstacleOfLockedAsync());

        async Task<ErrorKind?> FirstObstacleAsync(string path) =>
            (await _engine.InspectTargetAsync(DatabaseAddress.OfFile(path), _backup.Contents, Options(), default)).Obstacles is [var first, ..] ? first.Kind : null;

        async Task<ErrorKind?> FirstObstacleOfLockedAsync()
        {
            string path = _folder.Write("locked.db", "CREATE TABLE t(x)");
            using SqliteConnection other = SqliteSession.Open(path, SqliteAccess.Writer, TimeSpan.Zero);
            SqliteSession.Execute(other, "BEGIN EXCLUSIVE");
            return await FirstObstacleAsync(path);
        }
    }

    [Theory]
    [InlineData(BackupFormat.Native)]
    [InlineData(BackupFormat.Sql)]
    public async Task Some_tables_come_with_their_indexes_triggers_sequence_and_virtual_rows(BackupFormat format)
    {
        string path = _folder.Write(
            "source.db",
            "CREATE TABLE a(id INTEGER PRIMARY KEY AUTOINCREMENT, x CHECK (x > 0))",
            "CREATE INDEX a_x ON a(x) WHERE x > 5",
            "CREATE TRIGGER a_t AFTER INSERT ON a BEGIN INSERT INTO log VALUES('fired'); END",
            "CREATE TABLE log(x)",
            "INSERT INTO a(id, x) VALUES(1, 1), (9, 9)",
            "DELETE FROM a WHERE id = 9; DELETE FROM log",
            "CREATE VIRTUAL TABLE words USING fts5(body)",
            "INSERT INTO words VALUES('hello world'), ('good bye')",
            "CREATE VIRTUAL TABLE box USING rtree(id, x0, x1)",
            "INSERT INTO box VALUES(1, 0, 10), (2, 5, 20)");
        MemoryBackup backup = await MemoryBackup.MakeAsync(
            _engine,
            DatabaseAddress.OfFile(path),
            new SnapshotOptions(format, BackupScope.All, TableFilter.Everything, 2, _folder.Scratch, 1 << 20, TimeSpan.FromSeconds(5)));
        string target = _folder.Write("target.db", "CREATE TABLE log(x)", "INSERT INTO log VALUES('mine')", "CREATE TABLE a(old)", "INSERT INTO a VALUES(1)", "CREATE INDEX a_old ON a(old)");
        TargetOptions options = new(new TableFilter(["a", "words*", "box*"], []), true, true, 2, _folder.Scratch, TimeSpan.FromSeconds(1));
        await backup.RestoreAsync(_engine, DatabaseAddress.OfFile(target), options);

        Assert.Equal("mine", await SqliteFolder.ShellAsync(target, "SELECT group_concat(x) FROM log;"));
        Assert.Equal("a|a_t|a_x", await SqliteFolder.ShellAsync(target, "SELECT group_concat(name, '|') FROM (SELECT name FROM sqlite_schema WHERE tbl_name = 'a' ORDER BY name);"));
        Assert.Equal("9", await SqliteFolder.ShellAsync(target, "SELECT seq FROM sqlite_sequence WHERE name = 'a';"));
        Assert.Equal("hello world", await SqliteFolder.ShellAsync(target, "SELECT body FROM words WHERE words MATCH 'world';"));
        Assert.Equal("2", await SqliteFolder.ShellAsync(target, "SELECT group_concat(id) FROM box WHERE x1 > 15;"));
        Assert.Equal("ok", await SqliteFolder.ShellAsync(target, "INSERT INTO words(words) VALUES('integrity-check'); INSERT INTO words VALUES('more'); PRAGMA integrity_check;"));

        foreach (string place in new[] { target, _folder.PathOf($"fresh-{format}.db") })
        {
            IReadOnlyList<TableDigest> one = await backup.RestoreAsync(
                _engine, DatabaseAddress.OfFile(place), options with { Tables = new TableFilter(["a"], []), IntoExisting = place == target });
            Assert.Equal(1, Assert.Single(one).Fingerprint.Rows);
            Assert.Equal("1", await SqliteFolder.ShellAsync(place, "SELECT x FROM a;"));
        }

        AiShellException half = await Assert.ThrowsAsync<AiShellException>(
            () => backup.RestoreAsync(_engine, DatabaseAddress.OfFile(target), options with { Tables = new TableFilter(["words"], []) }));
        Assert.Equal(ErrorKind.Usage, half.Kind);
    }
}
