using System.Globalization;
using AiShell.Testing.Docs;
using AiShell.Testing.Engines.PostgreSql;

namespace AiShell.EndToEndTests;

/// <summary>The role that docs/postgresql.md describes, made with its statements, backs up all that there is by the built binary.</summary>
public sealed class PostgreSqlPrivilegeDocumentTests : IAsyncLifetime, IDisposable
{
    private static readonly string[] Statements = Document.Read("docs/postgresql.md").Section("## Privileges").Frames("sql");

    private readonly Shell _shell = new();
    private PostgreSqlServer _server = null!;

    public async Task InitializeAsync()
    {
        _server = await PostgreSqlServer.StartAsync();
        await _server.RunAsync("postgres", "CREATE ROLE app; CREATE DATABASE shop TEMPLATE template0; REVOKE ALL ON DATABASE shop FROM PUBLIC");
        await _server.RunAsync(
            "shop",
            """
            SELECT lo_from_bytea(4711, 'nobody else''s'); CREATE SCHEMA hidden AUTHORIZATION app; SET ROLE app; SELECT lo_from_bytea(4712, 'theirs');
            CREATE TABLE hidden.customer(id bigint GENERATED ALWAYS AS IDENTITY (START 5) PRIMARY KEY, name text);
            INSERT INTO hidden.customer(name) SELECT 'n' || i FROM generate_series(1, 100) i;
            CREATE SEQUENCE hidden.numbers; SELECT setval('hidden.numbers', 77);
            CREATE MATERIALIZED VIEW hidden.total AS SELECT count(*) FROM hidden.customer;
            CREATE FUNCTION hidden.secret() RETURNS int LANGUAGE sql AS 'SELECT 1'; REVOKE ALL ON FUNCTION hidden.secret() FROM PUBLIC;
            """);
    }

    public async Task DisposeAsync() => await _server.DisposeAsync();

    public void Dispose() => _shell.Dispose();

    [Fact]
    public async Task The_statements_of_the_document_are_enough()
    {
        Assert.Equal(2, Statements.Length);
        await _server.RunAsync("shop", Statements[0]);
        await BackUpAndCompareAsync();

        // Policies that apply to the user need what stands there for them, and fail without.
        await _server.RunAsync("shop", "ALTER TABLE hidden.customer ENABLE ROW LEVEL SECURITY");
        await _shell.ExpectAsync(ErrorKind.Failed, "backup", "create", "-d", Url("backup", "choose one", "shop"));
        await _server.RunAsync("shop", Statements[1]);
        await BackUpAndCompareAsync();
    }

    private async Task BackUpAndCompareAsync()
    {
        await _shell.ExpectAsync(null, "backup", "create", "-d", Url("backup", "choose one", "shop"));
        await _server.RunAsync("postgres", "DROP DATABASE IF EXISTS copy");
        await _shell.ExpectAsync(null, "backup", "restore", "latest", "-d", Url(PostgreSqlServer.User, PostgreSqlServer.Password, "copy"), "--verify");
        Assert.Equal(await _server.DumpAsync("shop"), await _server.DumpAsync("copy"));
    }

    private string Url(string user, string password, string database) => string.Create(
        CultureInfo.InvariantCulture, $"postgresql://{user}:{Uri.EscapeDataString(password)}@127.0.0.1:{_server.Port}/{database}");
}
