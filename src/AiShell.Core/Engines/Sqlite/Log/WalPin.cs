using Microsoft.Data.Sqlite;

namespace AiShell.Engines.Sqlite.Log;

/// <summary>
/// A connection whose read transaction keeps the log after its moment. Whichever lock SQLite gives it does: a mark in the log keeps everybody from resetting it;
/// the lock on the main file alone (of a log that is wholly checkpointed) lets a writer begin the log anew, once, but nobody can checkpoint
/// what is written after, so that this cannot be reset again.
/// </summary>
internal sealed class WalPin : IDisposable
{
    public WalPin(string path, TimeSpan lockWait, bool keepLog)
    {
        Connection = SqliteSession.Open(path, SqliteAccess.Reader, lockWait);
        try
        {
            if (keepLog)
            {
                DatabaseFile.KeepLogOnClose(Connection);
            }

            // A connection must have read once before it can hold a mark.
            SqliteSession.ScalarInt64(Connection, "PRAGMA application_id");
        }
        catch
        {
            Connection.Dispose();
            throw;
        }
    }

    public SqliteConnection Connection { get; }

    /// <summary>What it holds, or held last.</summary>
    public WalMoment Moment { get; private set; } = WalMoment.None;

    /// <summary>Holds the present moment by a mark in the log, if that has frames.</summary>
    public void Hold()
    {
        SqliteSession.Execute(Connection, "BEGIN");
        Moment = SnapshotPinning.MomentOf(Connection) ?? WalMoment.None;
    }

    /// <summary>Holds the present moment so that, where everything is checkpointed, the next writer begins the log anew.</summary>
    public void HoldLoosely()
    {
        SnapshotPinning.BeginRead(Connection);
        Moment = SnapshotPinning.MomentOf(Connection) ?? WalMoment.None;
    }

    public void Release() => SqliteSession.Rollback(Connection);

    public void Dispose() => Connection.Dispose();
}
