using System.Collections.Concurrent;
using AiShell.Engines.PostgreSql.Wire;

namespace AiShell.Engines.PostgreSql.Restore;

/// <summary>
/// The rows of a restore on their way into the new database. A table's parts go one after another through one transaction, for only
/// then can rows come frozen, which need no second writing (manual, COPY, FREEZE); but a table that is larger than its fair share of
/// the whole is spread over the workers.
/// </summary>
internal sealed class TableLoads
{
    // Below that the second writing costs less than the new file that the table gets for it.
    private const int FreezeFromBytes = 256 * 1024;

    private readonly StagingDatabase _staging;
    private readonly string _scratchDirectory;
    private readonly IReadOnlyList<IReadOnlyList<BackupPart>> _runs;
    private readonly HashSet<TableName> _spread;
    private readonly ConcurrentDictionary<TableName, int> _partsLeft;
    private readonly ConcurrentDictionary<TableName, OpenLoad> _open = new();
    private readonly ConcurrentBag<TableDigest> _counted = [];

    /// <param name="parts">The data parts that will come.</param>
    /// <param name="scratchDirectory">For what a reader has to put aside.</param>
    public TableLoads(StagingDatabase staging, IEnumerable<BackupPart> parts, int workers, string scratchDirectory)
    {
        _staging = staging;
        _scratchDirectory = scratchDirectory;
        BackupPart[][] tables = [.. parts.GroupBy(part => part.Table!).Select(table => table.ToArray()).OrderByDescending(Size)];
        long most = FairShare.Most(tables.Sum(Size), workers);
        _spread = [.. tables.Where(table => Size(table) > most).Select(table => table[0].Table!)];
        _runs = [.. tables.SelectMany(table => _spread.Contains(table[0].Table!) ? table.Select(part => new[] { part }) : [table])];
        _partsLeft = new(tables.Select(table => KeyValuePair.Create(table[0].Table!, table.Length)));
    }

    /// <summary>What takes longest first: it must not begin last, when there is nothing left for the other workers.</summary>
    public IReadOnlyList<IReadOnlyList<BackupPart>> Runs => _runs;

    /// <summary>All rows of the table are there; also of one that has none.</summary>
    public bool Has(TableName table) => !_partsLeft.ContainsKey(table);

    public bool HasAll => _partsLeft.IsEmpty;

    /// <summary>Tables that were emptied, loaded by one COPY after another and committed: what the server says that it has taken. Sums are zero.</summary>
    public IReadOnlyCollection<TableDigest> Counted => _counted;

    /// <exception cref="AiShellException"><see cref="ErrorKind.Integrity"/>: the part is damaged or has not as many rows as it should.</exception>
    public async Task LoadAsync(BackupPart part, Stream plain, CancellationToken cancellationToken)
    {
        TableName table = part.Table!;
        string subject = $"table '{table}'";
        if (_spread.Contains(table))
        {
            await _staging.UseAsync(subject, session => PartLoading.LoadRows(session, part, plain, _scratchDirectory, freeze: false), cancellationToken);
        }
        else
        {
            OpenLoad load = _open.TryGetValue(table, out OpenLoad? begun) ? begun : await BeginAsync(part, cancellationToken);
            load.Rows += await ServerErrors.RunAsync(load.Session, subject, session => PartLoading.LoadRows(session, part, plain, _scratchDirectory, load.Freezes), cancellationToken);
            if (_partsLeft[table] == 1)
            {
                await EndAsync(table, load, cancellationToken);
            }
        }

        if (_partsLeft.AddOrUpdate(table, 0, (_, left) => left - 1) == 0)
        {
            _partsLeft.TryRemove(table, out _);
        }
    }

    private async Task<OpenLoad> BeginAsync(BackupPart first, CancellationToken cancellationToken)
    {
        TableName table = first.Table!;
        WireSession session = await _staging.TakeSessionAsync($"table '{table}'", cancellationToken);
        bool freezes = first.PlainBytes >= FreezeFromBytes && await ServerErrors.RunAsync(session, $"table '{table}'", open => PartLoading.BeginFreezing(open, table), cancellationToken);
        return _open[table] = new OpenLoad(session, freezes);
    }

    private async Task EndAsync(TableName table, OpenLoad load, CancellationToken cancellationToken)
    {
        if (load.Freezes)
        {
            await ServerErrors.RunAsync(load.Session, $"table '{table}'", session => session.Execute("COMMIT"), cancellationToken);
            _counted.Add(new TableDigest(table, new TableFingerprint(load.Rows, 0)));
        }

        _open.TryRemove(table, out _);
        _staging.ReturnSession(load.Session);
    }

    private static long Size(IEnumerable<BackupPart> parts) => parts.Sum(part => part.PlainBytes);

    private sealed record OpenLoad(WireSession Session, bool Freezes)
    {
        public long Rows { get; set; }
    }
}
