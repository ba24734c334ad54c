using System.Collections.Concurrent;
using AiShell.Engines.PostgreSql.Connecting;
using AiShell.Engines.PostgreSql.Schema;
using AiShell.Engines.PostgreSql.Snapshot;
using AiShell.Engines.PostgreSql.Wire;

namespace AiShell.Engines.PostgreSql.Restore;

/// <summary>A restore into a new database beside the target, which takes its name at the end.</summary>
internal sealed class CopyTarget : IRestoreTarget
{
    private readonly BackupContents _contents;
    private readonly TargetOptions _options;
    private readonly StagingDatabase _staging;
    private readonly Dictionary<TableName, int> _partsOf;
    private readonly HashSet<string> _roles;

    private CopyTarget(BackupContents contents, TargetOptions options, StagingDatabase staging, HashSet<string> roles)
    {
        _contents = contents;
        _options = options;
        _staging = staging;
        _roles = roles;
        _partsOf = contents.Parts.Where(part => part.Table is not null).GroupBy(part => part.Table!).ToDictionary(table => table.Key, table => table.Count());
    }

    public static async Task<IRestoreTarget> OpenAsync(ConnectionSettings settings, BackupContents contents, TargetOptions options, CancellationToken cancellationToken)
    {
        StagingDatabase staging = await StagingDatabase.PrepareAsync(settings, options.Workers, cancellationToken);
        try
        {
            HashSet<string> roles = [.. await staging.ListRolesAsync(cancellationToken)];
            return new CopyTarget(contents, options, staging, roles);
        }
        catch
        {
            await staging.DisposeAsync();
            throw;
        }
    }

    public int ParallelismOf(PartPhase phase) => phase == PartPhase.Data ? Math.Max(1, _options.Workers) : 1;

    public Task LoadAsync(BackupPart part, Stream plain, CancellationToken cancellationToken) => part.Phase switch
    {
        PartPhase.PreData => LoadSchemaAsync(part, plain, cancellationToken),
        PartPhase.Data => LoadRowsAsync(part, plain, cancellationToken),
        _ => LoadPostDataAsync(part, plain, cancellationToken),
    };

    public async Task<IReadOnlyList<TableDigest>> CompleteAsync(bool fingerprints, CancellationToken cancellationToken)
    {
        ConcurrentBag<TableDigest> found = [];
        await Parallel.ForEachAsync(
            _contents.Tables.Select(digest => digest.Table).Where(_options.Tables.Takes),
            new ParallelOptions { MaxDegreeOfParallelism = Math.Max(1, _options.Workers), CancellationToken = cancellationToken },
            async (table, token) => found.Add(new TableDigest(
                table, await _staging.UseAsync($"table '{table}'", session => TableDigests.Read(session, table, fingerprints), token))));
        return [.. found.OrderBy(digest => digest.Table)];
    }

    public Task PromoteAsync(CancellationToken cancellationToken) => _staging.PromoteAsync(_options.Replace, _options.LockWait, cancellationToken);

    public ValueTask DisposeAsync() => _staging.DisposeAsync();

    private async Task LoadSchemaAsync(BackupPart part, Stream plain, CancellationToken cancellationToken)
    {
        foreach (ScriptEntry entry in Entries(part, plain))
        {
            if (entry.Header.Kind == DatabaseEntry.Kind)
            {
                await _staging.CreateAsync(DatabaseEntry.Parse(entry.Sql), cancellationToken);
            }

            await RunAsync(entry, cancellationToken);
        }
    }

    private Task LoadPostDataAsync(BackupPart part, Stream plain, CancellationToken cancellationToken) =>
        new EntryScheduler([.. Entries(part, plain)], Math.Max(1, _options.Workers)).RunAsync(RunAsync, cancellationToken);

    private Task RunAsync(ScriptEntry entry, CancellationToken cancellationToken) => _staging.UseAsync(
        entry.ToString(),
        session =>
        {
            session.Execute(entry.Sql);
            if (entry.OwnerSql.Length > 0 && _roles.Contains(entry.Header.Owner!))
            {
                session.Execute(entry.OwnerSql);
            }

            return true;
        },
        cancellationToken);

    private async Task LoadRowsAsync(BackupPart part, Stream plain, CancellationToken cancellationToken)
    {
        long rows = await _staging.UseAsync($"table '{part.Table}'", session => Load(session, part, plain), cancellationToken);
        if (rows != part.Rows)
        {
            throw PartDamage.Of(part, new InvalidDataException($"it has {rows:N0} rows instead of {part.Rows:N0}"));
        }
    }

    private long Load(WireSession session, BackupPart part, Stream plain)
    {
        CopyPart rows = new(part, plain);
        Guard(part, rows.ReadHeader);
        bool isLargeObjects = part.Table == LargeObjects.Table;
        if (isLargeObjects && session.Scalar("SELECT to_regclass('pg_temp.ai_shell_large_objects')") is null)
        {
            session.Execute(LargeObjects.ViewStatements);
        }

        string statement = $"COPY {SqlText.Quote(LargeObjects.Destination(part.Table!))} {rows.Columns} FROM STDIN";

        // Rows that come frozen need no second writing (manual, COPY, FREEZE); that takes a table emptied in the same transaction, so one part,
        // and none that an extension has filled.
        bool alone = !isLargeObjects && _partsOf[part.Table!] == 1 && session.Scalar($"SELECT 1 FROM ONLY {SqlText.Quote(part.Table!)} LIMIT 1") is null;
        if (alone)
        {
            session.Execute($"BEGIN; TRUNCATE ONLY {SqlText.Quote(part.Table!)}");
            statement += " (FREEZE)";
        }

        CopyIn copy = session.BeginCopyIn(statement);
        Guard(part, () => rows.ReadRows(copy.Write));
        long count = copy.Complete();
        if (alone)
        {
            session.Execute("COMMIT");
        }

        return count;
    }

    private static void Guard(BackupPart part, Action read)
    {
        try
        {
            read();
        }
        catch (InvalidDataException damage)
        {
            throw PartDamage.Of(part, damage);
        }
    }

    private static IEnumerable<ScriptEntry> Entries(BackupPart part, Stream plain)
    {
        using IEnumerator<ScriptEntry> entries = ScriptReader.Read(plain).GetEnumerator();
        while (true)
        {
            try
            {
                if (!entries.MoveNext())
                {
                    yield break;
                }
            }
            catch (InvalidDataException damage)
            {
                throw PartDamage.Of(part, damage);
            }

            yield return entries.Current;
        }
    }
}
