using System.Text;
using AiShell.Configuration;

namespace AiShell.Engines.MySql.Connecting;

/// <summary>
/// The clients' option files (manual, "Using Option Files"): <c>[group]</c>, <c>name=value</c>, <c>!include</c>, <c>!includedir</c>. Of the
/// groups that a client of either maker reads, a later value counts before an earlier one, whatever its file and group.
/// </summary>
internal sealed class OptionFile
{
    private const int DeepestInclude = 10; // as the clients have it

    private static readonly HashSet<string> Groups = new(StringComparer.Ordinal) { "client", "client-server", "client-mariadb", "mysql", "mariadb-client", "ai-shell" };

    private readonly Dictionary<string, string> _options = new(StringComparer.Ordinal);
    private readonly IEnvironment _environment;

    private OptionFile(IEnvironment environment) => _environment = environment;

    public static IReadOnlyList<string> UsualFiles(IEnvironment environment) =>
        ["/etc/my.cnf", "/etc/mysql/my.cnf", Path.Combine(environment.UserFolder, ".my.cnf")];

    /// <summary>The options of all files that are there, under the names that URLs have for them. What cannot be read, or anybody may write, is not used, as with the clients.</summary>
    public static IReadOnlyDictionary<string, string> ReadAll(IEnumerable<string> files, IEnvironment environment)
    {
        OptionFile reader = new(environment);
        foreach (string file in files)
        {
            reader.Read(file, 0);
        }

        return reader._options;
    }

    private void Read(string path, int depth)
    {
        if (depth > DeepestInclude || Lines(path) is not { } lines)
        {
            return;
        }

        bool wanted = false;
        foreach (string line in lines.Select(line => line.Trim()).Where(line => line.Length > 0 && line[0] is not ('#' or ';')))
        {
            if (line[0] == '!')
            {
                Include(line, path, depth);
            }
            else if (line[0] == '[')
            {
                wanted = line.IndexOf(']', StringComparison.Ordinal) is > 0 and int end && Groups.Contains(line[1..end].Trim());
            }
            else if (wanted)
            {
                Take(WithoutComment(line));
            }
        }
    }

    private static string[]? Lines(string path)
    {
        try
        {
            return File.Exists(path) && !AnybodyMayWrite(path) ? File.ReadAllLines(path) : null;
        }
        catch (Exception failure) when (failure is UnauthorizedAccessException or FileNotFoundException or DirectoryNotFoundException)
        {
            return null; // another user's
        }
    }

    private static bool AnybodyMayWrite(string path) => !OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & UnixFileMode.OtherWrite) != 0;

    private void Include(string line, string file, int depth)
    {
        int space = line.IndexOfAny([' ', '\t']);
        string target = space < 0 ? "" : Path.Combine(Path.GetDirectoryName(file)!, _environment.ExpandTilde(line[space..].Trim()));
        switch (space < 0 ? "" : line[..space])
        {
            case "!include":
                Read(target, depth + 1);
                break;
            case "!includedir" when Directory.Exists(target):
                foreach (string included in Directory.EnumerateFiles(target, "*.cnf").Order(StringComparer.Ordinal))
                {
                    Read(included, depth + 1);
                }

                break;
        }
    }

    private void Take(string line)
    {
        int equals = line.IndexOf('=', StringComparison.Ordinal);
        string name = (equals < 0 ? line : line[..equals]).Trim().Replace('_', '-');
        string? value = equals < 0 ? null : Unquoted(line[(equals + 1)..].Trim());
        name = name.StartsWith("loose-", StringComparison.Ordinal) ? name[6..] : name;
        switch (name)
        {
            case "ssl" or "enable-ssl":
                TakeMode(IsOff(value) ? "DISABLED" : "REQUIRED");
                break;
            case "skip-ssl" or "disable-ssl":
                _options["ssl-mode"] = "DISABLED";
                break;
            case "ssl-verify-server-cert" when !IsOff(value):
                _options["ssl-mode"] = "VERIFY_IDENTITY";
                break;
            case "ssl-verify-server-cert" or "skip-ssl-verify-server-cert" or "disable-ssl-verify-server-cert":
                if (_options.GetValueOrDefault("ssl-mode") == "VERIFY_IDENTITY")
                {
                    _options["ssl-mode"] = "REQUIRED";
                }

                break;
            default:
                if (value is not null)
                {
                    _options[name] = value;
                }

                break;
        }
    }

    /// <summary>MariaDB's plain <c>ssl</c> does not take back what a verifying option asked for.</summary>
    private void TakeMode(string mode)
    {
        if (mode == "DISABLED" || !_options.GetValueOrDefault("ssl-mode", "").StartsWith("VERIFY", StringComparison.Ordinal))
        {
            _options["ssl-mode"] = mode;
        }
    }

    private static bool IsOff(string? value) => value?.ToUpperInvariant() is "0" or "OFF" or "FALSE";

    /// <summary>A <c>#</c> that is not within quotes ends the line.</summary>
    private static string WithoutComment(string line)
    {
        char quote = '\0';
        bool escaped = false;
        for (int at = 0; at < line.Length; at++)
        {
            if (line[at] is '\'' or '"' && !escaped)
            {
                quote = quote == '\0' ? line[at] : quote == line[at] ? '\0' : quote;
            }

            if (quote == '\0' && line[at] == '#')
            {
                return line[..at].TrimEnd();
            }

            escaped = quote != '\0' && line[at] == '\\' && !escaped;
        }

        return line;
    }

    private static string Unquoted(string value)
    {
        if (value is ['\'' or '"', _, ..] && value[0] == value[^1])
        {
            value = value[1..^1];
        }

        StringBuilder text = new(value.Length);
        for (int at = 0; at < value.Length; at++)
        {
            if (value[at] != '\\' || at + 1 == value.Length)
            {
                text.Append(value[at]);
                continue;
            }

            at++;
            text.Append(value[at] switch
            {
                'n' => "\n",
                't' => "\t",
                'r' => "\r",
                'b' => "\b",
                's' => " ",
                '"' or '\'' or '\\' => value[at].ToString(),
                _ => $"\\{value[at]}",
            });
        }

        return text.ToString();
    }
}
