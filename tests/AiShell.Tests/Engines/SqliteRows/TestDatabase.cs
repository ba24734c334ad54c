using AiShell.Engines;
using AiShell.Engines.Sqlite.Rows;
using Microsoft.Data.Sqlite;

namespace AiShell.Tests.Engines.SqliteRows;

/// <summary>A real database in a file or in memory.</summary>
internal static class TestDatabase
{
    static TestDatabase() => SQLitePCL.Batteries_V2.Init();

    public static SqliteConnection InMemory(params string[] statements) => Open(":memory:", statements);

    public static SqliteConnection Open(string path, params string[] statements)
    {
        SqliteConnection connection = new(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false }.ToString());
        connection.Open();
        Execute(connection, [.. statements]);
        return connection;
    }

    public static void Execute(SqliteConnection connection, params string[] statements)
    {
        foreach (string statement in statements)
        {
            using NativeStatement native = new(connection, statement);
            while (native.Step())
            {
                // PRAGMAs answer with rows
            }
        }
    }

    public static object? Scalar(SqliteConnection connection, string sql)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar();
    }

    /// <summary>By a statement, not by the pages.</summary>
    public static TableFingerprint Digest(SqliteConnection connection, SqliteSchema schema, SqliteTable table)
    {
        using TableScan scan = new(connection, schema, table);
        return scan.Digest(default);
    }

    public static List<byte[]> Rows(SqliteConnection connection, string table)
    {
        SqliteSchema schema = SqliteSchema.Read(connection);
        using TableScan scan = new(connection, schema, schema.Find(table)!);
        List<byte[]> rows = [];
        while (scan.Next())
        {
            rows.Add(scan.Row.ToArray());
        }

        return rows;
    }
}
