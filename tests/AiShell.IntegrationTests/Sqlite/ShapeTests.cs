using AiShell.Connections;
using AiShell.Engines;
using AiShell.Engines.Sqlite;
using AiShell.Testing.Engines;
using AiShell.Testing.Engines.Sqlite;

namespace AiShell.IntegrationTests.Sqlite;

/// <summary>Databases of every shape, through backup, deep verification and a whole restore in every format.</summary>
public sealed class ShapeTests : IDisposable
{
    private readonly SqliteFolder _folder = new();
    private readonly SqliteEngine _engine = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(SqliteShapes.All), MemberType = typeof(SqliteShapes))]
    public async Task Every_format_brings_back_the_same_file(string what, string[] statements)
    {
        _ = what;
        Assert.Equal(_engine.Capabilities.Formats, await RoundTripAsync(statements, [true]));
    }

    [Theory]
    [MemberData(nameof(SqliteShapes.Odd), MemberType = typeof(SqliteShapes))]
    public async Task A_backup_that_is_taken_comes_back_whatever_the_schema_says_of_its_rows(string what, string[] statements)
    {
        _ = what;
        Assert.Contains(BackupFormat.Native, await RoundTripAsync(statements, [true, false]));
    }

    /// <summary>Returns the formats that took the database; the others must have said so before anything was written.</summary>
    private async Task<IReadOnlyList<BackupFormat>> RoundTripAsync(string[] statements, bool[] comparisons)
    {
        string path = _folder.Write("source.db", statements);
        File.Open(path, FileMode.OpenOrCreate).Dispose();
        string[] dump = await DumpAsync(path);
        IReadOnlyList<TableDigest> digests = await _engine.DigestAsync(DatabaseAddress.OfFile(path), default);
        List<BackupFormat> taken = [];
        foreach (BackupFormat format in _engine.Capabilities.Formats)
        {
            SnapshotOptions options = new(format, BackupScope.All, TableFilter.Everything, 2, _folder.Scratch, 2000, TimeSpan.FromSeconds(5));
            MemoryBackup backup;
            try
            {
                backup = await MemoryBackup.MakeAsync(_engine, DatabaseAddress.OfFile(path), options);
            }
            catch (AiShellException refused) when (format != BackupFormat.Native)
            {
                Assert.Equal(ErrorKind.Failed, refused.Kind);
                Assert.Contains("--format native", refused.Hint, StringComparison.Ordinal);
                continue;
            }

            taken.Add(format);
            ReaderResult read = await backup.ReadAsync(_engine, new ReaderOptions(2, 0, _folder.Scratch));
            Assert.Equal(digests, read.Tables.OrderBy(digest => digest.Table));
            foreach (bool fingerprints in comparisons)
            {
                string copy = _folder.PathOf($"{format}-{fingerprints}.db");
                await using (IRestoreTarget target = await _engine.OpenTargetAsync(
                    DatabaseAddress.OfFile(copy), backup.Contents, new TargetOptions(TableFilter.Everything, false, false, 2, _folder.Scratch, TimeSpan.FromSeconds(5)), default))
                {
                    await backup.LoadAsync(target, TableFilter.Everything);
                    IReadOnlyList<TableDigest> found = await target.CompleteAsync(fingerprints, default);
                    Assert.Equal(digests.Select(digest => (digest.Table, digest.Fingerprint.Rows)), found.Select(digest => (digest.Table, digest.Fingerprint.Rows)));
                    await target.PromoteAsync(default);
                }

                Assert.Equal(digests, await _engine.DigestAsync(DatabaseAddress.OfFile(copy), default));
                Assert.Equal(dump, await DumpAsync(copy));
                if (format == BackupFormat.Native)
                {
                    Assert.Equal(await File.ReadAllBytesAsync(path), await File.ReadAllBytesAsync(copy));
                }
            }
        }

        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder.Scratch));
        return taken;
    }

    // Sorted: a restored virtual table is declared after its shadow tables.
    private static async Task<string[]> DumpAsync(string path) =>
        [.. (await SqliteFolder.ShellAsync(path, ".dump")).Split('\n').Order(StringComparer.Ordinal)];
}
