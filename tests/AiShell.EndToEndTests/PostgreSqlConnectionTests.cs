using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using AiShell.Testing.Engines.PostgreSql;
using CliWrap;
using CliWrap.Buffered;

namespace AiShell.EndToEndTests;

/// <summary>What the user's surroundings do to the sessions of a backup and to the programs that it starts.</summary>
public sealed class PostgreSqlConnectionTests : PostgreSqlSuite
{
    [Fact]
    public async Task Variables_that_our_sessions_do_not_go_by_do_not_lead_pg_dump_elsewhere()
    {
        await CreateAsync("shop", "CREATE TABLE t(x int)");
        Shell.Expect(0, await Shell.RunWithAsync(
            [
                ("PGHOSTADDR", "127.0.0.2"), ("PGCHANNELBINDING", "require"), ("PGGSSENCMODE", "require"), ("PGREQUIRESSL", "1"), ("PGREQUIREPEER", "nobody"),
                ("PGSSLMINPROTOCOLVERSION", "nonsense"), ("PGTARGETSESSIONATTRS", "any"),
            ],
            "backup",
            "create",
            "-d",
            Url("shop")));
    }

    [Theory]
    [InlineData("verify-full")]
    [InlineData("verify-ca")]
    [InlineData("require")]
    public async Task The_systems_authorities_serve_pg_dump_of_any_version(string mode)
    {
        await CreateAsync("shop", "CREATE TABLE t(x int)");
        string authorities = Shell.PathOf("authorities.pem");
        string stranger = Shell.PathOf("stranger.pem");
        await File.WriteAllTextAsync(authorities, await OfferTlsAsync());
        using (X509Certificate2 other = SelfSigned("CN=Another"))
        {
            await File.WriteAllTextAsync(stranger, other.ExportCertificatePem());
        }

        string[] create = ["backup", "create", "-d", Url("shop", options: $"?sslmode={mode}&sslrootcert=system")];
        Shell.Expect(0, await Shell.RunWithAsync([("SSL_CERT_FILE", authorities)], create));
        BufferedCommandResult refused = await Shell.RunWithAsync([("SSL_CERT_FILE", stranger)], create);
        Shell.Expect((int)ErrorKind.Unreachable, refused);
        Assert.Contains("certificate", refused.StandardError, StringComparison.Ordinal);
    }

    /// <summary>The server shows a certificate for its address from now on; returned is what to check it with.</summary>
    private async Task<string> OfferTlsAsync()
    {
        using X509Certificate2 certificate = SelfSigned("CN=127.0.0.1");
        string keyFile = Path.Combine(Server.DataFolder, "server.key");
        string certificateFile = Path.Combine(Server.DataFolder, "server.crt");
        await File.WriteAllTextAsync(certificateFile, certificate.ExportCertificatePem());
        await File.WriteAllTextAsync(keyFile, certificate.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
        File.SetUnixFileMode(keyFile, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        await Cli.Wrap("chown").WithArguments([PostgreSqlServer.User, keyFile, certificateFile]).ExecuteAsync();
        await RunAsync(null, "ALTER SYSTEM SET ssl = on");
        await RunAsync(null, "SELECT pg_reload_conf()");
        await UntilAsync("SHOW ssl", "on");
        return certificate.ExportCertificatePem();
    }

    private static X509Certificate2 SelfSigned(string name)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new(name, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        SubjectAlternativeNameBuilder names = new();
        names.AddIpAddress(System.Net.IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        return request.CreateSelfSigned(now.AddDays(-2), now.AddDays(2));
    }
}
