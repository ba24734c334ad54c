using System.CommandLine;
using AiShell.Cli.Output;
using AiShell.Cli.Output.Json;
using AiShell.Cli.Sessions;
using AiShell.Repository;

namespace AiShell.Cli.Commands.Repositories;

internal sealed class RebuildCommand() : SessionCommand("rebuild", "Forget the local catalogue and read every manifest again")
{
    public override string? Operation => "repo rebuild";

    public override IReadOnlyList<string> Examples => ["ai-shell repo rebuild"];

    public override async Task<int> RunAsync(Session session, ParseResult parse, CancellationToken cancellationToken)
    {
        BackupRepository repository = await session.OpenRepositoryAsync(create: false, cancellationToken);
        session.State.Clear(repository.Description.Id);
        IReadOnlyList<CatalogueEntry> entries = await repository.ListAsync(null, cancellationToken);
        string[] damaged = [.. entries.Where(entry => entry.Manifest is null).Select(entry => entry.Id)];
        session.Output.Show(new Answer<RebuildDocument>(new RebuildDocument(entries.Count, damaged), Documents.Default.RebuildDocument, page =>
        {
            page.Line($"Read {entries.Count} manifests of {repository.Location}.");
            foreach (string id in damaged)
            {
                page.Line($"DAMAGED {id}");
            }
        }));
        return damaged.Length == 0 ? 0 : (int)ErrorKind.Integrity;
    }
}
