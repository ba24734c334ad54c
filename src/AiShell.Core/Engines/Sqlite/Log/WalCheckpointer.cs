using System.Diagnostics;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace AiShell.Engines.Sqlite.Log;

/// <summary>Brings the log's frames into the main file, and keeps writers out for a moment. It never writes a row.</summary>
internal sealed class WalCheckpointer : IDisposable
{
    private static readonly TimeSpan Insistence = TimeSpan.FromMilliseconds(15);
    private static readonly TimeSpan LockPatience = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan CheckpointPatience = TimeSpan.FromMilliseconds(20);

    // Two: for what a connection does itself, its own locks do not count.
    private readonly SqliteConnection _checkpoint;
    private readonly SqliteConnection _gate;

    public WalCheckpointer(string path, bool keepLog)
    {
        _checkpoint = SqliteSession.Open(path, SqliteAccess.Writer, TimeSpan.Zero);
        try
        {
            _gate = SqliteSession.Open(path, SqliteAccess.Writer, TimeSpan.Zero);
        }
        catch
        {
            _checkpoint.Dispose();
            throw;
        }

        try
        {
            if (keepLog)
            {
                DatabaseFile.KeepLogOnClose(_checkpoint);
                DatabaseFile.KeepLogOnClose(_gate);
            }

            // A connection that never read does not know yet that there is a log, and checkpoints nothing.
            SqliteSession.ScalarInt64(_checkpoint, "PRAGMA application_id");
            SqliteSession.ScalarInt64(_gate, "PRAGMA application_id");
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Brings home what no reader holds back; writers go on. True when that was all of the log, and the log ends with <paramref name="frame"/>.</summary>
    /// <param name="done">The last frame that is in the main file; 0 where somebody else is at it.</param>
    public bool Checkpoint(uint frame, out uint done)
    {
        long start = Stopwatch.GetTimestamp();
        SpinWait wait = default;
        while (true)
        {
            int code = raw.sqlite3_wal_checkpoint_v2(_checkpoint.Handle!, "main", raw.SQLITE_CHECKPOINT_PASSIVE, out int log, out int checkpointed);
            if ((code & 0xFF) != raw.SQLITE_BUSY)
            {
                SqliteSession.Check(_checkpoint.Handle!, code);
                done = (uint)Math.Max(checkpointed, 0);
                return done == frame && log == checkpointed;
            }

            // The automatic checkpoint of a writer: it does the same.
            if (Stopwatch.GetElapsedTime(start) > CheckpointPatience)
            {
                done = 0;
                return false;
            }

            wait.SpinOnce(sleep1Threshold: -1);
        }
    }

    /// <summary>Makes what was brought home durable, so that the checkpoint that ends the round has little to wait for.</summary>
    public void Sync() => PageFile.SyncMain(_checkpoint);

    /// <summary>Keeps writers from beginning, once none is at it. False when one always was.</summary>
    public async Task<bool> TryLockAsync(CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start) < LockPatience)
        {
            // A writer that never pauses leaves some microseconds between two transactions: only who always asks meets them.
            for (long round = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(round) < Insistence;)
            {
                if (PageFile.TryLockWriters(_gate))
                {
                    return true;
                }
            }

            await Task.Delay(1, cancellationToken);
        }

        return false;
    }

    public void Unlock() => PageFile.UnlockWriters(_gate);

    public void Dispose()
    {
        _gate.Dispose();
        _checkpoint.Dispose();
    }
}
