using System.Security.Cryptography;
using AiShell.Connections;
using AiShell.Engines;
using AiShell.Engines.Sqlite;
using AiShell.Engines.Sqlite.Log;
using AiShell.Testing.Engines;
using AiShell.Testing.Engines.Sqlite;
using Microsoft.Data.Sqlite;

namespace AiShell.IntegrationTests.Sqlite;

/// <summary>An increment of a database in which nothing happened reads none of its pages, and one of any other reads them all.</summary>
public sealed class UnchangedTests : IDisposable
{
    // Longer than it takes until a file's times tell.
    private static readonly TimeSpan UntilSettled = TimeSpan.FromSeconds(2.2);

    private readonly SqliteFolder _folder = new();
    private readonly SqliteEngine _engine = new();

    private SnapshotOptions Options => new(BackupFormat.Native, BackupScope.All, TableFilter.Everything, 2, _folder.Scratch, 64 * 1024, TimeSpan.FromSeconds(10));

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("delete", false)]
    [InlineData("wal", false)]
    [InlineData("wal", true)]
    public async Task Nothing_is_read_where_nothing_happened(string journalMode, bool applicationIsThere)
    {
        DatabaseAddress database = Create(journalMode);
        using SqliteConnection? application = applicationIsThere ? SqliteSession.Open(database.Database, SqliteAccess.Writer, TimeSpan.FromSeconds(10)) : null;
        if (application is not null)
        {
            SqliteSession.Execute(application, "INSERT INTO item(content) VALUES(x'01')");
        }

        await Task.Delay(UntilSettled);
        MemoryChain chain = await MemoryChain.BeginAsync(_engine, database, Options);
        Assert.True(await IsUnchangedAsync(chain, database));
        chain = await chain.ContinueAsync(_engine, database, Options);
        Assert.True(await IsUnchangedAsync(chain, database));

        ChangeOne(application, database);
        Assert.False(await IsUnchangedAsync(chain, database));
        await RequireSameAsync(await chain.ContinueAsync(_engine, database, Options), database);
    }

    [Fact]
    public async Task What_was_written_a_moment_ago_is_read()
    {
        DatabaseAddress database = Create("delete");
        MemoryChain chain = await MemoryChain.BeginAsync(_engine, database, Options);

        Assert.False(await IsUnchangedAsync(chain, database));
    }

    /// <summary>The counter, the length and the time of the last write are what they were.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Times_that_were_set_back_hide_nothing(bool inAnotherFile)
    {
        DatabaseAddress database = Create("delete");
        DateTime written = File.GetLastWriteTimeUtc(database.Database);
        await Task.Delay(UntilSettled);
        MemoryChain chain = await MemoryChain.BeginAsync(_engine, database, Options);

        byte[] bytes = await File.ReadAllBytesAsync(database.Database);
        int at = bytes.AsSpan().IndexOf("to be changed"u8);
        "was changed  "u8.CopyTo(bytes.AsSpan(at));
        string file = inAnotherFile ? _folder.PathOf("other.db") : database.Database;
        await File.WriteAllBytesAsync(file, bytes);
        File.SetLastWriteTimeUtc(file, written);
        await Task.Delay(UntilSettled);
        File.Move(file, database.Database, overwrite: true);
        await Task.Delay(UntilSettled);

        Assert.False(await IsUnchangedAsync(chain, database));
        await RequireSameAsync(await chain.ContinueAsync(_engine, database, Options), database);
    }

    private async Task<bool> IsUnchangedAsync(MemoryChain chain, DatabaseAddress database)
    {
        await using ISnapshot snapshot = await _engine.Log.OpenChangesAsync(database, chain.SoFar, Options, default);
        return snapshot is UnchangedSnapshot;
    }

    private async Task RequireSameAsync(MemoryChain chain, DatabaseAddress database)
    {
        string copy = _folder.PathOf("copy.db");
        await chain.RestoreAsync(_engine, DatabaseAddress.OfFile(copy), new TargetOptions(TableFilter.Everything, false, false, 2, _folder.Scratch, TimeSpan.FromSeconds(10)));
        await SqliteFolder.ShellAsync(database.Database, "PRAGMA wal_checkpoint(TRUNCATE)");
        Assert.Equal(SHA256.HashData(await File.ReadAllBytesAsync(database.Database)), SHA256.HashData(await File.ReadAllBytesAsync(copy)));
    }

    private void ChangeOne(SqliteConnection? application, DatabaseAddress database)
    {
        const string change = "UPDATE item SET content = x'02' WHERE id = 7";
        if (application is null)
        {
            _folder.Write(Path.GetFileName(database.Database), change);
        }
        else
        {
            SqliteSession.Execute(application, change);
        }
    }

    private DatabaseAddress Create(string journalMode) => DatabaseAddress.OfFile(_folder.Write(
        "shop.db",
        $"PRAGMA journal_mode = {journalMode}",
        "CREATE TABLE item(id INTEGER PRIMARY KEY, content)",
        "WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500) INSERT INTO item(content) SELECT randomblob(500) FROM n",
        "INSERT INTO item(content) VALUES('to be changed')"));
}
