using System.CommandLine;
using System.Globalization;
using AiShell.Cli.Output;
using AiShell.Cli.Output.Json;
using AiShell.Cli.Output.Text;
using AiShell.Cli.Sessions;
using AiShell.Health;
using AiShell.Repository;
using AiShell.Restore;

namespace AiShell.Cli.Commands.Backups;

internal sealed class StatusCommand : SessionCommand
{
    public StatusCommand()
        : base("status", "One line a database: last backup, age, what can be recovered, health") => AddListFormat();

    public override IReadOnlyList<string> Examples => ["ai-shell backup status", "ai-shell backup status --json"];

    public override async Task<int> RunAsync(Session session, ParseResult parse, CancellationToken cancellationToken)
    {
        BackupRepository? repository = await session.FindShownRepositoryAsync(cancellationToken);
        IReadOnlyList<CatalogueEntry> entries = repository is null ? [] : await repository.ListAsync(null, cancellationToken);
        IReadOnlySet<string> bad = repository is null ? new HashSet<string>() : session.State.KnownBad(Session.ChecksKey(repository));
        IEnumerable<string> names = session.Connections.Read().Select(connection => connection.Name);
        List<StatusDocument> rows = [];
        foreach (DatabaseStatus status in StatusReport.Of(entries, names, bad, session.Clock.GetUtcNow()))
        {
            var row = new StatusDocument(
                status.Database, status.LastBackupId, status.LastBackupAt, (long?)status.Age?.TotalMilliseconds, status.Backups, status.StoredBytes,
                status.RecoverableFrom, status.RecoverableTo, BackupDescription.Lower(status.Coverage), status.Explanation);
            rows.Add(repository is null ? row : await WithLogAsync(session, repository, row, cancellationToken));
        }

        session.Output.List(new Listing<StatusDocument>(
            rows, Documents.Default.IReadOnlyListStatusDocument, Columns, "No databases yet. Begin with: ai-shell connect <url> --name <name>"));
        return 0;
    }

    private static async Task<StatusDocument> WithLogAsync(Session session, BackupRepository repository, StatusDocument row, CancellationToken cancellationToken)
    {
        RecoveryPlanner planner = await RecoveryOptions.PlannerAsync(session, repository, row.Database, onlyFrom: null, cancellationToken);
        if (planner.Log.Timelines.Count == 0)
        {
            return row;
        }

        IReadOnlyList<WindowDocument> windows = WindowDescription.Describe(await planner.FindWindowsAsync());
        return row with
        {
            Windows = windows,
            LagMs = windows.Count == 0 ? null : (long)(session.Clock.GetUtcNow() - windows[^1].Through).TotalMilliseconds,
            LogBytes = planner.Log.Segments.Sum(segment => segment.Manifest?.StoredBytes ?? 0),
        };
    }

    private static string WindowText(StatusDocument row) => row.Windows is [.., var last]
        ? $"{BackupDescription.When(last.From)} … {BackupDescription.When(last.Through)}, {DurationText.Of(TimeSpan.FromMilliseconds(row.LagMs!.Value))} ago"
            + (row.Windows.Count > 1 ? $"; {row.Windows.Count - 1} earlier" : "") + (last.WhyItEnds is null ? "" : $"; {last.WhyItEnds}")
        : "-";

    private static readonly Column<StatusDocument>[] Columns =
    [
        new("Database", row => row.Database),
        new("Last backup", row => row.LastBackupId ?? "never"),
        new("Age", row => row.AgeMs is { } age ? DurationText.Of(TimeSpan.FromMilliseconds(age)) : "-", row => row.AgeMs?.ToString(CultureInfo.InvariantCulture) ?? "", RightAligned: true),
        new("Backups", row => row.Backups.ToString(CultureInfo.InvariantCulture), RightAligned: true),
        new("Stored", row => BackupDescription.Size(row.StoredBytes), row => row.StoredBytes.ToString(CultureInfo.InvariantCulture), RightAligned: true),
        new("Recoverable", row => row.RecoverableFrom is null ? "nothing" : $"{BackupDescription.When(row.RecoverableFrom)} … {BackupDescription.When(row.RecoverableTo)}"),
        new("To any instant", WindowText, row => string.Join(' ', row.Windows.Select(window => $"{RecoveryTarget.Show(window.From)}/{RecoveryTarget.Show(window.Through)}"))),
        new("Health", row => row.Health == "good" ? "good" : $"{row.Health}: {row.Explanation}"),
    ];
}
