using System.Globalization;
using AiShell.Connections;
using AiShell.Engines;
using AiShell.Engines.MySql;
using AiShell.Testing.Engines;
using AiShell.Testing.Engines.MySql;

namespace AiShell.IntegrationTests.MySql;

/// <summary>One server for all tests of a class.</summary>
public sealed class SharedMariaDb : IAsyncLifetime
{
    public MariaDbServer Server { get; private set; } = null!;

    public async Task InitializeAsync() => Server = await MariaDbServer.StartAsync();

    public async Task DisposeAsync() => await Server.DisposeAsync();
}

/// <summary>The same of MySQL.</summary>
public sealed class SharedMySql : IAsyncLifetime
{
    public MySqlServer Server { get; private set; } = null!;

    public async Task InitializeAsync() => Server = await MySqlServer.StartAsync();

    public async Task DisposeAsync() => await Server.DisposeAsync();
}

/// <summary>One MySQL server for several classes, which so run one after the other.</summary>
[CollectionDefinition(Name)]
public sealed class OnMySql : ICollectionFixture<SharedMySql>
{
    public const string Name = "MySQL";
}

/// <summary>Databases on a server; each test's names begin with letters of its own.</summary>
public sealed class MySqlFamilyFixture(MySqlFamilyServer server) : IEngineFixture
{
    // What a restore leaves around would be named by ai-shell, and no test's letters are in it.
    private static readonly string[] OfTheServer = ["information_schema", "mysql", "performance_schema", "sys"];

    private readonly string _prefix = $"t{Guid.NewGuid().ToString("N")[..8]}_";
    private readonly string _scratch = FastFolder.Create("ai-shell-my-scratch-");

    public IDatabaseEngine Engine { get; } = server is MySqlServer ? new MySqlEngine(MySqlPrograms.OfMySql) : new MySqlEngine();

    public string ScratchDirectory => _scratch;

    public TableName Accounts { get; } = new("", "account");

    public TableName Values { get; } = new("", "odd values");

    public string CountStatement => "SELECT count(*) FROM account";

    public string ListStatement => "SELECT * FROM account";

    public string WriteStatement => "UPDATE account SET balance = balance + 1";

    public async Task<DatabaseAddress> CreateBankAsync(string name)
    {
        DatabaseAddress bank = await CreateEmptyAsync(name);
        await server.RunAsync(
            bank.Database,
            """
            CREATE TABLE account(id bigint AUTO_INCREMENT PRIMARY KEY, owner varchar(60) NOT NULL, balance bigint NOT NULL, KEY account_owner(owner));
            CREATE TABLE `odd values`(a decimal(65,30), b double, c varchar(100) COLLATE utf8mb4_bin PRIMARY KEY, `quoted `` name` longblob, d datetime(6), e set('x','y z'), f json, g varchar(110) AS (concat(c, '!')) STORED,
                h float, i bit(12), j time(3), k year, l varchar(20) CHARACTER SET latin1, m varchar(20) CHARACTER SET sjis, n point, o timestamp(2) NULL, p enum('', 'a''b'), q varchar(10) CHARACTER SET utf16);
            CREATE VIEW rich AS SELECT owner FROM account WHERE balance > 1000;
            CREATE FUNCTION no_comment() RETURNS text DETERMINISTIC RETURN 'a;b';
            DELIMITER ;;
            CREATE TRIGGER no_debt BEFORE UPDATE ON account FOR EACH ROW IF NEW.balance < -1000000 THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'debt; no'; END IF;;
            DELIMITER ;
            INSERT INTO account(owner, balance) WITH RECURSIVE numbers(seq) AS (SELECT 1 UNION ALL SELECT seq + 1 FROM numbers WHERE seq < 400) SELECT concat('owner ', seq), 1000 FROM numbers;
            SET sql_mode = 'ALLOW_INVALID_DATES,NO_BACKSLASH_ESCAPES', time_zone = '+00:00';
            INSERT INTO `odd values`(a, b, c, `quoted `` name`, d, e, f, h, i, j, k, l, m, n, o, p, q) VALUES
              (NULL, 1.5, 'x', x'00ff', '2026-02-30 00:00:00', 'x,y z', '{"a": [1, 2.50]}', 0.1, b'101', '-838:59:59', 1901, 'é', '表', POINT(1, -2.5), '1970-01-01 00:00:01', '', '🙂'),
              (12345678901234567890123456789012345.123456789012345678901234567890, -1e308, 'ß🙂', '', '0000-00-00', '', 'null', -1e-38, b'0', '00:00:00.001', 0, '', '', NULL, NULL, 'a''b', ''),
              (-0.0, -0e0, '', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
              (0, 2.2250738585072014e-308, '\N	\n''"`%', x'0a5c270d1a', '9999-12-31 23:59:59.999999', 'y z', '"\\N"', 3.4028234e38, b'111111111111', '838:59:59', 2155, 'ÿ', 'ソ', POINT(0, 0), '2038-01-19 03:14:07.99', 'a''b', 'x');
            """);
        return bank;
    }

    public async Task<DatabaseAddress> CreateEmptyAsync(string name)
    {
        DatabaseAddress address = AddressOf(name);
        await server.RunAsync("", $"CREATE DATABASE {Quote(address.Database)}");
        return address;
    }

    public DatabaseAddress AddressOf(string name) => server.AddressOf(_prefix + name);

    public async Task<bool> ExistsAsync(DatabaseAddress address) => (await DatabasesAsync()).Contains(address.Database);

    public async Task<int> TransferAsync(DatabaseAddress address, int count, CancellationToken cancellationToken)
    {
        int done = 0;
        while (done < count && !cancellationToken.IsCancellationRequested)
        {
            int from = Random.Shared.Next(1, 401);
            int rounds = Math.Min(count - done, 50);
            await server.RunAsync(
                address.Database,
                string.Concat(Enumerable.Repeat(
                    $"BEGIN; UPDATE account SET balance = balance - 10 WHERE id = {from}; UPDATE account SET balance = balance + 10 WHERE id = {(from % 400) + 1}; COMMIT;\n", rounds)));
            done += rounds;
        }

        return done;
    }

    public async Task<long> TotalAsync(DatabaseAddress address) =>
        long.Parse(await server.RunAsync(address.Database, "SELECT sum(balance) FROM account"), CultureInfo.InvariantCulture);

    public Task SetFirstBalanceAsync(DatabaseAddress address, long balance) => server.RunAsync(address.Database, $"UPDATE account SET balance = {balance} WHERE id = 1");

    public Task DeleteFirstAccountAsync(DatabaseAddress address) => server.RunAsync(address.Database, "DELETE FROM account WHERE id = 1");

    public Task ClearAsync(DatabaseAddress address, TableName table) => server.RunAsync(address.Database, $"TRUNCATE {Quote(table.Name)}");

    public async Task<TableName> AddTableAsync(DatabaseAddress address, string name)
    {
        await server.RunAsync(address.Database, $"CREATE TABLE {Quote(name)}(x int); INSERT INTO {Quote(name)} VALUES(1)");
        return new TableName("", name);
    }

    public async Task<IReadOnlyList<string>> ReadContentAsync(DatabaseAddress address) =>
    [
        .. (await server.DumpAsync(address.Database)).Split('\n'),
        // mariadb-dump writes floats as the server prints them, which is not all of them.
        .. (await server.RunAsync(address.Database, "SELECT c, b + 0e0, h + 0e0 FROM `odd values` ORDER BY c")).Split('\n'),
    ];

    public async Task<IReadOnlyList<string>> TracesAsync()
    {
        // A session that was closed a moment ago may still be on its way out.
        string sessions = "";
        for (int tries = 0; tries < 600 && (sessions = await server.RunAsync("", $"SELECT count(*) FROM information_schema.PROCESSLIST WHERE USER = '{MySqlFamilyServer.User}' AND (DB LIKE '{_prefix}%' OR DB IS NULL)")) != "0"; tries++)
        {
            await Task.Delay(100);
        }

        return
        [
            .. (await DatabasesAsync()).Except(OfTheServer).Where(name => !name.StartsWith('t') || name.StartsWith(_prefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal),
            sessions,
            .. (await server.RunAsync("", "SELECT User FROM mysql.user ORDER BY 1")).Split('\n'),
            .. Directory.EnumerateFileSystemEntries(_scratch),
        ];
    }

    public async ValueTask DisposeAsync()
    {
        foreach (string name in (await DatabasesAsync()).Where(name => name.StartsWith(_prefix, StringComparison.Ordinal)))
        {
            await server.RunAsync("", $"DROP DATABASE {Quote(name)}");
        }

        Directory.Delete(_scratch, recursive: true);
    }

    private async Task<string[]> DatabasesAsync() => (await server.RunAsync("", "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA")).Split('\n');

    private static string Quote(string name) => $"`{name.Replace("`", "``", StringComparison.Ordinal)}`";
}
