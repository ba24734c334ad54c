using System.Globalization;
using Microsoft.Data.Sqlite;

namespace AiShell.Engines.Sqlite;

/// <summary>Looks at a database without changing or creating anything.</summary>
internal static class SqliteProbe
{
    private static readonly TimeSpan LockWait = TimeSpan.FromSeconds(5);

    public static async Task<DatabaseProbe> RunAsync(string path, CancellationToken cancellationToken)
    {
        DatabaseFile.RequireReadable(path);
        return await SqliteErrors.RunAsync(
            path,
            () => SqliteSession.WaitForLockAsync(() => Read(path), LockWait, cancellationToken),
            cancellationToken);
    }

    private static DatabaseProbe Read(string path)
    {
        using SqliteConnection connection = SqliteSession.Open(path, SqliteAccess.Reader, TimeSpan.Zero);
        DatabaseFile.KeepLogOnClose(connection, path);
        SnapshotPinning.BeginRead(connection);
        string journal = SqliteSession.ScalarText(connection, "PRAGMA journal_mode");
        long tables = SqliteSession.ScalarInt64(connection, "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'");
        List<KeyValuePair<string, string>> details =
        [
            new("journal mode", journal),
            new("page size", SqliteSession.ScalarInt64(connection, "PRAGMA page_size").ToString("N0", CultureInfo.InvariantCulture)),
            new("encoding", SqliteSession.ScalarText(connection, "PRAGMA encoding")),
            new("tables", tables.ToString("N0", CultureInfo.InvariantCulture)),
        ];
        List<string> limits = [];
        if (journal != "wal")
        {
            limits.Add("Not in WAL mode: a backup first takes a private copy of the file, which needs as much scratch space; there is no continuous capture. 'PRAGMA journal_mode = WAL' changes that.");
        }

        return new DatabaseProbe(SqliteLibrary.Version, new FileInfo(path).Length, details, limits);
    }
}
