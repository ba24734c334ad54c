using System.CommandLine;
using AiShell.Cli.Sessions;
using AiShell.Repository;

namespace AiShell.Cli.Commands.Backups;

/// <summary>Finds the backups that an id, a unique beginning of it, or <c>latest</c> means.</summary>
internal static class BackupSelection
{
    public static Argument<string> Id() => new("id") { Description = "A backup's id, a unique beginning of it, or 'latest'" };

    public static async Task<CatalogueEntry> FindAsync(Session session, BackupRepository repository, string id, string? database, CancellationToken cancellationToken)
    {
        string? name = database is null ? await OnlyDatabaseAsync(session, repository, id, cancellationToken) : session.Databases.NameOf(database);
        CatalogueEntry entry = await repository.FindAsync(id, name, cancellationToken);
        session.SubjectBackup = entry.Id;
        session.SubjectDatabase ??= entry.Database;
        return entry;
    }

    /// <summary>With a single connection, <c>latest</c> is that database's.</summary>
    private static async Task<string?> OnlyDatabaseAsync(Session session, BackupRepository repository, string id, CancellationToken cancellationToken)
    {
        if (id != "latest" || session.Connections.Read() is not [var only])
        {
            return null;
        }

        return (await repository.ListAsync(only.Name, cancellationToken)).Count > 0 ? only.Name : null;
    }
}
