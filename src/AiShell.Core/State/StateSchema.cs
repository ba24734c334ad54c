using Microsoft.Data.Sqlite;

namespace AiShell.State;

/// <summary>The tables of state.db; <c>PRAGMA user_version</c> says how many of the steps a file has had.</summary>
internal static class StateSchema
{
    // Append only: a step that was ever released never changes.
    private static readonly string[] Steps =
    [
        """
        CREATE TABLE audit (
            id INTEGER PRIMARY KEY,
            time INTEGER NOT NULL,
            command TEXT NOT NULL,
            operation TEXT NOT NULL,
            database TEXT,
            backup_id TEXT,
            outcome TEXT NOT NULL,
            exit_code INTEGER NOT NULL,
            duration_ms INTEGER NOT NULL,
            message TEXT,
            user TEXT NOT NULL,
            host TEXT NOT NULL
        ) STRICT;
        CREATE INDEX audit_time ON audit (time);
        CREATE TABLE verification (
            repository_id TEXT NOT NULL,
            backup_id TEXT NOT NULL,
            level TEXT NOT NULL,
            time INTEGER NOT NULL,
            ok INTEGER NOT NULL,
            message TEXT,
            PRIMARY KEY (repository_id, backup_id, level)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE catalogue (
            repository_id TEXT NOT NULL,
            backup_id TEXT NOT NULL,
            size_bytes INTEGER NOT NULL,
            last_modified INTEGER NOT NULL,
            manifest TEXT NOT NULL,
            PRIMARY KEY (repository_id, backup_id)
        ) STRICT, WITHOUT ROWID;
        """,
    ];

    public static int Version => Steps.Length;

    /// <summary>Brings a file up to this version's schema; one that is newer is left alone.</summary>
    /// <exception cref="InvalidDataException">The file was made by a newer version.</exception>
    public static void Prepare(SqliteConnection connection)
    {
        if (VersionOf(connection) == Steps.Length)
        {
            return;
        }

        using SqliteTransaction transaction = connection.BeginTransaction(deferred: false);
        long version = VersionOf(connection);
        if (version > Steps.Length)
        {
            throw new InvalidDataException("It was made by a newer version of ai-shell.");
        }

        foreach (string step in Steps.Skip((int)version))
        {
            using SqliteCommand command = connection.CreateCommand();
            command.CommandText = step;
            command.ExecuteNonQuery();
        }

        using SqliteCommand mark = connection.CreateCommand();
        mark.CommandText = $"PRAGMA user_version = {Steps.Length}";
        mark.ExecuteNonQuery();
        transaction.Commit();
    }

    private static long VersionOf(SqliteConnection connection)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "PRAGMA user_version";
        return (long)command.ExecuteScalar()!;
    }
}
