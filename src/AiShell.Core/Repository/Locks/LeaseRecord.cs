namespace AiShell.Repository;

/// <summary>The content of a lock's file.</summary>
/// <param name="Holder">Random; tells two holders apart.</param>
/// <param name="Operation">What it is held for, shown to whoever has to wait: <c>backup create</c>.</param>
/// <param name="ProcessStarted">When the holder's process began, so that a reused process id is not taken for it.</param>
/// <param name="ExpiresAt">Renewed while the holder lives; past it the lock may be taken.</param>
/// <param name="Released">The holder let go.</param>
public sealed record LeaseRecord(
    string Holder,
    string Operation,
    string Host,
    int ProcessId,
    DateTimeOffset ProcessStarted,
    DateTimeOffset AcquiredAt,
    DateTimeOffset ExpiresAt,
    bool Released);
