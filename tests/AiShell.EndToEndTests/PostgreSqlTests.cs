using System.Globalization;
using System.Text.Json;
using AiShell.Testing.Engines.PostgreSql;
using CliWrap.Buffered;

namespace AiShell.EndToEndTests;

/// <summary>The built binary with a real PostgreSQL server, as a person uses it.</summary>
public sealed class PostgreSqlTests : IAsyncLifetime, IDisposable
{
    private readonly Shell _shell = new();
    private PostgreSqlServer _server = null!;

    public async Task InitializeAsync()
    {
        _server = await PostgreSqlServer.StartAsync();
        await _server.RunAsync("postgres", "CREATE DATABASE \"Shop \"\"1\"\"\" TEMPLATE template0");
        await _server.RunAsync(
            "Shop \"1\"",
            """
            CREATE TABLE "Order"(id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, total numeric NOT NULL, paid boolean, note text, doc jsonb, raw bytea, at timestamptz);
            INSERT INTO "Order"(total, paid, note, doc, raw, at)
              SELECT i * 1.10, CASE i % 3 WHEN 0 THEN NULL WHEN 1 THEN true ELSE false END, CASE i % 4 WHEN 0 THEN NULL WHEN 1 THEN '' ELSE E'say "hi",\n\\N ' || i END,
                     jsonb_build_object('i', i, 'tags', jsonb_build_array(i, NULL, 'x')), decode(md5(i::text), 'hex'), CASE WHEN i % 7 = 0 THEN 'infinity' ELSE now() + i * interval '1 us' END
              FROM generate_series(1, 3000) i;
            CREATE TABLE nokey(a float8, b char(4), c boolean); INSERT INTO nokey VALUES ('NaN', 'a', true), (NULL, NULL, NULL), (0.1, '', false);
            CREATE TABLE nothing(); INSERT INTO nothing DEFAULT VALUES;
            CREATE INDEX ON "Order"(total); CREATE VIEW paid AS SELECT * FROM "Order" WHERE paid;
            """);
        await _shell.ExpectAsync(null, "connect", UrlOf("Shop \"1\""), "--name", "shop");
    }

    public async Task DisposeAsync() => await _server.DisposeAsync();

    public void Dispose() => _shell.Dispose();

    [Theory]
    [InlineData("sql", "gzip")]
    [InlineData("json", "zstd")]
    [InlineData("csv", "bzip2")]
    public async Task A_backup_is_made_listed_verified_tested_and_restored_elsewhere(string format, string compression)
    {
        JsonElement created = await _shell.JsonAsync(null, "backup", "create", "-d", "shop", "--format", format, "-c", compression);
        string id = created.GetProperty("id").GetString()!;

        Assert.Equal(id, (await _shell.JsonAsync(null, "backup", "list", "-d", "shop"))[0].GetProperty("id").GetString());
        await _shell.ExpectAsync(null, "backup", "verify", id, "--deep");
        await _shell.ExpectAsync(null, "backup", "test", id, "--sample-size", "5");
        await _shell.ExpectAsync(null, "backup", "test", id, "--validate-data");
        await _shell.ExpectAsync(null, "backup", "restore", id, "-d", "shop/copy", "--verify");
        Assert.Equal(await LinesAsync("Shop \"1\""), await LinesAsync("copy"));
        Assert.Equal("Shop \"1\",copy,postgres", await _server.RunAsync("postgres", "SELECT string_agg(datname, ',' ORDER BY datname COLLATE \"C\") FROM pg_database WHERE NOT datistemplate"));

        string file = _shell.PathOf("export");
        await _shell.ExpectAsync(null, "backup", "export", id, file);
        await _shell.ExpectAsync(null, "backup", "delete", id, "--force");
        await _shell.ExpectAsync(null, "backup", "import", file);
        await _shell.ExpectAsync(null, "backup", "restore", id, "-d", "shop/again", "--verify");
        Assert.Equal(await LinesAsync("Shop \"1\""), await LinesAsync("again"));
    }

    [Fact]
    public async Task A_format_that_the_engine_has_not_is_a_usage_error_that_names_those_it_has()
    {
        BufferedCommandResult result = await _shell.RunAsync("backup", "create", "-d", "shop", "--format", "native");

        Assert.Equal((int)ErrorKind.Usage, result.ExitCode);
        Assert.Contains("no backups in the format native", result.StandardError, StringComparison.Ordinal);
        Assert.Contains("sql, json, csv", result.StandardError, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_socket_that_is_not_there_is_told_as_that()
    {
        BufferedCommandResult result = await _shell.RunAsync("connect", $"postgresql:///shop?host={_shell.PathOf("gone")}", "--name", "gone");

        Assert.Equal((int)ErrorKind.Unreachable, result.ExitCode);
        Assert.Contains("there is no such socket", result.StandardError, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_exported_script_restores_with_plain_psql()
    {
        await _shell.ExpectAsync(null, "backup", "create", "-d", "shop");
        string file = _shell.PathOf("shop.sql.gz");
        await _shell.ExpectAsync(null, "backup", "export", "latest", file);
        await _server.RunAsync("postgres", "CREATE DATABASE plain TEMPLATE template0");

        (int exitCode, string output) = await _shell.BashAsync(
            _shell.Folder,
            $"set -o pipefail; zcat '{file}' | {_server.Binaries}/psql -X -q -v ON_ERROR_STOP=1 -h 127.0.0.1 -p {_server.Port} -U {PostgreSqlServer.User} plain",
            ("PGPASSWORD", PostgreSqlServer.Password));
        Assert.True(exitCode == 0, output);
        Assert.Equal(await LinesAsync("Shop \"1\""), await LinesAsync("plain"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_dump_from_elsewhere_is_imported_and_restored(bool near)
    {
        string script = Path.Combine(AppContext.BaseDirectory, "Data", "sakila-postgresql.sql.gz");
        await _shell.ExpectAsync(null, near ? ["backup", "import", script, "-d", "shop"] : ["backup", "import", script]);
        await _shell.ExpectAsync(null, "backup", "test", "latest", "--validate-data", "-d", near ? "shop" : "sakila-postgresql");
        await _shell.ExpectAsync(null, "backup", "restore", (await _shell.JsonAsync(null, "backup", "list"))[0].GetProperty("id").GetString()!, "-d", "shop/sakila");

        await _server.RunAsync("postgres", "CREATE DATABASE original TEMPLATE template0");
        (int exitCode, string output) = await _shell.BashAsync(
            _shell.Folder,
            $"set -o pipefail; zcat '{script}' | {_server.Binaries}/psql -X -q -v ON_ERROR_STOP=1 -h 127.0.0.1 -p {_server.Port} -U {PostgreSqlServer.User} original >/dev/null",
            ("PGPASSWORD", PostgreSqlServer.Password));
        Assert.True(exitCode == 0, output);
        Assert.Equal(await LinesAsync("original"), await LinesAsync("sakila"));
    }

    [Fact]
    public async Task A_script_that_changes_the_database_is_refused()
    {
        string file = _shell.PathOf("other.sql");
        await File.WriteAllTextAsync(file, "DROP DATABASE IF EXISTS shop;\nCREATE DATABASE shop;\n\\c shop;\nCREATE TABLE t(a int);\n");
        BufferedCommandResult refused = await _shell.RunAsync("backup", "import", file);
        Shell.Expect((int)ErrorKind.Refused, refused);
        Assert.Contains("DROP DATABASE", refused.StandardError, StringComparison.Ordinal);
        Assert.Equal(0, (await _shell.JsonAsync(null, "backup", "list")).GetArrayLength());
    }

    /// <summary>What pg_dump writes, whatever the order of the rows.</summary>
    private async Task<string[]> LinesAsync(string database) => [.. (await _server.DumpAsync(database)).Split('\n').Order(StringComparer.Ordinal)];

    private string UrlOf(string database) => string.Create(
        CultureInfo.InvariantCulture,
        $"postgresql://{PostgreSqlServer.User}:{Uri.EscapeDataString(PostgreSqlServer.Password)}@127.0.0.1:{_server.Port}/{Uri.EscapeDataString(database)}");
}
