using System.CommandLine;
using AiShell.Cli.Sessions;
using AiShell.Connections;
using AiShell.Repository;

namespace AiShell.Cli.Commands.Backups;

/// <summary>Finds the backups that an id, a unique beginning of it, or <c>latest</c> means.</summary>
internal static class BackupSelection
{
    public const string Latest = "latest";

    public static Argument<string> Id() => new("id") { Description = "A backup's id, a unique beginning of it, or 'latest'" };

    public static async Task<CatalogueEntry> FindAsync(Session session, BackupRepository repository, string id, string? database, CancellationToken cancellationToken)
    {
        string? name = database is null ? await OnlyDatabaseAsync(session, repository, id, cancellationToken) : session.Databases.NameOf(database);
        CatalogueEntry entry = (id == Latest && database is not null ? await LatestOfFileAsync(session, repository, name!, database, cancellationToken) : null)
            ?? await repository.FindAsync(id, name, cancellationToken);
        session.SubjectBackup = entry.Id;
        session.SubjectDatabase ??= entry.Database;
        return entry;
    }

    /// <summary>
    /// Files given by path are filed under their own name, so two of the same name in different folders share one. Then
    /// <c>latest</c> is the newest of the file that was named, and nobody's where it is neither. Null: there is nothing to tell apart.
    /// </summary>
    private static async Task<CatalogueEntry?> LatestOfFileAsync(
        Session session, BackupRepository repository, string name, string database, CancellationToken cancellationToken)
    {
        if (session.Connections.Find(database) is not null)
        {
            return null;
        }

        CatalogueEntry[] entries = [.. (await repository.ListAsync(name, cancellationToken)).Where(entry => entry.Manifest is not null)];
        string[] sources = [.. entries.Select(entry => entry.Require().Source).Distinct()];
        if (sources.Length < 2)
        {
            return null;
        }

        string wanted = DatabaseUrl.Parse(database, session.Environment).Display;
        return entries.FirstOrDefault(entry => entry.Require().Source == wanted) ?? throw new AiShellException(
            ErrorKind.Usage,
            $"'{Latest}' of which '{name}'? The repository has backups of {sources.Length} databases of that name: {string.Join(", ", sources.Take(5))}.",
            $"Give the backup's id; 'ai-shell backup list -d {ShellWord.Quote(name)}' shows them.");
    }

    /// <summary>With a single connection, <c>latest</c> is that database's.</summary>
    private static async Task<string?> OnlyDatabaseAsync(Session session, BackupRepository repository, string id, CancellationToken cancellationToken)
    {
        if (id != Latest || session.Connections.Read() is not [var only])
        {
            return null;
        }

        return (await repository.ListAsync(only.Name, cancellationToken)).Count > 0 ? only.Name : null;
    }
}
