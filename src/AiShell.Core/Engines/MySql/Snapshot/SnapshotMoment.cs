using AiShell.Engines.MySql.Log;
using AiShell.Engines.MySql.Wire;

namespace AiShell.Engines.MySql.Snapshot;

/// <summary>
/// Makes all workers see one moment. With the privilege nothing is committed while they begin; without it they are the same moment if
/// the binary log, which must hold everything, did not move; and one session alone is always of one moment.
/// </summary>
internal sealed class SnapshotMoment(SourceSessions sessions, SnapshotOptions options)
{
    private const int MostTries = 20;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    /// <summary>In it tables are locked that no transaction covers; null where there are none.</summary>
    private MySqlSession? _tables;

    public LogPosition Position { get; private set; } = BinaryLogPosition.Unknown;

    /// <summary>Why it is slower than it could be; null for no reason.</summary>
    public string? Warning { get; private set; }

    /// <summary>Reads tables that are locked. Only after <see cref="TakeAsync"/> with some.</summary>
    public MySqlSession LockedTables => _tables ?? throw new InvalidOperationException("No table is locked.");

    /// <summary>Begins the moment, anew if there was one.</summary>
    /// <param name="locked">Tables that no transaction covers; they stay locked until <see cref="Unlock"/>.</param>
    public async Task TakeAsync(IReadOnlyList<string> locked, CancellationToken cancellationToken)
    {
        MySqlSession? locker = options.WithoutLock ? null : await sessions.OpenAsync(cancellationToken);
        if (locked.Count > 0 && _tables is null)
        {
            _tables = await sessions.OpenAsync(cancellationToken);
            RowSelect.Prepare(_tables);
        }

        await ServerErrors.RunAsync(sessions.Schema, "snapshot", _ => Take(locker, locked, cancellationToken), cancellationToken);
        locker?.Dispose();
        if (!sessions.Schema.Features.IsMariaDb && BinaryLogPosition.Of(Position) is { } at)
        {
            using MySqlSession reader = await sessions.OpenAsync(cancellationToken);
            Position = await ServerErrors.RunAsync(reader, "the binary log", session => Mark(session, at), cancellationToken);
        }
    }

    /// <summary>A log can follow only where it is known which file it is; who may not read the log cannot make it follow.</summary>
    private static LogPosition Mark(MySqlSession session, BinaryLogPosition at)
    {
        try
        {
            return LogFileBirth.Read(session, at).Mark(at).ToLogPosition();
        }
        catch (ServerError)
        {
            return at.ToLogPosition();
        }
    }

    /// <summary>Lets tables go that were locked.</summary>
    public void Unlock() => _tables?.Execute("UNLOCK TABLES");

    private void Take(MySqlSession? locker, IReadOnlyList<string> locked, CancellationToken cancellationToken)
    {
        Unlock();
        if (locker is not null && new ServerLock(locker).Run(() => LockTables(locked), Begin, options.LockWait, cancellationToken))
        {
            // Read under the lock where only the server can say it.
            Position = (sessions.Workers[0].Features.IsMariaDb ? BinaryLogPosition.OfSnapshot(sessions.Workers[0]) : _underLock)?.ToLogPosition() ?? Position;
            return;
        }

        LockTables(locked);
        if (!BeginTogether(cancellationToken))
        {
            sessions.Keep(1);
            Begin();
            Warning = OneSession;
        }

        if (sessions.Schema.Features.IsMariaDb)
        {
            Position = BinaryLogPosition.OfSnapshot(sessions.Workers[0])?.ToLogPosition() ?? Position;
        }
    }

    private const string OneSession =
        "All rows were read by one session: with --no-lock or without the RELOAD privilege, several are of one moment only where REPLICATION CLIENT (MariaDB: BINLOG MONITOR; MySQL: SELECT on performance_schema.metadata_locks, too) shows that the binary log stood still.";

    private BinaryLogPosition? _underLock;

    private void Begin()
    {
        foreach (MySqlSession worker in sessions.Workers)
        {
            worker.Execute("ROLLBACK");
            worker.Execute("START TRANSACTION READ ONLY, WITH CONSISTENT SNAPSHOT");
        }

        _underLock = sessions.Schema.Features.IsMariaDb ? null : BinaryLogPosition.OfServer(sessions.Schema, out _);
    }

    /// <summary>False: they cannot be shown to be of one moment.</summary>
    private bool BeginTogether(CancellationToken cancellationToken)
    {
        if (sessions.Workers.Count == 1)
        {
            Begin();
            return true;
        }

        for (int tries = 0; tries < MostTries; tries++)
        {
            if (BinaryLogPosition.OfServer(sessions.Schema, out bool isFiltered) is not { } before || isFiltered)
            {
                return false;
            }

            // What MySQL's log has need not be committed yet, and then one session sees it and another does not.
            if (!sessions.Schema.Features.IsMariaDb && !CommitsUnderWay.TryWait(sessions.Schema))
            {
                return false;
            }

            Begin();
            if (BinaryLogPosition.OfServer(sessions.Schema, out _) == before)
            {
                Position = before.ToLogPosition();
                return true;
            }

            cancellationToken.WaitHandle.WaitOne(Pause);
            cancellationToken.ThrowIfCancellationRequested();
        }

        return false;
    }

    private void LockTables(IReadOnlyList<string> tables)
    {
        if (tables.Count == 0)
        {
            return;
        }

        try
        {
            _tables!.Execute($"SET SESSION lock_wait_timeout = {Math.Max(1, (long)Math.Min(options.LockWait.TotalSeconds, 2))}");
            _tables.Execute($"LOCK TABLES {string.Join(", ", tables.Select(table => $"{SqlText.Quote(table)} READ"))}");
        }
        catch (ServerError error) when (SnapshotErrors.IsDenied(error))
        {
            throw new AiShellException(
                ErrorKind.Failed,
                $"The table '{tables[0]}' is of a storage engine without transactions, and this user may not lock it while it is read.",
                "Grant LOCK TABLES on the database, convert the table to InnoDB, or leave it out with --exclude-tables.",
                error);
        }
        catch (ServerError error) when (SnapshotErrors.IsMissingTable(error))
        {
            throw new SchemaChanged(tables[0], error);
        }
    }
}
