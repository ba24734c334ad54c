using AiShell.Connections;
using AiShell.Engines;
using AiShell.Engines.Sqlite;
using AiShell.Testing.Engines.Sqlite;

namespace AiShell.Tests.Engines.Sqlite;

public sealed class SqliteQueryTests : IDisposable
{
    private readonly SqliteFolder _folder = new();
    private readonly string _path;

    public SqliteQueryTests() => _path = _folder.Write("a.db", "CREATE TABLE t(id INTEGER PRIMARY KEY, x)", "INSERT INTO t(x) VALUES(1), ('two'), (2.5), (NULL), (x'00ff'), ('a' || char(0) || 'b')");

    public void Dispose() => _folder.Dispose();

    private Task<QueryResult> QueryAsync(string sql, bool allowWrite = false, CancellationToken cancellationToken = default) =>
        new SqliteEngine().QueryAsync(DatabaseAddress.OfFile(_path), sql, new QueryOptions(allowWrite, null), cancellationToken);

    [Fact]
    public async Task Values_keep_their_types()
    {
        QueryResult result = await QueryAsync("SELECT x, x AS x FROM t ORDER BY id; -- the end ;");

        Assert.Equal(["x", "x"], result.Columns);
        Assert.Equal<object?>([1L, "two", 2.5, null, new byte[] { 0, 255 }, "a\0b"], result.Rows.Select(row => row[0]));
    }

    [Theory]
    [InlineData("DELETE FROM t")]
    [InlineData("CREATE TEMP TABLE u(x)")]
    [InlineData("ATTACH '/tmp/ai-shell-never.db' AS u")]
    [InlineData("VACUUM")]
    [InlineData("VACUUM INTO '/tmp/ai-shell-never.db'")]
    [InlineData("PRAGMA journal_mode = wal")]
    [InlineData("PRAGMA query_only = 0")]
    [InlineData("PRAGMA user_version = 7")]
    [InlineData("PRAGMA wal_checkpoint")]
    [InlineData("BEGIN EXCLUSIVE")]
    [InlineData("INSERT INTO t(x) VALUES(1) RETURNING id")]
    [InlineData("WITH a AS (SELECT 1) UPDATE t SET x = 0")]
    [InlineData("SELECT * FROM pragma_user_version(7)")]
    public async Task Nothing_but_reading_is_done_without_consent(string sql)
    {
        byte[] before = await File.ReadAllBytesAsync(_path);
        try
        {
            await QueryAsync(sql);
        }
        catch (AiShellException failure)
        {
            Assert.Contains(failure.Kind, new[] { ErrorKind.Refused, ErrorKind.Usage });
        }

        Assert.Equal(before, await File.ReadAllBytesAsync(_path));
        Assert.False(File.Exists("/tmp/ai-shell-never.db"));
        Assert.Equal(["a.db", "scratch"], Directory.EnumerateFileSystemEntries(_folder.Folder).Select(Path.GetFileName).Order());
    }

    [Theory]
    [InlineData("PRAGMA table_info(t)")]
    [InlineData("PRAGMA user_version")]
    [InlineData("PRAGMA integrity_check")]
    [InlineData("EXPLAIN QUERY PLAN SELECT * FROM t")]
    [InlineData("SELECT name FROM pragma_table_info('t')")]
    public async Task Looking_around_is_reading(string sql) => Assert.NotEmpty((await QueryAsync(sql)).Rows);

    [Theory]
    [InlineData("SELEC 1")]
    [InlineData("SELECT 1; SELECT 2")]
    [InlineData("SELECT 1; garbage")]
    [InlineData("  -- nothing")]
    [InlineData("")]
    [InlineData("SELECT * FROM nowhere")]
    public async Task What_is_not_one_statement_is_wrong_usage(string sql) =>
        Assert.Equal(ErrorKind.Usage, (await Assert.ThrowsAsync<AiShellException>(() => QueryAsync(sql))).Kind);

    [Fact]
    public async Task With_consent_it_writes_and_says_how_many()
    {
        Assert.Equal(6, (await QueryAsync("UPDATE t SET x = 0", allowWrite: true)).RowsAffected);
        Assert.Equal(0L, Assert.Single((await QueryAsync("SELECT DISTINCT x FROM t")).Rows)[0]);
    }

    [Fact]
    public async Task A_statement_that_never_ends_is_interrupted()
    {
        using CancellationTokenSource stop = new(TimeSpan.FromMilliseconds(200));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => QueryAsync("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n", cancellationToken: stop.Token));
    }
}
