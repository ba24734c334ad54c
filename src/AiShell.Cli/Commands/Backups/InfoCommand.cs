using System.CommandLine;
using AiShell.Cli.Output;
using AiShell.Cli.Output.Json;
using AiShell.Cli.Sessions;
using AiShell.Repository;

namespace AiShell.Cli.Commands.Backups;

internal sealed class InfoCommand : SessionCommand
{
    private readonly Argument<string> _id = BackupSelection.Id();
    private readonly Option<string> _database = CommonOptions.Database("Which database's, for 'latest'");
    private readonly Option<bool> _tables = new("--tables") { Description = "Also each table with its rows and fingerprint" };

    public InfoCommand()
        : base("info", "Show all about one backup")
    {
        Add(_id);
        Add(_database);
        Add(_tables);
    }

    public override IReadOnlyList<string> Examples => ["ai-shell backup info latest", "ai-shell backup info backup-20261123 --tables"];

    public override async Task<int> RunAsync(Session session, ParseResult parse, CancellationToken cancellationToken)
    {
        BackupRepository repository = await session.OpenRepositoryAsync(create: false, cancellationToken);
        CatalogueEntry entry = await BackupSelection.FindAsync(session, repository, parse.GetRequiredValue(_id), parse.GetValue(_database), cancellationToken);
        Manifest manifest = entry.Require();
        BackupDocument backup = BackupDescription.Describe(repository, entry, session.State.Verifications(Session.ChecksKey(repository))[entry.Id]);
        TableDocument[]? tables = parse.GetValue(_tables)
            ? [.. manifest.Tables.Select(table => new TableDocument(table.Schema, table.Name, table.Rows, table.Fingerprint))]
            : null;
        IReadOnlyList<WindowDocument> windows = WindowDescription.Describe(
            await (await RecoveryOptions.PlannerAsync(session, repository, entry.Database, onlyFrom: null, cancellationToken)).FindWindowsAsync());
        var document = new BackupInfoDocument(
            backup, manifest.EngineVersion, manifest.ToolVersion, manifest.Source, manifest.Position.End.Value, manifest.Objects, manifest.Parts.Count, tables)
        {
            Requires = manifest.Requires ?? new Dictionary<string, IReadOnlyList<string>>(),
            Globals = manifest.Globals ?? new Dictionary<string, IReadOnlyList<string>>(),
            Timeline = manifest.TimelineNumber,
            Windows = windows,
        };
        session.Output.Show(new Answer<BackupInfoDocument>(document, Documents.Default.BackupInfoDocument, page =>
        {
            BackupDescription.PrintFacts(page, backup, manifest.CompletedAt - manifest.CreatedAt);
            page.Facts(
                ("Source", manifest.Source),
                ("Engine", $"{manifest.Engine} {manifest.EngineVersion}"),
                ("Position", manifest.Position.End.Value),
                ("Parts", BackupDescription.Count(manifest.Parts.Count)),
                ("Objects", manifest.Objects.Count == 0 ? null : string.Join(", ", manifest.Objects.Select(item => $"{item.Value} {item.Key}"))),
                ("Requires", manifest.Requires is null ? null : string.Join("; ", manifest.Requires.Select(kind => $"{kind.Key} {string.Join(", ", kind.Value)}"))),
                ("Globals", manifest.Globals is null ? null : string.Join("; ", manifest.Globals.Select(kind => $"{kind.Key} {(kind.Value.Count == 0 ? "none" : string.Join(", ", kind.Value))}"))),
                ("Tags", manifest.Tags.Count == 0 ? null : string.Join(", ", manifest.Tags.Select(tag => $"{tag.Key}={tag.Value}"))),
                ("Verified", BackupDescription.VerifiedText(backup)),
                ("Timeline", manifest.TimelineNumber == 1 ? null : BackupDescription.Count(manifest.TimelineNumber)),
                ("Checksum", manifest.Digest));
            WindowDescription.Print(page, windows);
            if (tables is not null)
            {
                page.Line();
                page.Table(
                    ["Table", "Rows", "Fingerprint"],
                    [false, true, false],
                    [.. tables.Select(table => (IReadOnlyList<string>)[table.Schema.Length == 0 ? table.Name : $"{table.Schema}.{table.Name}", BackupDescription.Count(table.Rows), table.Fingerprint])]);
            }
        }));
        return 0;
    }
}
