namespace AiShell.Storage.Local;

/// <summary>What the file system says, in words that tell the user what to do.</summary>
internal static class LocalErrors
{
    private const int NoSpace = 28;
    private const int QuotaExceeded = 122;
    private const int FileTooLarge = 27;
    private const int ReadOnlyFileSystem = 30;
    private const int WindowsDiskFull = unchecked((int)0x80070070);

    /// <summary>The failure as the user should see it; null for one that says enough by itself.</summary>
    public static AiShellException? Explain(Exception failure, string path) => failure switch
    {
        UnauthorizedAccessException => NoAccess(path, failure),
        IOException { HResult: ReadOnlyFileSystem } => NoAccess(path, failure),
        IOException { HResult: NoSpace or QuotaExceeded or FileTooLarge or WindowsDiskFull } => new AiShellException(
            ErrorKind.Failed,
            $"No space left for '{path}'.",
            "Free some space on that disk ('ai-shell backup prune --dry-run' shows what retention would remove), or use another with --repo.",
            failure),
        _ => null,
    };

    private static AiShellException NoAccess(string path, Exception failure) => new(
        ErrorKind.Unreachable,
        $"No permission for '{path}': {failure.Message}",
        "Check who owns the directory, whether the file system is mounted read-only, and the user that ai-shell runs as.",
        failure);
}
