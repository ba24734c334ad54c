using AiShell.Testing.Docs;
using AiShell.Testing.Engines.PostgreSql;

namespace AiShell.EndToEndTests;

/// <summary>The PostgreSQL commands of docs/recovery.md, run as they stand there against a real server.</summary>
public sealed class PostgreSqlRecoveryDocumentTests : IAsyncLifetime, IDisposable
{
    private static readonly Document Recovery = Document.Read("docs/recovery.md");
    private static readonly Document PostgreSql = Recovery.Section("## PostgreSQL");

    private readonly Shell _shell = new();
    private PostgreSqlServer _server = null!;

    public async Task InitializeAsync()
    {
        _server = await PostgreSqlServer.StartAsync();
        await _server.RunAsync("postgres", "CREATE DATABASE shop TEMPLATE template0");
        await _server.RunAsync(
            "shop",
            """
            CREATE SCHEMA "odd ""name'";
            CREATE TABLE customer(id int PRIMARY KEY, name text NOT NULL);
            CREATE TABLE orders(id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, customer int REFERENCES customer(id), total numeric, note text);
            CREATE TABLE "odd ""name'"."odd \ table"(x text);
            CREATE TABLE "odd ""name'"."child"() INHERITS ("odd ""name'"."odd \ table");
            INSERT INTO customer SELECT i, 'Zoë ''' || i FROM generate_series(1, 200) i;
            INSERT INTO orders(customer, total, note) SELECT 1 + i % 200, i * 0.37, CASE i % 3 WHEN 0 THEN NULL WHEN 1 THEN '' ELSE E'\\.\n\t' END FROM generate_series(1, 2000) i;
            INSERT INTO "odd ""name'"."odd \ table" VALUES ('a');
            INSERT INTO "odd ""name'".child VALUES ('b'), ('c');
            CREATE TABLE hard(a boolean, b jsonb, c json, d bytea, e float8, f text[], g numeric, "h ""i" text);
            INSERT INTO hard VALUES
              (true, '{"a": [1, 2.50], "b": {"c": null}}', '{"x" : 1,"x":2}', '\x00ff5c', 'NaN', '{1,NULL,"a,b"}', 1234567890123456789012345678901234567890.5, E'a\r\n\\b,"c"'),
              (false, 'null', '[1,  2]', '', '-Infinity', '{}', -0.0, ''), (NULL, '"text"', '3', NULL, 1e-300, NULL, 'NaN', NULL);
            CREATE TABLE alone(x text); INSERT INTO alone VALUES (NULL), (''), ('NULL');
            CREATE TABLE nothing(); INSERT INTO nothing DEFAULT VALUES; INSERT INTO nothing DEFAULT VALUES;
            CREATE TABLE computed(x int, y int GENERATED ALWAYS AS (x * 2) STORED); INSERT INTO computed VALUES (1), (NULL);
            SELECT lo_from_bytea(4711, decode(repeat('00ff5c0a', 3000), 'hex'));
            CREATE MATERIALIZED VIEW big AS SELECT * FROM orders WHERE total > 100;
            """);
        await ExpectAsync("ai-shell connect postgresql:///shop --name shop && ai-shell backup create -d shop");
    }

    public async Task DisposeAsync() => await _server.DisposeAsync();

    public void Dispose() => _shell.Dispose();

    [Fact]
    public async Task A_backup_restores_with_psql_alone()
    {
        string[] alone = PostgreSql.Section("### With psql alone").Frames("bash");
        Assert.Equal(3, alone.Length);
        string before = await _server.DumpAsync("shop");

        string output = await ExpectAsync(string.Join('\n', [.. Frames("### 1. Is it whole?"), Frames("### 2. Which format?")[1], .. alone]));

        string[] lines = output.Trim().Split('\n');
        Assert.Equal($"{lines[1]}  -", lines[0]);
        Assert.Contains("\"encoding\":\"UTF8\"", lines[^1], StringComparison.Ordinal); // and no table with other rows behind it
        Assert.Equal(before, await _server.DumpAsync("shop_new"));

        await _server.RunAsync("shop_new", "DELETE FROM orders WHERE id > 1990");
        Assert.Contains("public.orders: 1990 rows, the backup has 2000", await ExpectAsync(alone[^1]), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("json")]
    [InlineData("csv")]
    public async Task The_other_formats_restore_with_a_few_lines_and_psql(string format)
    {
        Document section = PostgreSql.Section("### json and csv with psql");
        string before = await _server.DumpAsync("shop");
        await ExpectAsync($"cd /\nai-shell backup delete latest --yes\nai-shell backup create -d shop --format {format}");

        await ExpectAsync($"cat > copy_rows.py <<'THE END'\n{Assert.Single(section.Frames("python"))}\nTHE END\n{Assert.Single(section.Frames("bash"))}");

        Assert.Equal(before, await _server.DumpAsync("shop_new"));
    }

    [Fact]
    public async Task The_way_with_ai_shell_is_as_it_is_described()
    {
        string before = await _server.DumpAsync("shop");
        await _server.RunAsync("shop", "DELETE FROM orders WHERE id % 2 = 0");

        string output = await ExpectAsync(string.Join('\n', PostgreSql.Section("### With ai-shell, on a server").Frames("bash")));

        Assert.Contains("2000", output, StringComparison.Ordinal);
        Assert.Equal(before, await _server.DumpAsync("shop"));
        Assert.Equal(before, await _server.DumpAsync("shop_restored"));
    }

    private static string[] Frames(string heading) => Recovery.Section("## Without ai-shell").Section(heading).Frames("bash");

    /// <summary>Runs a script as a person types it, in the newest backup's folder where there is one.</summary>
    private async Task<string> ExpectAsync(string script)
    {
        string folder = Directory.Exists(_shell.Repository) ? Path.GetDirectoryName(Path.GetDirectoryName(_shell.Parts[0]))! : _shell.Folder;
        (int exitCode, string output) = await _shell.BashAsync(
            folder,
            $"set -eu\nPATH={_server.Binaries}:$PATH\n{script}",
            ("PGHOST", _server.SocketFolder), ("PGPORT", $"{_server.Port}"), ("PGUSER", PostgreSqlServer.User), ("PGPASSWORD", PostgreSqlServer.Password), ("NEW", "shop_new"));
        Assert.True(exitCode == 0, output);
        return output;
    }
}
