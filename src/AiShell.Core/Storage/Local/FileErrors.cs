namespace AiShell.Storage.Local;

/// <summary>Turns the operating system's refusals into errors a user can act on.</summary>
internal static class FileErrors
{
    /// <summary>What an input or output error on <paramref name="path"/> means; contract exceptions pass unchanged.</summary>
    /// <param name="action">What was tried, as in "cannot write": <c>write</c>.</param>
    public static Exception Explain(Exception error, string action, string path) => error switch
    {
        ObjectNotFoundException or ObjectExistsException or TransientStoreException => error,
        UnauthorizedAccessException => new AiShellException(
            ErrorKind.Unreachable,
            $"Cannot {action} '{path}': permission denied.",
            "Check who owns it and its mode, or run as the user who owns it.",
            error),
        IOException io when IsOutOfSpace(io) => new AiShellException(
            ErrorKind.Failed,
            $"No space left on the file system of '{path}'.",
            "Free some space there ('ai-shell backup prune --dry-run' shows what retention would remove), or use another place with --repo.",
            error),
        IOException io when Errno(io) == ReadOnlyFileSystem => new AiShellException(
            ErrorKind.Unreachable,
            $"Cannot {action} '{path}': the file system is read-only.",
            "Mount it writable, or choose a repository elsewhere with --repo.",
            error),
        ArgumentOutOfRangeException => new AiShellException(
            ErrorKind.Failed,
            $"Cannot {action} '{path}': the file may not grow any further.",
            "The file system, or a limit of this user ('ulimit -f'), allows no larger file. Raise it, or choose a repository elsewhere with --repo.",
            error),
        IOException io when Errno(io) == NotADirectory => new AiShellException(
            ErrorKind.Unreachable,
            $"Cannot {action} '{path}': a file stands where a folder should be.",
            "Move that file away, or choose a repository elsewhere with --repo.",
            error),
        IOException io when IsTooLong(io) => new AiShellException(
            ErrorKind.Failed,
            $"Cannot {action} '{path}': the path is too long.",
            "Move the repository to a place with a shorter path.",
            error),
        IOException => new AiShellException(ErrorKind.Failed, $"Cannot {action} '{path}': {error.Message}", null, error),
        _ => error,
    };

    /// <summary>Whether a call to a stream of a file failed; .NET says EFBIG, a file too big, with <see cref="ArgumentOutOfRangeException"/>.</summary>
    public static bool IsOfFiles(Exception error) => error is IOException or UnauthorizedAccessException or ArgumentOutOfRangeException;

    /// <summary>The error of a system call.</summary>
    public static IOException OfErrno(int errno, string path) =>
        new($"{System.Runtime.InteropServices.Marshal.GetPInvokeErrorMessage(errno)} : '{path}'", errno);

    public static int Errno(IOException error) => OperatingSystem.IsWindows() ? error.HResult & 0xFFFF : error.HResult;

    /// <summary>Another open file keeps us out.</summary>
    public static bool IsSharingViolation(IOException error) =>
        Errno(error) == (OperatingSystem.IsWindows() ? 0x20 : OperatingSystem.IsMacOS() ? 35 : 11);

    public static bool IsTooLong(IOException error) =>
        error is PathTooLongException || (!OperatingSystem.IsWindows() && Errno(error) == (OperatingSystem.IsMacOS() ? 63 : 36));

    public const int NoEntry = 2;
    public const int Exists = 17;
    public const int NotADirectory = 20;
    private const int ReadOnlyFileSystem = 30;

    private static bool IsOutOfSpace(IOException error) =>
        OperatingSystem.IsWindows()
            ? Errno(error) is 0x27 or 0x70
            : Errno(error) is 28 or 27 || Errno(error) == (OperatingSystem.IsMacOS() ? 69 : 122); // ENOSPC, EFBIG, EDQUOT
}
