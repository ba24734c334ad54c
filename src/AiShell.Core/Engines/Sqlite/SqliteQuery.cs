using System.Text;
using AiShell.Engines.Sqlite.Rows;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace AiShell.Engines.Sqlite;

/// <summary>
/// Runs one statement for a person. Without consent to write, the connection is query-only, the statement must be a
/// reading one, and what would reach beyond the database (ATTACH, VACUUM INTO) or change how it is kept (most pragmas) is refused when it is compiled.
/// </summary>
internal static class SqliteQuery
{
    private static readonly TimeSpan LockWait = TimeSpan.FromSeconds(10);

    private static readonly HashSet<string> PragmasThatAct = new(StringComparer.OrdinalIgnoreCase)
    {
        "wal_checkpoint", "incremental_vacuum", "optimize", "query_only", "writable_schema",
    };

    private static readonly HashSet<string> PragmasThatReadWithArgument = new(StringComparer.OrdinalIgnoreCase)
    {
        "table_info", "table_xinfo", "table_list", "index_list", "index_info", "index_xinfo", "foreign_key_list", "foreign_key_check",
        "integrity_check", "quick_check",
    };

    public static async Task<QueryResult> RunAsync(string path, string statement, QueryOptions options, CancellationToken cancellationToken)
    {
        DatabaseFile.RequireReadable(path);
        return await SqliteErrors.RunAsync(path, () => Run(path, statement, options, cancellationToken), cancellationToken);
    }

    private static QueryResult Run(string path, string sql, QueryOptions options, CancellationToken cancellationToken)
    {
        using SqliteConnection connection = SqliteSession.Open(path, options.AllowWrite ? SqliteAccess.Writer : SqliteAccess.Reader, LockWait);
        DatabaseFile.KeepLogOnClose(connection, path);
        using CancellationTokenRegistration interrupt = SqliteSession.InterruptOn(connection, cancellationToken);
        sqlite3 handle = connection.Handle!;
        bool refused = false;
        strdelegate_authorizer authorizer = (_, action, first, second, _, _) =>
        {
            refused |= !options.AllowWrite && IsBeyondReading(action, first, second);
            return refused ? raw.SQLITE_DENY : raw.SQLITE_OK;
        };
        raw.sqlite3_set_authorizer(handle, authorizer, null);
        using sqlite3_stmt statement = Compile(handle, sql, ref refused);
        if (!options.AllowWrite && raw.sqlite3_stmt_readonly(statement) == 0)
        {
            throw Refused();
        }

        try
        {
            return Execute(handle, statement, options);
        }
        catch (SqliteException) when (refused)
        {
            throw Refused();
        }
        finally
        {
            GC.KeepAlive(authorizer);
        }
    }

    private static sqlite3_stmt Compile(sqlite3 handle, string sql, ref bool refused)
    {
        int code = raw.sqlite3_prepare_v2(handle, sql, out sqlite3_stmt statement, out string tail);
        if (refused)
        {
            throw Refused();
        }

        if (code != raw.SQLITE_OK)
        {
            string message = raw.sqlite3_errmsg(handle).utf8_to_string();
            int kind = code & 0xFF;
            throw kind == raw.SQLITE_ERROR
                ? new AiShellException(ErrorKind.Usage, $"SQLite does not understand the statement: {message}.", "'SELECT name FROM sqlite_schema' lists what there is.")
                : new SqliteException(message, kind, raw.sqlite3_extended_errcode(handle));
        }

        if (statement is null || statement.IsInvalid)
        {
            throw new AiShellException(ErrorKind.Usage, "There is no statement to run.", "Give one, for example 'SELECT count(*) FROM orders'.");
        }

        if (HasStatement(handle, tail))
        {
            statement.Dispose();
            throw new AiShellException(ErrorKind.Usage, "Only one statement can be run at a time.", "Run them one by one.");
        }

        return statement;
    }

    /// <summary>Whether more than white space, comments and semicolons follow.</summary>
    private static bool HasStatement(sqlite3 handle, string tail)
    {
        while (!string.IsNullOrWhiteSpace(tail))
        {
            int code = raw.sqlite3_prepare_v2(handle, tail, out sqlite3_stmt next, out string rest);
            using (next)
            {
                if (code != raw.SQLITE_OK || (next is not null && !next.IsInvalid))
                {
                    return true;
                }
            }

            tail = rest;
        }

        return false;
    }

    private static QueryResult Execute(sqlite3 handle, sqlite3_stmt statement, QueryOptions options)
    {
        bool writes = raw.sqlite3_stmt_readonly(statement) == 0;
        int columnCount = raw.sqlite3_column_count(statement);
        string[] columns = [.. Enumerable.Range(0, columnCount).Select(column => raw.sqlite3_column_name(statement, column).utf8_to_string())];
        List<object?[]> rows = [];
        bool truncated = false;
        while (SqliteSession.Step(handle, statement))
        {
            if (rows.Count == options.Limit)
            {
                truncated = true;
                if (!writes)
                {
                    break;
                }

                continue; // a writing statement runs to its end
            }

            rows.Add([.. Enumerable.Range(0, columnCount).Select(column => Value(statement, column))]);
        }

        return new QueryResult(columns, rows, truncated, writes ? raw.sqlite3_changes(handle) : -1);
    }

    private static object? Value(sqlite3_stmt statement, int column) => raw.sqlite3_column_type(statement, column) switch
    {
        raw.SQLITE_INTEGER => raw.sqlite3_column_int64(statement, column),
        raw.SQLITE_FLOAT => raw.sqlite3_column_double(statement, column),
        raw.SQLITE_TEXT => TextOf(statement, column),
        raw.SQLITE_BLOB => raw.sqlite3_column_blob(statement, column).ToArray(),
        _ => null,
    };

    // By its length: a text may hold NUL.
    private static unsafe string TextOf(sqlite3_stmt statement, int column)
    {
        byte* text = SqliteLibrary.ColumnText(statement.DangerousGetHandle(), column);
        return Encoding.UTF8.GetString(text, NativeSqlite.ColumnBytes(statement.DangerousGetHandle(), column));
    }

    private static bool IsBeyondReading(int action, string first, string second) => action switch
    {
        raw.SQLITE_ATTACH or raw.SQLITE_DETACH or raw.SQLITE_TRANSACTION or raw.SQLITE_SAVEPOINT => true,
        raw.SQLITE_PRAGMA => PragmasThatAct.Contains(first) || (second is not null && !PragmasThatReadWithArgument.Contains(first)),
        _ => false,
    };

    private static AiShellException Refused() => new(
        ErrorKind.Refused,
        "The statement would change the database or reach beyond it; 'query' only reads.",
        "Add --write if that is what you want.");
}
