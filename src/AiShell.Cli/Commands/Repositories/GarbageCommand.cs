using System.CommandLine;
using AiShell.Cli.Output;
using AiShell.Cli.Output.Json;
using AiShell.Cli.Sessions;
using AiShell.Repository;
using AiShell.Retention;

namespace AiShell.Cli.Commands.Repositories;

internal sealed class GarbageCommand : SessionCommand
{
    private readonly Option<bool> _dryRun = new("--dry-run") { Description = "Show what would go" };

    public GarbageCommand()
        : base("gc", "Remove what failed and killed backups left behind") => Add(_dryRun);

    public override string? Operation => "repo gc";

    public override IReadOnlyList<string> Examples => ["ai-shell repo gc --dry-run", "ai-shell repo gc"];

    public override async Task<int> RunAsync(Session session, ParseResult parse, CancellationToken cancellationToken)
    {
        bool dryRun = parse.GetValue(_dryRun);
        BackupRepository repository = await session.OpenRepositoryAsync(create: false, cancellationToken);
        GarbageResult result = await new GarbageJob(repository, session.Clock).RunAsync(dryRun, cancellationToken);
        var document = new GarbageDocument(
            dryRun, [.. result.Files.Select(file => new OrphanDocument(file.Key, file.SizeBytes))], result.Unfinished, result.FreedBytes, result.Busy);
        session.Output.Show(new Answer<GarbageDocument>(document, Documents.Default.GarbageDocument, page =>
        {
            foreach (OrphanDocument file in document.Files)
            {
                page.Line($"{(dryRun ? "Would remove" : "Removed")} {file.Key} ({ByteSize.Format(file.SizeBytes)})");
            }

            page.Line(dryRun
                ? $"Dry run: {document.Files.Count} files, {ByteSize.Format(document.FreedBytes)}. Nothing was changed."
                : $"{document.Files.Count} files and {document.Unfinished} unfinished ones removed, {ByteSize.Format(document.FreedBytes)} freed.");
        }));
        foreach (string busy in result.Busy)
        {
            session.Output.Warn($"Left alone: {busy}");
        }

        return 0;
    }
}
