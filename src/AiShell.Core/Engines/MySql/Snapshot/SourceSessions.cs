using System.Collections.Concurrent;
using AiShell.Engines.MySql.Connecting;
using AiShell.Engines.MySql.Wire;

namespace AiShell.Engines.MySql.Snapshot;

/// <summary>
/// The sessions of one snapshot: one that reads the schema, and workers that hold the moment. A worker cannot be opened later, nor
/// replaced: the moment is gone.
/// </summary>
internal sealed class SourceSessions : IDisposable
{
    private readonly ConnectionSettings _settings;
    private readonly ConcurrentBag<MySqlSession> _all = [];
    private readonly ConcurrentQueue<MySqlSession> _idle = new();
    private readonly SemaphoreSlim _free = new(0);
    private int _living;

    private SourceSessions(ConnectionSettings settings, MySqlSession schema)
    {
        _settings = settings;
        Schema = schema;
        _all.Add(schema);
    }

    /// <summary>Sees the schema as it is now.</summary>
    public MySqlSession Schema { get; }

    public IReadOnlyList<MySqlSession> Workers { get; private set; } = [];

    /// <param name="lockWait">How long any of them waits for a table that somebody alters.</param>
    public static async Task<SourceSessions> OpenAsync(ConnectionSettings settings, int workers, TimeSpan lockWait, CancellationToken cancellationToken)
    {
        SourceSessions sessions = new(settings, await Server.OpenAsync(settings, cancellationToken));
        try
        {
            sessions.Workers = await Task.WhenAll(Enumerable.Range(0, workers).Select(_ => sessions.OpenAsync(cancellationToken)));
            string wait = $"SET SESSION lock_wait_timeout = {(long)Math.Max(1, lockWait.TotalSeconds)}";
            sessions.Schema.Execute(wait);
            foreach (MySqlSession worker in sessions.Workers)
            {
                RowSelect.Prepare(worker);
                worker.Execute(wait);
                LetTablesGo(worker);
                worker.Execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ");
            }

            return sessions;
        }
        catch (ServerError error)
        {
            sessions.Dispose();
            throw ServerErrors.Translate(error, $"database '{settings.Database}'");
        }
        catch
        {
            sessions.Dispose();
            throw;
        }
    }

    /// <summary>One more session with the same server, which is closed with the others.</summary>
    public async Task<MySqlSession> OpenAsync(CancellationToken cancellationToken)
    {
        MySqlSession session = await Server.OpenAsync(_settings, cancellationToken);
        _all.Add(session);
        return session.ServerIdentity == Schema.ServerIdentity ? session : throw new AiShellException(
            ErrorKind.Failed,
            $"Behind {_settings.Server} there are several servers, whose rows are of no one moment.",
            "Name the server itself, not a balancer or a name of several.");
    }

    /// <summary>Fewer workers than were opened.</summary>
    public void Keep(int workers)
    {
        foreach (MySqlSession worker in Workers.Skip(workers))
        {
            worker.Dispose();
        }

        Workers = [.. Workers.Take(workers)];
    }

    /// <summary>From here on workers are lent out.</summary>
    public void Ready()
    {
        foreach (MySqlSession worker in Workers)
        {
            _idle.Enqueue(worker);
        }

        _living = Workers.Count;
        _free.Release(Workers.Count);
    }

    /// <summary>Runs work on a worker that nobody else uses meanwhile. After a failure that is not the server's answer it is in no state to be used again.</summary>
    public async Task<T> UseAsync<T>(string subject, Func<MySqlSession, Task<T>> work, CancellationToken cancellationToken)
    {
        await _free.WaitAsync(cancellationToken);
        if (!_idle.TryDequeue(out MySqlSession? session))
        {
            _free.Release(); // for whoever waits too
            throw new AiShellException(ErrorKind.Failed, $"All sessions of the backup are lost, on {subject}.", "Try again when the server can be reached.");
        }

        try
        {
            T result = await work(session);
            Return(session);
            return result;
        }
        catch (AiShellException failure) when (failure.InnerException is ServerError)
        {
            Return(session);
            throw;
        }
        catch
        {
            session.Dispose();
            if (Interlocked.Decrement(ref _living) == 0)
            {
                _free.Release(); // nobody waits for ever
            }

            throw;
        }
    }

    /// <summary>
    /// A table that was read stays locked against changes of it until its savepoint is rolled back; where the binary log
    /// remembers savepoints, until the backup ends. It needs none of ours.
    /// </summary>
    private static void LetTablesGo(MySqlSession worker)
    {
        try
        {
            worker.Execute("SET SESSION sql_log_bin = 0");
        }
        catch (ServerError error) when (SnapshotErrors.IsDenied(error))
        {
            // Whoever alters a table then waits until the end.
        }
    }

    private void Return(MySqlSession session)
    {
        _idle.Enqueue(session);
        _free.Release();
    }

    public void Dispose()
    {
        foreach (MySqlSession session in _all)
        {
            session.Dispose();
        }
    }
}
