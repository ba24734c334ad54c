using System.Globalization;
using AiShell.Configuration;
using AiShell.Connections;

namespace AiShell.Engines.PostgreSql.Connecting;

/// <summary>
/// Reads connection settings in libpq's order: the URL, the service it names, the environment, the defaults (manual,
/// "Parameter Key Words", "Environment Variables", "The Connection Service File").
/// </summary>
internal sealed class SettingsReader
{
    private static readonly Dictionary<string, string> Variables = new(StringComparer.Ordinal)
    {
        ["host"] = "PGHOST",
        ["port"] = "PGPORT",
        ["user"] = "PGUSER",
        ["password"] = "PGPASSWORD",
        ["dbname"] = "PGDATABASE",
        ["sslmode"] = "PGSSLMODE",
        ["sslrootcert"] = "PGSSLROOTCERT",
        ["sslcert"] = "PGSSLCERT",
        ["sslkey"] = "PGSSLKEY",
        ["connect_timeout"] = "PGCONNECT_TIMEOUT",
        ["target_session_attrs"] = "PGTARGETSESSIONATTRS",
        ["options"] = "PGOPTIONS",
        ["passfile"] = "PGPASSFILE",
        ["service"] = "PGSERVICE",
    };

    // They tune what does not concern a backup; accepted so that a URL that works elsewhere works here.
    private static readonly HashSet<string> Harmless =
    [
        "application_name", "fallback_application_name", "client_encoding", "keepalives", "keepalives_idle", "keepalives_interval",
        "keepalives_count", "tcp_user_timeout", "gssencmode", "sslcompression", "sslsni", "load_balance_hosts", "sslnegotiation",
    ];

    // What does more than tune is refused where it asks for what we do not do.
    private static readonly Dictionary<string, string[]> NotStricter = new(StringComparer.Ordinal) { ["gssencmode"] = ["disable", "prefer"] };

    // Where systems keep the certificates they trust, all in one file (OpenSSL's own word first).
    private static readonly string[] SystemRootFiles =
        ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem"];

    private static readonly string[] DefaultSocketFolders = ["/var/run/postgresql", "/tmp"];

    private readonly IEnvironment _environment;
    private readonly Dictionary<string, string> _given = new(StringComparer.Ordinal);

    private SettingsReader(DatabaseAddress address, IEnvironment environment)
    {
        _environment = environment;
        foreach ((string name, string value) in address.Options)
        {
            Take(name, value, $"The URL's option '{name}'");
        }

        Give("host", address.Host);
        Give("port", address.Port?.ToString(CultureInfo.InvariantCulture));
        Give("user", address.UserName);
        Give("password", address.Password);
        Give("dbname", address.Database);
        if (Value("service") is { } service)
        {
            foreach ((string name, string value) in ServiceFile.Read(service, environment))
            {
                Take(name, value, $"The option '{name}' of the service '{service}'");
            }
        }
    }

    /// <summary>What was said first stays.</summary>
    private void Take(string name, string value, string subject)
    {
        if (NotStricter.TryGetValue(name, out string[]? served) && !served.Contains(value))
        {
            throw Bad(name, value, $"ai-shell serves {string.Join(", ", served)}.");
        }

        if (Variables.ContainsKey(name))
        {
            _given.TryAdd(name, value);
        }
        else if (!Harmless.Contains(name))
        {
            throw new AiShellException(ErrorKind.Usage, $"{subject} is not one that ai-shell knows for PostgreSQL.", $"It knows {string.Join(", ", Variables.Keys.Order())}.");
        }
    }

    /// <exception cref="AiShellException"><see cref="ErrorKind.Usage"/>: an option that is unknown or does not parse; a service that is not there.</exception>
    public static ConnectionSettings Read(DatabaseAddress address, IEnvironment environment) => new SettingsReader(address, environment).Build();

    private ConnectionSettings Build()
    {
        string user = Value("user") ?? Environment.UserName;
        string database = Value("dbname") ?? user;
        string? password = Value("password");
        string? root = Value("sslrootcert") ?? Existing("root.crt");
        string passwordFile = Value("passfile") ?? Path.Combine(_environment.UserFolder, ".pgpass");
        return new ConnectionSettings(
            Hosts(),
            user,
            host => password ?? PasswordFile.Find(passwordFile, host, database, user),
            database,
            Tls(),
            root,
            Value("sslcert") ?? Existing("postgresql.crt"),
            Value("sslkey") ?? Existing("postgresql.key"),
            TimeSpan.FromSeconds(Number("connect_timeout", 15, 0, 3600) is var seconds && seconds == 0 ? 3600 : seconds),
            Wish(),
            Value("options"))
        {
            RootCertificateFile = root != ConnectionSettings.SystemRoots ? root
                : SystemRootFiles.Prepend(_environment.Get("SSL_CERT_FILE")).FirstOrDefault(File.Exists) ?? root,
        };
    }

    private void Give(string name, string? value)
    {
        if (!string.IsNullOrEmpty(value))
        {
            _given[name] = value;
        }
    }

    private string? Value(string name) => _given.TryGetValue(name, out string? value) && value.Length > 0
        ? value
        : _environment.Get(Variables[name]) is { Length: > 0 } set ? set : null;

    private string? Existing(string file) =>
        Path.Combine(_environment.UserFolder, ".postgresql", file) is var path && File.Exists(path) ? path : null;

    /// <summary><c>h1:5432,h2</c>, or host and port as lists of the same length, or one port for all.</summary>
    private List<ServerHost> Hosts()
    {
        string[] ports = Value("port")?.Split(',') ?? [];
        string[] names = (Value("host") ?? DefaultHost(PortOf(ports.FirstOrDefault("")))).Split(',');
        return [.. names.Select((name, index) =>
        {
            int colon = name.StartsWith('/') || name.EndsWith(']') ? -1 : name.LastIndexOf(':');
            string port = colon >= 0 ? name[(colon + 1)..] : ports.Length > 1 ? ports[Math.Min(index, ports.Length - 1)] : ports.FirstOrDefault("");
            return new ServerHost((colon >= 0 ? name[..colon] : name).Trim('[', ']'), PortOf(port));
        })];
    }

    private static string DefaultHost(int port) =>
        DefaultSocketFolders.FirstOrDefault(folder => File.Exists(new ServerHost(folder, port).SocketPath)) ?? "localhost";

    private static int PortOf(string text) =>
        text.Length == 0 ? 5432
        : SettingText.IsWhole(text, 1, 65535) ? int.Parse(text, CultureInfo.InvariantCulture)
        : throw Bad("port", text, "It is a number from 1 to 65535.");

    private TlsMode Tls() => (Value("sslmode") ?? "prefer") switch
    {
        "disable" => TlsMode.Disable,
        "allow" => TlsMode.Allow,
        "prefer" => TlsMode.Prefer,
        "require" => TlsMode.Require,
        "verify-ca" => TlsMode.VerifyCa,
        "verify-full" => TlsMode.VerifyFull,
        string other => throw Bad("sslmode", other, "Use disable, allow, prefer, require, verify-ca or verify-full."),
    };

    private SessionWish Wish()
    {
        string name = Value("target_session_attrs") ?? SessionWish.Any.Name;
        return SessionWish.Names.Contains(name) ? new SessionWish(name) : throw Bad("target_session_attrs", name, $"Use {string.Join(", ", SessionWish.Names)}.");
    }

    private int Number(string name, int usual, int least, int most) => Value(name) switch
    {
        null => usual,
        string text when SettingText.IsWhole(text, least, most) => int.Parse(text, CultureInfo.InvariantCulture),
        string text => throw Bad(name, text, $"It is a number from {least} to {most}."),
    };

    private static AiShellException Bad(string name, string value, string hint) =>
        new(ErrorKind.Usage, $"The connection's '{name}' cannot be '{value}'.", hint);
}
