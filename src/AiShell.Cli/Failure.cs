namespace AiShell.Cli;

/// <summary>How a run ended that did not do its work.</summary>
/// <param name="IsUnexpected">A fault of this program: the log has the details.</param>
internal sealed record Failure(string Kind, string Message, string? Hint, int ExitCode, Exception Error, bool IsUnexpected)
{
    /// <param name="stopExitCode">130 or 143 when a signal asked to stop, else 0.</param>
    /// <param name="stopped">What that means for the command.</param>
    public static Failure Of(Exception error, int stopExitCode, string stopped) => error switch
    {
        OperationCanceledException when stopExitCode != 0 => new Failure("cancelled", stopped, null, stopExitCode, error, false),
        // Workers that fail while they are being stopped fail because of it.
        _ when stopExitCode != 0 => new Failure(
            "cancelled", $"{stopped} ({error.Message})", null, stopExitCode, error, false),
        AggregateException { InnerExceptions: [var only] } => Of(only, stopExitCode, stopped),
        AiShellException known => new Failure(
            char.ToLowerInvariant(known.Kind.ToString()[0]) + known.Kind.ToString()[1..], known.Message, known.Hint, (int)known.Kind, known, false),
        IOException or UnauthorizedAccessException => new Failure(
            "failed", error.Message, "Check the path, the permissions and the free space.", (int)ErrorKind.Failed, error, true),
        _ => new Failure(
            "failed", $"Unexpected {error.GetType().Name}: {error.Message}", "logs/backup.log in ai-shell's home has the details; please report it.", (int)ErrorKind.Failed, error, true),
    };
}
