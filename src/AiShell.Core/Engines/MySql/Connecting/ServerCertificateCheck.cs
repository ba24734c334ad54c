using System.Net.Security;
using System.Security.Cryptography;
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

        string? authority = settings.CertificateAuthority is { } file ? OfFile(file, certificate, chain)
            : errors.HasFlag(SslPolicyErrors.RemoteCertificateChainErrors) ? Reasons(chain) : null;
        return authority
            ?? (settings.Tls == TlsMode.VerifyIdentity && errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch) ? "it was made for another host name" : null);
    }

    private static string? OfFile(string file, X509Certificate certificate, X509Chain chain)
    {
        using X509Chain own = new();
        own.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        own.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        own.ChainPolicy.ExtraStore.AddRange(chain.ChainPolicy.ExtraStore);
        try
        {
            own.ChainPolicy.CustomTrustStore.ImportFromPemFile(file);
        }
        catch (Exception failure) when (failure is CryptographicException or IOException or UnauthorizedAccessException)
        {
            return $"the authority's '{file}' cannot be read: {failure.Message.TrimEnd('.')}";
        }

        using X509Certificate2 server = new(certificate);
        return own.Build(server) ? null : Reasons(own);
    }

    private static string Reasons(X509Chain chain) => string.Join(", ", chain.ChainStatus.Select(status => status.Status switch
    {
        X509ChainStatusFlags.NotTimeValid => "it has expired, or is not valid yet",
        X509ChainStatusFlags.UntrustedRoot or X509ChainStatusFlags.PartialChain => "its authority is not known here",
        _ => status.StatusInformation.TrimEnd('.', '\n', ' '),
    }).Distinct());
}
