namespace AiShell.State;

/// <summary>One operation that changed or checked something, or tried to. Texts hold no secrets.</summary>
/// <param name="Time">When it ended.</param>
/// <param name="Command">As typed, redacted: <c>backup create --database shop</c>.</param>
/// <param name="Operation">A stable word for it: <c>create</c>, <c>restore</c>, <c>connect</c>.</param>
/// <param name="Outcome"><c>done</c>, <c>failed</c>, <c>cancelled</c>.</param>
/// <param name="ExitCode">What the process returned.</param>
public sealed record AuditEntry(
    DateTimeOffset Time,
    string Command,
    string Operation,
    string? Database,
    string? BackupId,
    string Outcome,
    int ExitCode,
    TimeSpan Duration,
    string? Message,
    string User,
    string Host);
