using AiShell.Engines.Sqlite.Rows;
using Microsoft.Data.Sqlite;

namespace AiShell.Engines.Sqlite;

/// <summary>
/// Moves chosen tables with their rows, indexes and triggers from a staged database into another, in one transaction. Other
/// tables of that database stay as they are. Triggers do not fire, CHECKs and foreign keys are not tested: the rows come as they were.
/// </summary>
internal static class TableTransfer
{
    private const string Staged = "staged";

    /// <summary>Makes a new database of the chosen tables alone.</summary>
    public static bool CopyToNew(string staged, string path, TargetOptions options)
    {
        SqliteSchema schema = ReadSchema(staged);
        using SqliteConnection connection = SqliteSession.Open(path, SqliteAccess.Creator, TimeSpan.Zero);
        SqliteSession.Execute(
            connection,
            $"PRAGMA encoding = '{schema.Encoding}'; PRAGMA page_size = {schema.PageSizeBytes}; PRAGMA auto_vacuum = {schema.AutoVacuum}; "
            + $"PRAGMA user_version = {schema.UserVersion}; PRAGMA application_id = {schema.ApplicationId}; "
            + "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF");
        Prepare(connection, staged);
        SqliteSession.Execute(connection, "BEGIN IMMEDIATE");
        Replace(connection, schema, Choose(schema, options), onlyRows: false);
        SqliteSession.Execute(connection, "COMMIT");
        SqliteSession.Execute(connection, $"DETACH {Staged}");
        SqliteSession.Execute(connection, schema.JournalMode == "wal" ? "PRAGMA journal_mode = WAL" : "PRAGMA journal_mode = DELETE");
        return true;
    }

    /// <summary>Puts the chosen tables into a database that others may use meanwhile.</summary>
    public static async Task<bool> MoveIntoAsync(
        string staged, string target, BackupScope scope, TargetOptions options, CancellationToken cancellationToken)
    {
        SqliteSchema schema = ReadSchema(staged);
        List<SqliteTable> chosen = scope == BackupScope.DataOnly ? [.. schema.RowTables] : Choose(schema, options);
        using SqliteConnection connection = SqliteSession.Open(target, SqliteAccess.Writer, options.LockWait);
        using CancellationTokenRegistration interrupt = SqliteSession.InterruptOn(connection, cancellationToken);
        await SqliteSession.WaitForLockAsync(
            () =>
            {
                Prepare(connection, staged);
                return true;
            },
            options.LockWait,
            cancellationToken);
        await SqliteSession.WaitForLockAsync(
            () =>
            {
                SqliteSession.Execute(connection, "BEGIN IMMEDIATE");
                return true;
            },
            options.LockWait,
            cancellationToken);
        try
        {
            Replace(connection, schema, chosen, onlyRows: scope == BackupScope.DataOnly);
            cancellationToken.ThrowIfCancellationRequested();
            SqliteSession.Execute(connection, "COMMIT");
            return true;
        }
        catch
        {
            SqliteSession.Rollback(connection);
            throw;
        }
    }

    /// <summary>Declares in an empty staged database the tables that rows without a schema are for, as the target has them.</summary>
    public static bool CopyDeclarations(string target, SqliteConnection staged, BackupContents contents, TargetOptions options)
    {
        using SqliteConnection connection = SqliteSession.Open(target, SqliteAccess.Reader, options.LockWait);
        SqliteSchema schema = SqliteSchema.Read(connection);
        SqliteSession.Execute(staged, $"PRAGMA encoding = '{schema.Encoding}'; PRAGMA page_size = {schema.PageSizeBytes}");
        LoadingConnection.Prepare(staged);
        SqliteSession.Execute(staged, "CREATE TABLE ai_shell_sequence(id INTEGER PRIMARY KEY AUTOINCREMENT); DROP TABLE ai_shell_sequence");
        foreach (TableName name in contents.Tables.Select(table => table.Table).Where(options.Tables.Takes))
        {
            SqliteTable table = schema.Find(name.Name) is { IsVirtual: false } found ? found : throw new AiShellException(
                ErrorKind.Failed,
                $"The backup has rows only, and '{target}' has no table '{name}' for them.",
                "Create the table first, or leave it out with --tables.");
            SqliteSession.Execute(staged, table.Sql);
        }

        return true;
    }

    private static SqliteSchema ReadSchema(string path)
    {
        using SqliteConnection connection = SqliteSession.Open(path, SqliteAccess.Immutable, TimeSpan.Zero);
        return SqliteSchema.Read(connection);
    }

    private static void Prepare(SqliteConnection connection, string staged)
    {
        LoadingConnection.Prepare(connection);
        LoadingConnection.DisableTriggers(connection);
        SqliteSession.Execute(connection, "PRAGMA ignore_check_constraints = ON");
        if (!SqliteSession.Texts(connection, "SELECT name FROM pragma_database_list").Contains(Staged))
        {
            SqliteSession.Execute(connection, $"ATTACH {SqlName.Literal(staged)} AS {Staged}");
        }
    }

    private static List<SqliteTable> Choose(SqliteSchema schema, TargetOptions options)
    {
        if (options.Tables.PatternsWithoutMatch([.. schema.Tables.Select(table => table.Name)]) is [string pattern, ..])
        {
            throw new AiShellException(ErrorKind.Usage, $"The backup has no table that matches '{pattern}'.", $"It has {ListText.First([.. schema.Tables.Select(table => table.Name.Name)])}.");
        }

        List<SqliteTable> chosen = [.. schema.Tables.Where(table => !table.IsShadow && options.Tables.Takes(table.Name))];
        foreach (SqliteTable shadow in schema.Tables.Where(table => table.IsShadow))
        {
            bool ownerTaken = chosen.Exists(table => table.Name.Name == shadow.VirtualOwner);
            if (ownerTaken != options.Tables.Takes(shadow.Name))
            {
                throw new AiShellException(
                    ErrorKind.Usage,
                    $"The virtual table '{shadow.VirtualOwner}' keeps its rows in '{shadow.Name}': both are restored, or neither.",
                    $"Name them together: --tables '{shadow.VirtualOwner}*'.");
            }
        }

        return chosen;
    }

    private static void Replace(SqliteConnection connection, SqliteSchema schema, List<SqliteTable> chosen, bool onlyRows)
    {
        foreach (SqliteTable table in chosen)
        {
            if (onlyRows)
            {
                SqliteSession.Execute(connection, $"DELETE FROM main.{SqlName.Quote(table.Name.Name)}");
                CopyRows(connection, table);
            }
            else
            {
                Declare(connection, table);
                foreach (SqliteTable rows in table.IsVirtual ? schema.Tables.Where(shadow => shadow.VirtualOwner == table.Name.Name) : [table])
                {
                    // A virtual table has made its shadow tables itself, with a beginning in them.
                    SqliteSession.Execute(connection, $"DELETE FROM main.{SqlName.Quote(rows.Name.Name)}");
                    CopyRows(connection, rows);
                }

                foreach (SchemaObject item in schema.Indexes.Concat(schema.Triggers).Where(item => SameName(item.TableName, table.Name.Name)))
                {
                    SqliteSession.Execute(connection, item.Sql);
                }
            }

            CopySequence(connection, schema, table);
        }
    }

    private static void Declare(SqliteConnection connection, SqliteTable table)
    {
        string name = table.Name.Name;
        if (SqliteSession.ScalarText(connection, $"SELECT type FROM main.sqlite_schema WHERE name = {SqlName.Literal(name)} COLLATE NOCASE") is var type
            && type is not ("" or "table"))
        {
            throw new AiShellException(ErrorKind.Refused, $"'{name}' is {(type == "index" ? "an index" : "a " + type)} in the target, not a table.", "Rename or drop it first.");
        }

        SqliteSession.Execute(connection, $"DROP TABLE IF EXISTS main.{SqlName.Quote(name)}");
        SqliteSession.Execute(connection, table.Sql);
    }

    private static void CopyRows(SqliteConnection connection, SqliteTable table)
    {
        string name = SqlName.Quote(table.Name.Name);
        string columns = string.Join(',', table.RowColumns.Select(SqlName.Quote));
        SqliteSession.Execute(connection, $"INSERT INTO main.{name}({columns}) SELECT {columns} FROM {Staged}.{name} NOT INDEXED");
        long expected = SqliteSession.ScalarInt64(connection, $"SELECT count(*) FROM {Staged}.{name} NOT INDEXED");
        long found = SqliteSession.ScalarInt64(connection, $"SELECT count(*) FROM main.{name} NOT INDEXED");
        if (found != expected)
        {
            throw new AiShellException(
                ErrorKind.Integrity, $"Table '{table.Name}' has {found:N0} rows instead of {expected:N0} after the copy.", "The target is unchanged.");
        }
    }

    private static void CopySequence(SqliteConnection connection, SqliteSchema schema, SqliteTable table)
    {
        if (schema.SystemTables.Any(system => system.Name.Name == "sqlite_sequence")
            && SqliteSession.ScalarInt64(connection, "SELECT count(*) FROM main.sqlite_schema WHERE name = 'sqlite_sequence'") == 1)
        {
            string name = SqlName.Literal(table.Name.Name);
            SqliteSession.Execute(
                connection,
                $"DELETE FROM main.sqlite_sequence WHERE name = {name}; "
                + $"INSERT INTO main.sqlite_sequence(name, seq) SELECT name, seq FROM {Staged}.sqlite_sequence WHERE name = {name}");
        }
    }

    private static bool SameName(string one, string other) => string.Equals(one, other, StringComparison.OrdinalIgnoreCase);
}
