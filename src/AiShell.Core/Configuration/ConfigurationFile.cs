using YamlDotNet.RepresentationModel;

namespace AiShell.Configuration;

/// <summary>
/// config.yaml: `key: value` lines. Keys it does not know, comments and order stay as they are when a value is set.
/// </summary>
public sealed class ConfigurationFile
{
    private readonly Dictionary<SettingKey, string> _values = [];

    private ConfigurationFile(string path) => Path = path;

    public string Path { get; }

    public IReadOnlyDictionary<SettingKey, string> Values => _values;

    /// <summary>Keys in the file that this version does not know.</summary>
    public IReadOnlyList<string> UnknownKeys { get; private set; } = [];

    /// <summary>Reads the file; a missing one has no values.</summary>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Usage"/>: it is not YAML, or a known key is given twice.</exception>
    public static ConfigurationFile Read(string path) => Parse(PrivateFile.ReadOrNull(path) ?? "", path);

    /// <summary>Sets one value, keeping everything else in the file.</summary>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Usage"/>: the value is not valid, or the file is not.</exception>
    public static void Set(string path, SettingKey key, string value, TimeProvider clock)
    {
        key.Check(value, "the command line");
        Change(path, clock, text => Replace(text, path, key, value));
    }

    /// <summary>Removes every known key; unknown ones stay.</summary>
    public static void Reset(string path, TimeProvider clock) =>
        Change(path, clock, text => SettingKey.All.Aggregate(text, (kept, key) => Replace(kept, path, key, null)));

    private static void Change(string path, TimeProvider clock, Func<string, string> change)
    {
        using (PrivateFile.Lock(path, clock))
        {
            PrivateFile.Write(path, change(PrivateFile.ReadOrNull(path) ?? ""));
        }
    }

    private static ConfigurationFile Parse(string text, string path)
    {
        var file = new ConfigurationFile(path);
        var unknown = new List<string>();
        foreach ((YamlNode name, YamlNode value) in YamlText.Entries(YamlText.ParseMapping(text, path)))
        {
            string keyName = (name as YamlScalarNode)?.Value ?? name.ToString();
            if (SettingKey.Find(keyName) is not { } key)
            {
                unknown.Add(keyName);
            }
            else if (value is not YamlScalarNode { Value: { } scalar })
            {
                throw new AiShellException(ErrorKind.Usage, $"The setting {key.Name} in {path} is not a single value.", $"It takes {key.Expected}.");
            }
            else if (!file._values.TryAdd(key, scalar))
            {
                throw new AiShellException(ErrorKind.Usage, $"The setting {key.Name} is given twice in {path}.", $"Keep one of {string.Join(" and ", key.Names)}.");
            }
        }

        file.UnknownKeys = unknown;
        return file;
    }

    /// <summary>The text with the key's value replaced, added, or (null) removed.</summary>
    private static string Replace(string text, string path, SettingKey key, string? value)
    {
        YamlMappingNode? mapping = YamlText.ParseMapping(text, path);
        KeyValuePair<YamlNode, YamlNode> entry = mapping?.Children.FirstOrDefault(
            child => child.Key is YamlScalarNode { Value: { } name } && key.Names.Contains(name, StringComparer.OrdinalIgnoreCase)) ?? default;
        string line = value is null ? "" : $"{key.Name}: {YamlText.Quote(value)}\n";
        if (entry.Key is null)
        {
            string separator = text.Length == 0 || text.EndsWith('\n') || line.Length == 0 ? "" : "\n";
            return text + separator + line;
        }

        if (mapping!.Style == YamlDotNet.Core.Events.MappingStyle.Flow)
        {
            throw new AiShellException(
                ErrorKind.Usage,
                $"{path} holds its settings in one {{…}} line, which cannot be edited in place.",
                "Write one `key: value` a line, or edit it by hand.");
        }

        int start = (int)entry.Key.Start.Index;
        int valueEnd = (int)Math.Max(entry.Value.End.Index, entry.Value.Start.Index);
        int lineEnd = text.IndexOf('\n', Math.Min(valueEnd, text.Length));
        return string.Concat(text.AsSpan(0, start), line, lineEnd < 0 ? "" : text.AsSpan(lineEnd + 1));
    }
}
