using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using AiShell.Engines.PostgreSql.Connecting;

namespace AiShell.Engines.PostgreSql.Wire;

/// <summary>Whether a server's certificate is good enough for the settings (manual, "Client Verification of Server Certificates").</summary>
internal sealed class ServerCertificateCheck(ConnectionSettings settings)
{
    /// <summary>Why the certificate was not accepted, for people.</summary>
    public string? Objection { get; private set; }

    public bool Accepts(X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        Objection = Objects(certificate, chain, errors);
        return Objection is null;
    }

    private string? Objects(X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        // libpq checks the chain with sslmode=require, too, where a root certificate is there.
        bool checksChain = settings.Tls is TlsMode.VerifyCa or TlsMode.VerifyFull || (settings.Tls == TlsMode.Require && settings.RootCertificate is not null);
        if (!checksChain)
        {
            return null;
        }

        if (certificate is null || chain is null)
        {
            return "it shows none";
        }

        return (settings.RootCertificate == ConnectionSettings.SystemRoots ? OfSystem(chain, errors) : OfRoot(certificate, chain))
            ?? (settings.Tls == TlsMode.VerifyFull && errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch) ? "it was made for another host name" : null);
    }

    private static string? OfSystem(X509Chain chain, SslPolicyErrors errors) =>
        errors.HasFlag(SslPolicyErrors.RemoteCertificateChainErrors) ? CertificateTrust.Reasons(chain) : null;

    private string? OfRoot(X509Certificate certificate, X509Chain chain) => settings.RootCertificate is { } root
        ? CertificateTrust.CheckByFile(root, certificate, chain)
        : "there is no root certificate to check it with (sslrootcert, or ~/.postgresql/root.crt)";
}
