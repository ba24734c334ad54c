using System.CommandLine;
using AiShell.Cli.Output;
using AiShell.Cli.Output.Json;
using AiShell.Cli.Sessions;
using AiShell.Configuration;
using AiShell.Repository;
using AiShell.Retention;

namespace AiShell.Cli.Commands.Backups;

internal sealed class DeleteCommand : SessionCommand
{
    private readonly Argument<string[]> _ids = new("id") { Description = "Ids, or unique beginnings of them", Arity = ArgumentArity.OneOrMore };
    private readonly Option<bool> _force = new("--force") { Description = "Do not ask" };
    private readonly Option<bool> _dryRun = new("--dry-run") { Description = "Show what would go" };
    private readonly Option<bool> _cascade = new("--cascade") { Description = "Also delete backups that need these" };
    private readonly Option<string> _lockWait = CommonOptions.LockWait();

    public DeleteCommand()
        : base("delete", "Delete backups")
    {
        Add(_ids);
        Add(_force);
        Add(_dryRun);
        Add(_cascade);
        Add(_lockWait);
    }

    public override string? Operation => "delete";

    public override IReadOnlyList<string> Examples => ["ai-shell backup delete backup-20261123 --dry-run", "ai-shell backup delete backup-20261123143000-k3x9ab --force"];

    public override async Task<int> RunAsync(Session session, ParseResult parse, CancellationToken cancellationToken)
    {
        Settings settings = session.Settings.With(SettingKey.LockWait, parse.GetValue(_lockWait), "--lock-wait");
        BackupRepository repository = await session.OpenRepositoryAsync(create: false, cancellationToken);
        var chosen = new Dictionary<string, CatalogueEntry>(StringComparer.Ordinal);
        foreach (string id in parse.GetRequiredValue(_ids))
        {
            CatalogueEntry entry = await BackupSelection.FindAsync(session, repository, id, null, cancellationToken);
            chosen[entry.Id] = entry;
        }

        var job = new DeleteJob(repository);
        IReadOnlyList<CatalogueEntry> doomed = await job.PlanAsync([.. chosen.Values], parse.GetValue(_cascade), cancellationToken);
        bool dryRun = parse.GetValue(_dryRun);
        if (!dryRun)
        {
            EnsureWanted(session, doomed, parse.GetValue(_force));
            await job.RunAsync(doomed, settings.LockWait, cancellationToken);
            foreach (CatalogueEntry entry in doomed)
            {
                session.Forget(repository, entry.Id);
            }
        }

        var document = new DeletedDocument([.. doomed.Select(entry => entry.Id)], dryRun, doomed.Sum(entry => entry.Manifest?.StoredBytes ?? 0));
        session.Output.Show(new Answer<DeletedDocument>(document, Documents.Default.DeletedDocument, page =>
        {
            foreach (CatalogueEntry entry in doomed)
            {
                page.Line($"{(dryRun ? "Would delete" : "Deleted")} {entry.Id} of '{entry.Database}' ({BackupDescription.Size(entry.Manifest?.StoredBytes)})");
            }
        }));
        return 0;
    }

    private static void EnsureWanted(Session session, IReadOnlyList<CatalogueEntry> doomed, bool force)
    {
        string list = string.Join(", ", doomed.Select(entry => $"{entry.Id} of '{entry.Database}'"));
        if (!force && !session.Confirm($"This deletes {list} for good.", "delete"))
        {
            throw new AiShellException(ErrorKind.Refused, $"Not confirmed: {list} would be deleted.", "Add --force to delete without being asked.");
        }
    }
}
