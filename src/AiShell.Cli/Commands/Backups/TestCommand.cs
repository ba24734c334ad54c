using System.CommandLine;
using AiShell.Cli.Output;
using AiShell.Cli.Output.Json;
using AiShell.Cli.Output.Text;
using AiShell.Cli.Sessions;
using AiShell.Configuration;
using AiShell.Repository;
using AiShell.State;
using AiShell.Verification;

namespace AiShell.Cli.Commands.Backups;

internal sealed class TestCommand : SessionCommand
{
    private readonly Argument<string> _id = BackupSelection.Id();
    private readonly Option<string> _database = CommonOptions.Database("Which database's, for 'latest'");
    private readonly Option<string> _sample = new("--sample-size") { Description = "Random rows of each table to compare value by value", HelpName = "n" };
    private readonly Option<bool> _validate = new("--validate-data") { Description = "Compare every row, by fingerprint" };
    private readonly Option<string> _jobs = CommonOptions.Jobs();

    public TestCommand()
        : base("test", "Restore a backup into a throw-away database and compare; exit 4 when it differs")
    {
        Add(_id);
        Add(_database);
        Add(_sample);
        Add(_validate);
        Add(_jobs);
    }

    public override string? Operation => "test";

    public override IReadOnlyList<string> Examples => ["ai-shell backup test latest --validate-data", "ai-shell backup test latest -d shop --sample-size 100"];

    public override async Task<int> RunAsync(Session session, ParseResult parse, CancellationToken cancellationToken)
    {
        string? sample = parse.GetValue(_sample);
        if (sample is not null && !SettingText.IsWhole(sample, 0, 1_000_000))
        {
            throw new AiShellException(ErrorKind.Usage, $"'{sample}' from --sample-size is not a number of rows.", "Write it like --sample-size 100.");
        }

        Settings settings = session.Settings.With(SettingKey.Jobs, parse.GetValue(_jobs), "--jobs");
        BackupRepository repository = await session.OpenRepositoryAsync(create: false, cancellationToken);
        CatalogueEntry entry = await BackupSelection.FindAsync(session, repository, parse.GetRequiredValue(_id), parse.GetValue(_database), cancellationToken);
        TestRestoreReport report = await new TestRestoreJob(repository, session.Clock, session.Progress).RunAsync(
            new TestRestoreRequest(
                entry,
                session.Engines.ByName(entry.Require().Engine),
                sample is null ? 0 : SettingText.Whole(sample),
                parse.GetValue(_validate),
                settings.Jobs,
                session.ScratchDirectory,
                session.Databases.TryResolve(parse.GetValue(_database) ?? entry.Database)?.Address),
            cancellationToken);
        session.State.Record(
            Session.ChecksKey(repository),
            entry.Id,
            new VerificationResult(session.Clock.GetUtcNow(), VerificationLevel.Test, report.IsGood, report.IsGood ? null : string.Join("; ", report.Problems)));
        session.EndProgress();
        Show(session, report);
        if (report.IsGood)
        {
            return 0;
        }

        session.Output.Fail(
            "integrity", $"{report.BackupId} does not restore to what was backed up: {string.Join("; ", report.Problems)}",
            "Do not rely on it. Make a new backup and test that.", (int)ErrorKind.Integrity);
        return (int)ErrorKind.Integrity;
    }

    private static void Show(Session session, TestRestoreReport report) => session.Output.Show(new Answer<TestDocument>(
        new TestDocument(
            report.BackupId, report.Database, report.IsGood, report.Tables, report.Rows, report.RowsSampled, report.FingerprintsCompared, (long)report.Duration.TotalMilliseconds, report.Problems)
        {
            ImageCompared = report.ImageCompared,
        },
        Documents.Default.TestDocument,
        page =>
        {
            page.Line(report.IsGood ? $"{report.BackupId} restores." : $"{report.BackupId} DOES NOT RESTORE to what was backed up.");
            page.Facts(
                ("Tables", BackupDescription.Count(report.Tables)),
                ("Rows", BackupDescription.Count(report.Rows)),
                ("Compared", report.ImageCompared ? "every page, with the sum in the manifest" : report.FingerprintsCompared ? "every row, by fingerprint" : "row counts"),
                ("Sampled", report.RowsSampled > 0 ? $"{BackupDescription.Count(report.RowsSampled)} rows, value by value" : null),
                ("Duration", DurationText.Of(report.Duration)));
            foreach (string problem in report.Problems)
            {
                page.Line($"  {problem}");
            }
        }));
}
