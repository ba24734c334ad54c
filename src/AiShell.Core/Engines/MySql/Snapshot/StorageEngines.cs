using AiShell.Engines.MySql.Wire;

namespace AiShell.Engines.MySql.Snapshot;

/// <summary>What the server's storage engines do with rows (manual, SHOW ENGINES).</summary>
internal sealed record StorageEngines(IReadOnlySet<string> Transactional)
{
    // Their rows are in other tables, on other servers, or nowhere.
    private static readonly HashSet<string> WithoutRows = new(["MRG_MYISAM", "BLACKHOLE", "FEDERATED", "CONNECT", "SPIDER", "OQGRAPH", "VP", "SPHINX"], StringComparer.OrdinalIgnoreCase);

    /// <summary>Engines that a consistent snapshot covers (manual, START TRANSACTION).</summary>
    private static readonly HashSet<string> WithSnapshots = new(["InnoDB", "ROCKSDB", "TokuDB"], StringComparer.OrdinalIgnoreCase);

    public static StorageEngines Read(MySqlSession session) => new(
        session.Query("SELECT ENGINE FROM information_schema.ENGINES WHERE TRANSACTIONS = 'YES'").Select(row => row[0]!).Where(WithSnapshots.Contains).ToHashSet(StringComparer.OrdinalIgnoreCase));

    public bool IsCovered(string engine) => Transactional.Contains(engine);

    public static bool HasRows(string engine) => !WithoutRows.Contains(engine);
}
