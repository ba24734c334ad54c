using System.CommandLine;
using AiShell.Cli.Output;
using AiShell.Cli.Output.Json;
using AiShell.Cli.Sessions;
using AiShell.Configuration;
using AiShell.Engines;
using AiShell.Repository;
using AiShell.State;
using AiShell.Verification;

namespace AiShell.Cli.Commands.Backups;

internal sealed class VerifyCommand : SessionCommand
{
    private readonly Argument<string?> _id = new("id") { Description = "A backup's id, a unique beginning of it, or 'latest'", Arity = ArgumentArity.ZeroOrOne };
    private readonly Option<bool> _all = new("--all") { Description = "Every backup of the repository, and every log" };
    private readonly Option<bool> _deep = new("--deep") { Description = "Also decompress and parse every byte, and compare every table's rows and fingerprint" };
    private readonly Option<string> _database = CommonOptions.Database("Which database's, for 'latest' and --all");
    private readonly Option<string> _jobs = CommonOptions.Jobs();

    public VerifyCommand()
        : base("verify", "Check that backups are whole; exit 4 when one is not")
    {
        Add(_id);
        Add(_all);
        Add(_deep);
        Add(_database);
        Add(_jobs);
    }

    public override string? Operation => "verify";

    public override IReadOnlyList<string> Examples => ["ai-shell backup verify latest --deep", "ai-shell backup verify --all"];

    public override async Task<int> RunAsync(Session session, ParseResult parse, CancellationToken cancellationToken)
    {
        string? id = parse.GetValue(_id);
        bool all = parse.GetValue(_all);
        bool deep = parse.GetValue(_deep);
        if ((id is null) == !all)
        {
            throw new AiShellException(ErrorKind.Usage, "Verify what?", "Give a backup's id or 'latest', or --all.");
        }

        Settings settings = session.Settings.With(SettingKey.Jobs, parse.GetValue(_jobs), "--jobs");
        BackupRepository repository = await session.OpenRepositoryAsync(create: false, cancellationToken);
        IReadOnlyList<CatalogueEntry> entries = all
            ? await repository.ListAsync(parse.GetValue(_database) is { } given ? session.Databases.NameOf(given) : null, cancellationToken)
            : [await BackupSelection.FindAsync(session, repository, id!, parse.GetValue(_database), cancellationToken)];
        var job = new VerifyJob(repository, session.Progress);
        var documents = new List<VerifyDocument>();
        foreach (CatalogueEntry entry in entries)
        {
            IDatabaseEngine? engine = entry.Manifest is null ? null : session.Engines.ByName(entry.Manifest.Engine);
            VerifyReport report = await job.RunAsync(new VerifyRequest(entry, engine, deep, settings.Jobs, session.ScratchDirectory), cancellationToken);
            Record(session, repository, report);
            documents.Add(Describe(report));
        }

        // An increment is no use without its chain, and a moment in the log without the log.
        var log = new LogVerifyJob(repository, session.Progress);
        foreach (string database in all ? entries.Select(entry => entry.Database).Distinct() : [])
        {
            documents.AddRange((await log.RunAsync(database, deep, settings.Jobs, cancellationToken)).Select(Describe));
        }

        session.EndProgress();
        if (all)
        {
            session.Output.List(new Listing<VerifyDocument>(documents, Documents.Default.IReadOnlyListVerifyDocument, Columns, "No backups to verify."));
        }
        else
        {
            Show(session, documents[0]);
        }

        VerifyDocument[] bad = [.. documents.Where(document => !document.Ok)];
        if (bad.Length == 0)
        {
            return 0;
        }

        session.Output.Fail(
            "integrity",
            string.Join("; ", bad.Select(document => $"{document.Id} is not whole: {string.Join("; ", document.Problems)}")),
            "Do not rely on it. Make a new backup, and find out what damaged the store.",
            (int)ErrorKind.Integrity);
        return (int)ErrorKind.Integrity;
    }

    internal static VerifyDocument Describe(VerifyReport report) => new(
        report.BackupId, report.Database, report.IsGood, report.Deep ? "deep" : "checksum", report.PartsChecked, report.TablesChecked, report.BytesChecked, report.Problems)
    {
        ImageCompared = report.ImageCompared,
    };

    internal static void Record(Session session, BackupRepository repository, VerifyReport report) => session.State.Record(
        Session.ChecksKey(repository),
        report.BackupId,
        new VerificationResult(
            session.Clock.GetUtcNow(), report.Deep ? VerificationLevel.Deep : VerificationLevel.Checksum, report.IsGood, report.IsGood ? null : string.Join("; ", report.Problems)));

    private static void Show(Session session, VerifyDocument document) =>
        session.Output.Show(new Answer<VerifyDocument>(document, Documents.Default.VerifyDocument, page =>
        {
            page.Line($"{document.Id} {(document.Ok ? "is whole" : "IS DAMAGED")} ({document.Level}).");
            page.Facts(
                ("Database", document.Database),
                ("Parts", BackupDescription.Count(document.PartsChecked)),
                ("Pages", document.ImageCompared && document.Ok ? "all compared with the sum in the manifest, with the chain it builds on" : null),
                ("Tables", document.Level == "deep" && document.Ok && !document.ImageCompared ? $"{document.TablesChecked}, every row counted and fingerprinted" : null),
                ("Checked", ByteSize.Format(document.BytesChecked)));
            foreach (string problem in document.Problems)
            {
                page.Line($"  {problem}");
            }
        }));

    private static readonly Column<VerifyDocument>[] Columns =
    [
        new("ID", row => row.Id),
        new("Database", row => row.Database),
        new("Result", row => row.Ok ? "ok" : "DAMAGED", row => row.Ok ? "ok" : "damaged"),
        new("Level", row => row.Level),
        new("Parts", row => BackupDescription.Count(row.PartsChecked), RightAligned: true),
        new("Problems", row => string.Join("; ", row.Problems)),
    ];
}
