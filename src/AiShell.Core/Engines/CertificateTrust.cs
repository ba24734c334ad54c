using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace AiShell.Engines;

/// <summary>Whether a server's certificate is signed by whom it should be. Lists of revoked certificates are not asked for.</summary>
internal static class CertificateTrust
{
    /// <summary>By an authority in a PEM file, and by no other.</summary>
    /// <param name="chain">As the server sent it.</param>
    /// <returns>Why it is not to be trusted; null where it is.</returns>
    public static string? CheckByFile(string file, X509Certificate certificate, X509Chain chain)
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
            return $"the root certificate '{file}' cannot be read: {failure.Message.TrimEnd('.')}";
        }

        using X509Certificate2 server = new(certificate);
        return own.Build(server) ? null : Reasons(own);
    }

    /// <summary>Of a chain that was built and is not good.</summary>
    public static string Reasons(X509Chain chain) => string.Join(", ", chain.ChainStatus.Select(status => status.Status switch
    {
        X509ChainStatusFlags.NotTimeValid => "it has expired, or is not valid yet",
        X509ChainStatusFlags.UntrustedRoot or X509ChainStatusFlags.PartialChain => "its authority is not known here",
        _ => status.StatusInformation.TrimEnd('.', '\n', ' '),
    }).Distinct());
}
