using System.Numerics;
using System.Security.Cryptography;
using System.Text;
using MySqlConnector.Authentication;

namespace AiShell.Engines.MySql.Connecting;

/// <summary>
/// MariaDB's <c>ed25519</c> accounts (MariaDB documentation, "Authentication Plugin - ed25519"): the server's random bytes are signed as in
/// RFC 8032, section 5.1.6, with the password as the secret seed. It takes no constant time, which only a program on this machine could measure.
/// </summary>
internal sealed class Ed25519Login : IAuthenticationPlugin3
{
    private static readonly BigInteger P = BigInteger.Pow(2, 255) - 19;
    private static readonly BigInteger Order = BigInteger.Pow(2, 252) + BigInteger.Parse("27742317777372353535851937790883648493", System.Globalization.CultureInfo.InvariantCulture);
    private static readonly BigInteger D = Modulo(-121665 * Inverse(121666));
    private static readonly Point Base = BasePoint();

    public string Name => "client_ed25519";

    public byte[] CreateResponse(string password, ReadOnlySpan<byte> authenticationData) => Sign(Encoding.UTF8.GetBytes(password), authenticationData).Signature;

    /// <param name="passwordHash">What the server knows of the password: the public key.</param>
    public void CreateResponseAndPasswordHash(string password, ReadOnlySpan<byte> authenticationData, out byte[] authenticationResponse, out byte[] passwordHash) =>
        (authenticationResponse, passwordHash) = Sign(Encoding.UTF8.GetBytes(password), authenticationData);

    internal static (byte[] Signature, byte[] PublicKey) Sign(ReadOnlySpan<byte> seed, ReadOnlySpan<byte> message)
    {
        byte[] hash = SHA512.HashData(seed);
        byte[] secret = hash[..32];
        secret[0] &= 0xF8;
        secret[31] = (byte)((secret[31] & 0x7F) | 0x40);
        BigInteger scalar = Number(secret);
        byte[] publicKey = Encode(Multiply(Base, scalar));
        BigInteger nonce = Number(SHA512.HashData([.. hash[32..], .. message])) % Order;
        byte[] commitment = Encode(Multiply(Base, nonce));
        BigInteger challenge = Number(SHA512.HashData([.. commitment, .. publicKey, .. message])) % Order;
        return ([.. commitment, .. Bytes((nonce + (challenge * scalar)) % Order)], publicKey);
    }

    /// <summary>Of −x² + y² = 1 + d·x²·y², in the coordinates of RFC 8032, section 5.1.4.</summary>
    private readonly record struct Point(BigInteger X, BigInteger Y, BigInteger Z, BigInteger T);

    private static Point BasePoint()
    {
        BigInteger y = Modulo(4 * Inverse(5));
        BigInteger square = Modulo(((y * y) - 1) * Inverse((D * y * y) + 1));
        BigInteger x = BigInteger.ModPow(square, (P + 3) / 8, P);
        x = Modulo((x * x) - square).IsZero ? x : Modulo(x * BigInteger.ModPow(2, (P - 1) / 4, P));
        x = x.IsEven ? x : P - x;
        return new Point(x, y, 1, Modulo(x * y));
    }

    private static Point Add(Point one, Point other)
    {
        BigInteger a = Modulo((one.Y - one.X) * (other.Y - other.X));
        BigInteger b = Modulo((one.Y + one.X) * (other.Y + other.X));
        BigInteger c = Modulo(2 * one.T * other.T * D);
        BigInteger d = Modulo(2 * one.Z * other.Z);
        (BigInteger e, BigInteger f, BigInteger g, BigInteger h) = (b - a, d - c, d + c, b + a);
        return new Point(Modulo(e * f), Modulo(g * h), Modulo(f * g), Modulo(e * h));
    }

    private static Point Multiply(Point point, BigInteger times)
    {
        Point sum = new(0, 1, 1, 0);
        for (; times > 0; times >>= 1)
        {
            sum = times.IsEven ? sum : Add(sum, point);
            point = Add(point, point);
        }

        return sum;
    }

    private static byte[] Encode(Point point)
    {
        BigInteger scale = Inverse(point.Z);
        byte[] bytes = Bytes(Modulo(point.Y * scale));
        bytes[31] |= (byte)(Modulo(point.X * scale).IsEven ? 0 : 0x80);
        return bytes;
    }

    private static BigInteger Number(ReadOnlySpan<byte> littleEndian) => new(littleEndian, isUnsigned: true);

    private static byte[] Bytes(BigInteger number)
    {
        byte[] bytes = new byte[32];
        number.TryWriteBytes(bytes, out _, isUnsigned: true);
        return bytes;
    }

    private static BigInteger Modulo(BigInteger number) => BigInteger.Remainder(number, P) is var rest && rest.Sign < 0 ? rest + P : rest;

    private static BigInteger Inverse(BigInteger number) => BigInteger.ModPow(Modulo(number), P - 2, P);
}
