using AiShell.Engines.MySql.Snapshot;

namespace AiShell.Engines.MySql.Log;

/// <summary>Which transactions a link has. MariaDB stamps them to the second (manual, "Binary Log Event Header"), MySQL from 8.0.1 on to the microsecond (manual, "immediate_commit_timestamp").</summary>
internal sealed class LinkReader(BinaryLogPosition start) : ILinkReader
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Microsecond = TimeSpan.FromMicroseconds(1);

    private readonly LoggedParts _parts = new(database: null, start);

    public void Read(Stream plain, Action<LinkTransaction> use) => _parts.Read(
        plain,
        _ => { },
        next =>
        {
            if (next.Ends is { } transaction)
            {
                use(new LinkTransaction(_parts.Reached.ToLogPosition(), next.Offset, StampOf(transaction)));
            }
        });

    private static LogStamp StampOf(LoggedTransaction transaction) => transaction.Microsecond is { } written
        ? new LogStamp(DateTimeOffset.UnixEpoch + TimeSpan.FromMicroseconds(written), Microsecond, "when it was about to be written to the log")
        : new LogStamp(DateTimeOffset.FromUnixTimeSeconds(transaction.Second), Second, "when the statement began that committed it");
}
