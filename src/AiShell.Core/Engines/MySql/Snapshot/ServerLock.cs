using AiShell.Engines.MySql.Wire;

namespace AiShell.Engines.MySql.Snapshot;

/// <summary>
/// Stops commits for a moment (manual, BACKUP STAGE; FLUSH TABLES WITH READ LOCK). Whoever waits for such a lock makes others wait
/// behind him, so it is asked for in short tries.
/// </summary>
internal sealed class ServerLock(MySqlSession session)
{
    private const int TrySeconds = 2;
    private const int DeadClientSeconds = 60;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(300);

    /// <summary>Runs work while nothing is committed and no schema is changed.</summary>
    /// <param name="beforeCommitsStop">Runs while schemas and non-transactional tables stand still, and commits go on.</param>
    /// <returns>False: the user may not do that, and nothing ran.</returns>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Busy"/>: the lock was not to be had within the wait.</exception>
    public bool Run(Action beforeCommitsStop, Action work, TimeSpan wait, CancellationToken cancellationToken)
    {
        // Should this machine die with the lock, the server lets go of it soon.
        session.Execute($"SET SESSION lock_wait_timeout = {TrySeconds}, wait_timeout = {DeadClientSeconds}");
        long start = Environment.TickCount64;
        while (true)
        {
            try
            {
                if (session.Features.HasBackupStage)
                {
                    RunStages(beforeCommitsStop, work);
                }
                else
                {
                    RunReadLock(beforeCommitsStop, work);
                }

                return true;
            }
            catch (ServerError error) when (SnapshotErrors.IsDenied(error))
            {
                return false;
            }
            catch (ServerError error) when (SnapshotErrors.IsLocked(error))
            {
                if (Environment.TickCount64 - start >= wait.TotalMilliseconds)
                {
                    throw LockHolders.Explain(session, error);
                }

                cancellationToken.WaitHandle.WaitOne(Pause);
                cancellationToken.ThrowIfCancellationRequested();
            }
        }
    }

    private void RunStages(Action beforeCommitsStop, Action work)
    {
        session.Execute("BACKUP STAGE START");
        try
        {
            session.Execute("BACKUP STAGE FLUSH");
            session.Execute("BACKUP STAGE BLOCK_DDL");
            beforeCommitsStop();
            session.Execute("BACKUP STAGE BLOCK_COMMIT");
            work();
        }
        finally
        {
            Release("BACKUP STAGE END");
        }
    }

    private void RunReadLock(Action beforeCommitsStop, Action work)
    {
        bool hasInstanceLock = session.Features.HasInstanceLock && TryLockInstance();
        try
        {
            session.Execute("FLUSH TABLES WITH READ LOCK");
            beforeCommitsStop();
            work();
        }
        finally
        {
            Release("UNLOCK TABLES");
            if (hasInstanceLock)
            {
                Release("UNLOCK INSTANCE");
            }
        }
    }

    private bool TryLockInstance()
    {
        try
        {
            session.Execute("LOCK INSTANCE FOR BACKUP");
            return true;
        }
        catch (ServerError error) when (SnapshotErrors.IsDenied(error))
        {
            return false; // changes of the schema are found without it
        }
    }

    /// <summary>A connection that broke has let go already; its failure is the one to tell.</summary>
    private void Release(string statement)
    {
        try
        {
            session.Execute(statement);
        }
        catch (ConnectionBroken)
        {
            session.Dispose();
        }
    }
}
