using System.Globalization;
using AiShell.Engines.PostgreSql.Connecting;
using AiShell.Engines.PostgreSql.Wire;

namespace AiShell.Engines.PostgreSql.Restore;

/// <summary>Looks at a restore's target without changing it.</summary>
internal static class TargetInspection
{
    private const string MaintenanceDatabase = "postgres";

    private const string Contents =
        """
        SELECT CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'S' THEN 'sequence' WHEN 'f' THEN 'foreign table' ELSE 'table' END,
               n.nspname, c.relname, c.reltuples::bigint, pg_total_relation_size(c.oid)
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema'
          AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('e', 'i', 'a'))
        ORDER BY 5 DESC, 2, 3
        """;

    public static async Task<TargetState> RunAsync(ConnectionSettings settings, BackupContents contents, TargetOptions options, CancellationToken cancellationToken)
    {
        List<AiShellException> obstacles = [];
        (Server server, WireSession admin) = await Server.FindAsync(settings.To(MaintenanceDatabase), cancellationToken);
        bool exists;
        using (admin)
        {
            exists = admin.Scalar("SELECT 1 FROM pg_database WHERE datname = $1", settings.Database) is not null;
            if (admin.Scalar("SELECT 1 FROM pg_roles WHERE rolname = current_user AND (rolcreatedb OR rolsuper)") is null)
            {
                obstacles.Add(new AiShellException(
                    ErrorKind.Failed, $"The user '{settings.User}' may not make databases on {server.Host}.", "ALTER ROLE <user> CREATEDB, or restore as another user."));
            }
        }

        if (Major(contents.EngineVersion) > server.Version / 10000)
        {
            obstacles.Add(new AiShellException(
                ErrorKind.Failed,
                $"The backup is of PostgreSQL {contents.EngineVersion}, and {server.Host} is the older {server.VersionText}.",
                "Restore to a server of the same version or a newer one."));
        }

        IReadOnlyList<string> found = exists ? await ListAsync(server, settings.Database, cancellationToken) : [];
        return new TargetState(exists, found.Count == 0, options.IntoExisting ? [] : found, FreeBytes: null, Math.Max(1, contents.PlainBytes), obstacles);
    }

    private static async Task<IReadOnlyList<string>> ListAsync(Server server, string database, CancellationToken cancellationToken)
    {
        using WireSession session = await server.OpenAsync(cancellationToken, database);
        return [.. session.Query(Contents).Select(row => row[0] is "table" or "materialized view" && Rows(row[3]) is >= 0 and long rows
            ? string.Create(CultureInfo.InvariantCulture, $"{row[0]} {row[1]}.{row[2]} (about {rows:N0} rows)")
            : $"{row[0]} {row[1]}.{row[2]}")];
    }

    private static long Rows(string? text) => long.Parse(text!, CultureInfo.InvariantCulture);

    private static int Major(string version) =>
        int.TryParse(version.AsSpan(0, Math.Max(0, version.AsSpan().IndexOfAnyExceptInRange('0', '9'))), NumberStyles.None, CultureInfo.InvariantCulture, out int major) ? major : 0;
}
