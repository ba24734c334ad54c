using System.Diagnostics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using CliWrap;

namespace AiShell.EndToEndTests;

/// <summary>The server is killed, or the connection to it cut, while the built binary backs up or restores.</summary>
public sealed class MySqlServerFaultTests : MySqlSuite
{
    private const int Cuts = 3;

    private const string New =
        """
        CREATE TABLE customer(id int AUTO_INCREMENT PRIMARY KEY, name varchar(40), KEY by_name(name)); INSERT INTO customer(name) SELECT concat('new ', seq) FROM seq_1_to_30000;
        CREATE TABLE orders(id int PRIMARY KEY, note text); INSERT INTO orders SELECT seq, repeat(md5(seq), 8) FROM seq_1_to_60000;
        CREATE VIEW few AS SELECT * FROM orders WHERE id < 10; CREATE TRIGGER t BEFORE INSERT ON orders FOR EACH ROW SET NEW.note = trim(NEW.note);
        """;

    private const string Old =
        "CREATE TABLE orders(id int PRIMARY KEY, note text); INSERT INTO orders VALUES (1, 'old'); CREATE TABLE others(x int); INSERT INTO others VALUES (1); CREATE TRIGGER o BEFORE INSERT ON orders FOR EACH ROW SET NEW.id = 7;";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Random _random = new(20261124);

    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        await CreateAsync("shop", New);
        await Shell.ExpectAsync(null, "connect", Url("shop"), "--name", "shop");
        await Shell.ExpectAsync(null, "backup", "create", "-d", "shop", "-c", "zstd");
    }

    [Theory]
    [InlineData("stopped")]
    [InlineData("killed")]
    public async Task A_server_that_dies_during_a_backup_leaves_no_half_backup(string death)
    {
        string[] before = Shell.RepositoryFiles();
        using Process process = Shell.Start("backup", "create", "-d", "shop", "--rate-limit", "3MB/s", "--jobs", "2");
        await Shell.UntilAsync(() => Shell.RepositoryFiles().Count(IsPart) > before.Count(IsPart) || process.HasExited, "the backup writes");
        await Task.Delay(_random.Next(500));

        await DieAsync(death);

        await FailsAsync(process);
        Assert.Equal(before, Shell.RepositoryFiles());
        await Shell.ExpectAsync(null, "backup", "verify", "--all", "--deep");
        await Server.StartAsync();
        await Shell.ExpectAsync(null, "backup", "create", "-d", "shop", "--verify", "--lock-wait", "0s");
    }

    [Theory]
    [InlineData("stopped", "all")]
    [InlineData("killed", "all")]
    [InlineData("killed", "orders")]
    public async Task A_server_that_dies_during_a_restore_has_the_old_target_when_it_is_back(string death, string tables)
    {
        await CreateAsync("target", Old);
        string older = await ContentAsync("target");
        string[] restore = RestoreOf(Url("target"), tables);
        using Process process = Shell.Start(restore);
        // Rows follow at once; a look at the statements that bring them may come too late.
        await UntilAsync(@"SELECT count(*) > 0 FROM information_schema.TABLES WHERE TABLE_SCHEMA LIKE 'target\_ai\_shell\_new\_%'", "1");

        await DieAsync(death);

        await FailsAsync(process, connects: true);
        await Server.StartAsync();
        Assert.Equal(older, await ContentAsync("target"));
        await Shell.ExpectAsync(null, restore);
        Assert.Equal("60000", await Server.RunAsync("target", "SELECT count(*) FROM orders"));
        Assert.Equal("shop,target", await DatabasesAsync());
    }

    [Theory]
    [InlineData("disabled", false)]
    [InlineData("required", true)]
    public async Task A_connection_that_is_cut_during_a_backup_leaves_no_half_backup_and_no_session(string tls, bool staysCut)
    {
        await EncryptAsync();
        await using CuttingProxy proxy = new(Server.Port, staysCut);
        await Shell.ExpectAsync(null, "connect", Url("shop", proxy.Port, $"?ssl-mode={tls}"), "--name", "far");
        string[] create = ["backup", "create", "-d", "far", "--jobs", "2", "-c", "zstd"];
        proxy.CutAfter(long.MaxValue);
        await Shell.ExpectAsync(null, create);
        long whole = proxy.Bytes;
        string[] before = Shell.RepositoryFiles();
        foreach (double share in Shares())
        {
            proxy.CutAfter((long)(whole * share));
            await FailsAsync(Shell.Start(create), connects: whole * share < 100_000);
            Assert.True(proxy.HasCut);
            Assert.Equal(before, Shell.RepositoryFiles());
            await UntilNoSessionAsync();
        }

        proxy.CutAfter(long.MaxValue);
        await Shell.ExpectAsync(null, [.. create, "--verify", "--lock-wait", "0s"]);
        await Shell.ExpectAsync(null, "backup", "verify", "--all", "--deep");
    }

    [Theory]
    [InlineData("disabled", true, "all")]
    [InlineData("required", false, "all")]
    [InlineData("required", true, "orders")]
    public async Task A_connection_that_is_cut_during_a_restore_leaves_the_target_as_it_was(string tls, bool staysCut, string tables)
    {
        await EncryptAsync();
        await using CuttingProxy proxy = new(Server.Port, staysCut);
        string[] restore = RestoreOf(Url("target", proxy.Port, $"?ssl-mode={tls}"), tables);
        await CreateAsync("target", Old);
        proxy.CutAfter(long.MaxValue);
        await Shell.ExpectAsync(null, restore);
        long whole = proxy.Bytes;
        await CreateAsync("target", Old);
        string older = await ContentAsync("target");
        foreach (double share in Shares())
        {
            proxy.CutAfter((long)(whole * share));
            await FailsAsync(Shell.Start(restore), connects: whole * share < 100_000);
            Assert.True(proxy.HasCut);
            await UntilNoSessionAsync();
            Assert.Equal(older, await ContentAsync("target"));
        }

        proxy.CutAfter(long.MaxValue);
        await Shell.ExpectAsync(null, restore);
        Assert.Equal("60000", await Server.RunAsync("target", "SELECT count(*) FROM orders"));
        Assert.Equal("shop,target", await DatabasesAsync());
    }

    private static string[] RestoreOf(string target, string tables) =>
        ["backup", "restore", "latest", "-d", target, "--force", "--jobs", "2", .. tables == "all" ? (string[])[] : ["--tables", tables]];

    /// <summary>The handshake, the first statements, and anywhere but the last moment, in which the target may be new already.</summary>
    private double[] Shares() => [0.0001, 0.001, .. Enumerable.Range(0, Cuts).Select(_ => 0.01 + (0.9 * _random.NextDouble()))];

    private Task DieAsync(string death) => death == "killed" ? Server.KillAsync() : Server.StopAsync();

    /// <param name="connects">Also a server that cannot be reached in the first place will do.</param>
    private static async Task FailsAsync(Process process, bool connects = false)
    {
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        using (CancellationTokenSource patience = new(Patience))
        {
            await process.WaitForExitAsync(patience.Token);
        }

        string text = await output + await errors;
        Assert.True(process.ExitCode == 1 || (connects && process.ExitCode == (int)ErrorKind.Unreachable), $"exit {process.ExitCode}: {text}");
        Assert.Contains("Hint: ", text, StringComparison.Ordinal);
        Assert.DoesNotContain("Unexpected", text, StringComparison.Ordinal);
        Assert.DoesNotContain("   at AiShell.", text, StringComparison.Ordinal);
        process.Dispose();
    }

    private async Task EncryptAsync()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        using X509Certificate2 certificate = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256).CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        string keyFile = Path.Combine(Server.DataFolder, "server-key.pem");
        string certificateFile = Path.Combine(Server.DataFolder, "server-cert.pem");
        await File.WriteAllTextAsync(certificateFile, certificate.ExportCertificatePem());
        await File.WriteAllTextAsync(keyFile, key.ExportPkcs8PrivateKeyPem());
        await Cli.Wrap("chown").WithArguments(["mysql", keyFile, certificateFile]).ExecuteAsync();
        await Server.StopAsync();
        Server.AddSettings($"ssl-cert={certificateFile}", $"ssl-key={keyFile}");
        await Server.StartAsync();
    }

    private static bool IsPart(string file) => file.Contains("/parts/", StringComparison.Ordinal);
}
