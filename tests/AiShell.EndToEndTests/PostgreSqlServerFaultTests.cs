using System.Diagnostics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using AiShell.Testing.Engines.PostgreSql;
using CliWrap;
using CliWrap.Buffered;

namespace AiShell.EndToEndTests;

/// <summary>The server is killed, or the connection to it cut, while the built binary backs up or restores.</summary>
public sealed class PostgreSqlServerFaultTests : PostgreSqlSuite
{
    private const int Cuts = 3;

    private const string New =
        """
        CREATE TABLE customer(id serial PRIMARY KEY, name text); INSERT INTO customer(name) SELECT 'new ' || i FROM generate_series(1, 30000) i; CREATE INDEX by_name ON customer(name);
        CREATE TABLE orders(id int PRIMARY KEY, note text); INSERT INTO orders SELECT i, repeat(md5(i::text), 8) FROM generate_series(1, 60000) i;
        """;

    private const string Old = "CREATE TABLE orders(id int PRIMARY KEY, note text); INSERT INTO orders VALUES (1, 'old'); CREATE TABLE others(x int); INSERT INTO others VALUES (1);";

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
        await StartServerAgainAsync();
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
        await Server.RunAsync("postgres", "CHECKPOINT");
        string[] restore = RestoreOf(Url("target"), tables);
        using Process process = Shell.Start(restore);
        await UntilAsync("SELECT count(*) > 0 FROM pg_stat_activity WHERE application_name = 'ai-shell' AND query LIKE 'COPY%FROM STDIN%' AND state = 'active'", "t");

        await DieAsync(death);

        await FailsAsync(process);
        await StartServerAgainAsync();
        Assert.Equal(older, await ContentAsync("target"));
        await Shell.ExpectAsync(null, restore);
        Assert.Equal("60000", await Server.RunAsync("target", "SELECT count(*) FROM orders"));
        Assert.Equal("", await LeftoversAsync());
    }

    [Theory]
    [InlineData("disable", false)]
    [InlineData("require", true)]
    public async Task A_connection_that_is_cut_during_a_backup_leaves_no_half_backup_and_no_session(string tls, bool staysCut)
    {
        await EncryptAsync();
        await using CuttingProxy proxy = new(Server.Port, staysCut);
        await Shell.ExpectAsync(null, "connect", Url("shop", proxy.Port, $"?sslmode={tls}"), "--name", "far");
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
    [InlineData("disable", true, "all")]
    [InlineData("require", false, "all")]
    [InlineData("require", true, "orders")]
    public async Task A_connection_that_is_cut_during_a_restore_leaves_the_target_as_it_was(string tls, bool staysCut, string tables)
    {
        await EncryptAsync();
        await using CuttingProxy proxy = new(Server.Port, staysCut);
        string[] restore = RestoreOf(Url("target", proxy.Port, $"?sslmode={tls}"), tables);
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
            Assert.True(staysCut || await LeftoversAsync() == "", await LeftoversAsync());
        }

        proxy.CutAfter(long.MaxValue);
        await Shell.ExpectAsync(null, restore);
        Assert.Equal("60000", await Server.RunAsync("target", "SELECT count(*) FROM orders"));
        Assert.Equal("", await LeftoversAsync());
    }

    private static string[] RestoreOf(string target, string tables) =>
        ["backup", "restore", "latest", "-d", target, "--force", "--jobs", "2", .. tables == "all" ? (string[])[] : ["--tables", tables]];

    /// <summary>The handshake, the first statements, and anywhere.</summary>
    private double[] Shares() => [0.0001, 0.001, .. Enumerable.Range(0, Cuts).Select(_ => 0.01 + (0.95 * _random.NextDouble()))];

    private Task DieAsync(string death) => death == "killed" ? Server.KillAsync() : Server.ControlAsync("stop", "-m", "immediate");

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
        Assert.Matches("server went away|connection to the server broke|pg_dump could not read|cannot be reached", text);
        process.Dispose();
    }

    private async Task EncryptAsync()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        using X509Certificate2 certificate = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256).CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        string keyFile = Path.Combine(Server.DataFolder, "server.key");
        string certificateFile = Path.Combine(Server.DataFolder, "server.crt");
        await File.WriteAllTextAsync(certificateFile, certificate.ExportCertificatePem());
        await File.WriteAllTextAsync(keyFile, key.ExportPkcs8PrivateKeyPem());
        File.SetUnixFileMode(keyFile, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        await Cli.Wrap("chown").WithArguments([PostgreSqlServer.User, keyFile, certificateFile]).ExecuteBufferedAsync();
        await Server.RunAsync("postgres", "ALTER SYSTEM SET ssl = on");
        await Server.RunAsync("postgres", "SELECT pg_reload_conf()");
        await UntilAsync("SHOW ssl", "on");
    }

    private static bool IsPart(string file) => file.Contains("/parts/", StringComparison.Ordinal);
}
