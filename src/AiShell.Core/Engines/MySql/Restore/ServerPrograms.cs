using AiShell.Configuration;

namespace AiShell.Engines.MySql.Restore;

/// <summary>Finds MariaDB's and MySQL's own programs: in the folder that the user names, else on PATH and where distributions keep servers.</summary>
internal sealed class ServerPrograms(IEnvironment environment)
{
    public const string Variable = "AI_SHELL_MYSQL_BIN";

    private static readonly string[] Usual = ["/usr/sbin", "/usr/local/sbin", "/usr/libexec", "/usr/bin", "/usr/local/mysql/bin", "/opt/homebrew/bin"];

    /// <summary>A private MariaDB can be started.</summary>
    public bool HasServer => Find("mariadbd") is not null && Find("mariadb-install-db") is not null && !OperatingSystem.IsWindows();

    /// <summary>The first of these programs that is here, or null.</summary>
    public string? Find(params string[] names)
    {
        string[] folders = environment.Get(Variable) is { Length: > 0 } given ? [given] : [.. (environment.Get("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries), .. Usual];
        return names.SelectMany(name => folders.Select(folder => Path.Combine(folder, name))).FirstOrDefault(File.Exists);
    }
}
