using AiShell.Connections;
using AiShell.Engines.MySql.Connecting;

namespace AiShell.Engines.MySql.Log;

/// <summary>The binary log of MySQL and MariaDB, of which a database has its transactions.</summary>
internal sealed class MySqlChangeLog(Func<DatabaseAddress, ConnectionSettings> settingsOf) : IChangeLog
{
    public BackupFormat BaseFormat => BackupFormat.Sql;

    public async Task<ISnapshot> OpenChangesAsync(DatabaseAddress address, ChainSoFar chain, SnapshotOptions options, CancellationToken cancellationToken)
    {
        ConnectionSettings settings = settingsOf(address);
        LogSource source = await LogSource.LookAsync(settings, hasEnd: true, cancellationToken);
        return await ChangesSnapshot.OpenAsync(settings, chain.End, source, options, written: null, cancellationToken);
    }

    public Task<ILogCapture> OpenCaptureAsync(DatabaseAddress address, CaptureOptions options, CancellationToken cancellationToken) =>
        MySqlCapture.OpenAsync(settingsOf(address), options, cancellationToken);
}
