using System.Buffers.Binary;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using AiShell.Engines.PostgreSql.Connecting;

namespace AiShell.Engines.PostgreSql.Wire;

/// <summary>An open, perhaps encrypted byte stream to a server, before the session begins.</summary>
/// <param name="Connection">What is under the stream; disposing it ends a read that waits in another thread.</param>
/// <param name="CertificateHash">What SCRAM binds itself to; null without TLS.</param>
internal sealed record WireChannel(IDisposable Connection, Stream Stream, byte[]? CertificateHash);

/// <summary>Opens sockets and TLS as the settings say (manual, "SSL Session Encryption", "SSL Support").</summary>
internal static class WireConnector
{
    // 1234 in the high half, 5679 in the low half.
    private const int TlsRequest = 80877103;

    /// <summary>
    /// Opens by blocking calls, in a thread of its own: a socket that was ever awaited is non-blocking for good in .NET, and then each
    /// read goes through the runtime's polling thread, which doubles the processor time of a COPY.
    /// </summary>
    /// <exception cref="IOException">Not reachable.</exception>
    /// <exception cref="SocketException">Not reachable.</exception>
    public static async Task<WireChannel> OpenAsync(ServerHost host, ConnectionSettings settings, CancellationToken cancellationToken)
    {
        IPAddress[] addresses = host.IsSocket ? [] : await Dns.GetHostAddressesAsync(host.Name, cancellationToken);
        return await Task.Run(() => Open(host, addresses, settings, cancellationToken), cancellationToken);
    }

    private static WireChannel Open(ServerHost host, IPAddress[] addresses, ConnectionSettings settings, CancellationToken cancellationToken)
    {
        Socket socket = host.IsSocket
            ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
            : new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        using CancellationTokenRegistration close = cancellationToken.Register(socket.Dispose); // ends a wait
        try
        {
            if (host.IsSocket)
            {
                if (!File.Exists(host.SocketPath))
                {
                    throw new IOException("there is no such socket"); // .NET's word for it is a wrong address
                }

                socket.Connect(new UnixDomainSocketEndPoint(host.SocketPath));
                return new WireChannel(socket, new NetworkStream(socket), null);
            }

            socket.Connect(addresses, host.Port);
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, 30);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, 10);
            NetworkStream plain = new(socket);
            return settings.Tls is TlsMode.Disable or TlsMode.Allow ? new WireChannel(socket, plain, null) : Encrypt(socket, plain, host, settings);
        }
        catch (Exception failure)
        {
            socket.Dispose();
            if (cancellationToken.IsCancellationRequested)
            {
                throw new OperationCanceledException("The connection was not waited for.", failure, cancellationToken);
            }

            throw;
        }
    }

    private static WireChannel Encrypt(Socket socket, NetworkStream plain, ServerHost host, ConnectionSettings settings)
    {
        byte[] request = new byte[8];
        BinaryPrimitives.WriteInt32BigEndian(request, request.Length);
        BinaryPrimitives.WriteInt32BigEndian(request.AsSpan(4), TlsRequest);
        plain.Write(request);
        byte[] answer = new byte[1];
        plain.ReadExactly(answer);
        if (answer[0] != 'S')
        {
            return settings.Tls == TlsMode.Prefer ? new WireChannel(socket, plain, null) : throw new AiShellException(
                ErrorKind.Unreachable, $"The server {host} does not encrypt, and the connection asks for it.", "Set up TLS on the server, or use sslmode=prefer.");
        }

        ServerCertificateCheck check = new(settings);
        SslStream encrypted = new(plain, leaveInnerStreamOpen: false);
        try
        {
            encrypted.AuthenticateAsClient(Options(host, settings, check));
        }
        catch (AuthenticationException failure)
        {
            throw new AiShellException(
                ErrorKind.Unreachable,
                check.Objection is { } objection ? $"The certificate of the server {host} is not accepted: {objection}." : $"No TLS with the server {host}: {failure.Message}",
                "Name its authority with sslrootcert=<file>; sslmode=require encrypts without checking who the server is.",
                failure);
        }

        return new WireChannel(socket, encrypted, HashOf(encrypted.RemoteCertificate));
    }

    private static SslClientAuthenticationOptions Options(ServerHost host, ConnectionSettings settings, ServerCertificateCheck check)
    {
        SslClientAuthenticationOptions options = new()
        {
            TargetHost = host.Name,
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
            RemoteCertificateValidationCallback = (_, certificate, chain, errors) => check.Accepts(certificate, chain, errors),
        };
        if (settings.ClientCertificate is { } certificate)
        {
            options.ClientCertificates = [ReadClientCertificate(certificate, settings.ClientKey)];
        }

        return options;
    }

    private static X509Certificate2 ReadClientCertificate(string certificate, string? key)
    {
        try
        {
            using X509Certificate2 pem = X509Certificate2.CreateFromPemFile(certificate, key);
            // A key that was read from PEM cannot be used by every platform's TLS before it was exported once.
            return X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pkcs12), null);
        }
        catch (Exception failure) when (failure is CryptographicException or ArgumentException or IOException or UnauthorizedAccessException)
        {
            throw new AiShellException(
                ErrorKind.Unreachable,
                $"The client certificate '{certificate}' with the key '{key ?? certificate}' cannot be used: {failure.Message.TrimEnd('.')}.",
                "sslcert and sslkey name PEM files; a key with a passphrase is not supported.",
                failure);
        }
    }

    /// <summary>RFC 5929, 4.1: by the certificate's own hash, MD5 and SHA-1 replaced by SHA-256.</summary>
    private static byte[]? HashOf(X509Certificate? certificate)
    {
        if (certificate is null)
        {
            return null;
        }

        using X509Certificate2 server = new(certificate);
        return server.SignatureAlgorithm.Value switch
        {
            "1.2.840.113549.1.1.12" or "1.2.840.10045.4.3.3" => SHA384.HashData(server.RawData),
            "1.2.840.113549.1.1.13" or "1.2.840.10045.4.3.4" => SHA512.HashData(server.RawData),
            "1.3.101.112" or "1.3.101.113" => null, // Ed25519 and Ed448: RFC 5929 names no hash
            _ => SHA256.HashData(server.RawData),
        };
    }
}
