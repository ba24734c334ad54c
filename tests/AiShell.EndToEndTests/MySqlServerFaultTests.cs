using CliWrap;

namespace AiShell.EndToEndTests;

/// <inheritdoc/>
public sealed class MySqlServerFaultTests : ServerFaultTests<MySqlSuite>
{
    protected override string New =>
        """
        CREATE TABLE customer(id int AUTO_INCREMENT PRIMARY KEY, name varchar(40), KEY by_name(name)); INSERT INTO customer(name) SELECT concat('new ', seq) FROM seq_1_to_30000;
        CREATE TABLE orders(id int PRIMARY KEY, note text); INSERT INTO orders SELECT seq, repeat(md5(seq), 8) FROM seq_1_to_60000;
        CREATE VIEW few AS SELECT * FROM orders WHERE id < 10; CREATE TRIGGER t BEFORE INSERT ON orders FOR EACH ROW SET NEW.note = trim(NEW.note);
        """;

    protected override string Old =>
        "CREATE TABLE orders(id int PRIMARY KEY, note text); INSERT INTO orders VALUES (1, 'old'); CREATE TABLE others(x int); INSERT INTO others VALUES (1); CREATE TRIGGER o BEFORE INSERT ON orders FOR EACH ROW SET NEW.id = 7;";

    protected override string Reads => Runs("SELECT%orders%");

    protected override string Loads => Runs("LOAD DATA%orders%");

    protected override string Told => "connection to the server broke|server ended the session|cannot be used";

    protected override string Tls(bool encrypted) => encrypted ? "?ssl-mode=required" : "?ssl-mode=disabled";

    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        // What was committed is in the hands of the kernel: a server that is killed has it when it is back.
        await Suite.RunAsync(null, "SET GLOBAL innodb_flush_log_at_trx_commit = 2");
    }

    protected override Task DieAsync(string death) => death == "killed" ? Suite.Server.KillAsync() : Suite.Server.StopAsync();

    protected override Task StartAgainAsync() => Suite.Server.StartAgainAsync();

    protected override async Task<string> LeftoversAsync() => string.Join(' ', (await Suite.DatabasesAsync()).Split(',').Except(["shop", "target"]));

    protected override async Task OfferTlsAsync(string key, string certificate)
    {
        string keyFile = Path.Combine(Suite.Server.DataFolder, "server-key.pem");
        string certificateFile = Path.Combine(Suite.Server.DataFolder, "server-cert.pem");
        await File.WriteAllTextAsync(certificateFile, certificate);
        await File.WriteAllTextAsync(keyFile, key);
        await Cli.Wrap("chown").WithArguments(["mysql", keyFile, certificateFile]).ExecuteAsync();
        await Suite.Server.StopAsync();
        Suite.Server.AddSettings($"ssl-cert={certificateFile}", $"ssl-key={keyFile}");
        await Suite.Server.StartAgainAsync();
    }

    private static string Runs(string statement) =>
        $"SELECT least(count(*), 1) FROM information_schema.PROCESSLIST WHERE USER = '{AiShell.Testing.Engines.MySql.MariaDbServer.User}' AND INFO LIKE '{statement}'";
}
