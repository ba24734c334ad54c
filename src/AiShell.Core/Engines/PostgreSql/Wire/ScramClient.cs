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
    private readonly string _user;
    private readonly byte[]? _certificateHash;
    private readonly string _header;
    private readonly string _nonce;
    private string _serverSignature = "";

    /// <param name="certificateHash">The hash of the server's certificate (RFC 5929, tls-server-end-point), where the channel is to be bound.</param>
    /// <param name="couldBind">Without a hash: whether TLS is on and we would have bound, had the server offered it.</param>
    public ScramClient(string password, byte[]? certificateHash, bool couldBind, string? nonce = null, string user = "")
    {
        _password = password;
        _user = user;
        _certificateHash = certificateHash;
        _header = certificateHash is not null ? "p=tls-server-end-point,," : couldBind ? "y,," : "n,,";
        _nonce = nonce ?? Convert.ToBase64String(RandomNumberGenerator.GetBytes(18));
    }

    /// <summary>The server has proved that it knows the password, too.</summary>
    public bool IsProved { get; private set; }

    public string First => $"{_header}{FirstBare}";

    private string FirstBare => $"n={_user},r={_nonce}";

    /// <summary>The answer to the server's challenge.</summary>
    /// <exception cref="InvalidDataException">The challenge is not for us.</exception>
    public string Answer(string challenge)
    {
        string nonce = Attribute(challenge, 'r');
        byte[] salt = new byte[challenge.Length];
        if (!nonce.StartsWith(_nonce, StringComparison.Ordinal)
            || nonce.Length == _nonce.Length
            || !int.TryParse(Attribute(challenge, 'i'), NumberStyles.None, CultureInfo.InvariantCulture, out int iterations)
            || iterations < 1
            || !Convert.TryFromBase64String(Attribute(challenge, 's'), salt, out int saltBytes))
        {
            throw new InvalidDataException("The server's SCRAM challenge does not continue ours.");
        }

        byte[] bound = [.. Encoding.ASCII.GetBytes(_header), .. _certificateHash ?? []];
        string withoutProof = $"c={Convert.ToBase64String(bound)},r={nonce}";
        byte[] message = Encoding.UTF8.GetBytes($"{FirstBare},{challenge},{withoutProof}");

        byte[] salted = Rfc2898DeriveBytes.Pbkdf2(Prepare(_password), salt.AsSpan(0, saltBytes), iterations, HashAlgorithmName.SHA256, HashBytes);
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

        IsProved = true;
    }

    /// <summary>
    /// SASLprep (RFC 4013) as PostgreSQL does it: some characters are left out and compatibility forms are unified; a password that
    /// holds what SASLprep forbids (controls, characters newer than Unicode 3.2) is taken as its bytes. This program runs without Unicode's
    /// normalization tables, so of the compatibility forms only spaces and those of Latin-1 are known; decomposed letters stay so.
    /// </summary>
    private static byte[] Prepare(string password)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(password);
        if (Ascii.IsValid(password) || !IsWellFormed(password))
        {
            return bytes;
        }

        string prepared = string.Concat(password.EnumerateRunes().Where(rune => !IsLeftOut(rune.Value)).Select(Unified));
        return prepared.Length == 0 || prepared.EnumerateRunes().Any(IsForbidden) ? bytes : Encoding.UTF8.GetBytes(prepared);
    }

    private static string Unified(Rune rune) => rune.Value switch
    {
        0xA0 or 0x1680 or (>= 0x2000 and <= 0x200A) or 0x202F or 0x205F or 0x3000 => " ",
        0xA8 => " \u0308",
        0xAA => "a",
        0xAF => " \u0304",
        0xB2 => "2",
        0xB3 => "3",
        0xB4 => " \u0301",
        0xB5 => "\u03bc",
        0xB8 => " \u0327",
        0xB9 => "1",
        0xBA => "o",
        0xBC => "1\u20444",
        0xBD => "1\u20442",
        0xBE => "3\u20444",
        _ => rune.ToString(),
    };

    private static bool IsWellFormed(string text)
    {
        for (int at = 0; at < text.Length; at++)
        {
            if (char.IsSurrogate(text[at]) && !(at + 1 < text.Length && char.IsSurrogatePair(text[at], text[++at])))
            {
                return false;
            }
        }

        return true;
    }

    // RFC 3454, B.1.
    private static bool IsLeftOut(int rune) =>
        rune is 0xAD or 0x34F or 0x1806 or (>= 0x180B and <= 0x180D) or (>= 0x200B and <= 0x200D) or 0x2060 or (>= 0xFE00 and <= 0xFE0F) or 0xFEFF;

    // RFC 3454, tables C and A.1; of the planes above the first, Unicode 3.2 has little.
    private static bool IsForbidden(Rune rune) =>
        Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned
            or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
        || (rune.Value > 0xFFFF && rune.Value is not ((>= 0x10300 and <= 0x1044D) or (>= 0x1D000 and <= 0x1D7FF) or (>= 0x20000 and <= 0x2A6D6)));

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
