namespace AiShell.Configuration;

/// <summary>
/// The folder that holds everything of one user: <c>--home</c>, else <c>AI_SHELL_HOME</c>, else <c>~/.ai-shell</c>.
/// It and its folders are private (700), its files too (600).
/// </summary>
public sealed class HomeDirectory
{
    private const UnixFileMode PrivateFolder = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <param name="path">Any path; need not exist.</param>
    public HomeDirectory(string path) => Root = Path.GetFullPath(path);

    public string Root { get; }

    public string ConfigurationFile => Path.Combine(Root, "config.yaml");

    public string ConnectionsFile => Path.Combine(Root, "connections.yaml");

    public string StateFile => Path.Combine(Root, "state.db");

    public string LogFile => Path.Combine(Root, "logs", "backup.log");

    public string DefaultRepository => Path.Combine(Root, "backups");

    /// <exception cref="AiShellException"><see cref="ErrorKind.Usage"/>: neither a home nor a place for it is known.</exception>
    public static HomeDirectory Find(string? flag, IEnvironment environment)
    {
        string? given = flag ?? environment.Get("AI_SHELL_HOME");
        if (given is { Length: > 0 })
        {
            return new HomeDirectory(environment.ExpandTilde(given));
        }

        string user = environment.UserFolder;
        return user.Length > 0
            ? new HomeDirectory(Path.Combine(user, ".ai-shell"))
            : throw new AiShellException(
                ErrorKind.Usage,
                "There is no home directory to keep ai-shell's configuration in.",
                "Set AI_SHELL_HOME or give --home <dir>.");
    }

    /// <summary>Makes the home if it is missing; one that exists but is open to others is closed to them.</summary>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Failed"/>: it cannot be made.</exception>
    public void Prepare() => PreparePrivate(Root);

    /// <summary>The folder of the log file, made private if it is missing.</summary>
    public void PrepareLogs() => PreparePrivate(Path.GetDirectoryName(LogFile)!);

    private static void PreparePrivate(string folder)
    {
        try
        {
            if (OperatingSystem.IsWindows())
            {
                Directory.CreateDirectory(folder);
                return;
            }

            Directory.CreateDirectory(folder, PrivateFolder);
            const UnixFileMode others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute
                | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;
            UnixFileMode mode = File.GetUnixFileMode(folder);
            if ((mode & others) != 0)
            {
                File.SetUnixFileMode(folder, mode & ~others);
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new AiShellException(
                ErrorKind.Failed,
                $"The folder {folder} cannot be prepared: {error.Message}",
                "Give another place with --home <dir> or AI_SHELL_HOME.",
                error);
        }
    }
}
