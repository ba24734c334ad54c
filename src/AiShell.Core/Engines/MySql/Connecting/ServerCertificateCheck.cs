using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace AiShell.Engines.MySql.Connecting;

/// <summary>
/// Whether a server's certificate is good enough for the settings (manual, "Command Options for Encrypted Connections"). MySqlConnector's
/// own check takes expired certificates of the given authority.
/// </summary>
internal sealed class ServerCertificateCheck(ConnectionSettings settings)
{
    /// <summary>Why the certificate was not accepted, for people.</summary>
    public string? Objection { get; private set; }

    public bool Accepts(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        Objection = settings.Tls is TlsMode.VerifyCa or TlsMode.VerifyIdentity ? Objects(certificate, chain, errors) : null;
        return Objection is null;
    }

    private string? Objects(X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        if (certificate is null || chain is null)
        {
            return "it shows none";
        }

        string? authority = settings.CertificateAuthority is { } file ? CertificateTrust.CheckByFile(file, certificate, chain)
            : errors.HasFlag(SslPolicyErrors.RemoteCertificateChainErrors) ? CertificateTrust.Reasons(chain) : null;
        return authority
            ?? (settings.Tls == TlsMode.VerifyIdentity && errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch) ? "it was made for another host name" : null);
    }
}
