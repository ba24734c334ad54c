using AiShell.Connections;
using AiShell.Engines;
using AiShell.Engines.Sqlite;
using AiShell.Testing.Engines;
using AiShell.Testing.Engines.Sqlite;
using Microsoft.Data.Sqlite;

namespace AiShell.IntegrationTests.Sqlite;

/// <summary>SQLite files in a folder, in WAL mode or with a rollback journal.</summary>
public sealed class SqliteFixture(string journalMode) : IEngineFixture
{
    private static readonly TimeSpan LockWait = TimeSpan.FromSeconds(10);
    private readonly SqliteFolder _folder = new();

    public IDatabaseEngine Engine { get; } = new SqliteEngine();

    public string ScratchDirectory => _folder.Scratch;

    public TableName Accounts { get; } = new("", "account");

    public TableName Values { get; } = new("", "odd values");

    public string CountStatement => "SELECT count(*) FROM account";

    public string ListStatement => "SELECT * FROM account";

    public string WriteStatement => "UPDATE account SET balance = balance + 1";

    public Task<DatabaseAddress> CreateBankAsync(string name)
    {
        _folder.Write(
            name + ".db",
            $"PRAGMA journal_mode = {journalMode}",
            "PRAGMA page_size = 1024",
            "PRAGMA user_version = 42",
            "CREATE TABLE account(id INTEGER PRIMARY KEY AUTOINCREMENT, owner TEXT NOT NULL, balance INTEGER NOT NULL)",
            "CREATE INDEX account_owner ON account(owner)",
            "CREATE TABLE \"odd values\"(a, b REAL, c TEXT COLLATE NOCASE, \"quoted \"\" name\" BLOB, g AS (a || '!'), PRIMARY KEY(c, b)) WITHOUT ROWID",
            "CREATE VIEW rich AS SELECT owner FROM account WHERE balance > 1000",
            "CREATE TRIGGER no_debt BEFORE UPDATE ON account WHEN NEW.balance < -1000000 BEGIN SELECT RAISE(ABORT, 'debt'); END",
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400) INSERT INTO account(owner, balance) SELECT 'owner ' || i, 1000 FROM n",
            "INSERT INTO \"odd values\"(a, b, c, \"quoted \"\" name\") VALUES(NULL, 1.5, 'x', x'00ff'), (9223372036854775807, -1e999, 'ß🙂', ''), ('a' || char(0) || 'b', 0.1, '', 12), (-0.0, 1e300, 'NULL', NULL)");
        return Task.FromResult(AddressOf(name));
    }

    public Task<DatabaseAddress> CreateEmptyAsync(string name)
    {
        _folder.Write(name + ".db", $"PRAGMA journal_mode = {journalMode}");
        File.Open(AddressOf(name).Database, FileMode.OpenOrCreate).Dispose();
        return Task.FromResult(AddressOf(name));
    }

    public DatabaseAddress AddressOf(string name) => DatabaseAddress.OfFile(_folder.PathOf(name + ".db"));

    public Task<bool> ExistsAsync(DatabaseAddress address) => Task.FromResult(File.Exists(address.Database));

    public async Task<int> TransferAsync(DatabaseAddress address, int count, CancellationToken cancellationToken)
    {
        using SqliteConnection connection = SqliteSession.Open(address.Database, SqliteAccess.Writer, LockWait);
        int done = 0;
        while (done < count && !cancellationToken.IsCancellationRequested)
        {
            int from = Random.Shared.Next(1, 401);
            SqliteSession.Execute(
                connection,
                $"BEGIN IMMEDIATE; UPDATE account SET balance = balance - 10 WHERE id = {from}; UPDATE account SET balance = balance + 10 WHERE id = {(from % 400) + 1}; COMMIT");
            done++;
            await Task.Yield();
        }

        return done;
    }

    public Task<long> TotalAsync(DatabaseAddress address) =>
        Task.FromResult(SqliteFolder.Scalar(address.Database, "SELECT sum(balance) FROM account"));

    public Task SetFirstBalanceAsync(DatabaseAddress address, long balance) => Execute(address, $"UPDATE account SET balance = {balance} WHERE id = 1");

    public Task DeleteFirstAccountAsync(DatabaseAddress address) => Execute(address, "DELETE FROM account WHERE id = 1");

    public Task ClearAsync(DatabaseAddress address, TableName table) => Execute(
        address,
        $"DELETE FROM {SqliteSession.Quote(table.Name)}; DELETE FROM sqlite_sequence WHERE name = {SqliteSession.Literal(table.Name)}");

    public async Task<TableName> AddTableAsync(DatabaseAddress address, string name)
    {
        await Execute(address, $"CREATE TABLE {name}(x); INSERT INTO {name} VALUES(1)");
        return new TableName("", name);
    }

    public async Task<IReadOnlyList<string>> ReadContentAsync(DatabaseAddress address) =>
        (await SqliteFolder.ShellAsync(
            address.Database,
            """
            PRAGMA journal_mode; PRAGMA user_version; PRAGMA page_size; PRAGMA encoding;
            SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name;
            SELECT * FROM sqlite_sequence ORDER BY 1;
            SELECT quote(id), quote(owner), quote(balance) FROM account ORDER BY id;
            SELECT quote(a), typeof(a), hex(a), quote(b), quote(c), typeof("quoted "" name"), quote("quoted "" name"), quote(g) FROM "odd values" ORDER BY c, b;
            PRAGMA integrity_check;
            """)).Split('\n');

    public Task<IReadOnlyList<string>> TracesAsync() => Task.FromResult<IReadOnlyList<string>>(
    [
        .. Directory.EnumerateFileSystemEntries(_folder.Folder, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0 })
            .Order(StringComparer.Ordinal)
            .Select(path => File.Exists(path) && path.EndsWith(".db", StringComparison.Ordinal) ? $"{path} {Convert.ToHexString(System.IO.Hashing.XxHash128.Hash(File.ReadAllBytes(path)))}" : path),
    ]);

    public ValueTask DisposeAsync()
    {
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }

    private static Task Execute(DatabaseAddress address, string sql)
    {
        using SqliteConnection connection = SqliteSession.Open(address.Database, SqliteAccess.Writer, LockWait);
        SqliteSession.Execute(connection, sql);
        return Task.CompletedTask;
    }
}
