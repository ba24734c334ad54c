using System.Text;
using AiShell.Configuration;

namespace AiShell.Connections;

/// <summary><c>${NAME}</c> in a URL stands for the environment variable's value, read when the URL is used.</summary>
internal static class EnvironmentReferences
{
    /// <summary>The text with every reference replaced.</summary>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Usage"/>: a variable is not set.</exception>
    public static string Expand(string text, IEnvironment environment)
    {
        var expanded = new StringBuilder();
        foreach ((string piece, bool isName) in Split(text))
        {
            expanded.Append(isName ? ValueOf(piece, environment) : piece);
        }

        return expanded.ToString();
    }

    /// <exception cref="AiShellException"><see cref="ErrorKind.Usage"/>: the variable is not set.</exception>
    public static string ValueOf(string name, IEnvironment environment) =>
        environment.Get(name) ?? throw new AiShellException(
            ErrorKind.Usage,
            $"The environment variable {name}, which the database's URL refers to, is not set.",
            $"Set it: export {name}=…");

    /// <summary>The pieces of the text in order: names of variables, and the literal text between them.</summary>
    public static IEnumerable<(string Text, bool IsName)> Split(string text)
    {
        int from = 0;
        while (from < text.Length)
        {
            int open = text.IndexOf("${", from, StringComparison.Ordinal);
            int close = open < 0 ? -1 : text.IndexOf('}', open);
            if (close < 0 || !IsName(text.AsSpan(open + 2, close - open - 2)))
            {
                // A lone "${" is literal; look for a reference after it.
                int literalEnd = open < 0 || close < 0 ? text.Length : open + 2;
                yield return (text[from..literalEnd], false);
                from = literalEnd;
                continue;
            }

            if (open > from)
            {
                yield return (text[from..open], false);
            }

            yield return (text[(open + 2)..close], true);
            from = close + 1;
        }
    }

    private static bool IsName(ReadOnlySpan<char> name)
    {
        if (name.IsEmpty || char.IsAsciiDigit(name[0]))
        {
            return false;
        }

        foreach (char letter in name)
        {
            if (!char.IsAsciiLetterOrDigit(letter) && letter != '_')
            {
                return false;
            }
        }

        return true;
    }
}
