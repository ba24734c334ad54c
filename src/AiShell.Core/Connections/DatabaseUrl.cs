using System.Globalization;
using System.Text;
using AiShell.Configuration;

namespace AiShell.Connections;

/// <summary>Turns what a person types for a database (a URL or the path of a SQLite file) into an address.</summary>
public static class DatabaseUrl
{
    private static readonly Dictionary<string, string> EngineOfScheme = new(StringComparer.Ordinal)
    {
        ["sqlite"] = "sqlite",
        ["postgresql"] = "postgresql",
        ["postgres"] = "postgresql",
        ["mysql"] = "mysql",
        ["mariadb"] = "mysql",
        ["mongodb"] = "mongodb",
        ["mongodb+srv"] = "mongodb",
    };

    /// <summary>Whether the text is a URL rather than a path.</summary>
    public static bool IsUrl(string text) => UrlParts.LooksLikeUrl(text);

    /// <summary>
    /// The address, with <c>${NAME}</c> replaced from the environment and a path made absolute. Nothing is opened.
    /// </summary>
    /// <exception cref="AiShellException">
    /// <see cref="ErrorKind.Usage"/>: an unknown scheme, a malformed URL, or a variable that is not set.
    /// </exception>
    public static DatabaseAddress Parse(string text, IEnvironment environment)
    {
        // A variable that holds the whole URL is expanded before it can be taken apart.
        string whole = text.StartsWith("${", StringComparison.Ordinal) ? EnvironmentReferences.Expand(text, environment) : text;
        if (!IsUrl(whole))
        {
            return OfPath(whole, environment);
        }

        UrlParts parts = UrlParts.Split(whole);
        if (!EngineOfScheme.TryGetValue(parts.Scheme, out string? engine))
        {
            throw new AiShellException(
                ErrorKind.Usage,
                $"'{parts.Scheme}://' is not a database that ai-shell knows.",
                "Use postgresql://, mysql://, mariadb://, mongodb://, sqlite:///absolute/path.db or the path of a SQLite file.");
        }

        Dictionary<string, string> options = ParseOptions(parts, environment);
        return engine == "sqlite" ? OfSqliteUrl(parts, options, environment) : OfServer(engine, parts, options, environment);
    }

    /// <summary>The text to store: a URL as it is (with its <c>${NAME}</c>), a path made absolute.</summary>
    public static string Normalise(string text, IEnvironment environment) =>
        IsUrl(text) || text.Contains("${", StringComparison.Ordinal) ? text : Path.GetFullPath(environment.ExpandTilde(text));

    /// <summary>The URL with this password, which it may hold in any characters.</summary>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Usage"/>: the text is a file, which has no password.</exception>
    public static string WithPassword(string text, string password)
    {
        if (!IsUrl(text) || UrlParts.Split(text).Scheme == "sqlite")
        {
            throw new AiShellException(ErrorKind.Usage, "A SQLite file takes no password.", "Leave --password-stdin out.");
        }

        return (UrlParts.Split(text) with { Password = Uri.EscapeDataString(password) }).ToText();
    }

    /// <summary>The text without any secret, for people and logs.</summary>
    public static string Redact(string text) => IsUrl(text) ? UrlParts.Split(text).Redacted() : Redactor.Patterns(text);

    private static DatabaseAddress OfPath(string text, IEnvironment environment)
    {
        string path = environment.ExpandTilde(EnvironmentReferences.Expand(text, environment));
        return path.Length == 0 || path.Contains('\0')
            ? throw new AiShellException(ErrorKind.Usage, "The path of the database is empty or holds a NUL.", "Give a URL or the path of a SQLite file.")
            : DatabaseAddress.OfFile(path);
    }

    private static DatabaseAddress OfSqliteUrl(UrlParts parts, Dictionary<string, string> options, IEnvironment environment)
    {
        if (parts.Host.Length > 0 || parts.UserName is not null || parts.Port is not null || parts.Path.Length < 2)
        {
            throw new AiShellException(
                ErrorKind.Usage,
                $"'{parts.Redacted()}' names no file.",
                "A SQLite URL has three slashes and an absolute path: sqlite:///absolute/path.db. A plain path works too.");
        }

        string path = Decode(parts.Path, parts, environment);
        return path.Contains('\0')
            ? throw Malformed(parts, "its path holds a NUL")
            : DatabaseAddress.OfFile(path) with { Options = options };
    }

    private static DatabaseAddress OfServer(string engine, UrlParts parts, Dictionary<string, string> options, IEnvironment environment)
    {
        string host = Decode(parts.Host, parts, environment);
        if (host.Length == 0)
        {
            // Sockets are given by an option instead of a host; without it the engine knows its users' default.
            host = options.GetValueOrDefault("host") ?? "";
        }

        int? port = null;
        if (parts.Port is not null)
        {
            string digits = Decode(parts.Port, parts, environment);
            if (!SettingText.IsWhole(digits, 1, 65535))
            {
                throw Malformed(parts, "its port is not a number from 1 to 65535 (a '/', '@' or ':' in a password is written %2F, %40 or %3A)");
            }

            port = int.Parse(digits, CultureInfo.InvariantCulture);
        }

        string database = parts.Path.Length > 1 ? Decode(parts.Path[1..], parts, environment) : "";
        return new DatabaseAddress(
            engine,
            host,
            port,
            parts.UserName is { Length: > 0 } user ? Decode(user, parts, environment) : null,
            parts.Password is null ? null : Decode(parts.Password, parts, environment),
            database,
            options);
    }

    private static Dictionary<string, string> ParseOptions(UrlParts parts, IEnvironment environment)
    {
        var options = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string option in parts.Query?.Split('&', StringSplitOptions.RemoveEmptyEntries) ?? [])
        {
            int equals = option.IndexOf('=', StringComparison.Ordinal);
            string name = Decode(equals < 0 ? option : option[..equals], parts, environment).ToLowerInvariant();
            if (!options.TryAdd(name, equals < 0 ? "" : Decode(option[(equals + 1)..], parts, environment)))
            {
                throw Malformed(parts, $"the option '{name}' is given twice");
            }
        }

        return options;
    }

    /// <summary>Decodes the literal text and puts variables in as they are: a secret need not be percent-encoded.</summary>
    private static string Decode(string raw, UrlParts parts, IEnvironment environment)
    {
        var decoded = new StringBuilder();
        foreach ((string text, bool isName) in EnvironmentReferences.Split(raw))
        {
            decoded.Append(isName ? EnvironmentReferences.ValueOf(text, environment) : DecodePercent(text, parts));
        }

        return decoded.ToString();
    }

    private static string DecodePercent(string text, UrlParts parts)
    {
        for (int at = text.IndexOf('%', StringComparison.Ordinal); at >= 0; at = text.IndexOf('%', at + 1))
        {
            if (at + 2 >= text.Length || !char.IsAsciiHexDigit(text[at + 1]) || !char.IsAsciiHexDigit(text[at + 2]))
            {
                throw Malformed(parts, "a '%' is not followed by two hexadecimal digits (a '%' itself is written %25)");
            }
        }

        return Uri.UnescapeDataString(text);
    }

    private static AiShellException Malformed(UrlParts parts, string why) =>
        new(ErrorKind.Usage, $"The URL '{parts.Redacted()}' is not valid: {why}.", "It has the form scheme://user:password@host:port/database?option=value.");
}
