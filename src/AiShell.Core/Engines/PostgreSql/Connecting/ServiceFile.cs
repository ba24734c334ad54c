using AiShell.Configuration;

namespace AiShell.Engines.PostgreSql.Connecting;

/// <summary>The connection service file: <c>[name]</c> and <c>key=value</c> lines (manual, "The Connection Service File").</summary>
internal static class ServiceFile
{
    /// <exception cref="AiShellException"><see cref="ErrorKind.Usage"/>: no file has that service.</exception>
    public static IReadOnlyDictionary<string, string> Read(string service, IEnvironment environment)
    {
        string[] files =
        [
            environment.Get("PGSERVICEFILE") is { Length: > 0 } given ? given : Path.Combine(environment.UserFolder, ".pg_service.conf"),
            Path.Combine(environment.Get("PGSYSCONFDIR") ?? "/etc/postgresql-common", "pg_service.conf"),
        ];
        return files.Where(File.Exists).Select(file => Find(file, service)).FirstOrDefault(found => found is not null)
            ?? throw new AiShellException(
                ErrorKind.Usage, $"There is no PostgreSQL service '{service}'.", $"Services are looked up in {string.Join(" and ", files)}.");
    }

    private static Dictionary<string, string>? Find(string file, string service)
    {
        Dictionary<string, string>? found = null;
        foreach (string line in File.ReadLines(file).Select(line => line.Trim()).Where(line => line.Length > 0 && line[0] is not '#'))
        {
            if (line[0] == '[')
            {
                if (found is not null)
                {
                    return found;
                }

                found = line == $"[{service}]" ? new Dictionary<string, string>(StringComparer.Ordinal) : null;
            }
            else if (found is not null && line.IndexOf('=', StringComparison.Ordinal) is > 0 and int equals)
            {
                found.TryAdd(line[..equals].Trim(), line[(equals + 1)..].Trim());
            }
        }

        return found;
    }
}
