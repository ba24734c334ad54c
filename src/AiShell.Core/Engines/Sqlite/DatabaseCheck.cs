using System.Collections.Concurrent;
using AiShell.Engines.Sqlite.Rows;
using Microsoft.Data.Sqlite;

namespace AiShell.Engines.Sqlite;

/// <summary>Proves a private database file that nobody changes: its structure, its rows.</summary>
internal static class DatabaseCheck
{
    private const long ShareBytes = 32 * 1024 * 1024;

    // Looking up every row in every index finds its pages again and again: measured half the time of SQLite's usual 2 MiB.
    private const int CheckCacheKibibytes = 32 * 1024;

    /// <summary>Runs the integrity check while other workers read the tables.</summary>
    /// <param name="takes">Which tables to digest.</param>
    /// <param name="fingerprints">False: rows are only counted, sums are zero.</param>
    /// <param name="sampleRows">Random rows to keep of each table; only with fingerprints.</param>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Integrity"/>: damaged.</exception>
    public static async Task<ReaderResult> RunAsync(
        string path, Func<SqliteTable, bool> takes, bool fingerprints, int sampleRows, int workers, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task integrity = SqliteErrors.RunAsync(path, () => StructureCheck.Require(path, stop.Token), stop.Token);
        try
        {
            ReaderResult result = await ReadTablesAsync(path, takes, fingerprints, sampleRows, Math.Max(1, workers - 1), stop.Token);
            await integrity;
            return result;
        }
        catch
        {
            // A damaged page stops both; what the integrity check says is clearer.
            if (!integrity.IsFaulted)
            {
                await stop.CancelAsync();
            }

            await integrity.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (integrity.Exception?.InnerException is AiShellException damage)
            {
                throw damage;
            }

            throw;
        }
    }

    /// <summary>Row counts and fingerprints of tables, by several workers.</summary>
    public static Task<ReaderResult> ReadTablesAsync(
        string path, Func<SqliteTable, bool> takes, bool fingerprints, int sampleRows, int workers, CancellationToken cancellationToken) =>
        SqliteErrors.RunAsync(
            path,
            async () =>
            {
                PinnedDatabase database = new(path, OpenReaders(path, workers), moment: null, WalView.Empty, FileMoment.NameOf(path), privateCopy: null);
                await using (database)
                {
                    return await ReadTablesAsync(database, takes, fingerprints, sampleRows, cancellationToken);
                }
            },
            cancellationToken);

    /// <summary>As above, of a pinned moment.</summary>
    public static async Task<ReaderResult> ReadTablesAsync(
        PinnedDatabase database, Func<SqliteTable, bool> takes, bool fingerprints, int sampleRows, CancellationToken cancellationToken)
    {
        (SqliteSchema schema, List<(SqliteTable Table, RowidRange? Range)> shares) = await LayOutAsync(database, takes, fingerprints, cancellationToken);
        ConcurrentDictionary<TableName, (TableFingerprint Fingerprint, RowSample Sample)> found = new(
            schema.RowTables.Where(takes).Select(table => KeyValuePair.Create(table.Name, (TableFingerprint.Empty, new RowSample(sampleRows)))));
        await Parallel.ForEachAsync(
            shares,
            new ParallelOptions { MaxDegreeOfParallelism = database.Readers, CancellationToken = cancellationToken },
            async (share, token) =>
            {
                using PinnedReader reader = await database.RentAsync(token);
                RowSample sample = new(sampleRows);
                TableFingerprint fingerprint = fingerprints
                    ? Digest(reader.Connection, schema, share.Table, share.Range, sample, token)
                    : new TableFingerprint(SqliteSession.ScalarInt64(reader.Connection, $"SELECT count(*) FROM {SqlName.Quote(share.Table.Name.Name)} NOT INDEXED"), 0);
                lock (found)
                {
                    (TableFingerprint sum, RowSample all) = found[share.Table.Name];
                    all.Merge(sample);
                    found[share.Table.Name] = (sum.Add(fingerprint), all);
                }
            });
        return new ReaderResult(
            [.. found.Select(table => new TableDigest(table.Key, table.Value.Fingerprint)).OrderBy(digest => digest.Table)],
            [.. found.SelectMany(table => table.Value.Sample.Rows.Select(row => new SampledRow(table.Key, row)))]);
    }

    /// <summary>
    /// Whether all rows refer to rows that are there. Also false where SQLite cannot tell, as with a key to a column that is not unique.
    /// </summary>
    public static bool ForeignKeysHold(string path, CancellationToken cancellationToken)
    {
        using SqliteConnection connection = OpenForChecks(path);
        using CancellationTokenRegistration interrupt = SqliteSession.InterruptOn(connection, cancellationToken);
        try
        {
            return SqliteSession.Texts(connection, "SELECT \"table\" FROM pragma_foreign_key_check LIMIT 1").Count == 0;
        }
        catch (SqliteException failure) when (failure.SqliteErrorCode == SQLitePCL.raw.SQLITE_ERROR)
        {
            return false;
        }
    }

    /// <summary>For what looks rows up all over a private file.</summary>
    public static SqliteConnection OpenForChecks(string path)
    {
        SqliteConnection connection = SqliteSession.Open(path, SqliteAccess.Immutable, TimeSpan.Zero);
        SqliteSession.Execute(connection, $"PRAGMA cache_size = -{CheckCacheKibibytes}");
        return connection;
    }

    private static TableFingerprint Digest(
        SqliteConnection connection, SqliteSchema schema, SqliteTable table, RowidRange? range, RowSample sample, CancellationToken cancellationToken)
    {
        using TableScan scan = new(connection, schema, table, range);
        return scan.Digest(cancellationToken, sample);
    }

    private static async Task<(SqliteSchema Schema, List<(SqliteTable Table, RowidRange? Range)> Shares)> LayOutAsync(
        PinnedDatabase database, Func<SqliteTable, bool> takes, bool split, CancellationToken cancellationToken)
    {
        using PinnedReader reader = await database.RentAsync(cancellationToken);
        SqliteSchema schema = SqliteSchema.Read(reader.Connection);
        List<(SqliteTable, RowidRange?)> shares = [];
        foreach (SqliteTable table in schema.RowTables.Where(takes))
        {
            IReadOnlyList<RowidRange?> ranges = split ? TableRanges.Split(schema, table, reader.ReadPages, ShareBytes).Ranges : [null];
            shares.AddRange(ranges.Select(range => (table, range)));
        }

        return (schema, shares);
    }

    private static List<SqliteConnection> OpenReaders(string path, int count)
    {
        List<SqliteConnection> readers = [];
        try
        {
            for (int i = 0; i < count; i++)
            {
                readers.Add(SqliteSession.Open(path, SqliteAccess.Immutable, TimeSpan.Zero));
                SnapshotPinning.BeginRead(readers[i]);
            }

            return readers;
        }
        catch
        {
            readers.ForEach(reader => reader.Dispose());
            throw;
        }
    }
}
