using System.Text;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace AiShell.Engines.Sqlite.Rows;

/// <summary>Runs scripts statement by statement, whatever their size.</summary>
internal static class SqlScript
{
    private const int ExcerptLength = 80;

    /// <summary>The one shell command that our own scripts have; the bundled library is not in defensive mode.</summary>
    private static readonly byte[] DefensiveOff = Encoding.ASCII.GetBytes(SchemaScript.DefensiveOff);

    /// <summary>Runs one of our own scripts, or a piece of one; it may begin or end within a transaction.</summary>
    /// <exception cref="AiShellException">A statement fails; names its line.</exception>
    public static void Run(SqliteConnection connection, Stream script, CancellationToken cancellationToken)
    {
        StatementSplitter splitter = new(script);
        while (splitter.Next(out ReadOnlySpan<byte> statement))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (statement[0] == '.')
            {
                RefuseShellCommand(statement, splitter.Line);
            }
            else
            {
                Execute(connection, statement, splitter.Line);
            }
        }
    }

    /// <summary>
    /// Runs a foreign script in an empty database. It can touch no other file: ATTACH and VACUUM INTO are refused.
    /// </summary>
    /// <exception cref="AiShellException">
    /// A statement fails, the script has commands of the sqlite3 shell, or it ends within a transaction.
    /// </exception>
    public static void RunForeign(SqliteConnection connection, Stream script, CancellationToken cancellationToken)
    {
        LoadingConnection.Prepare(connection);
        strdelegate_authorizer authorizer = Authorize;
        raw.sqlite3_set_authorizer(connection.Handle, authorizer, null);
        try
        {
            Run(connection, script, cancellationToken);
        }
        finally
        {
            raw.sqlite3_set_authorizer(connection.Handle, (strdelegate_authorizer?)null, null);
        }

        if (raw.sqlite3_get_autocommit(connection.Handle) == 0)
        {
            throw new AiShellException(ErrorKind.Integrity, "The script ends within a transaction: it is not whole.", "Make the dump again.");
        }
    }

    private static int Authorize(object userData, int action, string first, string second, string database, string trigger)
    {
        // VACUUM attaches a nameless temporary database of its own.
        bool outside = (action == raw.SQLITE_ATTACH && !string.IsNullOrEmpty(first) && first != ":memory:")
            || (action == raw.SQLITE_PRAGMA && first is not null && first.EndsWith("_store_directory", StringComparison.OrdinalIgnoreCase));
        return outside ? raw.SQLITE_DENY : raw.SQLITE_OK;
    }

    private static void RefuseShellCommand(ReadOnlySpan<byte> line, long number)
    {
        if (!line.TrimEnd("\r\n \t"u8).SequenceEqual(DefensiveOff))
        {
            throw new AiShellException(
                ErrorKind.Failed,
                $"Line {number} of the script is a command of the sqlite3 shell, not SQL: {Excerpt(line)}",
                "Run the script with 'sqlite3 new.db < script.sql' and back up or import new.db.");
        }
    }

    private static void Execute(SqliteConnection connection, ReadOnlySpan<byte> sql, long line)
    {
        try
        {
            using NativeStatement statement = new(connection, sql, out _);
            while (statement.Handle != 0 && statement.Step())
            {
                // A PRAGMA answers with rows; nobody asked for them.
            }
        }
        catch (AiShellException failure)
        {
            throw new AiShellException(failure.Kind, $"Line {line} of the script fails: {failure.Message} The statement: {Excerpt(sql)}", failure.Hint, failure);
        }
    }

    private static string Excerpt(ReadOnlySpan<byte> sql)
    {
        string text = Encoding.UTF8.GetString(sql[..Math.Min(sql.Length, 4 * ExcerptLength)]).ReplaceLineEndings(" ").Trim();
        return text.Length > ExcerptLength ? text[..ExcerptLength] + "…" : text;
    }
}
