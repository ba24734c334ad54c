using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace AiShell.Engines.PostgreSql.Wire;

/// <summary>
/// SCRAM-SHA-256 (RFC 5802, RFC 7677), and with a TLS certificate SCRAM-SHA-256-PLUS, as PostgreSQL does it (manual,
/// "SASL Authentication"): the user's name is left empty, the server takes the one of the start-up message.
/// </summary>
internal sealed class ScramClient
{
    public const string Plain = "SCRAM-SHA-256";
    public const string WithChannel = "SCRAM-SHA-256-PLUS";
    private const int HashBytes = 32;

    private readonly string _password;
    private readonly byte[]? _certificateHash;
    private readonly string _header;
    private readonly string _nonce;
    private string _serverSignature = "";

    /// <param name="certificateHash">The hash of the server's certificate (RFC 5929, tls-server-end-point), where the channel is to be bound.</param>
    /// <param name="couldBind">Without a hash: whether TLS is on and we would have bound, had the server offered it.</param>
    public ScramClient(string password, byte[]? certificateHash, bool couldBind, string? nonce = null)
    {
        _password = password;
        _certificateHash = certificateHash;
        _header = certificateHash is not null ? "p=tls-server-end-point,," : couldBind ? "y,," : "n,,";
        _nonce = nonce ?? Convert.ToBase64String(RandomNumberGenerator.GetBytes(18));
    }

    public string First => $"{_header}{FirstBare}";

    private string FirstBare => $"n=,r={_nonce}";

    /// <summary>The answer to the server's challenge.</summary>
    /// <exception cref="InvalidDataException">The challenge is not for us.</exception>
    public string Answer(string challenge)
    {
        string nonce = Attribute(challenge, 'r');
        byte[] salt = Convert.FromBase64String(Attribute(challenge, 's'));
        int iterations = int.Parse(Attribute(challenge, 'i'), NumberStyles.None, CultureInfo.InvariantCulture);
        if (!nonce.StartsWith(_nonce, StringComparison.Ordinal) || nonce.Length == _nonce.Length || iterations < 1)
        {
            throw new InvalidDataException("The server's SCRAM challenge does not continue ours.");
        }

        byte[] bound = [.. Encoding.ASCII.GetBytes(_header), .. _certificateHash ?? []];
        string withoutProof = $"c={Convert.ToBase64String(bound)},r={nonce}";
        byte[] message = Encoding.UTF8.GetBytes($"{FirstBare},{challenge},{withoutProof}");

        byte[] salted = Rfc2898DeriveBytes.Pbkdf2(Prepare(_password), salt, iterations, HashAlgorithmName.SHA256, HashBytes);
        byte[] clientKey = HMACSHA256.HashData(salted, "Client Key"u8);
        byte[] proof = HMACSHA256.HashData(SHA256.HashData(clientKey), message);
        for (int at = 0; at < HashBytes; at++)
        {
            proof[at] ^= clientKey[at];
        }

        _serverSignature = Convert.ToBase64String(HMACSHA256.HashData(HMACSHA256.HashData(salted, "Server Key"u8), message));
        return $"{withoutProof},p={Convert.ToBase64String(proof)}";
    }

    /// <exception cref="InvalidDataException">The server does not know the password either: it is not the server we think.</exception>
    public void Verify(string final)
    {
        if (_serverSignature.Length == 0 || Attribute(final, 'v') != _serverSignature)
        {
            throw new InvalidDataException("The server could not prove that it knows the password.");
        }
    }

    /// <summary>SASLprep (RFC 4013) as far as PostgreSQL needs it: compatibility forms are unified; what cannot be is taken as it is.</summary>
    private static byte[] Prepare(string password)
    {
        try
        {
            return Encoding.UTF8.GetBytes(password.IsNormalized(NormalizationForm.FormKC) ? password : password.Normalize(NormalizationForm.FormKC));
        }
        catch (ArgumentException)
        {
            return Encoding.UTF8.GetBytes(password); // unpaired surrogates: PostgreSQL, too, then takes the bytes as they are
        }
    }

    private static string Attribute(string message, char name)
    {
        foreach (string part in message.Split(','))
        {
            if (part.Length > 2 && part[0] == name && part[1] == '=')
            {
                return part[2..];
            }
        }

        throw new InvalidDataException($"The server's SCRAM message has no '{name}'.");
    }
}
