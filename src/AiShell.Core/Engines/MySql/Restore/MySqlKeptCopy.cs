using AiShell.Engines.MySql.Connecting;
using AiShell.Engines.MySql.Snapshot;
using AiShell.Engines.MySql.Wire;

namespace AiShell.Engines.MySql.Restore;

/// <summary>
/// A copy in a database of the target's server, held by its mark. Going on with it changes nothing of it: its rows are read, compared with what was noted of them, and loaded into a private server, where
/// the log is replayed; what comes of that is a new copy, and the old one is dropped when that is kept or promoted.
/// </summary>
internal sealed class MySqlKeptCopy : IKeptCopy
{
    private readonly MySqlSession _session;
    private readonly ConnectionSettings _settings;
    private readonly KeptDatabase _kept;
    private readonly KeptNote _note;

    private MySqlKeptCopy(MySqlSession session, ConnectionSettings settings, KeptDatabase kept, KeptNote note)
    {
        _session = session;
        _settings = settings;
        _kept = kept;
        _note = note;
    }

    public string Note => _note.Note;

    /// <summary>Opens a target for a replay that begins where a kept copy stands.</summary>
    public required Func<BackupContents, TargetOptions, ReplayStart, ReplayTarget> Replay { get; init; }

    /// <summary>Null where there is none.</summary>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Busy"/>: another restore has it.</exception>
    public static async Task<IKeptCopy?> OpenAsync(ConnectionSettings settings, Func<BackupContents, TargetOptions, ReplayStart, ReplayTarget> replay, CancellationToken cancellationToken)
    {
        MySqlSession session = await Server.OpenAsync(settings, cancellationToken, "");
        MySqlKeptCopy? copy = null;
        try
        {
            copy = await ServerErrors.RunAsync(session, $"the server {settings.Server}", open => Take(open, settings, replay), cancellationToken);
            return copy;
        }
        finally
        {
            if (copy is null)
            {
                session.Dispose();
            }
        }
    }

    public async Task<IRestoreTarget> GoOnAsync(BackupContents contents, TargetOptions options, string begun, CancellationToken cancellationToken)
    {
        BackupPart[] scripts = [ScriptPart(0, PartPhase.PreData, _note.PreData), ScriptPart(1, PartPhase.PostData, _note.PostData)];
        bool isCovered = await ServerErrors.RunAsync(_session, $"the kept copy '{_kept.Name}'", IsCovered, cancellationToken);
        SnapshotOptions rows = new(
            BackupFormat.Sql, BackupScope.DataOnly, new TableFilter([], [KeptNote.TableOf(_kept.Number)]), Math.Max(1, options.Workers), options.ScratchDirectory, long.MaxValue, options.LockWait)
        {
            WithHistory = _note.History,
            WithoutLock = isCovered, // nobody writes to it; whoever did is found out by the sums
        };
        await using ISnapshot snapshot = new KeptRows(await MySqlSnapshot.OpenAsync(_settings.To(_kept.Name), rows, cancellationToken), _note.Requires);
        using SpooledBackup spool = await SpooledBackup.MakeAsync(snapshot, [(scripts[0], _note.PreData), (scripts[1], _note.PostData)], contents, options, cancellationToken);
        RequireUntouched(spool.Contents.Tables);
        BackupContents whole = contents with { Parts = spool.Contents.Parts, Requires = _note.Requires };
        KeptReplay target = new(this, Replay(whole, options, new ReplayStart(_note.Database, new LogPosition(_note.Position))));
        try
        {
            await spool.LoadAsync(target, TableFilter.Everything, cancellationToken);
            return target;
        }
        catch
        {
            await target.DisposeAsync();
            throw;
        }
    }

    /// <summary>Another has taken its place. What goes wrong here is no failure of what was done before.</summary>
    public async Task DropAsync(CancellationToken cancellationToken)
    {
        try
        {
            await ServerErrors.RunAsync(
                _session,
                $"the kept copy '{_kept.Name}'",
                session =>
                {
                    if (Leftovers.HoldsMark(session, _kept.Number))
                    {
                        KeptDatabase.Drop(session, _kept);
                    }
                },
                cancellationToken);
        }
        catch (AiShellException)
        {
            // It stays, as good as it was: a later one counts before it, and a restore that keeps one drops it.
        }
    }

    public ValueTask DisposeAsync()
    {
        _session.Dispose();
        return ValueTask.CompletedTask;
    }

    private static MySqlKeptCopy? Take(MySqlSession session, ConnectionSettings settings, Func<BackupContents, TargetOptions, ReplayStart, ReplayTarget> replay)
    {
        session.Execute("SET SESSION wait_timeout = 2147483");
        string target = TableNameCase.Read(session).OfDatabase(settings.Database);
        while (KeptDatabase.Find(session, target) is [var newest, ..])
        {
            if (!Leftovers.TryHoldMark(session, newest.Number))
            {
                throw new AiShellException(ErrorKind.Busy, $"Another restore is at the copy that is kept in '{newest.Name}'.", "Wait until that is done.");
            }

            // It may have been dropped, or another taken its place, before it was held.
            if (KeptDatabase.Find(session, target) is [var still, ..] && still == newest)
            {
                return new MySqlKeptCopy(session, settings, newest, KeptNote.Read(session, newest)) { Replay = replay };
            }

            Leftovers.ReleaseMark(session, newest.Number);
        }

        return null;
    }

    /// <summary>Whether a transaction covers all its tables.</summary>
    private bool IsCovered(MySqlSession session) => session.Scalar(
        $"SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = {SqlText.Literal(_kept.Name)} AND TABLE_TYPE NOT IN ('VIEW', 'SEQUENCE') AND IFNULL(ENGINE, '') <> 'InnoDB' LIMIT 1") is null;

    private void RequireUntouched(IReadOnlyList<TableDigest> found)
    {
        HashSet<KeptTable> expected = [.. _note.Tables];
        HashSet<KeptTable> there = [.. found.Select(KeptTable.Of)];
        string[] changed = [.. expected.Except(there).Concat(there.Except(expected)).Select(table => table.Name).Distinct().Order(StringComparer.Ordinal)];
        if (changed.Length > 0)
        {
            throw new AiShellException(
                ErrorKind.Integrity,
                $"The kept copy '{_kept.Name}' was changed since ({string.Join(", ", changed.Take(3))}{(changed.Length > 3 ? ", …" : "")}): the log does not go on from it.",
                "Restore anew, without --continue.");
        }
    }

    private static BackupPart ScriptPart(int index, PartPhase phase, byte[] script) => new(index, phase, null, "sql", 0, script.Length, 0);
}
