using System.Runtime.Versioning;
using AiShell.Connections;
using AiShell.Engines;
using AiShell.Engines.Sqlite;
using AiShell.Testing.Engines;
using AiShell.Testing.Engines.Sqlite;

namespace AiShell.IntegrationTests.Sqlite;

/// <summary>Disks that are full, or become full in the middle, or may not be written: nothing is lost and nothing is left behind.</summary>
[SupportedOSPlatform("linux")]
public sealed class FullDiskTests : IAsyncLifetime, IDisposable
{
    private const long DiskBytes = 4 << 20;
    private readonly SqliteFolder _folder = new();
    private readonly SqliteEngine _engine = new();
    private SmallDisk _disk = null!;
    private string _source = "";
    private string _target = "";

    public async Task InitializeAsync()
    {
        _disk = await SmallDisk.MountAsync(DiskBytes);
        _source = _folder.Write(
            "source.db",
            "CREATE TABLE t(x)",
            "WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) INSERT INTO t SELECT hex(randomblob(300)) FROM n");
        _target = _disk.PathOf("target.db");
        await SqliteFolder.ShellAsync(_target, "CREATE TABLE t(x); INSERT INTO t VALUES ('old'); CREATE TABLE other(x);");
    }

    public async Task DisposeAsync() => await _disk.DisposeAsync();

    public void Dispose() => _folder.Dispose();

    private Task<MemoryBackup> BackUpAsync(BackupFormat format, string? path = null, string? scratch = null) => MemoryBackup.MakeAsync(
        _engine,
        DatabaseAddress.OfFile(path ?? _source),
        new SnapshotOptions(format, BackupScope.All, TableFilter.Everything, 1, scratch ?? _folder.Scratch, 64 << 10, TimeSpan.FromSeconds(1)));

    private TargetOptions Options(bool someTables = false) => new(
        someTables ? new TableFilter(["t"], []) : TableFilter.Everything, someTables, true, 1, _folder.Scratch, TimeSpan.FromSeconds(1));

    private async Task FailsAndLeavesTheTargetAsync(byte[] before, Func<Task> work)
    {
        AiShellException failure = await Assert.ThrowsAsync<AiShellException>(work);
        Assert.Equal(ErrorKind.Failed, failure.Kind);
        Assert.Contains("space", failure.Message + failure.Hint, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(before, await File.ReadAllBytesAsync(_target));
        Assert.Equal(["target.db"], Directory.EnumerateFileSystemEntries(_disk.Path).Select(Path.GetFileName).Where(name => name != "ballast"));
        Assert.Equal("old", await SqliteFolder.ShellAsync(_target, "SELECT x FROM t;"));
    }

    [Theory]
    [InlineData(BackupFormat.Native)]
    [InlineData(BackupFormat.Sql)]
    public async Task Too_little_space_for_the_new_copy_is_said_before_and_while_it_is_made(BackupFormat format)
    {
        MemoryBackup backup = await BackUpAsync(format);
        byte[] before = await File.ReadAllBytesAsync(_target);
        using (_disk.Fill(leaveBytes: 300_000))
        {
            TargetState state = await _engine.InspectTargetAsync(DatabaseAddress.OfFile(_target), backup.Contents, Options(), default);
            Assert.Contains(state.Obstacles, obstacle => obstacle.Message.Contains("are free", StringComparison.Ordinal));
            await FailsAndLeavesTheTargetAsync(before, () => backup.RestoreAsync(_engine, DatabaseAddress.OfFile(_target), Options()));
        }

        await backup.RestoreAsync(_engine, DatabaseAddress.OfFile(_target), Options());
        Assert.Equal("1000", await SqliteFolder.ShellAsync(_target, "SELECT count(*) FROM t;"));
    }

    [Theory]
    [InlineData(BackupFormat.Sql)]
    [InlineData(BackupFormat.Json)]
    [InlineData(BackupFormat.Csv)]
    public async Task A_disk_that_fills_while_rows_are_loaded_leaves_the_target(BackupFormat format)
    {
        MemoryBackup backup = await BackUpAsync(format);
        byte[] before = await File.ReadAllBytesAsync(_target);
        await FailsAndLeavesTheTargetAsync(before, async () =>
        {
            await using IRestoreTarget target = await _engine.OpenTargetAsync(DatabaseAddress.OfFile(_target), backup.Contents, Options(), default);
            await target.LoadAsync(backup.Contents.Parts[0], backup.OpenPart(backup.Contents.Parts[0]), default);
            using IDisposable ballast = _disk.Fill(leaveBytes: 100_000);
            foreach (BackupPart part in backup.Contents.Parts.Skip(1))
            {
                await target.LoadAsync(part, backup.OpenPart(part), default);
            }

            await target.CompleteAsync(fingerprints: true, default);
        });
    }

    [Theory]
    [InlineData(BackupFormat.Native)]
    [InlineData(BackupFormat.Sql)]
    public async Task A_disk_that_fills_while_some_tables_are_taken_over_leaves_the_target(BackupFormat format)
    {
        MemoryBackup backup = await BackUpAsync(format);
        byte[] before = await File.ReadAllBytesAsync(_target);
        await FailsAndLeavesTheTargetAsync(before, async () =>
        {
            await using IRestoreTarget target = await _engine.OpenTargetAsync(DatabaseAddress.OfFile(_target), backup.Contents, Options(someTables: true), default);
            await backup.LoadAsync(target, TableFilter.Everything);
            using IDisposable ballast = _disk.Fill();
            await target.CompleteAsync(fingerprints: true, default);
        });
        await FailsAndLeavesTheTargetAsync(before, async () =>
        {
            await using IRestoreTarget target = await _engine.OpenTargetAsync(DatabaseAddress.OfFile(_target), backup.Contents, Options(someTables: true), default);
            await backup.LoadAsync(target, TableFilter.Everything);
            await target.CompleteAsync(fingerprints: true, default);
            using IDisposable ballast = _disk.Fill();
            await target.PromoteAsync(default);
        });
    }

    [Fact]
    public async Task Too_little_scratch_space_for_a_private_copy_makes_no_backup_and_leaves_nothing()
    {
        using IDisposable ballast = _disk.Fill(leaveBytes: 300_000);
        AiShellException failure = await Assert.ThrowsAsync<AiShellException>(() => BackUpAsync(BackupFormat.Native, scratch: _disk.Path));

        Assert.Equal(ErrorKind.Failed, failure.Kind);
        Assert.Contains("are free", failure.Message, StringComparison.Ordinal);
        Assert.Equal(["ballast", "target.db"], Directory.EnumerateFileSystemEntries(_disk.Path).Select(Path.GetFileName).Order());
    }

    [Fact]
    public async Task A_read_only_disk_is_backed_up_where_SQLite_can_read_it_and_never_restored_to()
    {
        string wal = _disk.PathOf("wal.db");
        await SqliteFolder.ShellAsync(wal, "PRAGMA journal_mode = wal; CREATE TABLE t(x); INSERT INTO t VALUES (1);");
        MemoryBackup backup = await BackUpAsync(BackupFormat.Native);
        await _disk.MakeReadOnlyAsync();

        Assert.Equal(2, (await BackUpAsync(BackupFormat.Native, _target)).Contents.Tables.Count);
        AiShellException failure = await Assert.ThrowsAsync<AiShellException>(() => BackUpAsync(BackupFormat.Native, wal));
        Assert.Equal(ErrorKind.Unreachable, failure.Kind);
        Assert.Contains("copy it", failure.Hint, StringComparison.Ordinal);
        AiShellException refused = await Assert.ThrowsAsync<AiShellException>(() => backup.RestoreAsync(_engine, DatabaseAddress.OfFile(_target), Options()));
        Assert.NotNull(refused.Hint);
        Assert.Equal("old", await SqliteFolder.ShellAsync(_target, "SELECT x FROM t;"));
    }
}
