using System.Text;
using AiShell.Configuration;
using AiShell.IO;
using AiShell.Repository;
using Microsoft.Data.Sqlite;

namespace AiShell.State;

/// <summary>
/// state.db: the audit trail, verification results and the catalogue cache. Nothing in it is needed to restore, so nothing
/// that happens to it fails an operation: a corrupt file is moved aside, one that cannot be used is replaced by memory
/// for this run, and both are reported through the warning given to <see cref="Open"/>.
/// </summary>
public sealed class StateDatabase : IManifestCache, IDisposable
{
    private const int CorruptError = 11;
    private const int NotADatabaseError = 26;

    private readonly Lock _gate = new();
    private readonly string _path;
    private readonly Action<string> _warn;
    private readonly TimeProvider _clock;
    private SqliteConnection _connection;

    private StateDatabase(string path, Action<string> warn, TimeProvider clock)
    {
        _path = path;
        _warn = warn;
        _clock = clock;
        _connection = Connect();
    }

    /// <param name="warn">Told once for each thing that went wrong with the file.</param>
    public static StateDatabase Open(HomeDirectory home, Action<string> warn, TimeProvider clock) =>
        new(home.StateFile, warn, clock);

    public void Append(AuditEntry entry) => Run(connection => Execute(
        connection,
        """
        INSERT INTO audit (time, command, operation, database, backup_id, outcome, exit_code, duration_ms, message, user, host)
        VALUES ($time, $command, $operation, $database, $backup, $outcome, $code, $duration, $message, $user, $host)
        """,
        ("$time", entry.Time.ToUnixTimeMilliseconds()),
        ("$command", entry.Command),
        ("$operation", entry.Operation),
        ("$database", entry.Database),
        ("$backup", entry.BackupId),
        ("$outcome", entry.Outcome),
        ("$code", entry.ExitCode),
        ("$duration", (long)entry.Duration.TotalMilliseconds),
        ("$message", entry.Message),
        ("$user", entry.User),
        ("$host", entry.Host)));

    /// <summary>The audit trail, newest first.</summary>
    /// <param name="since">Entries at or after it; null for all.</param>
    /// <param name="database">Entries of this database; null for all.</param>
    public IReadOnlyList<AuditEntry> History(DateTimeOffset? since, string? database, int limit) => Run(connection =>
    {
        using SqliteCommand command = Command(
            connection,
            """
            SELECT time, command, operation, database, backup_id, outcome, exit_code, duration_ms, message, user, host FROM audit
            WHERE time >= $since AND ($database IS NULL OR database = $database) ORDER BY time DESC, id DESC LIMIT $limit
            """,
            ("$since", since?.ToUnixTimeMilliseconds() ?? long.MinValue),
            ("$database", database),
            ("$limit", limit));
        using SqliteDataReader row = command.ExecuteReader();
        var entries = new List<AuditEntry>();
        while (row.Read())
        {
            entries.Add(new AuditEntry(
                DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(0)),
                row.GetString(1),
                row.GetString(2),
                row.IsDBNull(3) ? null : row.GetString(3),
                row.IsDBNull(4) ? null : row.GetString(4),
                row.GetString(5),
                row.GetInt32(6),
                TimeSpan.FromMilliseconds(row.GetInt64(7)),
                row.IsDBNull(8) ? null : row.GetString(8),
                row.GetString(9),
                row.GetString(10)));
        }

        return (IReadOnlyList<AuditEntry>)entries;
    }) ?? [];

    public void Record(string repositoryId, string backupId, VerificationResult result) => Run(connection => Execute(
        connection,
        "INSERT OR REPLACE INTO verification (repository_id, backup_id, level, time, ok, message) VALUES ($repository, $backup, $level, $time, $ok, $message)",
        ("$repository", repositoryId),
        ("$backup", backupId),
        ("$level", result.Level.ToString().ToLowerInvariant()),
        ("$time", result.Time.ToUnixTimeMilliseconds()),
        ("$ok", result.Ok ? 1 : 0),
        ("$message", result.Message)));

    /// <summary>The last result of each level, by backup, newest first.</summary>
    public ILookup<string, VerificationResult> Verifications(string repositoryId) => (Run(connection =>
    {
        using SqliteCommand command = Command(
            connection,
            "SELECT backup_id, time, level, ok, message FROM verification WHERE repository_id = $repository ORDER BY time DESC",
            ("$repository", repositoryId));
        using SqliteDataReader row = command.ExecuteReader();
        var results = new List<(string Backup, VerificationResult Result)>();
        while (row.Read())
        {
            results.Add((row.GetString(0), new VerificationResult(
                DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(1)),
                Enum.Parse<VerificationLevel>(row.GetString(2), ignoreCase: true),
                row.GetInt64(3) != 0,
                row.IsDBNull(4) ? null : row.GetString(4))));
        }

        return results;
    }) ?? []).ToLookup(entry => entry.Backup, entry => entry.Result, StringComparer.Ordinal);

    /// <summary>Ids of backups of which the last check at some level failed and no later one, as thorough, was good.</summary>
    public IReadOnlySet<string> KnownBad(string repositoryId) => Verifications(repositoryId)
        .Where(backup => backup.Any(bad => !bad.Ok && !backup.Any(good => good.Ok && good.Level >= bad.Level && good.Time > bad.Time)))
        .Select(backup => backup.Key)
        .ToHashSet(StringComparer.Ordinal);

    public byte[]? Get(string repositoryId, string backupId, long sizeBytes, DateTimeOffset lastModified) => Run(connection =>
    {
        using SqliteCommand command = Command(
            connection,
            "SELECT manifest FROM catalogue WHERE repository_id = $repository AND backup_id = $backup AND size_bytes = $size AND last_modified = $modified",
            ("$repository", repositoryId),
            ("$backup", backupId),
            ("$size", sizeBytes),
            ("$modified", lastModified.UtcTicks));
        return command.ExecuteScalar() is string manifest ? Encoding.UTF8.GetBytes(manifest) : null;
    });

    public void Put(string repositoryId, string backupId, long sizeBytes, DateTimeOffset lastModified, byte[] manifest) => Run(connection => Execute(
        connection,
        "INSERT OR REPLACE INTO catalogue (repository_id, backup_id, size_bytes, last_modified, manifest) VALUES ($repository, $backup, $size, $modified, $manifest)",
        ("$repository", repositoryId),
        ("$backup", backupId),
        ("$size", sizeBytes),
        ("$modified", lastModified.UtcTicks),
        ("$manifest", Encoding.UTF8.GetString(manifest))));

    /// <summary>Forgets a backup's manifest and its verification results.</summary>
    public void Remove(string repositoryId, string backupId) => Run(connection => Execute(
        connection,
        """
        DELETE FROM catalogue WHERE repository_id = $repository AND backup_id = $backup;
        DELETE FROM verification WHERE repository_id = $repository AND backup_id = $backup;
        """,
        ("$repository", repositoryId),
        ("$backup", backupId)));

    public void Clear(string repositoryId) => Run(connection => Execute(
        connection, "DELETE FROM catalogue WHERE repository_id = $repository", ("$repository", repositoryId)));

    public void Dispose() => _connection.Dispose();

    private SqliteConnection Connect()
    {
        try
        {
            return OpenFile(_path);
        }
        catch (SqliteException error) when (error.SqliteErrorCode is CorruptError or NotADatabaseError)
        {
            return AfterCorruption(error);
        }
        catch (Exception error) when (error is SqliteException or IOException or UnauthorizedAccessException or InvalidDataException)
        {
            return InMemory(error);
        }
    }

    private SqliteConnection AfterCorruption(SqliteException error)
    {
        try
        {
            string aside = $"{_path}.corrupt-{_clock.GetUtcNow():yyyyMMddHHmmss}";
            File.Move(_path, aside, overwrite: true);
            // A log of the damaged file must not be played into the new one.
            File.Delete(_path + "-wal");
            File.Delete(_path + "-shm");
            _warn($"{_path} was damaged ({error.Message}); it is now {aside}, and a new one is used. Only history and caches were in it.");
            return OpenFile(_path);
        }
        catch (Exception next) when (next is SqliteException or IOException or UnauthorizedAccessException)
        {
            return InMemory(next);
        }
    }

    private SqliteConnection InMemory(Exception error)
    {
        _warn($"{_path} cannot be used ({error.Message}); what this command does is not added to its history.");
        return OpenFile(null);
    }

    private static SqliteConnection OpenFile(string? path)
    {
        SqliteRuntime.EnsureLoaded();
        if (path is not null && !OperatingSystem.IsWindows() && !File.Exists(path))
        {
            // SQLite gives its -wal and -shm files the mode of the database file.
            using var created = new FileStream(path, new FileStreamOptions
            {
                Mode = FileMode.OpenOrCreate,
                Access = FileAccess.Write,
                Share = FileShare.ReadWrite | FileShare.Delete,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            });
        }

        var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = path ?? ":memory:",
            Mode = path is null ? SqliteOpenMode.Memory : SqliteOpenMode.ReadWrite,
            Pooling = false,
            DefaultTimeout = 10,
        }.ToString());
        try
        {
            connection.Open();
            Execute(connection, "PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;");
            StateSchema.Prepare(connection);
            // A file that opens may still be read-only or damaged inside: find out before something depends on it.
            Execute(connection, "BEGIN IMMEDIATE; DELETE FROM catalogue WHERE repository_id IS NULL; ROLLBACK;");
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private void Run(Action<SqliteConnection> action) => Run<object>(connection =>
    {
        action(connection);
        return null;
    });

    /// <summary>Runs with the connection; on an error of the file goes on with a new one, once, and otherwise without.</summary>
    private T? Run<T>(Func<SqliteConnection, T?> action)
        where T : class
    {
        lock (_gate)
        {
            try
            {
                return action(_connection);
            }
            catch (SqliteException error)
            {
                _connection.Dispose();
                _connection = error.SqliteErrorCode is CorruptError or NotADatabaseError ? AfterCorruption(error) : InMemory(error);
                return action(_connection);
            }
        }
    }

    private static void Execute(SqliteConnection connection, string sql, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        using SqliteCommand command = Command(connection, sql, parameters);
        command.ExecuteNonQuery();
    }

    private static SqliteCommand Command(SqliteConnection connection, string sql, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        foreach ((string name, object? value) in parameters)
        {
            command.Parameters.AddWithValue(name, value ?? DBNull.Value);
        }

        return command;
    }
}
