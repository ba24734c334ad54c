using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace AiShell.Configuration;

/// <summary>Reads the small YAML files of the home and quotes values for them.</summary>
internal static class YamlText
{
    /// <summary>The mapping at the top of a file; null where the file is empty.</summary>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Usage"/>: it is not YAML, or not a mapping.</exception>
    public static YamlMappingNode? ParseMapping(string text, string path)
    {
        try
        {
            var yaml = new YamlStream();
            yaml.Load(new StringReader(text));
            if (yaml.Documents.Count == 0 || yaml.Documents[0].RootNode is YamlScalarNode { Value: null or "" })
            {
                return null;
            }

            return yaml.Documents[0].RootNode as YamlMappingNode
                ?? throw new AiShellException(
                    ErrorKind.Usage,
                    $"{path} is not a list of `key: value` lines.",
                    "Mend the file, or move it away to start afresh.");
        }
        catch (YamlException error)
        {
            throw new AiShellException(
                ErrorKind.Usage,
                $"{path} is not valid YAML: line {error.Start.Line}, column {error.Start.Column}: {error.Message}",
                "Mend that line, or move the file away to start afresh.",
                error);
        }
    }

    /// <summary>A mapping's entries in order; none for anything else.</summary>
    public static IEnumerable<KeyValuePair<YamlNode, YamlNode>> Entries(YamlNode? node) =>
        node is YamlMappingNode mapping ? mapping.Children : [];

    /// <summary>A double-quoted scalar, which can hold any text.</summary>
    public static string Quote(string value)
    {
        var quoted = new System.Text.StringBuilder("\"");
        foreach (char letter in value)
        {
            quoted.Append(letter switch
            {
                '"' => "\\\"",
                '\\' => "\\\\",
                < ' ' or '\u007f' or '\u0085' or '\u2028' or '\u2029' or '\ufeff' => $"\\u{(int)letter:x4}",
                _ => letter.ToString(),
            });
        }

        return quoted.Append('"').ToString();
    }
}
