using System.Net;

namespace AiShell.Engines.PostgreSql.Connecting;

/// <summary>How far the connection is encrypted and the server proved (manual, "SSL Mode Descriptions").</summary>
internal enum TlsMode
{
    Disable,
    Allow,
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

/// <param name="Name">A host name or address; a folder with the server's socket where it begins with a slash.</param>
internal sealed record ServerHost(string Name, int Port)
{
    public bool IsSocket => Name.StartsWith('/');

    /// <summary>As far as the name tells: its processes and ours share the processors.</summary>
    public bool IsOnThisMachine => IsSocket || Name == "localhost" || (IPAddress.TryParse(Name, out IPAddress? address) && IPAddress.IsLoopback(address));

    /// <summary>The socket's file (manual, "unix_socket_directories").</summary>
    public string SocketPath => Path.Combine(Name, $".s.PGSQL.{Port}");

    public override string ToString() => IsSocket ? SocketPath : $"{Name}:{Port}";
}

/// <summary>
/// Everything it takes to open a session, worked out from the address, the service file, the environment and the password
/// file as libpq does (manual, "libpq – Database Connection Control Functions"). Holds a secret; never printed.
/// </summary>
/// <param name="Hosts">Tried in order.</param>
/// <param name="Wants">Which of the hosts will do.</param>
/// <param name="Password">One of each host, from the password file, or the same for all.</param>
internal sealed record ConnectionSettings(
    IReadOnlyList<ServerHost> Hosts,
    string User,
    Func<ServerHost, string?> Password,
    string Database,
    TlsMode Tls,
    string? RootCertificate,
    string? ClientCertificate,
    string? ClientKey,
    TimeSpan ConnectTimeout,
    SessionWish Wants,
    string? ServerOptions)
{
    /// <summary>What <see cref="RootCertificate"/> is where the system's authorities are meant.</summary>
    public const string SystemRoots = "system";

    /// <summary>
    /// The root certificates for PostgreSQL's own programs: before version 16 they take <c>system</c> for a file's name, and later ones take it
    /// with <c>verify-full</c> alone.
    /// </summary>
    public string? RootCertificateFile { get; init; } = RootCertificate;

    /// <summary>What helps a user whom the server does not permit what the sessions are for.</summary>
    public string DeniedHint { get; init; } = ServerErrors.BackupDenied;

    public ConnectionSettings To(string database) => this with { Database = database };
}
