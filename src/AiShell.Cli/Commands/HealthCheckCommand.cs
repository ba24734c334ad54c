using System.CommandLine;
using AiShell.Cli.Output;
using AiShell.Cli.Output.Json;
using AiShell.Cli.Sessions;
using AiShell.Connections;
using AiShell.Health;
using AiShell.Repository;

namespace AiShell.Cli.Commands;

internal sealed class HealthCheckCommand : SessionCommand
{
    private readonly Option<string> _database = CommonOptions.Database("Only this database; without it, every connection");

    public HealthCheckCommand()
        : base("health-check", "Look at everything that tonight's backup and tomorrow's restore need; exit 1 when something is wrong") => Add(_database);

    public override string? Operation => "health-check";

    public override IReadOnlyList<string> Examples => ["ai-shell health-check", "ai-shell health-check -d shop --json"];

    public override async Task<int> RunAsync(Session session, ParseResult parse, CancellationToken cancellationToken)
    {
        var subjects = new List<HealthSubject>();
        var findings = new List<HealthFinding>();
        IEnumerable<string> wanted = parse.GetValue(_database) is { } given ? [given] : session.Connections.Read().Select(connection => connection.Name);
        foreach (string text in wanted)
        {
            try
            {
                ResolvedDatabase database = session.Databases.Resolve(text);
                subjects.Add(new HealthSubject(database.Name, session.EngineOf(database.Address), database.Address));
            }
            catch (AiShellException wrong) when (parse.GetValue(_database) is null)
            {
                // A connection that cannot even be read is a finding, not the end of the look at the others.
                findings.Add(new HealthFinding(text, "connection", false, wrong.Message, wrong.Hint));
            }
        }

        BackupRepository? repository = await session.FindRepositoryAsync(cancellationToken);
        IReadOnlySet<string> bad = repository is null ? new HashSet<string>() : session.State.KnownBad(Session.ChecksKey(repository));
        findings.AddRange(await new HealthCheckJob(session.Clock).RunAsync(subjects, repository, session.Settings.Repository, bad, cancellationToken));
        findings.Add(LookAtLog(session));
        HealthFinding[] shown = [.. findings.Select(finding => finding with { Detail = session.Redactor.Redact(finding.Detail), Hint = session.Redactor.Redact(finding.Hint) })];
        Show(session, shown);
        return shown.All(finding => finding.IsGood) ? 0 : (int)ErrorKind.Failed;
    }

    private static HealthFinding LookAtLog(Session session)
    {
        try
        {
            session.Home.PrepareLogs();
            using FileStream log = new(session.Home.LogFile, FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite);
            return new HealthFinding(session.Home.LogFile, "log", true, "can be written", null);
        }
        catch (Exception wrong) when (wrong is IOException or UnauthorizedAccessException or AiShellException)
        {
            return new HealthFinding(session.Home.LogFile, "log", false, wrong.Message, "Check the permissions of the folder.");
        }
    }

    private static void Show(Session session, HealthFinding[] findings)
    {
        var document = new HealthDocument(
            findings.All(finding => finding.IsGood),
            [.. findings.Select(finding => new FindingDocument(finding.Subject, finding.Name, finding.IsGood, finding.Detail, finding.Hint))]);
        session.Output.Show(new Answer<HealthDocument>(document, Documents.Default.HealthDocument, page =>
        {
            page.Table(
                ["Check", "Of", "Result", "Detail"],
                [false, false, false, false],
                [.. findings.Select(finding => (IReadOnlyList<string>)[finding.Name, finding.Subject, finding.IsGood ? "ok" : "PROBLEM", finding.Detail])]);
            foreach (HealthFinding finding in findings.Where(finding => finding is { IsGood: false, Hint: not null }))
            {
                page.Line($"{finding.Name} of {finding.Subject}: {finding.Hint}");
            }
        }));
    }
}
