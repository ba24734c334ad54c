using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using AiShell.Testing.Engines;
using AiShell.Testing.Engines.PostgreSql;
using CliWrap;

namespace AiShell.IntegrationTests.PostgreSql.Connections;

public sealed class TlsServer : IAsyncLifetime
{
    private static readonly DateTimeOffset Now = TimeProvider.System.GetUtcNow();

    public PostgreSqlServer Server { get; private set; } = null!;

    public Authority Authority { get; } = new("Test authority");

    public Authority Stranger { get; } = new("Another authority");

    public async Task InitializeAsync()
    {
        Server = await PostgreSqlServer.StartAsync();
        await Server.RunAsync("postgres", $"CREATE ROLE by_cert LOGIN; CREATE ROLE plain LOGIN PASSWORD '{LoginServer.Password}'");
        await File.WriteAllTextAsync(
            Path.Combine(Server.DataFolder, "pg_hba.conf"),
            "local all all scram-sha-256\nhostssl all by_cert all cert\nhostssl all postgres all scram-sha-256\nhostnossl all plain all scram-sha-256\n");
        await ShowAsync(Authority.Issue("localhost", HashAlgorithmName.SHA256, Now.AddDays(-2), Now.AddDays(2)));
    }

    public async Task DisposeAsync() => await Server.DisposeAsync();

    /// <summary>Has the server show this certificate from now on.</summary>
    public async Task ShowAsync(X509Certificate2 certificate)
    {
        string key = Path.Combine(Server.DataFolder, "server.key");
        await File.WriteAllTextAsync(Path.Combine(Server.DataFolder, "server.crt"), certificate.ExportCertificatePem());
        await File.WriteAllTextAsync(key, Authority.KeyOf(certificate));
        await File.WriteAllTextAsync(Path.Combine(Server.DataFolder, "root.crt"), Authority.Pem);
        File.SetUnixFileMode(key, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        await Cli.Wrap("chown").WithArguments([PostgreSqlServer.User, key, Path.Combine(Server.DataFolder, "server.crt"), Path.Combine(Server.DataFolder, "root.crt")]).ExecuteAsync();
        await File.AppendAllTextAsync(Path.Combine(Server.DataFolder, "postgresql.conf"), "ssl = on\nssl_ca_file = 'root.crt'\n");
        await Server.ControlAsync("restart", "-w", "-m", "fast", "-l", Path.Combine(Server.SocketFolder, "log"));
    }
}

/// <summary>Issues certificates.</summary>
public sealed class Authority
{
    private readonly X509Certificate2 _root;

    public Authority(string name)
    {
        ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        _root = request.CreateSelfSigned(now.AddYears(-1), now.AddYears(1));
    }

    public string Pem => _root.ExportCertificatePem();

    /// <param name="name">The host's, also the address 127.0.0.1 where it is localhost; of a client the role's.</param>
    public X509Certificate2 Issue(string name, HashAlgorithmName hash, DateTimeOffset from, DateTimeOffset until)
    {
        ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new($"CN={name}", key, hash);
        SubjectAlternativeNameBuilder names = new();
        names.AddDnsName(name);
        if (name == "localhost")
        {
            names.AddIpAddress(System.Net.IPAddress.Loopback);
        }

        request.CertificateExtensions.Add(names.Build());
        byte[] number = RandomNumberGenerator.GetBytes(8);
        number[0] &= 0x7f;
        using X509Certificate2 signed = request.Create(_root, from, until, number);
        return signed.CopyWithPrivateKey(key);
    }

    public static string KeyOf(X509Certificate2 certificate) => certificate.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem();
}

public sealed class TlsTests(TlsServer server) : IClassFixture<TlsServer>, IDisposable
{
    private const string Encrypted = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    private static readonly string Encoded = Uri.EscapeDataString(PostgreSqlServer.Password);
    private static readonly DateTimeOffset Now = TimeProvider.System.GetUtcNow();

    private readonly Surroundings _user = new();

    public void Dispose() => _user.Dispose();

    [Fact]
    public async Task Every_mode_encrypts_and_checks_as_libpq_does()
    {
        await ShowAsync("localhost");
        string root = $"&sslrootcert={_user.Write("root.pem", server.Authority.Pem)}";
        string stranger = $"&sslrootcert={_user.Write("stranger.pem", server.Stranger.Pem)}";

        Assert.Equal(true, await _user.ScalarAsync(Url("prefer"), Encrypted));
        Assert.Equal(true, await _user.ScalarAsync(Url("allow"), Encrypted)); // refused in clear by pg_hba.conf
        Assert.Equal(true, await _user.ScalarAsync(Url("require"), Encrypted));
        Assert.Equal(true, await _user.ScalarAsync(Url("require") + root, Encrypted));
        Assert.Equal(true, await _user.ScalarAsync(Url("verify-ca") + root, Encrypted));
        Assert.Equal(true, await _user.ScalarAsync(Url("verify-full") + root, Encrypted));
        await _user.RefusedAsync(Url("disable"), Encoded, PostgreSqlServer.Password);

        Assert.Contains("authority", (await _user.RefusedAsync(Url("verify-ca") + stranger, Encoded)).Message, StringComparison.Ordinal);
        Assert.Contains("authority", (await _user.RefusedAsync(Url("verify-full") + stranger)).Message, StringComparison.Ordinal);
        Assert.Contains("authority", (await _user.RefusedAsync(Url("require") + stranger)).Message, StringComparison.Ordinal);
        Assert.Contains("sslrootcert", (await _user.RefusedAsync(Url("verify-full"))).Message, StringComparison.Ordinal);
        Assert.Contains("cannot be read", (await _user.RefusedAsync(Url("verify-full") + "&sslrootcert=/no/such/file")).Message, StringComparison.Ordinal);
        Assert.Contains("authority", (await _user.RefusedAsync(Url("verify-full") + "&sslrootcert=system")).Message, StringComparison.Ordinal);

        _user.Write(".postgresql/root.crt", server.Stranger.Pem);
        Assert.Contains("authority", (await _user.RefusedAsync(Url("require"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_takes_no_TLS_is_reached_in_clear_only_where_that_is_allowed()
    {
        await ShowAsync("localhost");
        string url = $"postgresql://plain:{Uri.EscapeDataString(LoginServer.Password)}@localhost:{server.Server.Port}/postgres?sslmode=";
        Assert.Equal(false, await _user.ScalarAsync(url + "disable", Encrypted));
        Assert.Equal(false, await _user.ScalarAsync(url + "allow", Encrypted));
        Assert.Equal(false, await _user.ScalarAsync(url + "prefer", Encrypted));
        await _user.RefusedAsync(url + "require", LoginServer.Password);
    }

    [Fact]
    public async Task A_certificate_for_another_host_passes_verify_ca_and_not_verify_full()
    {
        await ShowAsync("db.example.com");
        string root = $"&sslrootcert={_user.Write("root.pem", server.Authority.Pem)}";
        Assert.Equal(true, await _user.ScalarAsync(Url("verify-ca") + root, Encrypted));
        Assert.Contains("another host", (await _user.RefusedAsync(Url("verify-full") + root)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_certificate_that_has_expired_is_told_so()
    {
        await server.ShowAsync(server.Authority.Issue("localhost", HashAlgorithmName.SHA256, Now.AddDays(-20), Now.AddDays(-1)));
        string root = $"&sslrootcert={_user.Write("root.pem", server.Authority.Pem)}";
        Assert.Contains("expired", (await _user.RefusedAsync(Url("verify-ca") + root)).Message, StringComparison.Ordinal);
        Assert.Equal(true, await _user.ScalarAsync(Url("require"), Encrypted));
    }

    [Theory]
    [InlineData("SHA256")]
    [InlineData("SHA384")]
    [InlineData("SHA512")]
    public async Task The_password_is_bound_to_the_certificate_whatever_signs_it(string hash)
    {
        // Over TLS the server offers SCRAM-SHA-256-PLUS, which is taken, and refuses a proof over another certificate or hash.
        await server.ShowAsync(server.Authority.Issue("localhost", new HashAlgorithmName(hash), Now.AddDays(-2), Now.AddDays(2)));
        Assert.Equal("postgres", await _user.ScalarAsync(Url("require")));
    }

    [Fact]
    public async Task A_client_certificate_logs_in()
    {
        await ShowAsync("localhost");
        using X509Certificate2 client = server.Authority.Issue("by_cert", HashAlgorithmName.SHA256, Now.AddDays(-2), Now.AddDays(2));
        using X509Certificate2 other = server.Authority.Issue("by_another", HashAlgorithmName.SHA256, Now.AddDays(-2), Now.AddDays(2));
        string url = $"postgresql://by_cert@localhost:{server.Server.Port}/postgres?sslmode=require";

        await _user.RefusedAsync(url);
        string key = _user.Write("client.key", Authority.KeyOf(client));
        Assert.Equal("by_cert", await _user.ScalarAsync($"{url}&sslcert={_user.Write("client.crt", client.ExportCertificatePem())}&sslkey={key}"));
        await _user.RefusedAsync($"{url}&sslcert={_user.Write("other.crt", other.ExportCertificatePem())}&sslkey={_user.Write("other.key", Authority.KeyOf(other))}");
        Assert.Contains("client certificate", (await _user.RefusedAsync($"{url}&sslcert=/no/such.crt&sslkey={key}")).Message, StringComparison.Ordinal);
        Assert.Contains("client certificate", (await _user.RefusedAsync($"{url}&sslcert={Path.Combine(_user.UserFolder, "client.crt")}&sslkey={Path.Combine(_user.UserFolder, "other.key")}")).Message, StringComparison.Ordinal);

        _user.Write(".postgresql/postgresql.crt", client.ExportCertificatePem());
        _user.Write(".postgresql/postgresql.key", Authority.KeyOf(client));
        Assert.Equal("by_cert", await _user.ScalarAsync(url));
    }

    [Fact]
    public async Task A_backup_and_its_pg_dump_check_the_server_and_show_the_clients_certificate()
    {
        await ShowAsync("localhost");
        await server.Server.RunAsync("postgres", "GRANT pg_read_all_data TO by_cert; DROP TABLE IF EXISTS kept; CREATE TABLE kept(x int)");
        string root = _user.Write("root.pem", server.Authority.Pem);
        using X509Certificate2 client = server.Authority.Issue("by_cert", HashAlgorithmName.SHA256, Now.AddDays(-2), Now.AddDays(2));
        string key = _user.Write("client.key", Authority.KeyOf(client));
        string certificate = _user.Write("client.crt", client.ExportCertificatePem());
        foreach (string url in (string[])
            [
                $"{Url("verify-full")}&sslrootcert={root}",
                $"{Url("verify-ca")}&sslrootcert={root}",
                $"postgresql://by_cert@localhost:{server.Server.Port}/postgres?sslmode=verify-full&sslrootcert={root}&sslcert={certificate}&sslkey={key}",
            ])
        {
            MemoryBackup backup = await _user.BackUpAsync(url);
            Assert.Contains(backup.Contents.Tables, table => table.Table.Name == "kept");
        }
    }

    private Task ShowAsync(string name) => server.ShowAsync(server.Authority.Issue(name, HashAlgorithmName.SHA256, Now.AddDays(-2), Now.AddDays(2)));

    private string Url(string mode) => $"postgresql://postgres:{Encoded}@localhost:{server.Server.Port}/postgres?sslmode={mode}";
}
