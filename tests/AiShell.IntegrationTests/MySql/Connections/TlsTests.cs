using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using AiShell.Engines;
using AiShell.IntegrationTests.PostgreSql.Connections;
using AiShell.Testing.Engines.MySql;

namespace AiShell.IntegrationTests.MySql.Connections;

public sealed class TlsMariaDb : TlsServers
{
    protected override string Accounts =>
        $"""
        INSTALL SONAME 'auth_ed25519';
        CREATE USER edward@'%' IDENTIFIED VIA ed25519 USING PASSWORD('{MySqlFamilyServer.Password}'); GRANT ALL ON shop.* TO edward@'%';
        """;

    protected override async Task<MySqlFamilyServer> StartAsync(params string[] settings) => await MariaDbServer.StartAsync(settings);
}

public sealed class TlsMySql : TlsServers
{
    protected override string Accounts =>
        $"""
        CREATE USER old_hash@'%' IDENTIFIED WITH sha256_password BY '{MySqlFamilyServer.Password}'; GRANT ALL ON shop.* TO old_hash@'%';
        """;

    protected override async Task<MySqlFamilyServer> StartAsync(params string[] settings) =>
        await MySqlServer.StartAsync([.. settings.Select(setting => setting == "skip-ssl" ? "tls-version=" : setting)]);
}

/// <summary>A server with TLS, whose certificate is for localhost and 127.0.0.1, and one without.</summary>
public abstract class TlsServers : IAsyncLifetime
{
    private static readonly DateTimeOffset Now = TimeProvider.System.GetUtcNow();

    private readonly string _folder = Directory.CreateTempSubdirectory("ai-shell-my-tls-").FullName;

    public MySqlFamilyServer Server { get; private set; } = null!;

    public MySqlFamilyServer WithoutTls { get; private set; } = null!;

    public Authority Authority { get; } = new("Test authority");

    public Authority Stranger { get; } = new("Another authority");

    /// <summary>Statements that make accounts of this kind of server's own.</summary>
    protected abstract string Accounts { get; }

    protected abstract Task<MySqlFamilyServer> StartAsync(params string[] settings);

    public async Task InitializeAsync()
    {
        File.SetUnixFileMode(_folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.OtherExecute | UnixFileMode.OtherRead);
        await ShowAsync("localhost", Now.AddDays(2), flush: false);
        await File.WriteAllTextAsync(Path.Combine(_folder, "ca.pem"), Authority.Pem);
        Server = await StartAsync($"ssl-cert={_folder}/cert.pem", $"ssl-key={_folder}/key.pem", $"ssl-ca={_folder}/ca.pem");
        await Server.RunAsync(
            "",
            $"""
            CREATE DATABASE shop;
            CREATE USER by_cert@'%' REQUIRE SUBJECT '/CN=by_cert';
            CREATE USER plain@'%' IDENTIFIED BY '{MySqlFamilyServer.Password}';
            CREATE USER encrypted@'%' IDENTIFIED BY '{MySqlFamilyServer.Password}' REQUIRE SSL;
            CREATE USER any_cert@'%' IDENTIFIED BY '{MySqlFamilyServer.Password}' REQUIRE X509;
            GRANT ALL ON shop.* TO by_cert@'%', plain@'%', encrypted@'%', any_cert@'%';
            {Accounts}
            """);
        WithoutTls = await StartAsync("skip-ssl");
        await WithoutTls.RunAsync("", "CREATE DATABASE shop");
    }

    public async Task DisposeAsync()
    {
        await Server.DisposeAsync();
        await WithoutTls.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>Has the server show a certificate for this host from now on.</summary>
    public async Task ShowAsync(string name, DateTimeOffset until, bool flush = true)
    {
        using X509Certificate2 certificate = Authority.Issue(name, HashAlgorithmName.SHA256, Now.AddDays(-20), until);
        await File.WriteAllTextAsync(Path.Combine(_folder, "cert.pem"), certificate.ExportCertificatePem());
        await File.WriteAllTextAsync(Path.Combine(_folder, "key.pem"), Authority.KeyOf(certificate));
        if (flush)
        {
            await Server.RunAsync("", Server is MySqlServer ? "ALTER INSTANCE RELOAD TLS" : "FLUSH SSL");
        }
    }
}

public sealed class TlsTests(TlsMariaDb shared) : TlsSuite(shared), IClassFixture<TlsMariaDb>
{
    protected override string Cipher => "SELECT VARIABLE_VALUE <> '' FROM information_schema.SESSION_STATUS WHERE VARIABLE_NAME = 'Ssl_cipher'";

    /// <summary>A server of MySQL takes none that has.</summary>
    [Fact]
    public async Task A_certificate_that_has_expired_is_refused_where_it_is_checked()
    {
        await Servers.ShowAsync("localhost", Now.AddDays(-1));
        string ca = $"&ssl-ca={User.Write("ca.pem", Servers.Authority.Pem)}";
        Assert.Contains("certificate", (await User.RefusedAsync(Url("verify-ca") + ca)).Message, StringComparison.Ordinal);
        Assert.Equal(Encrypted, await User.ScalarAsync(Url("required"), Cipher));
    }

    [Theory]
    [InlineData("disabled")]
    [InlineData("required")]
    public async Task An_ed25519_account_logs_in(string mode)
    {
        Assert.Equal("edward", await User.ScalarAsync($"mysql://edward:{Encoded}@localhost:{Server.Port}/shop?ssl-mode={mode}"));
        await User.RefusedAsync($"mysql://edward:Wr0ng-s3cret@localhost:{Server.Port}/shop?ssl-mode={mode}", "Wr0ng-s3cret");
    }
}

public sealed class MySqlServerTlsTests(TlsMySql shared) : TlsSuite(shared), IClassFixture<TlsMySql>
{
    protected override string Cipher => "SELECT VARIABLE_VALUE <> '' FROM performance_schema.session_status WHERE VARIABLE_NAME = 'Ssl_cipher'";

    /// <summary>MySQL's usual login asks for the password itself, until the server knows it.</summary>
    [Fact]
    public async Task A_password_is_said_only_where_nobody_hears_it()
    {
        await Server.RunAsync("", $"DROP USER IF EXISTS first; CREATE USER first IDENTIFIED BY '{MySqlFamilyServer.Password}'; GRANT ALL ON shop.* TO first");
        string url = $"mysql://first:{Encoded}@localhost:{Server.Port}/shop?ssl-mode=";
        foreach (string safe in new[] { $"{url}required", $"mysql://first:{Encoded}@/shop?socket={Uri.EscapeDataString(Server.Socket)}" })
        {
            AiShellException refused = await User.RefusedAsync($"{url}disabled", Encoded, MySqlFamilyServer.Password);
            Assert.Contains("ssl-mode=required", refused.Hint, StringComparison.Ordinal);
            Assert.Equal("first", await User.ScalarAsync(safe));
            Assert.Equal("first", await User.ScalarAsync($"{url}disabled"));
            await User.RefusedAsync($"{url}disabled".Replace(Encoded, "Wr0ng-s3cret", StringComparison.Ordinal), "Wr0ng-s3cret");
            await Server.RunAsync("", "FLUSH PRIVILEGES"); // it forgets
        }
    }

    [Fact]
    public async Task An_account_of_an_older_plugin_logs_in_over_TLS_alone()
    {
        string url = $"mysql://old_hash:{Encoded}@localhost:{Server.Port}/shop?ssl-mode=";
        Assert.Equal("old_hash", await User.ScalarAsync($"{url}required"));
        Assert.Contains("ssl-mode=required", (await User.RefusedAsync($"{url}disabled", Encoded, MySqlFamilyServer.Password)).Hint, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_expired_password_is_told()
    {
        await Server.RunAsync("", $"DROP USER IF EXISTS expired; CREATE USER expired IDENTIFIED BY '{MySqlFamilyServer.Password}' PASSWORD EXPIRE");
        AiShellException refused = await User.RefusedAsync($"mysql://expired:{Encoded}@localhost:{Server.Port}/shop?ssl-mode=required", Encoded, MySqlFamilyServer.Password);
        Assert.Contains("expired", refused.Message, StringComparison.Ordinal);
    }
}

/// <summary>What the modes and accounts of both kinds of servers do.</summary>
public abstract class TlsSuite(TlsServers shared) : IDisposable
{
    protected const long Encrypted = 1;
    protected const long Clear = 0;
    protected static readonly DateTimeOffset Now = TimeProvider.System.GetUtcNow();

    private readonly Surroundings _user = new();

    /// <summary>Whether the session is encrypted.</summary>
    protected abstract string Cipher { get; }

    protected static string Encoded { get; } = Uri.EscapeDataString(MySqlFamilyServer.Password);

    protected TlsServers Servers => shared;

    protected MySqlFamilyServer Server => shared.Server;

    protected Surroundings User => _user;

    public void Dispose()
    {
        _user.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task Every_mode_encrypts_and_checks_as_the_clients_do()
    {
        await shared.ShowAsync("localhost", Now.AddDays(2));
        string ca = $"&ssl-ca={_user.Write("ca.pem", shared.Authority.Pem)}";
        string stranger = $"&ssl-ca={_user.Write("stranger.pem", shared.Stranger.Pem)}";

        Assert.Equal(Encrypted, await _user.ScalarAsync(Url("preferred"), Cipher));
        Assert.Equal(Clear, await _user.ScalarAsync(Url("disabled"), Cipher)); // MySQL knows the password by now
        Assert.Equal(Encrypted, await _user.ScalarAsync(Url("required"), Cipher));
        Assert.Equal(Encrypted, await _user.ScalarAsync(Url("required") + ca, Cipher));
        Assert.Equal(Encrypted, await _user.ScalarAsync(Url("verify-ca") + ca, Cipher));
        Assert.Equal(Encrypted, await _user.ScalarAsync(Url("VERIFY_IDENTITY") + ca, Cipher));
        Assert.Equal(Encrypted, await _user.ScalarAsync(Url("").Replace("ssl-mode=", "", StringComparison.Ordinal) + ca, Cipher));

        foreach (string mode in new[] { "verify-ca", "verify-identity", "" })
        {
            AiShellException failure = await _user.RefusedAsync(Url(mode) + stranger, Encoded, MySqlFamilyServer.Password);
            Assert.Contains("certificate", failure.Message, StringComparison.Ordinal);
        }

        Assert.Contains("certificate", (await _user.RefusedAsync(Url("verify-ca"))).Message, StringComparison.Ordinal); // no authority of the system's
        Assert.Contains("/no/such/ca", (await _user.RefusedAsync(Url("verify-ca") + "&ssl-ca=/no/such/ca")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_certificate_for_another_host_passes_verify_ca_and_not_verify_identity()
    {
        await shared.ShowAsync("db.example.com", Now.AddDays(2));
        string ca = $"&ssl-ca={_user.Write("ca.pem", shared.Authority.Pem)}";
        Assert.Equal(Encrypted, await _user.ScalarAsync(Url("verify-ca") + ca, Cipher));
        Assert.Contains("another host", (await _user.RefusedAsync(Url("verify-identity") + ca)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_without_TLS_is_reached_in_clear_only_where_that_is_allowed()
    {
        string url = $"mysql://{MySqlFamilyServer.User}:{Encoded}@localhost:{shared.WithoutTls.Port}/shop?ssl-mode=";
        await shared.WithoutTls.LogInAsync();
        Assert.Equal(Clear, await _user.ScalarAsync(url + "disabled", Cipher));
        Assert.Equal(Clear, await _user.ScalarAsync(url + "preferred", Cipher));
        AiShellException refused = await _user.RefusedAsync(url + "required", Encoded, MySqlFamilyServer.Password);
        Assert.Contains("SSL", refused.Message, StringComparison.Ordinal);
        Assert.Contains("ssl-mode=", refused.Hint, StringComparison.Ordinal);
        await _user.RefusedAsync(url + "verify-identity", Encoded, MySqlFamilyServer.Password);
    }

    [Fact]
    public async Task A_client_certificate_logs_in()
    {
        await shared.ShowAsync("localhost", Now.AddDays(2));
        using X509Certificate2 client = shared.Authority.Issue("by_cert", HashAlgorithmName.SHA256, Now.AddDays(-2), Now.AddDays(2));
        using X509Certificate2 other = shared.Authority.Issue("by_another", HashAlgorithmName.SHA256, Now.AddDays(-2), Now.AddDays(2));
        string url = $"mysql://by_cert@localhost:{shared.Server.Port}/shop?ssl-mode=required";

        await _user.RefusedAsync(url);
        string certificate = _user.Write("client.crt", client.ExportCertificatePem());
        Assert.Equal("by_cert", await _user.ScalarAsync($"{url}&ssl-cert={certificate}&ssl-key={_user.Write("client.key", Authority.KeyOf(client))}"));
        string otherKey = _user.Write("other.key", Authority.KeyOf(other));
        await _user.RefusedAsync($"{url}&ssl-cert={_user.Write("other.crt", other.ExportCertificatePem())}&ssl-key={otherKey}");
        await _user.RefusedAsync($"{url}&ssl-cert=/no/such.crt&ssl-key={otherKey}");
        await _user.RefusedAsync($"{url}&ssl-cert={certificate}&ssl-key={otherKey}");
        string anyUrl = $"mysql://any_cert:{Encoded}@localhost:{shared.Server.Port}/shop?ssl-mode=required";
        await _user.RefusedAsync(anyUrl, Encoded, MySqlFamilyServer.Password);
        Assert.Equal("any_cert", await _user.ScalarAsync($"{anyUrl}&ssl-cert={Path.Combine(_user.UserFolder, "other.crt")}&ssl-key={otherKey}"));
        _user.Write(".my.cnf", $"[client]\nssl-cert={certificate}\nssl-key=~/client.key\n");
        Assert.Equal("by_cert", await _user.ScalarAsync(url));
    }

    [Fact]
    public async Task An_account_that_demands_TLS_is_refused_without_it()
    {
        string url = $"mysql://encrypted:{Encoded}@localhost:{shared.Server.Port}/shop?ssl-mode=";
        Assert.Equal(Encrypted, await _user.ScalarAsync(url + "preferred", Cipher));
        await _user.RefusedAsync(url + "disabled", Encoded, MySqlFamilyServer.Password);
    }

    [Fact]
    public async Task A_socket_is_in_clear_unless_TLS_is_asked_for()
    {
        string url = $"mysql://plain:{Encoded}@/shop?socket={Uri.EscapeDataString(shared.Server.Socket)}";
        Assert.Equal("plain", await _user.ScalarAsync(url)); // MySQL knows the password by now
        Assert.Equal(Clear, await _user.ScalarAsync(url, Cipher));
        Assert.Equal(Encrypted, await _user.ScalarAsync(url + "&ssl-mode=required", Cipher));
    }

    [Fact]
    public async Task A_cancelled_statement_over_TLS_is_ended_on_the_server()
    {
        using CancellationTokenSource stop = new();
        const string Statement = "SELECT count(*) FROM information_schema.COLLATIONS a, information_schema.COLLATIONS b, information_schema.COLLATIONS c, information_schema.COLLATIONS d, information_schema.COLLATIONS e WHERE a.ID + b.ID + c.ID + d.ID + e.ID < 0";
        Task<QueryResult> query = _user.Engine.QueryAsync(AiShell.Connections.DatabaseUrl.Parse(Url("required"), _user), Statement, new QueryOptions(false, null), stop.Token);
        await UntilAsync("1");
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => query.WaitAsync(TimeSpan.FromMinutes(1)));
        await UntilAsync("0");

        async Task UntilAsync(string count)
        {
            for (int attempt = 0; await shared.Server.RunAsync("", $"SELECT count(*) FROM information_schema.PROCESSLIST WHERE INFO = '{Statement}'") != count; attempt++)
            {
                Assert.True(attempt < 1200, $"Still not {count}.");
                await Task.Delay(50);
            }
        }
    }

    protected string Url(string mode) => $"mysql://{MySqlFamilyServer.User}:{Encoded}@localhost:{shared.Server.Port}/shop?ssl-mode={mode}";
}
