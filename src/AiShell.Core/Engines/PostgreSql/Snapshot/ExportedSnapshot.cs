using System.Threading.Channels;
using AiShell.Engines.PostgreSql.Connecting;
using AiShell.Engines.PostgreSql.Wire;

namespace AiShell.Engines.PostgreSql.Snapshot;

/// <summary>
/// One moment of a database, shared by several sessions (manual, "Snapshot Synchronization Functions"). The first session holds
/// it and an ACCESS SHARE lock on every table, taken before the moment: a TRUNCATE in between would show as an empty table.
/// </summary>
internal sealed class ExportedSnapshot : IAsyncDisposable
{
    private const int MostTries = 5;
    private const int TablesPerLock = 200;
    private const string Begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

    private readonly WireSession _holder;
    private readonly TimeSpan _lockWait;
    private readonly SemaphoreSlim _holderFree = new(1);
    private readonly Channel<WireSession> _idle = Channel.CreateUnbounded<WireSession>();
    private readonly List<WireSession> _workers = [];
    private Task _opening = Task.CompletedTask;

    private ExportedSnapshot(Server server, WireSession holder, SourceCatalogue catalogue, TimeSpan lockWait)
    {
        _lockWait = lockWait;
        Server = server;
        _holder = holder;
        Catalogue = catalogue;
        Name = holder.Scalar("SELECT pg_export_snapshot()")!;
        Position = new LogPosition(holder.Scalar("SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END") ?? "0/0");
    }

    public Server Server { get; }

    /// <summary>What other sessions, pg_dump's too, import it by.</summary>
    public string Name { get; }

    /// <summary>The write-ahead log's position at the moment or a little later.</summary>
    public LogPosition Position { get; }

    public SourceCatalogue Catalogue { get; }

    /// <param name="takes">Tables that will be read; only they are locked.</param>
    /// <param name="withSchema">pg_dump will read the schema too, and locks all tables for it.</param>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Failed"/>: the server has no room for so many locks.</exception>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Busy"/>: a table stayed locked, by whom is in the message.</exception>
    public static async Task<ExportedSnapshot> OpenAsync(ConnectionSettings settings, Func<TableName, bool> takes, bool withSchema, TimeSpan lockWait, CancellationToken cancellationToken)
    {
        (Server server, WireSession holder) = await Server.FindAsync(settings, cancellationToken);
        try
        {
            return await ServerErrors.RunAsync(
                holder, $"database '{settings.Database}'", session => Open(server, session, takes, withSchema, lockWait, cancellationToken), cancellationToken);
        }
        catch
        {
            holder.Dispose();
            throw;
        }
    }

    /// <summary>Opens sessions before they are asked for.</summary>
    public Task OpenSessionsAsync(int count, CancellationToken cancellationToken) => _opening = Task.WhenAll(Enumerable.Range(0, count).Select(_ => Task.Run(
        async () => _idle.Writer.TryWrite(await OpenWorkerAsync($"database '{Server.Settings.Database}'", cancellationToken)), cancellationToken)));

    /// <summary>Runs work on a session of its own within the snapshot, which nobody else uses meanwhile.</summary>
    public async Task<T> UseAsync<T>(string subject, Func<WireSession, Task<T>> work, CancellationToken cancellationToken)
    {
        WireSession session = _idle.Reader.TryRead(out WireSession? idle) ? idle : await OpenWorkerAsync(subject, cancellationToken);
        T result = await work(session);
        _idle.Writer.TryWrite(session); // after a failure it is in no state to be used again
        return result;
    }

    /// <summary>
    /// Reads a table in a session that may read it at once. Where somebody waits to lock the table for himself, a second session
    /// would wait behind him, and he for us: then the session that has its lock already reads it.
    /// </summary>
    public Task<T> ReadTableAsync<T>(TableName table, Func<WireSession, Task<T>> read, CancellationToken cancellationToken) =>
        UseAsync(
            $"table '{table}'",
            async session =>
            {
                if (await ServerErrors.RunAsync(session, $"table '{table}'", worker => TryLock(worker, table), cancellationToken))
                {
                    return await read(session);
                }

                await _holderFree.WaitAsync(cancellationToken);
                try
                {
                    return await read(_holder);
                }
                finally
                {
                    _holderFree.Release();
                }
            },
            cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _opening.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // its failure was told where it was waited for, or another one was
        foreach (WireSession session in _workers.Append(_holder))
        {
            session.Dispose();
        }

        _holderFree.Dispose();
    }

    private static ExportedSnapshot Open(Server server, WireSession holder, Func<TableName, bool> takes, bool withSchema, TimeSpan lockWait, CancellationToken cancellationToken)
    {
        holder.Execute(WaitOf(lockWait));
        for (int attempt = 1; ; attempt++)
        {
            SourceCatalogue seen = PostgreSql.Snapshot.Catalogue.Read(holder);
            TableName[] wanted = [.. WantedTables(seen, takes).Select(table => table.Name)];
            if (LockRoom.Of(holder).ShortFor(withSchema ? seen.Locks : wanted.Length) is { } failure)
            {
                throw failure;
            }

            holder.Execute(Begin);
            HashSet<TableName> locked = Lock(server, holder, wanted, cancellationToken);

            // The first query fixes the moment.
            SourceCatalogue catalogue = PostgreSql.Snapshot.Catalogue.Read(holder);
            SourceTable[] late = [.. WantedTables(catalogue, takes).Where(table => !locked.Contains(table.Name))];
            if (LockLate(server, holder, late, cancellationToken) is not { } changed)
            {
                return new ExportedSnapshot(server, holder, catalogue, lockWait);
            }

            holder.Execute("ROLLBACK");
            if (attempt == MostTries)
            {
                throw new AiShellException(
                    ErrorKind.Busy,
                    $"Tables come and go faster than they can be locked: '{changed}' was made, and emptied or dropped, at the moment of the backup, after {MostTries - 1} others.",
                    "Try again when the schema is at rest, or leave such tables out with --exclude-tables.");
            }
        }
    }

    private static string WaitOf(TimeSpan lockWait) => $"SET lock_timeout = {(long)Math.Max(1, lockWait.TotalMilliseconds)}";

    private static IEnumerable<SourceTable> WantedTables(SourceCatalogue catalogue, Func<TableName, bool> takes) =>
        catalogue.Tables.Where(table => takes(table.Name));

    /// <summary>Those that are locked now; the others are not there any more.</summary>
    private static HashSet<TableName> Lock(Server server, WireSession holder, TableName[] tables, CancellationToken cancellationToken)
    {
        HashSet<TableName> locked = [];
        foreach (TableName[] batch in tables.Chunk(TablesPerLock))
        {
            cancellationToken.ThrowIfCancellationRequested();
            locked.UnionWith(LockTogether(server, holder, batch) ? batch : batch.Where(table => LockTogether(server, holder, [table])));
        }

        return locked;
    }

    /// <summary>False: one of them is not there any more, and none is locked.</summary>
    private static bool LockTogether(Server server, WireSession holder, TableName[] tables)
    {
        holder.Execute("SAVEPOINT before_lock");
        try
        {
            holder.Execute($"LOCK TABLE {string.Join(", ", tables.Select(table => $"ONLY {SqlText.Quote(table)}"))} IN ACCESS SHARE MODE; RELEASE before_lock");
            return true;
        }
        catch (ServerError error) when (error.SqlState == "55P03")
        {
            throw LockedTables.Explain(server, tables, error);
        }
        catch (ServerError error) when (error.SqlState is "42P01" or "3F000")
        {
            holder.Execute("ROLLBACK TO before_lock; RELEASE before_lock");
            return false;
        }
    }

    /// <summary>
    /// Locks tables that were made just before the moment. What has rewritten or dropped one since then, a TRUNCATE above all, is not
    /// undone by the snapshot, and shows in the table's file, which the server says as it is now.
    /// </summary>
    /// <returns>One that was changed; null for none.</returns>
    private static TableName? LockLate(Server server, WireSession holder, SourceTable[] tables, CancellationToken cancellationToken)
    {
        if (tables.Length == 0)
        {
            return null;
        }

        HashSet<TableName> locked = Lock(server, holder, [.. tables.Select(table => table.Name)], cancellationToken);
        return tables.FirstOrDefault(table => !locked.Contains(table.Name))?.Name ?? holder.Query(
            "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = ANY ($1::oid[]) AND c.relfilenode IS DISTINCT FROM pg_relation_filenode(c.oid) LIMIT 1",
            $"{{{string.Join(',', tables.Select(table => table.Oid))}}}").Select(row => new TableName(row[0]!, row[1]!)).FirstOrDefault();
    }

    private async Task<WireSession> OpenWorkerAsync(string subject, CancellationToken cancellationToken)
    {
        WireSession session = await Server.OpenMeanwhileAsync(subject, cancellationToken);
        lock (_workers)
        {
            _workers.Add(session);
        }

        await ServerErrors.RunAsync(session, subject, worker => worker.Execute($"{WaitOf(_lockWait)}; {Begin}; SET TRANSACTION SNAPSHOT {SqlText.Literal(Name)}"), cancellationToken);
        return session;
    }

    private static bool TryLock(WireSession session, TableName table)
    {
        try
        {
            session.Execute($"SAVEPOINT before_lock; LOCK TABLE ONLY {SqlText.Quote(table)} IN ACCESS SHARE MODE NOWAIT; RELEASE before_lock");
            return true;
        }
        catch (ServerError error) when (error.SqlState == "55P03")
        {
            session.Execute("ROLLBACK TO before_lock; RELEASE before_lock");
            return false;
        }
    }
}
