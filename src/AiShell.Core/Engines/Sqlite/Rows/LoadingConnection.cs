using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace AiShell.Engines.Sqlite.Rows;

/// <summary>Sets a connection up to take in a schema as some other program has written it.</summary>
internal static class LoadingConnection
{
    // https://sqlite.org/c3ref/c_dbconfig_defensive.html
    private const int EnableTrigger = 1003;
    private const int Defensive = 1010;
    private const int DoubleQuotedTextInQueries = 1013;
    private const int DoubleQuotedTextInSchema = 1014;

    /// <summary>
    /// Old schemas have text in double quotes, which the bundled library does not take by itself; virtual tables are
    /// restored through <c>writable_schema</c>.
    /// </summary>
    public static void Prepare(SqliteConnection connection)
    {
        Configure(connection, DoubleQuotedTextInQueries, true);
        Configure(connection, DoubleQuotedTextInSchema, true);
        Configure(connection, Defensive, false);
    }

    /// <summary>Rows come back as they were; what a trigger made of them is in the backup too.</summary>
    public static void DisableTriggers(SqliteConnection connection) => Configure(connection, EnableTrigger, false);

    private static void Configure(SqliteConnection connection, int option, bool on)
    {
        int result = raw.sqlite3_db_config(connection.Handle, option, on ? 1 : 0, out _);
        if (result != raw.SQLITE_OK)
        {
            throw new InvalidOperationException($"SQLite does not know configuration option {option} (result {result}).");
        }
    }
}
