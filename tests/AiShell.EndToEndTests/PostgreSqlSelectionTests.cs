using System.Globalization;
using System.Text.Json;
using AiShell.Testing.Engines.PostgreSql;
using CliWrap.Buffered;

namespace AiShell.EndToEndTests;

/// <summary>Some tables of a real server's database, by the built binary and back by plain psql.</summary>
public sealed class PostgreSqlSelectionTests : IAsyncLifetime, IDisposable
{
    private const string Counts = "SELECT (SELECT count(*) FROM customer), (SELECT count(*) FROM orders), (SELECT sum(total) FROM orders), (SELECT last_value FROM orders_id_seq)";

    private readonly Shell _shell = new();
    private PostgreSqlServer _server = null!;

    public async Task InitializeAsync()
    {
        _server = await PostgreSqlServer.StartAsync();
        await _server.RunAsync("postgres", $"CREATE DATABASE shop TEMPLATE template0; CREATE ROLE saver LOGIN PASSWORD '{PostgreSqlServer.Password}'");
        await _server.RunAsync(
            "shop",
            """
            CREATE TABLE orders(id serial PRIMARY KEY, customer int, total int);
            CREATE TABLE customer(id int PRIMARY KEY, name text); ALTER TABLE orders ADD FOREIGN KEY (customer) REFERENCES customer;
            CREATE TABLE secret(customer int REFERENCES customer, x text); CREATE VIEW secrets AS SELECT * FROM secret;
            INSERT INTO customer SELECT i, 'c' || i FROM generate_series(1, 30) i; INSERT INTO orders(customer, total) SELECT i, i FROM generate_series(1, 30) i;
            INSERT INTO secret VALUES (1, 'x');
            GRANT SELECT ON customer, orders, orders_id_seq TO saver;
            """);
    }

    public async Task DisposeAsync() => await _server.DisposeAsync();

    public void Dispose() => _shell.Dispose();

    [Fact]
    public async Task A_table_that_may_not_be_read_is_named_and_leaving_it_out_helps()
    {
        BufferedCommandResult denied = await _shell.RunAsync("backup", "create", "-d", UrlOf("saver"));
        Shell.Expect(1, denied);
        Assert.Contains("secret", denied.StandardError, StringComparison.Ordinal);
        Assert.Contains("--exclude-tables", denied.StandardError, StringComparison.Ordinal);
        Assert.Equal(0, (await _shell.JsonAsync(null, "backup", "list")).GetArrayLength());

        JsonElement created = await _shell.JsonAsync(null, "backup", "create", "-d", UrlOf("saver"), "--exclude-tables", "secret");
        Assert.Equal(2, created.GetProperty("tables").GetInt32());
        Assert.InRange(created.GetProperty("snapshotHeldMs").GetInt64(), 1, created.GetProperty("durationMs").GetInt64());
        await PlainAsync("latest", "plain");
        Assert.Equal(await _server.RunAsync("shop", Counts), await _server.RunAsync("plain", Counts));
        Assert.Equal("", await _server.RunAsync("plain", "SELECT 1 FROM pg_class WHERE relname LIKE 'secret%'"));
    }

    [Fact]
    public async Task A_partitioned_table_that_may_not_be_read_or_is_locked_can_be_left_out()
    {
        await _server.RunAsync(
            "shop",
            """
            GRANT SELECT ON secret TO saver;
            CREATE TABLE event(at int) PARTITION BY RANGE (at); CREATE TABLE event_1 PARTITION OF event FOR VALUES FROM (0) TO (9) PARTITION BY RANGE (at);
            CREATE TABLE of_2026 PARTITION OF event_1 FOR VALUES FROM (0) TO (5); CREATE TABLE empty_log(at int) PARTITION BY RANGE (at); INSERT INTO event VALUES (3);
            CREATE VIEW events AS SELECT * FROM event;
            """);
        BufferedCommandResult denied = await _shell.RunAsync("backup", "create", "-d", UrlOf("saver"));
        Shell.Expect(1, denied);
        Assert.Contains("of_2026", denied.StandardError, StringComparison.Ordinal);

        BufferedCommandResult named = await _shell.RunAsync("backup", "create", "-d", UrlOf(), "--exclude-tables", "event,empty_log");
        Shell.Expect(2, named);
        Assert.Contains("it is partitioned", named.StandardError, StringComparison.Ordinal);

        JsonElement created = await _shell.JsonAsync(null, "backup", "create", "-d", UrlOf("saver"), "--exclude-tables", "event,of_2026,empty_log");
        Assert.Equal(3, created.GetProperty("tables").GetInt32());
        await PlainAsync("latest", "plain");
        Assert.Equal("", await _server.RunAsync("plain", "SELECT 1 FROM pg_class WHERE relname ~ '^(event|of_2026|empty_log)'"));

        // Who may read it all, and finds it locked.
        using System.Diagnostics.Process psql = _server.StartPsql("shop");
        await psql.StandardInput.WriteLineAsync("BEGIN; LOCK TABLE event; SELECT 'locked';");
        Assert.Equal("locked", await psql.StandardOutput.ReadLineAsync());
        Shell.Expect(6, await _shell.RunAsync("backup", "create", "-d", UrlOf(), "--lock-wait", "1s"));
        Assert.Equal(3, (await _shell.JsonAsync(null, "backup", "create", "-d", UrlOf(), "--lock-wait", "1s", "--exclude-tables", "event,of_2026")).GetProperty("tables").GetInt32());
        psql.Kill();
        await psql.WaitForExitAsync();
    }

    [Fact]
    public async Task A_schema_and_rows_backed_up_apart_come_together_by_psql()
    {
        string schema = await CreateAsync("--schema-only", "--tables", "orders,customer");
        string rows = await CreateAsync("--data-only", "--tables", "orders,customer");
        await PlainAsync(schema, "plain");
        Assert.Equal("0|0||1", await _server.RunAsync("plain", Counts));
        await LoadAsync(rows, "plain");
        Assert.Equal(await _server.RunAsync("shop", Counts), await _server.RunAsync("plain", Counts));
    }

    [Fact]
    public async Task A_key_to_a_table_that_is_left_out_goes_with_it_and_a_partitioned_table_is_named_with_its_partitions()
    {
        string some = await CreateAsync("--tables", "orders");
        await PlainAsync(some, "plain");
        Assert.Equal("30", await _server.RunAsync("plain", "SELECT count(*) FROM orders"));
        Assert.Equal("0", await _server.RunAsync("plain", "SELECT count(*) FROM pg_constraint WHERE contype = 'f'"));
        BufferedCommandResult none = await _shell.RunAsync("backup", "create", "-d", UrlOf(), "--tables", "orders", "--exclude-tables", "o*");
        Shell.Expect(2, none);
        Assert.Contains("--tables and --exclude-tables leave no table", none.StandardError, StringComparison.Ordinal);

        await _server.RunAsync("shop", "CREATE TABLE event(at int) PARTITION BY RANGE (at); CREATE TABLE event_1 PARTITION OF event FOR VALUES FROM (0) TO (9); INSERT INTO event VALUES (5)");
        BufferedCommandResult root = await _shell.RunAsync("backup", "create", "-d", UrlOf(), "--tables", "event");
        Shell.Expect(2, root);
        Assert.Contains("event*", root.StandardError, StringComparison.Ordinal);
        await PlainAsync(await CreateAsync("--tables", "event*"), "events");
        Assert.Equal("5", await _server.RunAsync("events", "SELECT * FROM event"));
    }

    private async Task<string> CreateAsync(params string[] options) =>
        (await _shell.JsonAsync(null, ["backup", "create", "-d", UrlOf(), .. options])).GetProperty("id").GetString()!;

    private async Task PlainAsync(string id, string database)
    {
        await _server.RunAsync("postgres", $"CREATE DATABASE {database} TEMPLATE template0");
        await LoadAsync(id, database);
    }

    private async Task LoadAsync(string id, string database)
    {
        string file = _shell.PathOf($"{Guid.NewGuid():N}.sql.gz");
        await _shell.ExpectAsync(null, "backup", "export", id, file);
        (int exitCode, string output) = await _shell.BashAsync(
            _shell.Folder,
            $"set -o pipefail; zcat '{file}' | {_server.Binaries}/psql -X -q -v ON_ERROR_STOP=1 -h 127.0.0.1 -p {_server.Port} -U {PostgreSqlServer.User} {database}",
            ("PGPASSWORD", PostgreSqlServer.Password));
        Assert.True(exitCode == 0, output);
    }

    private string UrlOf(string user = PostgreSqlServer.User) => string.Create(
        CultureInfo.InvariantCulture, $"postgresql://{user}:{Uri.EscapeDataString(PostgreSqlServer.Password)}@127.0.0.1:{_server.Port}/shop");
}
