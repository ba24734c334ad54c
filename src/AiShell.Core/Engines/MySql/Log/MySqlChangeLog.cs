using System.Collections.Concurrent;
using System.Globalization;
using AiShell.Connections;
using AiShell.Engines.MySql.Connecting;
using AiShell.Engines.MySql.Snapshot;

namespace AiShell.Engines.MySql.Log;

/// <summary>The binary log of MySQL and MariaDB, of which a database has its transactions.</summary>
internal sealed class MySqlChangeLog(Func<DatabaseAddress, ConnectionSettings> settingsOf) : IChangeLog
{
    /// <summary>Why a capture cannot go on from a position, which it would meet again and again: behind it is what cannot be replayed.</summary>
    private readonly ConcurrentDictionary<string, string> _deadEnds = new(StringComparer.Ordinal);

    public BackupFormat BaseFormat => BackupFormat.Sql;

    /// <summary>By file and offset; what is only a GTID (<c>0-1-42</c>) by the numbers of its domain, on MySQL (<c>uuid:42</c>) by those of the log's own server, which numbers its transactions in their order.</summary>
    public int? Compare(LogPosition one, LogPosition other)
    {
        if (one == other)
        {
            return 0;
        }

        return (BinaryLogPosition.Of(one), BinaryLogPosition.Of(other)) switch
        {
            ({ } first, { } second) => BinaryLogPosition.Compare(first, second),
            (null, { } second) => Compare(one.Value, second.Gtids),
            ({ } first, null) => -Compare(other.Value, first.Gtids),
            _ => null,
        };
    }

    private static int? Compare(string gtid, string state)
    {
        if (gtid == state)
        {
            return 0;
        }

        if (LogFileBirth.Parse(state) is { } birth)
        {
            return Compare(gtid, state.Split(' ') is [_, var reachedThere] ? reachedThere : "", birth.Server);
        }

        return gtid.Split('-') is [var domain, _, _] && uint.TryParse(domain, NumberStyles.None, CultureInfo.InvariantCulture, out uint of)
            && GtidState.Parse(gtid)?.NumberOf(of) is { } number && GtidState.Parse(state) is { } reached
            ? reached.NumberOf(of) is { } last ? number.CompareTo(last) : 1
            : null;
    }

    private static int? Compare(string gtid, string last, Guid server) =>
        gtid.Equals(last, StringComparison.OrdinalIgnoreCase) ? 0
        : NumberOf(gtid, server) is { } wanted && NumberOf(last, server) is { } there ? wanted.CompareTo(there)
        : null;

    private static ulong? NumberOf(string gtid, Guid server) =>
        gtid.Split(':') is [var of, var number] && Guid.TryParse(of, out Guid its) && its == server && ulong.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out ulong value) ? value : null;

    public ILinkReader? ReadLink(LogPosition start) => BinaryLogPosition.Of(start) is { } from ? new LinkReader(from) : null;

    public async Task<ISnapshot> OpenChangesAsync(DatabaseAddress address, ChainSoFar chain, SnapshotOptions options, CancellationToken cancellationToken)
    {
        ConnectionSettings settings = settingsOf(address);
        LogSource source = await LogSource.LookAsync(settings, hasEnd: true, cancellationToken);
        return await ChangesSnapshot.OpenAsync(settings, chain, source, options, written: null, cancellationToken);
    }

    public Task<ILogCapture> OpenCaptureAsync(DatabaseAddress address, CaptureOptions options, CancellationToken cancellationToken) =>
        MySqlCapture.OpenAsync(settingsOf(address), options, _deadEnds, cancellationToken);
}
