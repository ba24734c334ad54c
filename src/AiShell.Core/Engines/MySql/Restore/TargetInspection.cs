using AiShell.Engines.MySql.Connecting;
using AiShell.Engines.MySql.Wire;

namespace AiShell.Engines.MySql.Restore;

/// <summary>Looks at a restore's target without changing it.</summary>
internal static class TargetInspection
{
    public static async Task<TargetState> RunAsync(ConnectionSettings settings, BackupContents contents, TargetOptions options, ServerPrograms programs, CancellationToken cancellationToken)
    {
        using MySqlSession session = await Server.OpenAsync(settings, cancellationToken, "");
        return await ServerErrors.RunAsync(session, $"the server {settings.Server}", open => Look(open, settings, contents, options, programs), cancellationToken);
    }

    private static TargetState Look(MySqlSession session, ConnectionSettings settings, BackupContents contents, TargetOptions options, ServerPrograms programs)
    {
        TableNameCase nameCase = TableNameCase.Read(session);
        string target = nameCase.OfDatabase(settings.Database);
        bool exists = DatabaseListing.Exists(session, target);
        IReadOnlyList<string> found = exists ? DatabaseListing.Read(session, target) : [];
        Requirements requirements = new(session, target, contents, nameCase);
        bool replays = contents.HasLinks || options.KeepStaging;
        List<AiShellException> obstacles = [.. requirements.FindMissing(options), .. replays ? ReplayTarget.FindObstacles(session, target, contents, programs) : []];
        List<string> warnings = [.. Leftovers.Find(session, target), .. requirements.FindDoubts(options), .. replays ? ReplayTarget.FindDoubts(session, target, contents, programs) : []];
        if (requirements.FindOlder() is { } older)
        {
            if (options.Replace)
            {
                warnings.Add($"{older}: what the older one does not know makes the restore fail.");
            }
            else
            {
                obstacles.Add(new AiShellException(ErrorKind.Refused, $"{older}.", "Restore to a server of the same version or a newer one, or try with --force."));
            }
        }

        if (!options.IntoExisting && contents.Scope == BackupScope.DataOnly)
        {
            obstacles.Add(new AiShellException(
                ErrorKind.Failed,
                $"The backup holds rows without their tables, and {(exists ? $"'{target}' would be made anew" : $"there is no database '{target}'")}.",
                "Restore the tables first, from a backup with the schema, or name the database that has them."));
        }

        IReadOnlyList<string> replaced = found;
        if (options.IntoExisting && exists)
        {
            IReadOnlyList<StandingTable> standing = StandingTable.Find(session, target, TablesTarget.TablesOf(contents, options), nameCase);
            replaced = [.. standing.Where(table => contents.Scope != BackupScope.DataOnly || table.HasRows).Select(table => table.Describe())];
            if (TablesTarget.FindMissing(contents, options, standing, nameCase) is { } missing)
            {
                obstacles.Add(missing);
            }
        }

        return new TargetState(exists, found.Count == 0, replaced, FreeBytes(session, local: settings.Socket is not null), Math.Max(1, contents.PlainBytes), obstacles)
        {
            Warnings = warnings,
            Makes = GlobalsRestore.FindMissing(session, contents),
        };
    }

    /// <summary>Known of a server on this machine.</summary>
    private static long? FreeBytes(MySqlSession session, bool local) =>
        local && session.Scalar("SELECT @@datadir") is { } folder && Directory.Exists(folder) ? new DriveInfo(folder).AvailableFreeSpace : null;
}
