using System.Diagnostics;
using AiShell.IO;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace AiShell.Engines.Sqlite;

internal enum SqliteAccess
{
    /// <summary>
    /// Statements cannot write, but the file is opened for writing where permitted: SQLite needs that to roll back a hot journal and for the
    /// shared memory of WAL mode.
    /// </summary>
    Reader,

    /// <summary>An unchanging private file: no locks, no journal, no shared memory.</summary>
    Immutable,

    /// <summary>An existing database.</summary>
    Writer,

    /// <summary>Created when missing.</summary>
    Creator,
}

/// <summary>Connections with the settings that all our work needs, and the few calls every part of the engine makes.</summary>
internal static class SqliteSession
{
    private const int ConfigDqsDml = 1013;
    private const int ConfigDqsDdl = 1014;

    // A rollback-mode writer that commits without a pause leaves readers only the moments between two commits: look often.
    private static readonly TimeSpan LockPollInterval = TimeSpan.FromMilliseconds(1);

    /// <summary>
    /// Opens without touching the file yet. The schema of others may hold "double quoted" texts: allowed. Foreign keys are off.
    /// Close with Dispose; there is no pool.
    /// </summary>
    /// <param name="lockWait">How long a single statement waits for a lock.</param>
    public static SqliteConnection Open(string path, SqliteAccess access, TimeSpan lockWait)
    {
        SqliteRuntime.EnsureLoaded();
        SqliteConnection connection = new(ConnectionString(path, access, lockWait));
        try
        {
            connection.Open();
            sqlite3 handle = connection.Handle!;
            raw.sqlite3_busy_timeout(handle, (int)Math.Min(int.MaxValue, lockWait.TotalMilliseconds));
            Check(handle, raw.sqlite3_db_config(handle, ConfigDqsDml, 1, out _));
            Check(handle, raw.sqlite3_db_config(handle, ConfigDqsDdl, 1, out _));
            Execute(connection, "PRAGMA foreign_keys = OFF");
            if (access is SqliteAccess.Reader or SqliteAccess.Immutable)
            {
                Execute(connection, "PRAGMA query_only = ON");
            }

            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Runs one or more statements and ignores their rows.</summary>
    public static void Execute(SqliteConnection connection, string sql)
    {
        sqlite3 handle = connection.Handle!;
        Check(handle, raw.sqlite3_exec(handle, sql));
    }

    /// <summary>Ends the connection's transaction, if there still is one: some errors have ended it already.</summary>
    public static void Rollback(SqliteConnection connection)
    {
        if (raw.sqlite3_get_autocommit(connection.Handle!) == 0)
        {
            Execute(connection, "ROLLBACK");
        }
    }

    /// <summary>First column of the first row; 0 where there is no row.</summary>
    public static long ScalarInt64(SqliteConnection connection, string sql) =>
        Scalar(connection, sql, raw.sqlite3_column_int64);

    /// <summary>First column of the first row; empty where there is no row or it is NULL.</summary>
    public static string ScalarText(SqliteConnection connection, string sql) =>
        Scalar(connection, sql, static (statement, column) => raw.sqlite3_column_text(statement, column).utf8_to_string()) ?? "";

    /// <summary>First column of every row, NULL as an empty text.</summary>
    public static List<string> Texts(SqliteConnection connection, string sql)
    {
        sqlite3 handle = connection.Handle!;
        using sqlite3_stmt statement = Prepare(handle, sql);
        List<string> texts = [];
        while (Step(handle, statement))
        {
            texts.Add(raw.sqlite3_column_text(statement, 0).utf8_to_string() ?? "");
        }

        return texts;
    }

    /// <summary>An identifier as SQL.</summary>
    public static string Quote(string identifier) => $"\"{identifier.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    /// <summary>A text literal as SQL. SQLite ends a statement at a NUL; such texts are refused.</summary>
    public static string Literal(string text) => text.Contains('\0', StringComparison.Ordinal)
        ? throw new ArgumentException("A NUL cannot stand in an SQL text.", nameof(text))
        : $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";

    /// <exception cref="SqliteException"><paramref name="code"/> is an error; the connection's message is in it.</exception>
    public static void Check(sqlite3 handle, int code)
    {
        if (code is not (raw.SQLITE_OK or raw.SQLITE_ROW or raw.SQLITE_DONE))
        {
            throw new SqliteException(
                raw.sqlite3_errmsg(handle).utf8_to_string(),
                code & 0xFF,
                (raw.sqlite3_extended_errcode(handle) & 0xFF) == (code & 0xFF) ? raw.sqlite3_extended_errcode(handle) : code);
        }
    }

    public static sqlite3_stmt Prepare(sqlite3 handle, string sql)
    {
        Check(handle, raw.sqlite3_prepare_v2(handle, sql, out sqlite3_stmt statement));
        return statement;
    }

    /// <summary>True while there is a row.</summary>
    public static bool Step(sqlite3 handle, sqlite3_stmt statement)
    {
        int code = raw.sqlite3_step(statement);
        Check(handle, code);
        return code == raw.SQLITE_ROW;
    }

    /// <summary>Ends the connection's running statement when the token is cancelled. Dispose the registration before the connection.</summary>
    public static CancellationTokenRegistration InterruptOn(SqliteConnection connection, CancellationToken cancellationToken)
    {
        sqlite3 handle = connection.Handle!;
        return cancellationToken.Register(() => raw.sqlite3_interrupt(handle));
    }

    /// <summary>Tries again while the database is locked, up to <paramref name="lockWait"/>; unlike SQLite's own wait it ends on cancellation.</summary>
    public static async Task<T> WaitForLockAsync<T>(Func<T> attempt, TimeSpan lockWait, CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                return attempt();
            }
            catch (SqliteException exception) when (SqliteErrors.IsBusy(exception) && Stopwatch.GetElapsedTime(start) < lockWait)
            {
                await Task.Delay(LockPollInterval, cancellationToken);
            }
        }
    }

    private static T? Scalar<T>(SqliteConnection connection, string sql, Func<sqlite3_stmt, int, T> column)
    {
        sqlite3 handle = connection.Handle!;
        using sqlite3_stmt statement = Prepare(handle, sql);
        return Step(handle, statement) ? column(statement, 0) : default;
    }

    private static string ConnectionString(string path, SqliteAccess access, TimeSpan lockWait) =>
        new SqliteConnectionStringBuilder
        {
            // SQLite reads a URI only where it starts with "file:"; an absolute path never does.
            DataSource = access == SqliteAccess.Immutable ? ImmutableUri(path) : Path.GetFullPath(path),
            Mode = access switch
            {
                SqliteAccess.Immutable => SqliteOpenMode.ReadOnly,
                SqliteAccess.Creator => SqliteOpenMode.ReadWriteCreate,
                _ => SqliteOpenMode.ReadWrite,
            },
            Pooling = false,
            // Microsoft.Data.Sqlite repeats busy statements by itself for this long; 0 would be for ever.
            DefaultTimeout = (int)Math.Clamp(Math.Ceiling(lockWait.TotalSeconds), 1, int.MaxValue / 1000),
        }.ToString();

    private static string ImmutableUri(string path) =>
        "file://" + string.Join('/', Path.GetFullPath(path).Split('/').Select(Uri.EscapeDataString)) + "?immutable=1";
}
