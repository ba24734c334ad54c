using System.Globalization;
using AiShell.Connections;
using AiShell.Engines;
using AiShell.Engines.PostgreSql;
using AiShell.Testing.Engines;
using AiShell.Testing.Engines.PostgreSql;

namespace AiShell.IntegrationTests.PostgreSql;

/// <summary>One server for all tests of a class: starting one takes seconds.</summary>
public sealed class SharedServer : IAsyncLifetime
{
    public PostgreSqlServer Server { get; private set; } = null!;

    public async Task InitializeAsync() => Server = await PostgreSqlServer.StartAsync();

    public async Task DisposeAsync() => await Server.DisposeAsync();
}

/// <summary>Databases on a server; each test's names begin with letters of its own.</summary>
public sealed class PostgreSqlFixture(PostgreSqlServer server) : IEngineFixture
{
    private readonly string _prefix = $"t{Guid.NewGuid().ToString("N")[..8]}_";
    private readonly string _scratch = FastFolder.Create("ai-shell-pg-scratch-");

    public IDatabaseEngine Engine { get; } = new PostgreSqlEngine();

    public string ScratchDirectory => _scratch;

    public TableName Accounts { get; } = new("public", "account");

    public TableName Values { get; } = new("public", "odd values");

    public string CountStatement => "SELECT count(*) FROM account";

    public string ListStatement => "SELECT * FROM account";

    public string WriteStatement => "UPDATE account SET balance = balance + 1";

    public async Task<DatabaseAddress> CreateBankAsync(string name)
    {
        DatabaseAddress bank = await CreateEmptyAsync(name);
        await server.RunAsync(
            bank.Database,
            """
            CREATE TABLE account(id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, owner text NOT NULL, balance bigint NOT NULL);
            CREATE INDEX account_owner ON account(owner);
            CREATE TABLE "odd values"(a numeric, b double precision, c text, "quoted "" name" bytea, d timestamptz, e int[], f jsonb, g text GENERATED ALWAYS AS (c || '!') STORED, PRIMARY KEY (c));
            CREATE VIEW rich AS SELECT owner FROM account WHERE balance > 1000;
            CREATE FUNCTION no_debt() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.balance < -1000000 THEN RAISE 'debt'; END IF; RETURN NEW; END $$;
            CREATE TRIGGER no_debt BEFORE INSERT OR UPDATE ON account FOR EACH ROW EXECUTE FUNCTION no_debt();
            INSERT INTO account(owner, balance) SELECT 'owner ' || i, 1000 FROM generate_series(1, 400) i;
            INSERT INTO "odd values" VALUES
              (NULL, 1.5, 'x', '\x00ff', 'infinity', '{1,NULL,3}', '{"a": [1, 2.50]}'),
              (123456789012345678901234567890.123456789, '-Infinity', 'ß🙂', '', '0044-03-15 00:00:00+00 BC', '{}', 'null'),
              ('NaN', 'NaN', '', NULL, '2026-02-28 23:59:59.999999+00', NULL, '"\\N"'),
              (-0.0, 1e-300, E'\\N\t\n\r\\.\b', '\x0a5c', NULL, '{{1,2},{3,4}}', NULL);
            """);
        return bank;
    }

    public async Task<DatabaseAddress> CreateEmptyAsync(string name)
    {
        DatabaseAddress address = AddressOf(name);
        await server.RunAsync("postgres", $"CREATE DATABASE {Quote(address.Database)} TEMPLATE template0");
        return address;
    }

    public DatabaseAddress AddressOf(string name) => server.AddressOf(_prefix + name);

    public async Task<bool> ExistsAsync(DatabaseAddress address) =>
        (await DatabasesAsync()).Contains(address.Database);

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

    public Task ClearAsync(DatabaseAddress address, TableName table) => server.RunAsync(address.Database, $"TRUNCATE {Quote(table.Name)} RESTART IDENTITY");

    public async Task<TableName> AddTableAsync(DatabaseAddress address, string name)
    {
        await server.RunAsync(address.Database, $"CREATE TABLE {name}(x int); INSERT INTO {name} VALUES(1)");
        return new TableName("public", name);
    }

    public async Task<IReadOnlyList<string>> ReadContentAsync(DatabaseAddress address) =>
    [
        .. (await server.DumpAsync(address.Database, "--schema-only")).Split('\n'),
        .. (await server.RunAsync(
            address.Database,
            """
            SET TimeZone = 'UTC'; SET extra_float_digits = 3;
            SELECT * FROM account ORDER BY id;
            SELECT * FROM "odd values" ORDER BY c COLLATE "C";
            SELECT last_value, is_called FROM account_id_seq;
            """)).Split('\n'),
    ];

    public async Task<IReadOnlyList<string>> TracesAsync()
    {
        List<string> traces = [.. (await DatabasesAsync()).Where(name => name.StartsWith(_prefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal)];
        foreach (string name in traces.ToArray())
        {
            traces.Add($"{name} {await server.RunAsync(name, "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'ai-shell' AND datname = current_database() AND state <> 'idle'")}");
        }

        return [.. traces, .. Directory.EnumerateFileSystemEntries(_scratch)];
    }

    public async ValueTask DisposeAsync()
    {
        foreach (string name in (await DatabasesAsync()).Where(name => name.StartsWith(_prefix, StringComparison.Ordinal)))
        {
            await server.RunAsync("postgres", $"DROP DATABASE {Quote(name)} WITH (FORCE)");
        }

        Directory.Delete(_scratch, recursive: true);
    }

    private async Task<string[]> DatabasesAsync() => (await server.RunAsync("postgres", "SELECT datname FROM pg_database")).Split('\n');

    private static string Quote(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
