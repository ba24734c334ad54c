using System.Globalization;
using AiShell.Configuration;
using AiShell.Connections;

namespace AiShell.Engines.MySql.Connecting;

/// <summary>
/// Reads connection settings in the order of MySQL's own clients: the URL, the option files, the environment, the defaults (manual,
/// "Specifying Program Options", "Connecting to the Server Using Command Options").
/// </summary>
internal sealed class SettingsReader
{
    private const int DefaultPort = 3306;

    private static readonly string[] Known =
        ["connect-timeout", "database", "host", "password", "port", "protocol", "socket", "ssl-ca", "ssl-cert", "ssl-key", "ssl-mode", "user"];

    private static readonly Dictionary<string, string> Variables = new(StringComparer.Ordinal)
    {
        ["host"] = "MYSQL_HOST",
        ["port"] = "MYSQL_TCP_PORT",
        ["socket"] = "MYSQL_UNIX_PORT",
        ["password"] = "MYSQL_PWD",
    };

    // They tune what does not concern a backup; accepted so that a URL that works elsewhere works here.
    private static readonly HashSet<string> Harmless =
    [
        "allowpublickeyretrieval", "autoreconnect", "charset", "characterencoding", "collation", "compress", "compression", "connectioncollation",
        "default-character-set", "max-allowed-packet", "parsetime", "pooling", "reconnect", "servertimezone", "serverversion", "useunicode",
    ];

    private static readonly string[] DefaultSockets = ["/run/mysqld/mysqld.sock", "/var/lib/mysql/mysql.sock", "/tmp/mysql.sock"];

    private readonly IEnvironment _environment;
    private readonly Dictionary<string, string> _given = new(StringComparer.Ordinal);
    private readonly IReadOnlyDictionary<string, string> _files;

    private SettingsReader(DatabaseAddress address, IReadOnlyDictionary<string, string> files, IEnvironment environment)
    {
        _environment = environment;
        _files = files;
        foreach ((string written, string value) in address.Options)
        {
            string name = NameOf(written);
            if (Known.Contains(name))
            {
                _given[name] = value;
            }
            else if (!Harmless.Contains(name))
            {
                throw new AiShellException(
                    ErrorKind.Usage, $"The URL's option '{written}' is not one that ai-shell knows for MySQL and MariaDB.", $"It knows {string.Join(", ", Known)}.");
            }
        }

        Give("host", address.Host);
        Give("port", address.Port?.ToString(CultureInfo.InvariantCulture));
        Give("user", address.UserName);
        Give("database", address.Database);
        if (address.Password is not null)
        {
            _given["password"] = address.Password; // an empty one is one
        }
    }

    /// <exception cref="AiShellException"><see cref="ErrorKind.Usage"/>: an option that is unknown or does not parse.</exception>
    public static ConnectionSettings Read(DatabaseAddress address, IEnvironment environment) =>
        Read(address, OptionFile.ReadAll(OptionFile.UsualFiles(environment), environment), environment);

    /// <param name="files">What the option files say.</param>
    internal static ConnectionSettings Read(DatabaseAddress address, IReadOnlyDictionary<string, string> files, IEnvironment environment) =>
        new SettingsReader(address, files, environment).Build();

    /// <summary>As the URL and the option files of the two makers write it: <c>ssl_ca</c>, <c>sslmode</c>.</summary>
    private static string NameOf(string written) => written.Replace('_', '-') switch
    {
        "sslmode" => "ssl-mode",
        "sslca" => "ssl-ca",
        "sslcert" => "ssl-cert",
        "sslkey" => "ssl-key",
        string name => name,
    };

    private ConnectionSettings Build()
    {
        string host = (Value("host") ?? "localhost").Trim('[', ']');
        if (host.Contains(',', StringComparison.Ordinal))
        {
            throw Bad("host", host, "Name one server: the rows of several are of no one moment.");
        }

        int port = Number("port", DefaultPort, 1, 65535);
        string? socket = Socket(host);
        return new ConnectionSettings(
            socket is null ? host : "",
            port,
            socket,
            Value("user") ?? Environment.UserName,
            Value("password"),
            Value("database") ?? "",
            Tls(socket),
            File("ssl-ca"),
            File("ssl-cert"),
            File("ssl-key"),
            TimeSpan.FromSeconds(Number("connect-timeout", 15, 0, 3600) is var seconds && seconds == 0 ? 3600 : seconds));
    }

    private void Give(string name, string? value)
    {
        if (!string.IsNullOrEmpty(value))
        {
            _given[name] = value;
        }
    }

    private string? Value(string name) =>
        _given.TryGetValue(name, out string? value) ? value
        : _files.TryGetValue(name, out value) ? value
        : Variables.TryGetValue(name, out string? variable) && _environment.Get(variable) is { Length: > 0 } set ? set : null;

    /// <summary>A file's name, with the user's folder for <c>~</c>.</summary>
    private string? File(string name) => Value(name) is { Length: > 0 } path ? _environment.ExpandTilde(path) : null;

    /// <summary>As the clients, the socket for localhost, if there is one, unless the URL has a port or TCP is asked for. A socket that the URL names is taken whatever its host.</summary>
    private string? Socket(string host)
    {
        string protocol = (Value("protocol") ?? "").ToUpperInvariant();
        if (protocol is not ("" or "TCP" or "SOCKET"))
        {
            throw Bad("protocol", Value("protocol")!, "Use tcp or socket.");
        }

        if (_given.ContainsKey("socket"))
        {
            return File("socket") ?? throw Bad("socket", "", "It is the path of the server's socket.");
        }

        if (protocol == "TCP" || host != "localhost" || (_given.ContainsKey("port") && protocol != "SOCKET"))
        {
            return null;
        }

        string[] places = [.. new[] { File("socket"), _environment.Get(Variables["socket"]) }.OfType<string>(), .. DefaultSockets];
        return places.FirstOrDefault(System.IO.File.Exists) ?? (protocol == "SOCKET" ? places[0] : null);
    }

    private TlsMode Tls(string? socket)
    {
        TlsMode mode = (Value("ssl-mode") ?? "").ToUpperInvariant().Replace('-', '_') switch
        {
            "DISABLED" or "DISABLE" or "NONE" => TlsMode.Disabled,
            "PREFERRED" or "PREFER" => TlsMode.Preferred,
            "REQUIRED" or "REQUIRE" => TlsMode.Required,
            "VERIFY_CA" => TlsMode.VerifyCa,
            "VERIFY_IDENTITY" or "VERIFY_FULL" => TlsMode.VerifyIdentity,
            // As the clients have it: who names an authority wants it asked.
            "" => Value("ssl-ca") is { Length: > 0 } ? TlsMode.VerifyCa : TlsMode.Preferred,
            _ => throw Bad("ssl-mode", Value("ssl-mode")!, "Use disabled, preferred, required, verify-ca or verify-identity."),
        };
        return socket is not null && mode == TlsMode.Preferred ? TlsMode.Disabled : mode; // a socket is no network
    }

    private int Number(string name, int usual, int least, int most) => Value(name) switch
    {
        null or "" => usual,
        string text when SettingText.IsWhole(text, least, most) => int.Parse(text, CultureInfo.InvariantCulture),
        string text => throw Bad(name, text, $"It is a number from {least} to {most}."),
    };

    private static AiShellException Bad(string name, string value, string hint) =>
        new(ErrorKind.Usage, $"The connection's '{name}' cannot be '{value}'.", hint);
}
