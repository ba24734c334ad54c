using System.CommandLine;
using AiShell.Cli.Output;
using AiShell.Cli.Output.Json;
using AiShell.Cli.Sessions;
using AiShell.Repository;

namespace AiShell.Cli.Commands.Repositories;

internal sealed class InitCommand() : SessionCommand("init", "Make the repository; nothing happens where there is one")
{
    public override string? Operation => "repo init";

    public override IReadOnlyList<string> Examples => ["ai-shell repo init", "ai-shell repo init --repo /mnt/backups"];

    public override async Task<int> RunAsync(Session session, ParseResult parse, CancellationToken cancellationToken)
    {
        bool existed = await session.FindRepositoryAsync(cancellationToken) is not null;
        BackupRepository repository = await session.OpenRepositoryAsync(create: true, cancellationToken);
        RepositoryDescription about = repository.Description;
        session.Output.Show(new Answer<RepositoryDocument>(
            new RepositoryDocument(about.Id, repository.Location, about.FormatVersion, about.CreatedAt, about.CreatedBy, !existed),
            Documents.Default.RepositoryDocument,
            page => page.Line(existed ? $"There is a repository at {repository.Location} already." : $"Made a repository at {repository.Location}.")));
        return 0;
    }
}
