using System.Globalization;
using System.Text.Json;
using AiShell.Testing.Engines.PostgreSql;
using CliWrap.Buffered;

namespace AiShell.EndToEndTests;

/// <summary>The built binary restores to a real PostgreSQL server, and is ended with kill -9 while it does.</summary>
public sealed class PostgreSqlRestoreTests : IAsyncLifetime, IDisposable
{
    private const int Kills = 10;

    // Rows and a sequence of its own, an index to build, and a key between the two.
    private const string New =
        """
        CREATE TABLE customer(id serial PRIMARY KEY, name text); INSERT INTO customer(name) SELECT 'new ' || i FROM generate_series(1, 40000) i; CREATE INDEX by_name ON customer(name);
        CREATE TABLE orders(id int PRIMARY KEY, customer int REFERENCES customer); INSERT INTO orders SELECT i, i FROM generate_series(1, 40000) i;
        """;

    private const string Old = "CREATE TABLE customer(id serial PRIMARY KEY, name text); INSERT INTO customer(name) VALUES ('old'); CREATE TABLE others(x int); INSERT INTO others VALUES (1);";

    private readonly Shell _shell = new();
    private PostgreSqlServer _server = null!;

    public async Task InitializeAsync()
    {
        _server = await PostgreSqlServer.StartAsync();
        await _server.RunAsync("postgres", "CREATE DATABASE source; ");
        await _server.RunAsync("source", New);
        await _shell.ExpectAsync(null, "connect", Url("source"), "--name", "source");
        await _shell.ExpectAsync(null, "backup", "create", "-d", "source");
    }

    public async Task DisposeAsync()
    {
        await _server.DisposeAsync();
    }

    public void Dispose() => _shell.Dispose();

    [Theory]
    [InlineData("all")]
    [InlineData("customer,orders")]
    public async Task Killing_a_restore_leaves_the_target_old_or_new_and_no_session(string tables)
    {
        string[] restore = ["backup", "restore", "latest", "-d", Url("target"), "--force", .. tables == "all" ? (string[])[] : ["--tables", tables]];
        await MakeOldAsync();
        string older = await ContentAsync();
        RandomKills kills = new(_shell, from: 0.3);
        await kills.MeasureAsync(restore);
        string newer = await ContentAsync();
        Assert.NotEqual(older, newer);
        await MakeOldAsync();
        await kills.KillAsync(Kills, _ => restore, enough: 1, async kill =>
        {
            await UntilNoSessionAsync();
            string found = await ContentAsync();
            Assert.True(found == older || found == newer, $"Kill {kill} left something else.");
            if (found == newer)
            {
                await MakeOldAsync();
            }

            return found == older;
        });

        await _shell.ExpectAsync(null, restore);
        Assert.Equal(newer, await ContentAsync());
        Assert.Equal("0", await _server.RunAsync("postgres", "SELECT count(*) FROM pg_database WHERE datname LIKE '%ai\\_shell%'"));
        await _shell.ExpectAsync(null, "backup", "verify", "--all", "--deep");
    }

    [Theory]
    [InlineData("source")]
    [InlineData("a source whose name is so long that nothing fits behind it, ß")]
    public async Task What_a_killed_test_leaves_is_told_and_dropped_by_the_next(string database)
    {
        const string Left = "SELECT count(*) FROM pg_database WHERE datname LIKE '%ai\\_shell%'";
        if (database != "source")
        {
            await _server.RunAsync("postgres", $"ALTER DATABASE source RENAME TO \"{database}\"");
            await _shell.ExpectAsync(null, "connect", Url(Uri.EscapeDataString(database)), "--name", "long");
            await _shell.ExpectAsync(null, "backup", "create", "-d", "long");
        }

        string[] test = ["backup", "test", "latest", "-d", database == "source" ? database : "long", "--validate-data"];
        RandomKills kills = new(_shell, from: 0.3);
        await kills.MeasureAsync(test);
        Assert.Equal("0", await _server.RunAsync("postgres", Left));
        await kills.KillAsync(Kills / 2, _ => test, enough: 1, async _ =>
        {
            await UntilNoSessionAsync();
            int left = int.Parse(await _server.RunAsync("postgres", Left), CultureInfo.InvariantCulture);
            Assert.InRange(left, 0, 3); // of this one alone: the one before was tidied up
            JsonElement health = await _shell.JsonAsync(null, "health-check", "-d", test[4]);
            Assert.Equal(left, health.GetProperty("findings").EnumerateArray().Count(finding => finding.GetProperty("detail").GetString()!.Contains("a test that was ended", StringComparison.Ordinal)));
            return left > 0;
        });

        await _shell.ExpectAsync(null, test);
        Assert.Equal("0", await _server.RunAsync("postgres", Left));
    }

    [Fact]
    public async Task A_copy_whose_rows_went_after_they_were_loaded_is_not_promoted()
    {
        // The view's query takes the rows away when it is refreshed, after all have come.
        await _server.RunAsync(
            "source",
            """
            CREATE FUNCTION taken() RETURNS int LANGUAGE plpgsql AS 'BEGIN DELETE FROM public.orders WHERE id = 7; RETURN 1; END';
            CREATE MATERIALIZED VIEW taking AS SELECT public.taken(); INSERT INTO orders VALUES (7, 7);
            """);
        await _shell.ExpectAsync(null, "backup", "create", "-d", "source");
        await MakeOldAsync();
        string older = await ContentAsync();

        string output = await FailedAsync(ErrorKind.Integrity, "backup", "restore", "latest", "-d", Url("target"), "--force");

        Assert.Contains("orders", output, StringComparison.Ordinal);
        Assert.Contains("39999", output.Replace(",", "", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Equal(older, await ContentAsync());
        Assert.Equal("0", await _server.RunAsync("postgres", "SELECT count(*) FROM pg_database WHERE datname LIKE '%ai\\_shell%'"));
    }

    [Fact]
    public async Task Options_of_a_restore_do_what_they_say()
    {
        await _server.RunAsync("postgres", "CREATE ROLE app");
        await _server.RunAsync("source", "ALTER TABLE orders OWNER TO app; GRANT SELECT ON customer TO app");
        await _shell.ExpectAsync(null, "backup", "create", "-d", "source");
        JsonElement info = await _shell.JsonAsync(null, "backup", "info", "latest");
        Assert.Equal("app", info.GetProperty("requires").GetProperty("owners")[0].GetString());
        Assert.Contains("owners app", await _shell.ExpectAsync(null, "backup", "info", "latest"), StringComparison.Ordinal);
        await MakeOldAsync();

        await _server.RunAsync("postgres", "ALTER ROLE app RENAME TO other");
        JsonElement plan = await _shell.JsonAsync(ErrorKind.Failed, "backup", "restore", "latest", "-d", Url("target"), "--dry-run");
        Assert.Contains("'app'", plan.GetProperty("problems")[0].GetString(), StringComparison.Ordinal);
        string dryRun = await FailedAsync(ErrorKind.Failed, "backup", "restore", "latest", "-d", Url("target"), "--dry-run");
        Assert.Contains("Error: This restore would fail: The server has no role 'app'.\n", dryRun, StringComparison.Ordinal);
        Assert.Matches("Hint: Nothing was changed\\. .*--no-owner", dryRun);
        await _shell.ExpectAsync(ErrorKind.Failed, "backup", "restore", "latest", "-d", Url("target"), "--force");
        await _shell.ExpectAsync(null, "backup", "test", "latest", "--validate-data");

        JsonElement done = await _shell.JsonAsync(null, "backup", "restore", "latest", "-d", Url("target"), "--force", "--no-owner", "--keep-old");
        string kept = done.GetProperty("keptAs").GetString()!;
        Assert.Equal("old", await _server.RunAsync(kept, "SELECT name FROM customer"));
        Assert.Equal("40000", await _server.RunAsync("target", "SELECT count(*) FROM customer"));
        Assert.Equal("postgres", await _server.RunAsync("target", "SELECT tableowner FROM pg_tables WHERE tablename = 'orders'"));
    }

    private async Task<string> FailedAsync(ErrorKind kind, params string[] arguments)
    {
        BufferedCommandResult result = await _shell.RunAsync(arguments);
        Shell.Expect((int)kind, result);
        return result.StandardError;
    }

    private async Task MakeOldAsync()
    {
        await _server.RunAsync("postgres", "DROP DATABASE IF EXISTS target WITH (FORCE)");
        await _server.RunAsync("postgres", "CREATE DATABASE target");
        await _server.RunAsync("target", Old);
    }

    private async Task<string> ContentAsync() => await _server.DumpAsync("target", "--no-comments");

    private async Task UntilNoSessionAsync()
    {
        for (int tries = 0; await _server.RunAsync("postgres", "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'ai-shell'") != "0"; tries++)
        {
            Assert.True(tries < 300, "Its sessions are still there.");
            await Task.Delay(50);
        }
    }

    private string Url(string database) => string.Create(
        CultureInfo.InvariantCulture, $"postgresql://{PostgreSqlServer.User}:{Uri.EscapeDataString(PostgreSqlServer.Password)}@127.0.0.1:{_server.Port}/{database}");
}
