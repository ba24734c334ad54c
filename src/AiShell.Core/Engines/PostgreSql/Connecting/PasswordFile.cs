using System.Globalization;
using System.Text;

namespace AiShell.Engines.PostgreSql.Connecting;

/// <summary>
/// The password file, <c>host:port:database:user:password</c> a line, <c>*</c> for any, <c>\</c> before a colon or
/// backslash (manual, "The Password File"). The first line that fits counts.
/// </summary>
internal static class PasswordFile
{
    /// <summary>The password for a login, or null. A file that others may read is not used, as in libpq.</summary>
    public static string? Find(string path, ServerHost host, string database, string user)
    {
        if (!File.Exists(path) || !IsPrivate(path))
        {
            return null;
        }

        string name = host.IsSocket ? "localhost" : host.Name;
        string[] wanted = [name, host.Port.ToString(CultureInfo.InvariantCulture), database, user];
        foreach (string line in File.ReadLines(path).Where(line => line.Length > 0 && line[0] != '#'))
        {
            List<string> fields = Split(line);
            if (fields.Count == 5 && wanted.Index().All(field => fields[field.Index] == "*" || fields[field.Index] == field.Item))
            {
                return fields[4];
            }
        }

        return null;
    }

    private static bool IsPrivate(string path) =>
        OperatingSystem.IsWindows()
        || (File.GetUnixFileMode(path) & (UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite)) == 0;

    /// <summary>The last field takes the rest of the line.</summary>
    private static List<string> Split(string line)
    {
        List<string> fields = [];
        StringBuilder field = new();
        for (int at = 0; at < line.Length; at++)
        {
            if (line[at] == '\\' && at + 1 < line.Length)
            {
                field.Append(line[++at]);
            }
            else if (line[at] == ':' && fields.Count < 4)
            {
                fields.Add(field.ToString());
                field.Clear();
            }
            else
            {
                field.Append(line[at]);
            }
        }

        fields.Add(field.ToString());
        return fields;
    }
}
