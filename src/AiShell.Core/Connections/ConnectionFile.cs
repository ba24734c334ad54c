using System.Text;
using AiShell.Configuration;
using YamlDotNet.RepresentationModel;

namespace AiShell.Connections;

/// <param name="Url">As it was given, with <c>${NAME}</c> in place; may hold a password.</param>
public sealed record Connection(string Name, string Url)
{
    /// <summary>The URL without its secrets.</summary>
    public string Display => DatabaseUrl.Redact(Url);

    /// <summary>Never the URL: it may hold a password.</summary>
    public override string ToString() => $"{Name} ({Display})";
}

/// <summary>connections.yaml: what `connect` stores, by name. Private (600), replaced in one step, one writer at a time.</summary>
public sealed class ConnectionFile(string path, TimeProvider clock)
{
    private const int LongestName = 255;

    /// <summary>All connections, by name.</summary>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Usage"/>: the file was edited into something else.</exception>
    public IReadOnlyList<Connection> Read()
    {
        YamlMappingNode? root = YamlText.ParseMapping(PrivateFile.ReadOrNull(path) ?? "", path);
        var connections = new List<Connection>();
        foreach ((YamlNode section, YamlNode entries) in YamlText.Entries(root))
        {
            if (section is not YamlScalarNode { Value: "connections" } || entries is not (YamlMappingNode or YamlScalarNode { Value: null or "" }))
            {
                throw Malformed("it holds something else than `connections:`");
            }

            foreach ((YamlNode name, YamlNode value) in YamlText.Entries(entries))
            {
                string? url = value is YamlMappingNode fields && fields.Children.TryGetValue(new YamlScalarNode("url"), out YamlNode? field)
                    ? (field as YamlScalarNode)?.Value
                    : (value as YamlScalarNode)?.Value;
                if (name is not YamlScalarNode { Value: { Length: > 0 } text } || url is not { Length: > 0 })
                {
                    throw Malformed($"the connection '{(name as YamlScalarNode)?.Value}' has no url");
                }

                connections.Add(new Connection(text, url));
            }
        }

        connections.Sort((one, other) => string.CompareOrdinal(one.Name, other.Name));
        return connections;
    }

    /// <summary>The connection of that name; null where there is none.</summary>
    public Connection? Find(string name) => Read().FirstOrDefault(connection => connection.Name == name);

    /// <summary>Stores a connection, replacing one of the same name; true when there was one.</summary>
    public bool Put(Connection connection)
    {
        CheckName(connection.Name);
        using (PrivateFile.Lock(path, clock))
        {
            IReadOnlyList<Connection> before = Read();
            Write([.. before.Where(other => other.Name != connection.Name), connection]);
            return before.Any(other => other.Name == connection.Name);
        }
    }

    /// <exception cref="AiShellException"><see cref="ErrorKind.NotFound"/>: there is no such connection.</exception>
    public Connection Remove(string name)
    {
        using (PrivateFile.Lock(path, clock))
        {
            IReadOnlyList<Connection> before = Read();
            Connection removed = before.FirstOrDefault(connection => connection.Name == name) ?? throw NoSuchConnection(name, before);
            Write(before.Where(connection => connection != removed));
            return removed;
        }
    }

    /// <summary>Any text up to 255 bytes without control characters; no slash, because <c>name/database</c> has a meaning.</summary>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Usage"/>: not a legal name.</exception>
    public static void CheckName(string name)
    {
        string? wrong =
            string.IsNullOrWhiteSpace(name) ? "it is empty"
            : name != name.Trim() ? "it begins or ends with a space"
            : name.Any(char.IsControl) ? "it holds a control character"
            : name.Contains('/', StringComparison.Ordinal) ? "it holds a '/', which would mean another database of a connection"
            : name.Contains('\ufffd', StringComparison.Ordinal) || !HasWholeCharacters(name) ? "it is not valid Unicode"
            : Encoding.UTF8.GetByteCount(name) > LongestName ? $"it is longer than {LongestName} bytes"
            : null;
        if (wrong is not null)
        {
            throw new AiShellException(ErrorKind.Usage, $"The connection's name is not usable: {wrong}.", "Give a short name such as --name shop.");
        }
    }

    internal static AiShellException NoSuchConnection(string name, IReadOnlyCollection<Connection> known) =>
        new(
            ErrorKind.NotFound,
            $"There is no connection '{name}'.",
            known.Count == 0
                ? "Make one with: ai-shell connect <url> --name <name>"
                : $"The connections are: {string.Join(", ", known.Select(connection => connection.Name))}.");

    private static bool HasWholeCharacters(string name)
    {
        for (int at = 0; at < name.Length; at++)
        {
            if (char.IsSurrogate(name[at]) && (at + 1 == name.Length || !char.IsSurrogatePair(name, at++)))
            {
                return false;
            }
        }

        return true;
    }

    private void Write(IEnumerable<Connection> connections)
    {
        var text = new StringBuilder("# Written by ai-shell connect and disconnect. May hold passwords: keep it private.\nconnections:\n");
        foreach (Connection connection in connections.OrderBy(connection => connection.Name, StringComparer.Ordinal))
        {
            text.Append("  ").Append(YamlText.Quote(connection.Name)).Append(":\n    url: ").Append(YamlText.Quote(connection.Url)).Append('\n');
        }

        PrivateFile.Write(path, text.ToString());
    }

    private AiShellException Malformed(string why) =>
        new(ErrorKind.Usage, $"{path} is not a list of connections: {why}.", "Mend the file, or move it away and connect again.");
}
