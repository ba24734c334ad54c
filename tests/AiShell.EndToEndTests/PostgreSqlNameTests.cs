using System.Globalization;
using System.Text.Json;
using AiShell.Testing.Engines.PostgreSql;

namespace AiShell.EndToEndTests;

/// <summary>Names of databases, schemas and tables that a URL, SQL, a folder or pg_dump could take for something else, by the built binary.</summary>
public sealed class PostgreSqlNameTests : IAsyncLifetime, IDisposable
{
    private readonly Shell _shell = new();
    private PostgreSqlServer _server = null!;

    public async Task InitializeAsync() => _server = await PostgreSqlServer.StartAsync();

    public async Task DisposeAsync() => await _server.DisposeAsync();

    public void Dispose() => _shell.Dispose();

    public static TheoryData<string> Names =>
    [
        "it's \"My\" Größe 🐘", "a/b?c=d&e#f%20\\g $1 `id`", "dbname=postgres host=nowhere", "-UPPER;DROP DATABASE postgres;--", "63 bytes long 1234567890123456789012345678901234567890123456789",
    ];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_database_of_any_name_goes_the_whole_way(string name)
    {
        await MakeAsync(name, "before");
        string before = await _server.DumpAsync(name);
        bool byUrl = name.Length % 2 == 0;
        if (!byUrl)
        {
            await _shell.ExpectAsync(null, "connect", Url("postgres"), "--name", "server");
        }

        string database = byUrl ? Url(name) : $"server/{name}";
        JsonElement created = await _shell.JsonAsync(null, "backup", "create", "-d", database);
        string id = created.GetProperty("id").GetString()!;
        JsonElement listed = (await _shell.JsonAsync(null, "backup", "list", "-d", database))[0];
        Assert.Equal(id, listed.GetProperty("id").GetString());
        await _shell.ExpectAsync(null, "backup", "test", id, "--validate-data", "-d", database);

        // Its rows change, and the whole database is replaced; the old one is kept once and dropped once.
        await _server.RunAsync(name, "UPDATE \"T \"\"1\"\"\" SET x = 'after'");
        JsonElement restored = await _shell.JsonAsync(null, "backup", "restore", id, "-d", database, "--force", "--keep-old");
        Assert.Equal(before, await _server.DumpAsync(name));
        string kept = restored.GetProperty("keptAs").GetString()!;
        Assert.Equal("after", await _server.RunAsync(kept, "SELECT x FROM \"T \"\"1\"\"\""));
        await _server.RunAsync(name, "UPDATE \"T \"\"1\"\"\" SET x = 'again'");
        await _shell.ExpectAsync(null, "backup", "restore", id, "-d", database, "--force");
        Assert.Equal(before, await _server.DumpAsync(name));
        await _server.RunAsync(name, "UPDATE \"T \"\"1\"\"\" SET x = 'more'");
        await _shell.ExpectAsync(null, "backup", "restore", id, "-d", database, "--force", "--tables", "T \"1\"");
        Assert.Equal(before, await _server.DumpAsync(name));

        string[] names = [.. (await _server.RunAsync("postgres", "SELECT datname FROM pg_database WHERE NOT datistemplate AND datname <> 'postgres'")).Split('\n').Order(StringComparer.Ordinal)];
        Assert.Equal(((string[])[name, kept]).Order(StringComparer.Ordinal), names);
    }

    private async Task MakeAsync(string name, string value)
    {
        await _server.RunAsync("postgres", $"CREATE DATABASE \"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\" TEMPLATE template0");
        await _server.RunAsync(name, $"CREATE SCHEMA \"S 's\"; CREATE TABLE \"T \"\"1\"\"\"(x text PRIMARY KEY); INSERT INTO \"T \"\"1\"\"\" VALUES ('{value}'); CREATE TABLE \"S 's\".\"Ünï.code\"(\"a b\" int); INSERT INTO \"S 's\".\"Ünï.code\" VALUES (1)");
    }

    private string Url(string database) => string.Create(
        CultureInfo.InvariantCulture,
        $"postgresql://{PostgreSqlServer.User}:{Uri.EscapeDataString(PostgreSqlServer.Password)}@127.0.0.1:{_server.Port}/{Uri.EscapeDataString(database)}");
}
