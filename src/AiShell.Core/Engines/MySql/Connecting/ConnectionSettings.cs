namespace AiShell.Engines.MySql.Connecting;

/// <summary>How far the connection is encrypted and the server proved (manual, "Command Options for Encrypted Connections").</summary>
internal enum TlsMode
{
    Disabled,
    Preferred,
    Required,
    VerifyCa,
    VerifyIdentity,
}

/// <summary>Everything it takes to open a session. Holds a secret; never printed.</summary>
/// <param name="Host">A host name or address; empty where <paramref name="Socket"/> is given.</param>
/// <param name="Socket">The path of the server's Unix socket; null for TCP.</param>
/// <param name="Database">Chosen at login; empty for none.</param>
internal sealed record ConnectionSettings(
    string Host,
    int Port,
    string? Socket,
    string User,
    string? Password,
    string Database,
    TlsMode Tls,
    string? CertificateAuthority,
    string? ClientCertificate,
    string? ClientKey,
    TimeSpan ConnectTimeout)
{
    /// <summary>The server, for messages.</summary>
    public string Server => Socket ?? $"{Host}:{Port}";

    public ConnectionSettings To(string database) => this with { Database = database };
}
