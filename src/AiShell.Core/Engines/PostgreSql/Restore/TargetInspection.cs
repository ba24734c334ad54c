using System.Globalization;
using AiShell.Engines.PostgreSql.Connecting;
using AiShell.Engines.PostgreSql.Wire;

namespace AiShell.Engines.PostgreSql.Restore;

/// <summary>Looks at a restore's target without changing it.</summary>
internal static class TargetInspection
{
    public static async Task<TargetState> RunAsync(ConnectionSettings settings, BackupContents contents, TargetOptions options, CancellationToken cancellationToken)
    {
        (Server server, WireSession admin) = await MaintenanceDatabase.FindAsync(settings, cancellationToken);
        TargetState state;
        using (admin)
        {
            state = await ServerErrors.RunAsync(admin, $"the server {server.Host}", session => LookAtServer(session, server, settings, contents, options), cancellationToken);
        }

        if (!state.Exists)
        {
            return state;
        }

        return await server.VisitAsync(
            settings.Database,
            session => options.IntoExisting ? LookAtTables(session, contents, options, state) : LookAtAll(session, state),
            cancellationToken);
    }

    private static TargetState LookAtServer(WireSession admin, Server server, ConnectionSettings settings, BackupContents contents, TargetOptions options)
    {
        bool exists = admin.Scalar("SELECT 1 FROM pg_database WHERE datname = $1", settings.Database) is not null;
        List<AiShellException> obstacles = [.. Requirements.FindMissing(admin, contents, options)];
        if (!options.IntoExisting && admin.Scalar("SELECT 1 FROM pg_roles WHERE rolname = current_user AND (rolcreatedb OR rolsuper)") is null)
        {
            obstacles.Add(new AiShellException(
                ErrorKind.Failed, $"The user '{settings.User}' may not make databases on {server.Host}.", "ALTER ROLE <user> CREATEDB, or restore as another user."));
        }

        if (exists && !options.IntoExisting && FindOtherOwner(admin, settings.Database) is { } owner)
        {
            obstacles.Add(new AiShellException(
                ErrorKind.Failed, $"The database '{settings.Database}' belongs to '{owner}', and the user '{settings.User}' may not replace it.", "Restore as its owner, a member of that role or a superuser, or to another database with -d."));
        }

        if (!options.IntoExisting && contents.Scope == BackupScope.DataOnly)
        {
            obstacles.Add(new AiShellException(
                ErrorKind.Failed,
                $"The backup holds rows without their tables, and {(exists ? $"'{settings.Database}' would be made anew" : $"there is no database '{settings.Database}'")}.",
                "Restore the tables first, from a backup with the schema, or name the database that has them."));
        }

        if (exists && !options.IntoExisting && Subscriptions.FindObstacle(admin, settings.Database, options.KeepOld) is { } subscribed)
        {
            obstacles.Add(subscribed);
        }

        List<string> warnings = [.. Leftovers.Find(admin, settings.Database).Select(name => $"The database '{name}' was left by a restore or a test that was ended; the next one of '{settings.Database}' drops it.")];
        if (Major(contents.EngineVersion) > server.Version / 10000)
        {
            string older = $"The backup is of PostgreSQL {contents.EngineVersion}, and {server.Host} is the older {server.VersionText}";
            if (options.IntoOlder)
            {
                warnings.Add($"{older}: what the older one does not know makes the restore fail.");
            }
            else
            {
                obstacles.Add(new AiShellException(ErrorKind.Refused, $"{older}.", "Restore to a server of the same version or a newer one, or try with --force."));
            }
        }

        return new TargetState(exists, IsEmpty: true, [], FreeBytes: null, Math.Max(1, contents.PlainBytes), obstacles)
        {
            Warnings = warnings,
            Makes = MakesOf(admin, contents),
        };
    }

    /// <summary>Whose a database is that this user may not rename; null where he may.</summary>
    private static string? FindOtherOwner(WireSession admin, string database) => admin.Scalar(
        "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = $1 AND NOT pg_has_role(datdba, 'USAGE')", database);

    private static string[] MakesOf(WireSession admin, BackupContents contents)
    {
        if (!contents.HasGlobals)
        {
            return [];
        }

        (string[] roles, string[] tablespaces) = GlobalsRestore.FindMissing(admin, contents);
        return GlobalsRestore.Describe(roles, tablespaces);
    }

    private static TargetState LookAtAll(WireSession session, TargetState state)
    {
        IReadOnlyList<string> found = DatabaseListing.Read(session);
        return state with { IsEmpty = found.Count == 0, Replaced = found };
    }

    private static TargetState LookAtTables(WireSession session, BackupContents contents, TargetOptions options, TargetState state)
    {
        StandingTable[] standing = [.. StandingTable.Find(session, TablesOf(contents, options))];
        List<AiShellException> obstacles = [.. state.Obstacles];
        if (ExistingTarget.FindMissing(contents, options, standing) is { } missing)
        {
            obstacles.Add(missing);
        }

        List<string> replaced = [.. standing.Where(table => contents.Scope != BackupScope.DataOnly || table.HasRows(session)).Select(table => table.Describe())];
        if (TablesOf(contents, options).Contains(LargeObjects.Table) && session.Scalar(LargeObjects.Count) is { } large and not "0")
        {
            replaced.Add($"{large} large objects");
        }

        return state with
        {
            IsEmpty = DatabaseListing.Read(session).Count == 0,
            Replaced = replaced,
            Obstacles = obstacles,
        };
    }

    /// <summary>The backup's tables that are wanted.</summary>
    public static TableName[] TablesOf(BackupContents contents, TargetOptions options) =>
        [.. contents.Tables.Select(digest => digest.Table).Where(options.Tables.Takes)];

    private static int Major(string version) =>
        int.TryParse(version.AsSpan(0, Math.Max(0, version.AsSpan().IndexOfAnyExceptInRange('0', '9'))), NumberStyles.None, CultureInfo.InvariantCulture, out int major) ? major : 0;
}
