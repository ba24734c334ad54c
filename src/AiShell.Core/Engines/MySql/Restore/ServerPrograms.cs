using System.Diagnostics;
using AiShell.Configuration;

namespace AiShell.Engines.MySql.Restore;

/// <summary>Finds MariaDB's and MySQL's own programs: in the folder that the user names, else on PATH and where distributions keep servers.</summary>
internal sealed class ServerPrograms(IEnvironment environment)
{
    public const string Variable = "AI_SHELL_MYSQL_BIN";

    private static readonly string[] Usual = ["/usr/sbin", "/usr/local/sbin", "/usr/libexec", "/usr/bin", "/usr/local/mysql/bin", "/opt/homebrew/bin", "/opt/homebrew/opt/mysql/bin"];

    private string? _mySql;

    /// <summary>A private server can be started that is of the same family as the one whose version is given (<c>10.11.14-MariaDB</c>, <c>9.7.0</c>): neither reads all that the other writes.</summary>
    public bool HasServerFor(string version) => ServerFeatures.Of(version).IsMariaDb ? HasMariaDb : FindMySql() is not null;

    public bool HasMariaDb => Find("mariadbd") is not null && Find("mariadb-install-db") is not null && !OperatingSystem.IsWindows();

    /// <summary>The first of these programs that is here, or null.</summary>
    public string? Find(params string[] names) => FindAll(names).FirstOrDefault();

    /// <summary>MySQL's server; MariaDB's packages have one of the same name.</summary>
    public string? FindMySql() => OperatingSystem.IsWindows() ? null : _mySql ??= FindAll("mysqld").FirstOrDefault(program => VersionOf(program) is { } version && !version.Contains("MariaDB", StringComparison.OrdinalIgnoreCase));

    private IEnumerable<string> FindAll(params string[] names)
    {
        string[] folders = environment.Get(Variable) is { Length: > 0 } given ? [given] : [.. (environment.Get("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries), .. Usual];
        return names.SelectMany(name => folders.Select(folder => Path.Combine(folder, name))).Where(File.Exists);
    }

    private static string? VersionOf(string program)
    {
        try
        {
            using var asked = Process.Start(new ProcessStartInfo(program, ["--no-defaults", "--version"]) { RedirectStandardOutput = true, RedirectStandardError = true });
            string answer = asked?.StandardOutput.ReadToEnd() ?? "";
            asked?.WaitForExit();
            return asked?.ExitCode == 0 ? answer : null;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }
}
