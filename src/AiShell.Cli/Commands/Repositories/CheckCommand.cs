using System.CommandLine;
using AiShell.Cli.Commands.Backups;
using AiShell.Cli.Output;
using AiShell.Cli.Output.Json;
using AiShell.Cli.Sessions;
using AiShell.Configuration;
using AiShell.Repository;
using AiShell.Verification;

namespace AiShell.Cli.Commands.Repositories;

internal sealed class CheckCommand : SessionCommand
{
    private readonly Option<string> _jobs = CommonOptions.Jobs();

    public CheckCommand()
        : base("check", "Check every manifest and every part; exit 4 when something is damaged") => Add(_jobs);

    public override string? Operation => "repo check";

    public override IReadOnlyList<string> Examples => ["ai-shell repo check", "ai-shell repo check --repo /mnt/backups --json"];

    public override async Task<int> RunAsync(Session session, ParseResult parse, CancellationToken cancellationToken)
    {
        Settings settings = session.Settings.With(SettingKey.Jobs, parse.GetValue(_jobs), "--jobs");
        BackupRepository repository = await session.OpenRepositoryAsync(create: false, cancellationToken);
        RepositoryCheckReport report = await new RepositoryCheckJob(repository, session.Progress).RunAsync(settings.Jobs, session.ScratchDirectory, cancellationToken);
        foreach (VerifyReport backup in report.Reports)
        {
            VerifyCommand.Record(session, repository, backup);
        }

        session.EndProgress();
        var document = new CheckDocument(
            report.IsGood,
            [.. report.Reports.Select(VerifyCommand.Describe)],
            [.. report.Orphans.Select(orphan => new OrphanDocument(orphan.Key, orphan.SizeBytes))],
            [.. report.Locks.Select(UnlockCommand.Describe)]);
        session.Output.Show(new Answer<CheckDocument>(document, Documents.Default.CheckDocument, page =>
        {
            foreach (VerifyDocument bad in document.Backups.Where(backup => !backup.Ok))
            {
                page.Line($"DAMAGED {bad.Id} of '{bad.Database}': {string.Join("; ", bad.Problems)}");
            }

            page.Line($"{document.Backups.Count(backup => backup.Ok)} of {document.Backups.Count} backups are whole.");
            page.Line($"{document.Orphans.Count} files belong to no backup ({ByteSize.Format(document.Orphans.Sum(orphan => orphan.SizeBytes))}); 'repo gc' removes them.");
            foreach (LockDocument held in document.Locks)
            {
                page.Line($"Locked: {held.Name} by '{held.Operation}', process {held.ProcessId} on {held.Host}");
            }
        }));
        if (report.IsGood)
        {
            return 0;
        }

        session.Output.Fail(
            "integrity", $"Damaged: {string.Join(", ", document.Backups.Where(backup => !backup.Ok).Select(backup => backup.Id))}.",
            "'ai-shell backup verify <id>' names every part that is bad.", (int)ErrorKind.Integrity);
        return (int)ErrorKind.Integrity;
    }
}
