using AiShell.Engines.MySql.Snapshot;

namespace AiShell.Engines.MySql.Log;

/// <summary>What is asked of a server's binary log.</summary>
/// <param name="From">Where it begins: at an event's boundary, for <see cref="TransactionCut"/> at a transaction's.</param>
/// <param name="Follows">Goes on with what is committed later, without end; else ends where the log ends.</param>
internal sealed record StreamRequest(BinaryLogPosition From, bool Follows)
{
    /// <summary>How often the server says that it is there while nothing is committed.</summary>
    public TimeSpan Heartbeat { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>After so long without a byte the connection counts as broken.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// A server ends the stream of one replica when another of the same number comes. Ours is drawn from the upper half of the numbers, where
    /// people's replicas are seldom (they are numbered from 1, or by an address), so that it meets neither one of them nor another of ours.
    /// </summary>
    public uint ReplicaNumber { get; init; } = 0x8000_0000 | (uint)Random.Shared.Next();
}
