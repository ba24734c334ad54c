using AiShell.Engines.Sqlite.Rows;
using Microsoft.Data.Sqlite;

namespace AiShell.Engines.Sqlite;

/// <summary>What stands at a restore's target, what the restore would replace, and what would stop it.</summary>
internal static class TargetInspection
{
    /// <summary>Row formats take about as much as a database, with its indexes a little more.</summary>
    private const double RowGrowth = 1.2;

    public static async Task<TargetState> RunAsync(
        string path, BackupContents contents, TargetOptions options, CancellationToken cancellationToken)
    {
        string target = DatabaseFile.Resolve(path);
        string folder = Path.GetDirectoryName(target) ?? target;
        List<AiShellException> obstacles = [];
        Found found = new(false, true, []);
        try
        {
            found = await FindAsync(target, contents, options, countRows: true, cancellationToken);
        }
        catch (AiShellException obstacle)
        {
            found = new(File.Exists(target), false, []);
            obstacles.Add(obstacle);
        }

        long needed = (long)(contents.PlainBytes * (contents.Format == BackupFormat.Native ? 1 : RowGrowth)) * (options.IntoExisting ? 2 : 1);
        long? free = Directory.Exists(folder) ? new DriveInfo(folder).AvailableFreeSpace : null;
        AddObstacles(obstacles, target, folder, contents, found, needed, free);
        if (options.KeepOld)
        {
            obstacles.Add(new AiShellException(ErrorKind.Usage, "A SQLite file that is replaced is not kept.", "Copy it before, or restore to another file with -d."));
        }

        return new TargetState(found.Exists, found.IsEmpty, found.Replaced, free, needed, obstacles);
    }

    /// <exception cref="AiShellException"><see cref="ErrorKind.Refused"/>: something would be replaced and nobody consented.</exception>
    public static async Task RequireConsentAsync(string target, BackupContents contents, TargetOptions options, CancellationToken cancellationToken)
    {
        if (options.Replace || options.KeepStaging)
        {
            return;
        }

        Found found = await FindAsync(target, contents, options, countRows: false, cancellationToken);
        if (found.Replaced is [string first, ..])
        {
            throw new AiShellException(
                ErrorKind.Refused,
                $"'{target}' is not empty: {first}{(found.Replaced.Count > 1 ? $" and {found.Replaced.Count - 1} more" : "")} would be replaced.",
                "Add --force to replace it, or restore to another database with -d.");
        }
    }

    /// <summary>Work on files at the target, its failures as errors a user can act on.</summary>
    public static T Guard<T>(string target, Func<T> work)
    {
        try
        {
            return work();
        }
        catch (UnauthorizedAccessException failure)
        {
            throw NotPermitted(target, failure);
        }
        catch (DirectoryNotFoundException failure)
        {
            throw NoFolder(target, failure);
        }
        catch (IOException failure)
        {
            throw new AiShellException(ErrorKind.Failed, $"Cannot restore to '{target}': {failure.Message}", "Check the directory, its permissions and its free space.", failure);
        }
    }

    private static Task<Found> FindAsync(
        string target, BackupContents contents, TargetOptions options, bool countRows, CancellationToken cancellationToken) =>
        Task.Run(
            async () =>
            {
                if (Directory.Exists(target))
                {
                    throw IsDirectory(target);
                }

                if (!File.Exists(target))
                {
                    return new Found(false, true, []);
                }

                try
                {
                    return await SqliteSession.WaitForLockAsync(() => Read(target, contents, options, countRows), options.LockWait, cancellationToken);
                }
                catch (SqliteException damage) when (SqliteErrors.IsDamage(damage) && !options.IntoExisting)
                {
                    return Damaged(target);
                }
                catch (AiShellException damage) when (damage.Kind == ErrorKind.Integrity && !options.IntoExisting)
                {
                    return Damaged(target);
                }
                catch (SqliteException failure)
                {
                    throw SqliteErrors.Translate(failure, target, cancellationToken);
                }
            },
            cancellationToken);

    private static Found Damaged(string target) =>
        new(true, false, [$"a file of {new FileInfo(target).Length:N0} bytes that is not a readable SQLite database"]);

    private static Found Read(string target, BackupContents contents, TargetOptions options, bool countRows)
    {
        using SqliteConnection connection = SqliteSession.Open(target, SqliteAccess.Reader, TimeSpan.Zero);
        SnapshotPinning.BeginRead(connection);
        SqliteSchema schema = SqliteSchema.Read(connection);
        bool isEmpty = schema.Tables.Count == 0 && schema.Views.Count == 0;
        List<string> replaced = [];
        foreach (SqliteTable table in schema.Tables.Where(table => !table.IsShadow && IsConcerned(table, contents, options)))
        {
            string name = SqlName.Quote(table.Name.Name);
            if (options.IntoExisting && SqliteSession.ScalarInt64(connection, $"SELECT EXISTS(SELECT 1 FROM {name})") == 0)
            {
                continue;
            }

            replaced.Add(countRows && !table.IsVirtual
                ? $"table {table.Name} ({SqliteSession.ScalarInt64(connection, $"SELECT count(*) FROM {name}"):N0} rows)"
                : $"table {table.Name}");
        }

        if (!options.IntoExisting)
        {
            replaced.AddRange(schema.Views.Select(view => $"view {view.Name}"));
        }

        return new Found(true, isEmpty, replaced);
    }

    private static bool IsConcerned(SqliteTable table, BackupContents contents, TargetOptions options) =>
        !options.IntoExisting
        || (options.Tables.Takes(table.Name)
            && (table.IsVirtual || contents.HasLinks || contents.Scope == BackupScope.SchemaOnly || contents.Tables.Any(digest => digest.Table == table.Name)));

    private static void AddObstacles(
        List<AiShellException> obstacles, string target, string folder, BackupContents contents, Found found, long needed, long? free)
    {
        if (!Directory.Exists(folder))
        {
            obstacles.Add(NoFolder(target, null));
        }
        else if (!UnixFiles.MayWrite(folder) || (found.Exists && !UnixFiles.MayWrite(target)))
        {
            obstacles.Add(NotPermitted(target, null));
        }

        if (free < needed)
        {
            obstacles.Add(new AiShellException(
                ErrorKind.Failed,
                $"The new copy of '{target}' needs about {needed:N0} bytes; {free:N0} are free.",
                "Free some space on that disk, or restore to another one with -d."));
        }

        if (contents.Scope == BackupScope.DataOnly && (!found.Exists || found.IsEmpty))
        {
            obstacles.Add(NoTables(target));
        }
    }

    public static AiShellException IsDirectory(string target) =>
        new(ErrorKind.Unreachable, $"'{target}' is a directory, not a SQLite database.", "Give the path of a file.");

    public static AiShellException NoTables(string target) => new(
        ErrorKind.Usage,
        $"The backup has rows without their tables, and there are none in '{target}'.",
        "Restore it into a database that has the tables.");

    private static AiShellException NoFolder(string target, Exception? cause) =>
        new(ErrorKind.Unreachable, $"The directory of '{target}' does not exist.", "Create it, or give another path with -d.", cause);

    private static AiShellException NotPermitted(string target, Exception? cause) => new(
        ErrorKind.Unreachable,
        $"'{target}' cannot be written: no permission on the file or its directory.",
        "A restore makes a new file beside the old one and renames it; run it as a user who may write there.",
        cause);

    private sealed record Found(bool Exists, bool IsEmpty, IReadOnlyList<string> Replaced);
}
