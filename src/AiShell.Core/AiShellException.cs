namespace AiShell;

/// <summary>What went wrong, in the terms of the exit codes of docs/commands.md.</summary>
public enum ErrorKind
{
    /// <summary>The operation failed; nothing that existed before is lost.</summary>
    Failed = 1,

    /// <summary>The command or a configured value makes no sense.</summary>
    Usage = 2,

    /// <summary>A backup, schedule or connection of that name does not exist.</summary>
    NotFound = 3,

    /// <summary>Corrupt, incomplete or different data was found.</summary>
    Integrity = 4,

    /// <summary>Refused for safety: the target is not empty, a kept backup needs it, nobody confirmed.</summary>
    Refused = 5,

    /// <summary>Another operation holds the lock.</summary>
    Busy = 6,

    /// <summary>The database or the repository cannot be reached or does not let us in.</summary>
    Unreachable = 7,
}

/// <summary>
/// The one exception a user sees: what failed, on what and why in <see cref="Exception.Message"/>, what to do next in
/// <see cref="Hint"/>. Neither ever holds a secret. Mapped to an exit code once, in Program.cs.
/// </summary>
public sealed class AiShellException(ErrorKind kind, string message, string? hint = null, Exception? cause = null)
    : Exception(message, cause)
{
    public ErrorKind Kind { get; } = kind;

    /// <summary>One sentence that says what to do next, without the word "Hint".</summary>
    public string? Hint { get; } = hint;
}
