using AiShell.Testing.Engines.PostgreSql;
using CliWrap;

namespace AiShell.EndToEndTests;

/// <inheritdoc/>
public sealed class PostgreSqlServerFaultTests : ServerFaultTests<PostgreSqlSuite>
{
    protected override string New =>
        """
        CREATE TABLE customer(id serial PRIMARY KEY, name text); INSERT INTO customer(name) SELECT 'new ' || i FROM generate_series(1, 30000) i; CREATE INDEX by_name ON customer(name);
        CREATE TABLE orders(id int PRIMARY KEY, note text); INSERT INTO orders SELECT i, repeat(md5(i::text), 8) FROM generate_series(1, 60000) i;
        """;

    protected override string Old =>
        "CREATE TABLE orders(id int PRIMARY KEY, note text); INSERT INTO orders VALUES (1, 'old'); CREATE TABLE others(x int); INSERT INTO others VALUES (1);";

    protected override string Reads => Copies("COPY%orders%TO STDOUT%");

    protected override string Loads => Copies("COPY%orders%FROM STDIN%");

    protected override string Told => "server went away|connection to the server broke|pg_dump could not read|cannot be reached";

    protected override string Tls(bool encrypted) => encrypted ? "?sslmode=require" : "?sslmode=disable";

    protected override Task DieAsync(string death) => death == "killed" ? Suite.Server.KillAsync() : Suite.Server.ControlAsync("stop", "-m", "immediate");

    protected override Task StartAgainAsync() => Suite.StartServerAgainAsync();

    protected override Task<string> LeftoversAsync() => Suite.LeftoversAsync();

    protected override async Task OfferTlsAsync(string key, string certificate)
    {
        string keyFile = Path.Combine(Suite.Server.DataFolder, "server.key");
        string certificateFile = Path.Combine(Suite.Server.DataFolder, "server.crt");
        await File.WriteAllTextAsync(certificateFile, certificate);
        await File.WriteAllTextAsync(keyFile, key);
        File.SetUnixFileMode(keyFile, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        await Cli.Wrap("chown").WithArguments([PostgreSqlServer.User, keyFile, certificateFile]).ExecuteAsync();
        await Suite.RunAsync(null, "ALTER SYSTEM SET ssl = on");
        await Suite.RunAsync(null, "SELECT pg_reload_conf()");
        await Suite.UntilAsync("SHOW ssl", "on");
    }

    private static string Copies(string statement) =>
        $"SELECT least(count(*), 1) FROM pg_stat_activity WHERE application_name = 'ai-shell' AND query LIKE '{statement}' AND state = 'active'";
}
