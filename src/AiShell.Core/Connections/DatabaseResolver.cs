using AiShell.Configuration;

namespace AiShell.Connections;

/// <param name="Name">What the repository files its backups under: the connection's name, or the database's own.</param>
public sealed record ResolvedDatabase(string Name, DatabaseAddress Address);

/// <summary>
/// What <c>--database</c> means, in this order: a connection's name, <c>name/other-database</c>, a URL, a SQLite file.
/// </summary>
public sealed class DatabaseResolver(ConnectionFile connections, IEnvironment environment, Redactor redactor)
{
    /// <summary>The database a command works on.</summary>
    /// <param name="text">The option's value; null takes the only connection there is.</param>
    /// <exception cref="AiShellException">
    /// <see cref="ErrorKind.Usage"/>: left out where it cannot be; <see cref="ErrorKind.NotFound"/>: neither a connection nor a file.
    /// </exception>
    public ResolvedDatabase Resolve(string? text)
    {
        string wanted = text ?? Only().Name;
        return !IsBareWord(wanted) || connections.Find(wanted) is not null || File.Exists(wanted)
            ? TryResolve(wanted) ?? throw NotKnown(wanted)
            : throw NotKnown(wanted);
    }

    /// <summary>
    /// The name that backups of a database are filed under, also when neither connection nor file exists any more: the
    /// catalogue remembers databases longer than the machine does.
    /// </summary>
    public string NameOf(string text) =>
        connections.Find(text) is not null || (!DatabaseUrl.IsUrl(text) && !text.Contains('/', StringComparison.Ordinal))
            ? text
            : TryResolve(text)?.Name ?? text;

    private Connection Only()
    {
        IReadOnlyList<Connection> known = connections.Read();
        return known.Count switch
        {
            1 => known[0],
            0 => throw new AiShellException(
                ErrorKind.Usage,
                "No database was given, and no connection is configured.",
                "Give --database <file or URL>, or make a connection: ai-shell connect <url> --name <name>"),
            _ => throw new AiShellException(
                ErrorKind.Usage,
                "No database was given, and there is more than one connection.",
                $"Give --database with one of: {string.Join(", ", known.Select(connection => connection.Name))}."),
        };
    }

    /// <summary>As <see cref="Resolve"/>, but null for what is not known.</summary>
    public ResolvedDatabase? TryResolve(string text)
    {
        if (connections.Find(text) is { } connection)
        {
            return Known(connection.Name, DatabaseUrl.Parse(connection.Url, environment));
        }

        int slash = text.IndexOf('/', StringComparison.Ordinal);
        if (!DatabaseUrl.IsUrl(text) && slash > 0 && connections.Find(text[..slash]) is { } server)
        {
            DatabaseAddress address = DatabaseUrl.Parse(server.Url, environment);
            string database = text[(slash + 1)..];
            // A SQLite connection has no other databases, so there the text can only be a relative path.
            if (address.Engine != "sqlite")
            {
                return database.Length == 0 ? null : Known(database, address with { Database = database });
            }
        }

        DatabaseAddress given = DatabaseUrl.Parse(text, environment);
        string own = given.Engine == "sqlite" ? Path.GetFileName(given.Database)
            : given.Database.Length > 0 ? given.Database
            : given.Options.GetValueOrDefault("dbname") ?? given.Options.GetValueOrDefault("service") ?? "";
        return own.Length == 0 ? null : Known(own, given);
    }

    private ResolvedDatabase Known(string name, DatabaseAddress address)
    {
        redactor.Add(address);
        return new ResolvedDatabase(name, address);
    }

    /// <summary>A word without folder or extension is more likely a connection's name mistyped than a file to come.</summary>
    private static bool IsBareWord(string text) =>
        text.AsSpan().IndexOfAny('/', '$') < 0 && text != "~" && Path.GetExtension(text).Length == 0;

    private AiShellException NotKnown(string text)
    {
        IReadOnlyList<Connection> known = connections.Read();
        string shown = DatabaseUrl.Redact(text);
        return new AiShellException(
            ErrorKind.NotFound,
            $"There is no connection or SQLite file '{shown}'.",
            known.Count == 0
                ? "Give the path of a SQLite file, or make a connection: ai-shell connect <url> --name <name>"
                : $"The connections are: {string.Join(", ", known.Select(connection => connection.Name))}.");
    }
}
