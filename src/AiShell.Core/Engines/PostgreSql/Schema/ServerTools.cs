using System.Globalization;
using AiShell.Configuration;
using CliWrap;
using CliWrap.Buffered;

namespace AiShell.Engines.PostgreSql.Schema;

/// <summary>Finds PostgreSQL's own programs: in the folder that the user names; else in the folders where distributions keep each version, and on PATH.</summary>
internal sealed class ServerTools(IEnvironment environment)
{
    public const string Variable = "AI_SHELL_PG_BIN";

    private static readonly (string Parent, string Pattern)[] VersionedFolders =
        [("/usr/lib/postgresql", "*"), ("/usr", "pgsql-*"), ("/opt/homebrew/opt", "postgresql@*"), ("/usr/local/opt", "postgresql@*")];

    private string? GivenFolder => environment.Get(Variable) is { Length: > 0 } folder ? folder : null;

    /// <summary>The oldest such program of at least a major version: nearest to the server it is for.</summary>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Failed"/>: none, naming the package to install.</exception>
    public async Task<string> RequireAsync(string program, int major, CancellationToken cancellationToken)
    {
        if (GivenFolder is null && OldestOf(Versioned(program), major) is { } versioned)
        {
            return versioned;
        }

        List<(string Path, int Major)> found = await FindAsync(program, cancellationToken);
        return OldestOf(found, major)
            ?? throw new AiShellException(
                ErrorKind.Failed,
                found.Count == 0
                    ? $"{program}, which reads the schema of a PostgreSQL {major} server, was not found{(GivenFolder is { } given ? $" in '{given}' ({Variable})" : "")}."
                    : $"The server is PostgreSQL {major}, and {program} here is only {found.Max(candidate => candidate.Major)}: it must be of the server's version or newer.",
                $"Install the package postgresql-client-{major}, or set {Variable} to the folder with {program}.");
    }

    /// <summary>The newest such program.</summary>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Failed"/>: none.</exception>
    public async Task<string> RequireNewestAsync(string program, CancellationToken cancellationToken) =>
        await FindNewestAsync(program, cancellationToken) ?? throw new AiShellException(
            ErrorKind.Failed, $"{program} was not found.", $"Install PostgreSQL's client programs (postgresql-client), or set {Variable} to the folder with {program}.");

    /// <summary>The newest such program, or null.</summary>
    public async Task<string?> FindNewestAsync(string program, CancellationToken cancellationToken) =>
        (await FindAsync(program, cancellationToken)).OrderByDescending(candidate => candidate.Major).Select(candidate => candidate.Path).FirstOrDefault();

    private static string? OldestOf(IEnumerable<(string Path, int Major)> found, int major) =>
        found.Where(candidate => candidate.Major >= major).OrderBy(candidate => candidate.Major).Select(candidate => candidate.Path).FirstOrDefault();

    private async Task<List<(string Path, int Major)>> FindAsync(string program, CancellationToken cancellationToken)
    {
        List<(string, int)> found = GivenFolder is not null ? [] : [.. Versioned(program)];
        foreach (string path in Unversioned(program, besidesVersioned: found.Count > 0))
        {
            if (await MajorOfAsync(path, cancellationToken) is int major)
            {
                found.Add((path, major));
            }
        }

        return found;
    }

    /// <summary>Of the folders that are named by their version; nobody has to be asked.</summary>
    private static IEnumerable<(string Path, int Major)> Versioned(string program) =>
        from folder in VersionedFolders
        where Directory.Exists(folder.Parent)
        from version in Directory.EnumerateDirectories(folder.Parent, folder.Pattern)
        let digits = Path.GetFileName(version).Split('-', '@')[^1]
        let path = Path.Combine(version, "bin", program)
        where int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out _) && File.Exists(path)
        select (path, int.Parse(digits, CultureInfo.InvariantCulture));

    private IEnumerable<string> Unversioned(string program, bool besidesVersioned)
    {
        string[] folders = GivenFolder is { } given ? [given] : (environment.Get("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
        return folders
            .Select(folder => new FileInfo(Path.Combine(folder, program)))
            .Where(file => file.Exists)
            .Select(file => file.ResolveLinkTarget(returnFinalTarget: true) ?? file)
            // Debian's is a script that chooses among the versioned folders, and slow.
            .Where(file => !besidesVersioned || file.Name == program)
            .Select(file => file.FullName)
            .Distinct();
    }

    /// <summary><c>pg_dump (PostgreSQL) 15.18 (Debian …)</c> is 15; null for what does not answer so.</summary>
    private static async Task<int?> MajorOfAsync(string path, CancellationToken cancellationToken)
    {
        BufferedCommandResult result;
        try
        {
            result = await Cli.Wrap(path).WithArguments(["--version"]).WithValidation(CommandResultValidation.None).ExecuteBufferedAsync(cancellationToken);
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null; // not a program of this machine
        }

        string[] words = result.StandardOutput.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        string digits = words.Length > 2 ? new string([.. words[2].TakeWhile(char.IsAsciiDigit)]) : "";
        return result.ExitCode == 0 && digits.Length > 0 ? int.Parse(digits, CultureInfo.InvariantCulture) : null;
    }
}
