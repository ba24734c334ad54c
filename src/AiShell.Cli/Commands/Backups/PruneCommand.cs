using System.CommandLine;
using AiShell.Cli.Output;
using AiShell.Cli.Output.Json;
using AiShell.Cli.Sessions;
using AiShell.Configuration;
using AiShell.Repository;
using AiShell.Retention;

namespace AiShell.Cli.Commands.Backups;

internal sealed class PruneCommand : SessionCommand
{
    private readonly Option<string> _database = CommonOptions.Database("Only this database's backups");
    private readonly Option<bool> _dryRun = new("--dry-run") { Description = "Show what would go and why" };
    private readonly Option<string> _retentionDays = new("--retention-days") { Description = "Keep backups for so many days; 0 for ever", HelpName = "n" };
    private readonly Option<string> _maxBackups = new("--max-backups") { Description = "Keep so many of each database; 0 for any number", HelpName = "n" };
    private readonly Option<string> _lockWait = CommonOptions.LockWait();

    public PruneCommand()
        : base("prune", "Remove backups that retention does not keep")
    {
        Add(_database);
        Add(_dryRun);
        Add(_retentionDays);
        Add(_maxBackups);
        Add(_lockWait);
    }

    public override string? Operation => "prune";

    public override IReadOnlyList<string> Examples => ["ai-shell backup prune --dry-run", "ai-shell backup prune -d shop --max-backups 10"];

    public override async Task<int> RunAsync(Session session, ParseResult parse, CancellationToken cancellationToken)
    {
        Settings settings = session.Settings
            .With(SettingKey.RetentionDays, parse.GetValue(_retentionDays), "--retention-days")
            .With(SettingKey.MaxBackups, parse.GetValue(_maxBackups), "--max-backups")
            .With(SettingKey.LockWait, parse.GetValue(_lockWait), "--lock-wait");
        bool dryRun = parse.GetValue(_dryRun);
        BackupRepository repository = await session.OpenRepositoryAsync(create: false, cancellationToken);
        session.SubjectDatabase = parse.GetValue(_database) is { } given ? session.Databases.NameOf(given) : null;
        string[] databases = session.SubjectDatabase is { } one
            ? [one]
            : [.. (await repository.ListAsync(null, cancellationToken)).Select(entry => entry.Database).Distinct().Order(StringComparer.Ordinal)];

        var decisions = new List<DecisionDocument>();
        var failures = new List<string>();
        int deleted = 0;
        long freedBytes = 0;
        int segments = 0;
        var job = new PruneJob(repository, session.Clock);
        foreach (string database in databases)
        {
            PruneResult result = await job.RunAsync(
                database, RulesOf(settings), session.State.KnownBad(Session.ChecksKey(repository)), settings.LockWait, dryRun, cancellationToken);
            decisions.AddRange(result.Decisions.Select(decision => new DecisionDocument(
                decision.Entry.Id, decision.Entry.Database, decision.Keep, decision.Reason, decision.Entry.Manifest?.CreatedAt, decision.Entry.Manifest?.StoredBytes)));
            failures.AddRange(result.Failures);
            deleted += result.Deleted;
            freedBytes += result.FreedBytes;
            segments += result.Segments;
        }

        if (!dryRun)
        {
            foreach (DecisionDocument gone in decisions.Where(decision => !decision.Keep))
            {
                session.Forget(repository, gone.Id);
            }
        }

        Show(session, new PruneDocument(dryRun, deleted, freedBytes, decisions, failures) { Segments = segments });
        foreach (string failure in failures)
        {
            session.Output.Warn(failure);
        }

        return failures.Count == 0 ? 0 : (int)ErrorKind.Busy;
    }

    /// <summary>Zero means no limit.</summary>
    internal static RetentionRules RulesOf(Settings settings) => new(
        settings.RetentionDays == 0 ? null : TimeSpan.FromDays(settings.RetentionDays),
        settings.MaxBackups == 0 ? null : settings.MaxBackups);

    private static void Show(Session session, PruneDocument document) =>
        session.Output.Show(new Answer<PruneDocument>(document, Documents.Default.PruneDocument, page =>
        {
            foreach (DecisionDocument decision in document.Decisions.Where(decision => document.DryRun || !decision.Keep))
            {
                string verb = decision.Keep ? "Keep" : document.DryRun ? "Would delete" : "Deleted";
                page.Line($"{verb} {decision.Id} of '{decision.Database}': {decision.Reason}");
            }

            int doomed = document.Decisions.Count(decision => !decision.Keep);
            string log = document.Segments == 0 ? "" : $" and {BackupDescription.Count(document.Segments)} segments of the log that nothing kept can use";
            page.Line(document.DryRun
                ? $"Dry run: {doomed} of {document.Decisions.Count} backups{log} would go. Nothing was changed."
                : $"{document.Deleted} of {document.Decisions.Count} backups{log} deleted, {ByteSize.Format(document.FreedBytes)} freed.");
        }));
}
