using System.Diagnostics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace AiShell.EndToEndTests;

/// <summary>The server is killed, or the connection to it cut, while the built binary backs up or restores.</summary>
/// <typeparam name="TSuite">With a server that has no TLS yet.</typeparam>
public abstract class ServerFaultTests<TSuite> : IAsyncLifetime, IDisposable
    where TSuite : ServerSuite, new()
{
    private const int Cuts = 3;

    // Far into the rows: what comes before them is less than 1 MB.
    private const long HoldAfterBytes = 4 << 20;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly Random _random = new(20261124);

    protected TSuite Suite { get; } = new();

    /// <summary>The tables <c>customer</c>, of 30,000 rows, and <c>orders</c>, of 60,000 rows with texts of 256 bytes.</summary>
    protected abstract string New { get; }

    /// <summary>Other tables, among them another <c>orders</c>.</summary>
    protected abstract string Old { get; }

    /// <summary>Is 1 when a session of ours reads rows of <c>orders</c>.</summary>
    protected abstract string Reads { get; }

    /// <summary>Is 1 when a session of ours loads rows of <c>orders</c>.</summary>
    protected abstract string Loads { get; }

    /// <summary>What a command says to whom the server or the connection was taken away.</summary>
    protected abstract string Told { get; }

    /// <summary>The end of a URL that asks for TLS, or declines it.</summary>
    protected abstract string Tls(bool encrypted);

    /// <summary>At once for <c>killed</c>, by request for <c>stopped</c>.</summary>
    protected abstract Task DieAsync(string death);

    /// <summary>Starts the server that died.</summary>
    protected abstract Task StartAgainAsync();

    /// <summary>From now on the server offers TLS.</summary>
    /// <param name="key">In PEM.</param>
    /// <param name="certificate">In PEM.</param>
    protected abstract Task OfferTlsAsync(string key, string certificate);

    /// <summary>What restores have left on the server; empty for nothing.</summary>
    protected abstract Task<string> LeftoversAsync();

    private Shell Shell => Suite.Shell;

    public virtual async Task InitializeAsync()
    {
        await Suite.InitializeAsync();
        await Suite.CreateAsync("shop", New);
        await Shell.ExpectAsync(null, "connect", Suite.Url("shop"), "--name", "shop");
        await Shell.ExpectAsync(null, "backup", "create", "-d", "shop", "-c", "zstd");
    }

    public Task DisposeAsync() => Suite.DisposeAsync();

    public void Dispose()
    {
        Suite.Dispose();
        GC.SuppressFinalize(this);
    }

    [Theory]
    [InlineData("stopped")]
    [InlineData("killed")]
    public async Task A_server_that_dies_during_a_backup_leaves_no_half_backup(string death)
    {
        await using CuttingProxy proxy = new(Suite.Port);
        await Shell.ExpectAsync(null, "connect", Suite.Url("shop", proxy.Port), "--name", "far");
        string[] before = Shell.RepositoryFiles();
        using Process process = await HoldAsync(proxy, Reads, "backup", "create", "-d", "far", "--jobs", "2");
        await Shell.UntilAsync(() => Shell.RepositoryFiles().Length > before.Length, "the backup writes");

        await DieAsync(death);

        proxy.GoOn();
        await FailsAsync(process);
        Assert.Equal(before, Shell.RepositoryFiles());
        await Shell.ExpectAsync(null, "backup", "verify", "--all", "--deep");
        await StartAgainAsync();
        await Shell.ExpectAsync(null, "backup", "create", "-d", "far", "--verify", "--lock-wait", "0s");
    }

    [Theory]
    [InlineData("stopped", "all")]
    [InlineData("killed", "all")]
    [InlineData("killed", "orders")]
    public async Task A_server_that_dies_during_a_restore_has_the_old_target_when_it_is_back(string death, string tables)
    {
        await Suite.CreateAsync("target", Old);
        string older = await Suite.ContentAsync("target");
        await using CuttingProxy proxy = new(Suite.Port);
        string[] restore = RestoreOf(Suite.Url("target", proxy.Port), tables);
        using Process process = await HoldAsync(proxy, Loads, restore);

        await DieAsync(death);

        proxy.GoOn();
        await FailsAsync(process);
        await StartAgainAsync();
        Assert.Equal(older, await Suite.ContentAsync("target"));
        await Shell.ExpectAsync(null, restore);
        await IsRestoredAsync();
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, true)]
    public async Task A_connection_that_is_cut_during_a_backup_leaves_no_half_backup_and_no_session(bool encrypted, bool staysCut)
    {
        await EncryptAsync();
        await using CuttingProxy proxy = new(Suite.Port, staysCut);
        await Shell.ExpectAsync(null, "connect", Suite.Url("shop", proxy.Port, Tls(encrypted)), "--name", "far");
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
            await Suite.UntilNoSessionAsync();
        }

        proxy.CutAfter(long.MaxValue);

        // The server's own vacuum may have a table for a moment; what a dead backup holds would be held for minutes.
        await Shell.ExpectAsync(null, [.. create, "--verify", "--lock-wait", "5s"]);
        await Shell.ExpectAsync(null, "backup", "verify", "--all", "--deep");
    }

    [Theory]
    [InlineData(false, true, "all")]
    [InlineData(true, false, "all")]
    [InlineData(true, true, "orders")]
    public async Task A_connection_that_is_cut_during_a_restore_leaves_the_target_as_it_was(bool encrypted, bool staysCut, string tables)
    {
        await EncryptAsync();
        await using CuttingProxy proxy = new(Suite.Port, staysCut);
        string[] restore = RestoreOf(Suite.Url("target", proxy.Port, Tls(encrypted)), tables);
        await Suite.CreateAsync("target", Old);
        proxy.CutAfter(long.MaxValue);
        await Shell.ExpectAsync(null, restore);
        long whole = proxy.Bytes;
        await Suite.CreateAsync("target", Old);
        string older = await Suite.ContentAsync("target");
        foreach (double share in Shares())
        {
            proxy.CutAfter((long)(whole * share));
            await FailsAsync(Shell.Start(restore), connects: whole * share < 100_000);
            Assert.True(proxy.HasCut);
            await Suite.UntilNoSessionAsync();
            Assert.Equal(older, await Suite.ContentAsync("target"));
            Assert.True(staysCut || await LeftoversAsync() == "", await LeftoversAsync());
        }

        proxy.CutAfter(long.MaxValue);
        await Shell.ExpectAsync(null, restore);
        await IsRestoredAsync();
    }

    private static string[] RestoreOf(string target, string tables) =>
        ["backup", "restore", "latest", "-d", target, "--force", "--jobs", "2", .. tables == "all" ? (string[])[] : ["--tables", tables]];

    /// <summary>The handshake, the first statements, and anywhere but the last moment, in which the target may be new already.</summary>
    private double[] Shares() => [0.0001, 0.001, .. Enumerable.Range(0, Cuts).Select(_ => 0.01 + (0.9 * _random.NextDouble()))];

    /// <summary>Starts the command and returns when its connections are held in the middle of the rows, where they stay.</summary>
    /// <param name="isThere">Asks the server whether it is; is 1 then.</param>
    private async Task<Process> HoldAsync(CuttingProxy proxy, string isThere, params string[] command)
    {
        long all = (await Suite.ContentAsync("shop")).Length;
        Assert.True(all > 3 * HoldAfterBytes, $"Of {all} bytes too few are left after {HoldAfterBytes}.");
        proxy.HoldAfter(HoldAfterBytes);
        Process process = Shell.Start(command);
        using CancellationTokenSource patience = new(Patience);
        Task end = process.WaitForExitAsync(patience.Token);
        if (await Task.WhenAny(proxy.HasHeld, end) == end)
        {
            await end;
            Assert.Fail($"It ended before it was held, exit {process.ExitCode}: {await process.StandardOutput.ReadToEndAsync()}{await process.StandardError.ReadToEndAsync()}");
        }

        await Suite.UntilAsync(isThere, "1");
        return process;
    }

    private async Task IsRestoredAsync()
    {
        Assert.Equal("60000", await Suite.RunAsync("target", "SELECT count(*) FROM orders"));
        Assert.Equal("", await LeftoversAsync());
    }

    /// <param name="connects">Also a server that cannot be reached in the first place will do.</param>
    private async Task FailsAsync(Process process, bool connects = false)
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
        Assert.Matches(Told, text);
        process.Dispose();
    }

    private async Task EncryptAsync()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        using X509Certificate2 certificate = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256).CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        await OfferTlsAsync(key.ExportPkcs8PrivateKeyPem(), certificate.ExportCertificatePem());
    }
}
