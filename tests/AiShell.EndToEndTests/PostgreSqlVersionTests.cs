using System.Globalization;
using System.Text.Json;
using AiShell.Testing.Engines.PostgreSql;
using CliWrap.Buffered;

namespace AiShell.EndToEndTests;

/// <summary>The built binary between servers of different major versions.</summary>
public sealed class PostgreSqlVersionTests : IAsyncLifetime, IDisposable
{
    private const string Rows = "CREATE TABLE t(id int PRIMARY KEY, name text); INSERT INTO t SELECT i, 'n' || i FROM generate_series(1, 500) i;";

    private readonly Shell _shell = new();
    private PostgreSqlServer _older = null!;
    private PostgreSqlServer _newer = null!;

    public async Task InitializeAsync()
    {
        _older = await PostgreSqlServer.StartAsync();
        _newer = await PostgreSqlServer.StartVersionAsync(BundledPostgreSql.BinariesOf(17));
        await _older.RunAsync("postgres", $"CREATE DATABASE shop TEMPLATE template0; CREATE DATABASE old TEMPLATE template0");
        await _older.RunAsync("shop", Rows);
        await _older.RunAsync("old", "CREATE TABLE t(id int PRIMARY KEY, name text)");
        await _newer.RunAsync("postgres", Rows);
    }

    public async Task DisposeAsync()
    {
        await _older.DisposeAsync();
        await _newer.DisposeAsync();
    }

    public void Dispose() => _shell.Dispose();

    [Fact]
    public async Task A_backup_goes_to_a_newer_server()
    {
        await _shell.ExpectAsync(null, "backup", "create", "-d", Url(_older, "shop"));
        await _shell.ExpectAsync(null, "backup", "restore", "latest", "-d", Url(_newer, "shop"), "--verify");
        Assert.Equal("500|125250", await _newer.RunAsync("shop", "SELECT count(*), sum(id) FROM t"));

        // The newer one has not every extension and role that the older has.
        await _older.InstallExtensionAsync("ai_shell_test", RichSchema.ExtensionControl, RichSchema.ExtensionScript);
        await _older.RunAsync("shop", "CREATE EXTENSION ai_shell_test; CREATE ROLE app; ALTER TABLE t OWNER TO app");
        await _shell.ExpectAsync(null, "backup", "create", "-d", Url(_older, "shop"));
        string[] restore = ["backup", "restore", "latest", "-d", Url(_newer, "other")];
        JsonElement plan = await _shell.JsonAsync(ErrorKind.Failed, [.. restore, "--dry-run"]);
        Assert.Equal(["The server has no extension 'ai_shell_test'.", "The server has no role 'app'."], plan.GetProperty("problems").EnumerateArray().Select(problem => problem.GetString()));
        BufferedCommandResult dryRun = await _shell.RunAsync([.. restore, "--dry-run"]);
        Assert.Contains("would fail: The server has no extension 'ai_shell_test'; The server has no role 'app'.\n", dryRun.StandardError, StringComparison.Ordinal);
        Assert.Matches("Hint: Nothing was changed\\. Install its package.*--no-owner", dryRun.StandardError);
        await _shell.ExpectAsync(ErrorKind.Failed, restore);
        Assert.Equal("", await _newer.RunAsync("postgres", "SELECT datname FROM pg_database WHERE datname LIKE 'other%'"));
    }

    [Fact]
    public async Task A_pg_dump_that_is_too_old_or_missing_is_told_with_the_package_that_helps()
    {
        BufferedCommandResult tooOld = await _shell.RunAsync("backup", "create", "-d", Url(_newer, "postgres"));
        Shell.Expect((int)ErrorKind.Failed, tooOld);
        Assert.Contains("The server is PostgreSQL 17, and pg_dump here is only 15", tooOld.StandardError, StringComparison.Ordinal);
        Assert.Contains("postgresql-client-17", tooOld.StandardError, StringComparison.Ordinal);
        Assert.Contains("AI_SHELL_PG_BIN", tooOld.StandardError, StringComparison.Ordinal);

        BufferedCommandResult missing = await _shell.RunWithAsync([("AI_SHELL_PG_BIN", _shell.Folder)], "backup", "create", "-d", Url(_older, "shop"));
        Shell.Expect((int)ErrorKind.Failed, missing);
        Assert.Contains("postgresql-client-15", missing.StandardError, StringComparison.Ordinal);
        Assert.Equal(0, (await _shell.JsonAsync(null, "backup", "list")).GetArrayLength());
    }

    [Fact]
    public async Task Rows_of_a_newer_server_go_to_an_older_one_only_with_force()
    {
        await _shell.ExpectAsync(null, "backup", "create", "-d", Url(_newer, "postgres"), "--data-only");

        BufferedCommandResult refused = await _shell.RunAsync("backup", "restore", "latest", "-d", Url(_older, "old"));
        Shell.Expect((int)ErrorKind.Refused, refused);
        Assert.Contains("The backup is of PostgreSQL 17.", refused.StandardError, StringComparison.Ordinal);
        Assert.Contains("--force", refused.StandardError, StringComparison.Ordinal);
        Assert.Equal("0", await _older.RunAsync("old", "SELECT count(*) FROM t"));
        JsonElement plan = await _shell.JsonAsync(ErrorKind.Failed, "backup", "restore", "latest", "-d", Url(_older, "old"), "--dry-run");
        Assert.Contains("PostgreSQL 17.", plan.GetProperty("problems")[0].GetString(), StringComparison.Ordinal);

        // A yes to questions is no wish to try.
        Shell.Expect((int)ErrorKind.Refused, await _shell.RunAsync("backup", "restore", "latest", "-d", Url(_older, "old"), "--yes"));
        BufferedCommandResult forced = await _shell.RunAsync("backup", "restore", "latest", "-d", Url(_older, "old"), "--force");
        Shell.Expect(0, forced);
        Assert.Contains("older 15.", forced.StandardError, StringComparison.Ordinal);
        Assert.Equal("500|125250", await _older.RunAsync("old", "SELECT count(*), sum(id) FROM t"));
    }

    private static string Url(PostgreSqlServer server, string database) => string.Create(
        CultureInfo.InvariantCulture, $"postgresql://{PostgreSqlServer.User}:{Uri.EscapeDataString(PostgreSqlServer.Password)}@127.0.0.1:{server.Port}/{database}");
}
