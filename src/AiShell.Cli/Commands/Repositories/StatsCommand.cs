using System.CommandLine;
using AiShell.Cli.Commands.Backups;
using AiShell.Cli.Output;
using AiShell.Cli.Output.Json;
using AiShell.Cli.Sessions;
using AiShell.Repository;

namespace AiShell.Cli.Commands.Repositories;

internal sealed class StatsCommand() : SessionCommand("stats", "How much is stored, of which database")
{
    public override IReadOnlyList<string> Examples => ["ai-shell repo stats", "ai-shell repo stats --json"];

    public override async Task<int> RunAsync(Session session, ParseResult parse, CancellationToken cancellationToken)
    {
        BackupRepository repository = await session.OpenRepositoryAsync(create: false, cancellationToken);
        IReadOnlyList<CatalogueEntry> entries = await repository.ListAsync(null, cancellationToken);
        DatabaseStatsDocument[] databases = [.. entries.GroupBy(entry => entry.Database).OrderBy(group => group.Key, StringComparer.Ordinal).Select(Sum)];
        var document = new StatsDocument(
            repository.Location,
            entries.Count,
            entries.Count(entry => entry.Manifest is null),
            databases.Sum(database => database.PlainBytes),
            databases.Sum(database => database.StoredBytes),
            await repository.GetFreeBytesAsync(cancellationToken),
            databases);
        session.Output.Show(new Answer<StatsDocument>(document, Documents.Default.StatsDocument, page =>
        {
            page.Facts(
                ("Repository", document.Location),
                ("Backups", $"{document.Backups}{(document.Damaged > 0 ? $", {document.Damaged} damaged" : "")}"),
                ("Size", BackupDescription.Size(document.PlainBytes)),
                ("Stored", BackupDescription.Size(document.StoredBytes)),
                ("Free", document.FreeBytes is { } free ? ByteSize.Format(free) : "unknown"));
            if (databases.Length > 0)
            {
                page.Line();
                page.Table(
                    ["Database", "Backups", "Size", "Stored", "Oldest", "Newest"],
                    [false, true, true, true, false, false],
                    [.. databases.Select(row => (IReadOnlyList<string>)
                        [row.Database, BackupDescription.Count(row.Backups), BackupDescription.Size(row.PlainBytes), BackupDescription.Size(row.StoredBytes), BackupDescription.When(row.Oldest), BackupDescription.When(row.Newest)])]);
            }
        }));
        return 0;
    }

    private static DatabaseStatsDocument Sum(IGrouping<string, CatalogueEntry> database)
    {
        Manifest[] manifests = [.. database.Select(entry => entry.Manifest).OfType<Manifest>()];
        return new DatabaseStatsDocument(
            database.Key,
            database.Count(),
            manifests.Sum(manifest => manifest.PlainBytes),
            manifests.Sum(manifest => manifest.StoredBytes),
            manifests.Length == 0 ? null : manifests.Min(manifest => manifest.CreatedAt),
            manifests.Length == 0 ? null : manifests.Max(manifest => manifest.CreatedAt));
    }
}
