using Microsoft.Data.Sqlite;

namespace AiShell.Engines.Sqlite.Rows;

/// <summary>Reads a <see cref="SqliteSchema"/> through sqlite_schema and the pragmas table_list and table_xinfo.</summary>
internal static class SchemaReader
{
    private static readonly string[] RowidNames = ["rowid", "_rowid_", "oid"];

    public static SqliteSchema Read(SqliteConnection connection)
    {
        try
        {
            return ReadObjects(connection);
        }
        catch (SqliteException failure)
        {
            throw SqliteFailure.From(failure.SqliteExtendedErrorCode, failure.Message, failure);
        }
    }

    private static SqliteSchema ReadObjects(SqliteConnection connection)
    {
        Dictionary<string, (string Type, bool WithoutRowid, bool Strict)> kinds = ReadKinds(connection);
        HashSet<string> virtualTables = new(
            kinds.Where(kind => kind.Value.Type == "virtual").Select(kind => kind.Key), StringComparer.OrdinalIgnoreCase);
        List<SqliteTable> tables = [];
        List<SqliteTable> systemTables = [];
        List<SchemaObject> others = [];
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "SELECT type, name, tbl_name, rootpage, sql FROM main.sqlite_master WHERE sql IS NOT NULL ORDER BY rowid";
        using (SqliteDataReader reader = command.ExecuteReader())
        {
            while (reader.Read())
            {
                (string type, string name, string tableName, string sql) = (reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.GetString(4));
                if (type != "table")
                {
                    others.Add(new SchemaObject(type, name, tableName, sql));
                    continue;
                }

                SqliteTable table = ReadTable(connection, name, sql, reader.IsDBNull(3) ? 0 : reader.GetInt64(3), kinds, virtualTables);
                (IsSystem(name) ? systemTables : tables).Add(table);
            }
        }

        return new SqliteSchema(
            Pragma<string>(connection, "encoding"),
            (int)Pragma<long>(connection, "page_size"),
            (int)Pragma<long>(connection, "auto_vacuum"),
            Pragma<string>(connection, "journal_mode"),
            Pragma<long>(connection, "user_version"),
            Pragma<long>(connection, "application_id"),
            tables,
            systemTables,
            [.. others.Where(other => other.Type == "index")],
            [.. others.Where(other => other.Type == "view")],
            [.. others.Where(other => other.Type == "trigger")]);
    }

    private static bool IsSystem(string name) => name.StartsWith("sqlite_", StringComparison.OrdinalIgnoreCase);

    private static Dictionary<string, (string Type, bool WithoutRowid, bool Strict)> ReadKinds(SqliteConnection connection)
    {
        Dictionary<string, (string, bool, bool)> kinds = new(StringComparer.OrdinalIgnoreCase);
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "SELECT name, type, wr, strict FROM pragma_table_list WHERE schema = 'main'";
        using SqliteDataReader reader = command.ExecuteReader();
        while (reader.Read())
        {
            kinds[reader.GetString(0)] = (reader.GetString(1), reader.GetInt64(2) != 0, reader.GetInt64(3) != 0);
        }

        return kinds;
    }

    private static SqliteTable ReadTable(
        SqliteConnection connection,
        string name,
        string sql,
        long rootPage,
        Dictionary<string, (string Type, bool WithoutRowid, bool Strict)> kinds,
        HashSet<string> virtualTables)
    {
        if (!kinds.TryGetValue(name, out (string Type, bool WithoutRowid, bool Strict) kind))
        {
            throw new AiShellException(ErrorKind.Integrity, $"The schema declares table '{name}', but SQLite does not know it.");
        }

        TableName tableName = new("", name);
        if (kind.Type == "virtual")
        {
            return new SqliteTable(tableName, sql, 0, [], true, false, false, null, -1, null);
        }

        List<SqliteColumn> columns = ReadColumns(connection, name);
        string? rowid = null;
        int rowidColumn = -1;
        if (!kind.WithoutRowid)
        {
            List<SqliteColumn> stored = columns.FindAll(column => !column.IsGenerated);
            rowidColumn = FindRowidColumn(connection, name, stored);
            rowid = rowidColumn >= 0
                ? stored[rowidColumn].Name
                : Array.Find(RowidNames, candidate => !columns.Exists(column => SameName(column.Name, candidate)));
        }

        // Only a shadow table's name has an owner: SQLite says which tables are shadows, the name says whose.
        int cut = name.LastIndexOf('_');
        string? owner = kind.Type == "shadow" && cut > 0 && virtualTables.TryGetValue(name[..cut], out string? found) ? found : null;
        return new SqliteTable(tableName, sql, rootPage, columns, false, kind.WithoutRowid, kind.Strict, rowid, rowidColumn, owner);
    }

    private static List<SqliteColumn> ReadColumns(SqliteConnection connection, string table)
    {
        List<SqliteColumn> columns = [];
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "SELECT name, type, hidden, pk, \"notnull\" FROM pragma_table_xinfo($table, 'main') ORDER BY cid";
        command.Parameters.AddWithValue("$table", table);
        using SqliteDataReader reader = command.ExecuteReader();
        while (reader.Read())
        {
            columns.Add(new SqliteColumn(reader.GetString(0), reader.GetString(1), reader.GetInt64(2) is 2 or 3, (int)reader.GetInt64(3), reader.GetInt64(4) != 0));
        }

        return columns;
    }

    /// <summary>
    /// A single-column primary key of type INTEGER is the rowid itself unless it was declared <c>INTEGER PRIMARY KEY DESC</c>,
    /// a quirk that only shows in that it has an index (https://sqlite.org/lang_createtable.html#rowid).
    /// </summary>
    private static int FindRowidColumn(SqliteConnection connection, string table, List<SqliteColumn> stored)
    {
        List<SqliteColumn> key = stored.FindAll(column => column.KeyPosition > 0);
        if (key.Count != 1 || !SameName(key[0].DeclaredType, "INTEGER"))
        {
            return -1;
        }

        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "SELECT count(*) FROM pragma_index_list($table, 'main') WHERE origin = 'pk'";
        command.Parameters.AddWithValue("$table", table);
        return (long)command.ExecuteScalar()! == 0 ? stored.IndexOf(key[0]) : -1;
    }

    private static bool SameName(string one, string other) => string.Equals(one, other, StringComparison.OrdinalIgnoreCase);

    private static T Pragma<T>(SqliteConnection connection, string name)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = $"PRAGMA main.{name}";
        return (T)command.ExecuteScalar()!;
    }
}
