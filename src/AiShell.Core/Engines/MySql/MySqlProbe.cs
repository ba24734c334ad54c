using System.Globalization;
using AiShell.Engines.MySql.Connecting;
using AiShell.Engines.MySql.Restore;
using AiShell.Engines.MySql.Snapshot;
using AiShell.Engines.MySql.Wire;

namespace AiShell.Engines.MySql;

/// <summary>What a server is, and what keeps this user from a backup or a restore.</summary>
internal static class MySqlProbe
{
    private const int OldestMariaDb = 100400;
    private const int OldestMySql = 50700;

    private static readonly string[] ForRestore =
        ["SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "DROP", "REFERENCES", "INDEX", "ALTER", "CREATE VIEW", "SHOW VIEW", "CREATE ROUTINE", "ALTER ROUTINE", "EVENT", "TRIGGER"];

    public static async Task<DatabaseProbe> RunAsync(ConnectionSettings settings, CancellationToken cancellationToken)
    {
        using MySqlSession session = await Server.OpenAsync(settings, cancellationToken);
        return await ServerErrors.RunAsync(session, $"database '{settings.Database}'", open => Run(open, settings.Database), cancellationToken);
    }

    private static DatabaseProbe Run(MySqlSession session, string database)
    {
        string?[] found = session.Query(
            """
            SELECT s.DEFAULT_CHARACTER_SET_NAME, s.DEFAULT_COLLATION_NAME,
                   (SELECT CAST(coalesce(sum(t.DATA_LENGTH + t.INDEX_LENGTH), 0) AS UNSIGNED) FROM information_schema.TABLES t WHERE t.TABLE_SCHEMA = s.SCHEMA_NAME AND t.TABLE_TYPE <> 'VIEW')
            FROM information_schema.SCHEMATA s WHERE s.SCHEMA_NAME = DATABASE()
            """)[0];
        Dictionary<string, string> variables = session.Query("SHOW GLOBAL VARIABLES WHERE Variable_name IN ('log_bin', 'read_only', 'local_infile', 'log_bin_trust_function_creators')")
            .ToDictionary(row => row[0]!, row => row[1]!, StringComparer.OrdinalIgnoreCase);
        bool logs = variables.GetValueOrDefault("log_bin") == "ON";
        bool readOnly = variables.GetValueOrDefault("read_only", "OFF") != "OFF"; // 12.0 knows more than ON
        bool trustsFunctions = variables.GetValueOrDefault("log_bin_trust_function_creators") == "ON";
        Privileges privileges = Privileges.Read(session, database);
        return new DatabaseProbe(
            session.ServerVersionText,
            long.Parse(found[2]!, CultureInfo.InvariantCulture),
            [
                KeyValuePair.Create("server", session.Features.IsMariaDb ? "MariaDB" : "MySQL"),
                KeyValuePair.Create("encoding", found[0]!),
                KeyValuePair.Create("collation", found[1]!),
                KeyValuePair.Create("role", readOnly ? "read only" : "primary"),
                KeyValuePair.Create("binary log", logs ? "on" : "off"),
                KeyValuePair.Create("rows loaded by", variables.GetValueOrDefault("local_infile") == "ON" ? "LOAD DATA LOCAL" : "INSERT (local_infile is off)"),
            ],
            [
                .. OfServer(session.Features),
                .. OfBackup(session, privileges),
                .. readOnly ? ["The server is read only: it takes backups, but no restore."] : OfRestore(session, privileges, database, logs && !trustsFunctions).ToArray(),
                .. Leftovers.Find(session, database),
            ])
        {
            Obstacles = [.. Obstacles(session, privileges)],
        };
    }

    private static IEnumerable<string> OfServer(ServerFeatures features)
    {
        if (features.Version < (features.IsMariaDb ? OldestMariaDb : OldestMySql))
        {
            yield return "The server is older than what ai-shell is made for (MariaDB 10.4, MySQL 5.7).";
        }
    }

    private static IEnumerable<AiShellException> Obstacles(MySqlSession session, Privileges privileges)
    {
        foreach ((string what, string grant) in privileges.Unseen())
        {
            yield return Obstacle($"The user does not see all {what} of the database, so a backup of it fails rather than miss some.", grant);
        }

        if (!privileges.OnDatabase("SHOW VIEW") && Counts(session, "TABLE_TYPE = 'VIEW'"))
        {
            yield return Obstacle("The user may not read the definitions of views, so a backup fails on them.", "SHOW VIEW");
        }

        HashSet<string> transactional = StorageEngines.Read(session).Transactional.ToHashSet(StringComparer.OrdinalIgnoreCase);
        if (!privileges.OnDatabase("LOCK TABLES")
            && Counts(session, $"TABLE_TYPE = 'BASE TABLE' AND ENGINE NOT IN ({string.Join(", ", transactional.Append("none").Select(SqlText.Literal))})"))
        {
            yield return Obstacle("Some tables are of storage engines without transactions and the user may not lock them, so a backup fails on them.", "LOCK TABLES");
        }
    }

    private static AiShellException Obstacle(string message, string grant) => new(ErrorKind.Failed, message, $"GRANT {grant} (docs/mysql.md has the statements).");

    /// <summary>What makes it slower, or lets it fail sometimes.</summary>
    private static IEnumerable<string> OfBackup(MySqlSession session, Privileges privileges)
    {
        if (!privileges.Reloads)
        {
            yield return privileges.SeesBinaryLog
                ? $"The user has no RELOAD: several sessions read one moment only when nobody commits while they begin{(session.Features.IsMariaDb ? "" : ", which SELECT on performance_schema.metadata_locks shows")}, else one session reads everything."
                : $"The user has no RELOAD: a backup is read by one session{(session.Features.IsMariaDb ? "" : ", and its position in the binary log is not known")}.";
        }

        if (session.Features.HasInstanceLock && !privileges.Everywhere("BACKUP_ADMIN"))
        {
            yield return "The user has no BACKUP_ADMIN: a change of the schema while a backup begins makes it begin anew.";
        }

        if (!privileges.SeesProcesses)
        {
            yield return "The user has no PROCESS: a backup fails when anybody changes any schema on the server meanwhile.";
        }
    }

    private static bool Counts(MySqlSession session, string what) =>
        session.Scalar($"SELECT EXISTS (SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND {what})") == "1";

    private static IEnumerable<string> OfRestore(MySqlSession session, Privileges privileges, string database, bool distrustsFunctions)
    {
        string[] lacking = [.. ForRestore.Where(name => !privileges.OnDatabase(name))];
        if (lacking.Length > 0)
        {
            yield return $"The user lacks {string.Join(", ", lacking)} on the database: a restore needs another user.";
            yield break;
        }

        Privileges beside = Privileges.Read(session, TargetNames.Beside(database, TargetNames.New, 0));
        if (ForRestore.Any(name => !beside.OnDatabase(name)))
        {
            string pattern = SqlText.Pattern($"{database}_ai_shell_") + "%";
            yield return $"A restore makes the new database beside the old one: GRANT ALL ON {SqlText.Quote(pattern)}.*, or use another user for it.";
            yield break;
        }

        if (!privileges.SetsDefiners)
        {
            yield return $"The user may not make objects that belong to other accounts: a restore of views, triggers and routines of others needs --definer or another user ({(session.Features.IsMariaDb ? "SET USER" : "SET_ANY_DEFINER, before MySQL 8.2 SET_USER_ID")}).";
        }

        if (SystemAccounts.Matter(session, privileges))
        {
            yield return $"The user has no {SystemAccounts.Privilege}: a restore of what belongs to accounts that have it, as root has, or over it, needs another user.";
        }

        if (distrustsFunctions && !privileges.Everywhere("SUPER"))
        {
            yield return "The binary log is on and log_bin_trust_function_creators is off: a restore of triggers and functions needs a user with SUPER.";
        }
    }
}
