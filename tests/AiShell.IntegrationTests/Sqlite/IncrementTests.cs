using System.Security.Cryptography;
using AiShell.Connections;
using AiShell.Engines;
using AiShell.Engines.Sqlite;
using AiShell.Testing.Engines;
using AiShell.Testing.Engines.Sqlite;
using Microsoft.Data.Sqlite;

namespace AiShell.IntegrationTests.Sqlite;

/// <summary>What is particular to SQLite's increments: they are page-exact, and a write-ahead log that SQLite itself replays.</summary>
public sealed class IncrementTests : IDisposable
{
    private readonly SqliteFolder _folder = new();
    private readonly SqliteEngine _engine = new();
    private readonly Random _random = new(20261127);

    private SnapshotOptions Options => new(BackupFormat.Native, BackupScope.All, TableFilter.Everything, 2, _folder.Scratch, 64 * 1024, TimeSpan.FromSeconds(10));

    private TargetOptions Target => new(TableFilter.Everything, false, false, 2, _folder.Scratch, TimeSpan.FromSeconds(10));

    public void Dispose() => _folder.Dispose();

    /// <summary>Databases that grow, shrink and are reorganised at random: every link restores to the file as it was, byte for byte.</summary>
    [Theory]
    [InlineData("wal", 512)]
    [InlineData("wal", 4096)]
    [InlineData("wal", 65536)]
    [InlineData("delete", 1024)]
    [InlineData("truncate", 8192)]
    public async Task Every_link_is_the_file_byte_for_byte(string journalMode, int pageSize)
    {
        DatabaseAddress database = Create(journalMode, pageSize);

        // The last one to close brings the log home: so it stays, with frames in it, for some rounds.
        SqliteConnection? keeper = null;
        MemoryChain chain = await MemoryChain.BeginAsync(_engine, database, Options);
        for (int round = 0; round < 12; round++)
        {
            if (round % 4 == 1)
            {
                keeper = SqliteSession.Open(database.Database, SqliteAccess.Writer, TimeSpan.FromSeconds(10));
                SqliteSession.Execute(keeper, "SELECT * FROM item");
            }
            else if (round % 4 == 0)
            {
                keeper?.Dispose();
            }

            for (int change = _random.Next(4); change > 0; change--)
            {
                Execute(Change());
            }

            chain = await chain.ContinueAsync(_engine, database, Options);
            string copy = _folder.PathOf($"copy-{round}.db");
            await chain.RestoreAsync(_engine, DatabaseAddress.OfFile(copy), Target);
            await SqliteFolder.ShellAsync(database.Database, "PRAGMA wal_checkpoint(TRUNCATE)");
            Assert.Equal(SHA256.HashData(await File.ReadAllBytesAsync(database.Database)), SHA256.HashData(await File.ReadAllBytesAsync(copy)));
            File.Delete(copy);
        }

        keeper?.Dispose();
    }

    [Theory]
    [InlineData("wal")]
    [InlineData("delete")]
    public async Task The_stock_program_replays_a_link_that_lies_beside_its_base(string journalMode)
    {
        DatabaseAddress database = Create(journalMode, 4096);
        MemoryChain chain = await MemoryChain.BeginAsync(_engine, database, Options);
        string byHand = _folder.PathOf("by-hand.db");
        await File.WriteAllBytesAsync(byHand, chain.Base.Plain);
        for (int round = 0; round < 3; round++)
        {
            Execute("INSERT INTO item(content) SELECT randomblob(3000) FROM item; DELETE FROM item WHERE id % 3 = 1; VACUUM");
            chain = await chain.ContinueAsync(_engine, database, Options);
            await File.WriteAllBytesAsync(byHand + "-wal", chain.End.Plain);
            Assert.Equal("ok", await SqliteFolder.ShellAsync(byHand, "PRAGMA integrity_check"));
            Assert.Equal(await SqliteFolder.ShellAsync(database.Database, ".dump"), await SqliteFolder.ShellAsync(byHand, ".dump"));
        }
    }

    [Fact]
    public async Task An_increment_has_the_changed_pages_alone()
    {
        DatabaseAddress database = Create("wal", 4096);
        Execute("WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) INSERT INTO item(content) SELECT randomblob(3500) FROM n");
        MemoryChain chain = await MemoryChain.BeginAsync(_engine, database, Options);
        Execute("UPDATE item SET content = randomblob(3500) WHERE id = 1000");

        chain = await chain.ContinueAsync(_engine, database, Options);

        Assert.InRange(chain.End.Plain.Length, 4096, 6 * (4096 + 24) + 32);
        Assert.True(chain.Base.Plain.Length > 1000 * 4096);
    }

    [Fact]
    public async Task Another_file_in_the_place_of_the_database_is_backed_up_as_it_is()
    {
        DatabaseAddress database = Create("delete", 4096);
        MemoryChain chain = await MemoryChain.BeginAsync(_engine, database, Options);

        // The same number of commits, the same size, the same schema: only the rows are others.
        Execute("DROP TABLE item");
        File.Delete(database.Database);
        Create("delete", 4096, content: "x'ff'");
        chain = await chain.ContinueAsync(_engine, database, Options);

        string copy = _folder.PathOf("copy.db");
        await chain.RestoreAsync(_engine, DatabaseAddress.OfFile(copy), Target);
        Assert.Equal(await SqliteFolder.ShellAsync(database.Database, ".dump"), await SqliteFolder.ShellAsync(copy, ".dump"));
    }

    [Fact]
    public async Task Pages_of_another_size_break_the_chain()
    {
        DatabaseAddress database = Create("delete", 4096);
        MemoryChain chain = await MemoryChain.BeginAsync(_engine, database, Options);
        Execute("PRAGMA page_size = 1024; VACUUM");

        BrokenChainException broken = await Assert.ThrowsAsync<BrokenChainException>(() => chain.ContinueAsync(_engine, database, Options));

        Assert.Contains("1,024 bytes now, and 4,096 before", broken.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Scratch));
    }

    [Fact]
    public async Task An_empty_database_can_be_a_base()
    {
        string path = _folder.PathOf("empty.db");
        await File.WriteAllBytesAsync(path, []);
        var database = DatabaseAddress.OfFile(path);
        MemoryChain chain = await MemoryChain.BeginAsync(_engine, database, Options);
        _folder.Write("empty.db", "CREATE TABLE t(a); INSERT INTO t VALUES(1)");

        chain = await chain.ContinueAsync(_engine, database, Options);

        string copy = _folder.PathOf("copy.db");
        await chain.RestoreAsync(_engine, DatabaseAddress.OfFile(copy), Target);
        Assert.Equal("1", await SqliteFolder.ShellAsync(copy, "SELECT a FROM t"));
    }

    private DatabaseAddress Create(string journalMode, int pageSize, string content = "randomblob(200)") => DatabaseAddress.OfFile(_folder.Write(
        "shop.db",
        $"PRAGMA page_size = {pageSize}",
        $"PRAGMA journal_mode = {journalMode}",
        "CREATE TABLE item(id INTEGER PRIMARY KEY, content BLOB)",
        "CREATE INDEX by_content ON item(substr(content, 1, 8))",
        $"WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500) INSERT INTO item(content) SELECT {content} FROM n"));

    private string Change() => _random.Next(7) switch
    {
        0 => $"WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {_random.Next(1, 400)}) INSERT INTO item(content) SELECT randomblob({_random.Next(1, 3000)}) FROM n",
        1 => $"DELETE FROM item WHERE id % {_random.Next(2, 9)} = 0",
        2 => $"UPDATE item SET content = randomblob(100) WHERE id % {_random.Next(2, 50)} = 0",
        3 => "VACUUM",
        4 => $"CREATE TABLE IF NOT EXISTS other{_random.Next(3)}(a PRIMARY KEY, b) WITHOUT ROWID",
        5 => $"DROP TABLE IF EXISTS other{_random.Next(3)}",
        _ => $"INSERT INTO item(content) VALUES(zeroblob({_random.Next(1, 2_000_000)})); REINDEX",
    };

    private void Execute(string sql) => _folder.Write("shop.db", sql);
}
