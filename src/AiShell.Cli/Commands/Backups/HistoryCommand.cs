using System.CommandLine;
using System.Globalization;
using AiShell.Cli.Output;
using AiShell.Cli.Output.Json;
using AiShell.Cli.Output.Text;
using AiShell.Cli.Sessions;
using AiShell.State;

namespace AiShell.Cli.Commands.Backups;

internal sealed class HistoryCommand : SessionCommand
{
    private readonly Option<string> _last = new("--last") { Description = "Only the last 7d, 12h, …", HelpName = "age" };
    private readonly Option<string> _database = CommonOptions.Database("Only this database");
    private readonly Option<string> _limit = new("--limit") { Description = "At most so many", HelpName = "n" };

    public HistoryCommand()
        : base("history", "What was done, by whom, and how it ended; newest first")
    {
        Add(_last);
        Add(_database);
        Add(_limit);
        AddListFormat();
    }

    public override IReadOnlyList<string> Examples => ["ai-shell backup history --last 7d", "ai-shell backup history -d shop --limit 20 --format csv"];

    public override Task<int> RunAsync(Session session, ParseResult parse, CancellationToken cancellationToken)
    {
        DateTimeOffset? since = TimeText.Parse(parse.GetValue(_last), "--last", session.Clock);
        string? database = parse.GetValue(_database) is { } given ? session.Databases.NameOf(given) : null;
        IReadOnlyList<AuditEntry> entries = session.State.History(since, database, ListCommand.LimitOf(parse.GetValue(_limit)));
        HistoryDocument[] rows =
        [
            .. entries.Select(entry => new HistoryDocument(
                entry.Time, entry.Operation, entry.Database, entry.BackupId, entry.Outcome, entry.ExitCode, (long)entry.Duration.TotalMilliseconds,
                entry.Message, entry.Command, entry.User, entry.Host)),
        ];
        session.Output.List(new Listing<HistoryDocument>(rows, Documents.Default.IReadOnlyListHistoryDocument, Columns, "Nothing was done yet."));
        return Task.FromResult(0);
    }

    private static readonly Column<HistoryDocument>[] Columns =
    [
        new("Time", row => BackupDescription.When(row.Time), row => UtcTimeConverter.Format(row.Time)),
        new("Operation", row => row.Operation),
        new("Database", row => row.Database ?? ""),
        new("Backup", row => row.BackupId ?? ""),
        new("Outcome", row => row.ExitCode == 0 ? row.Outcome : $"{row.Outcome} ({row.ExitCode})"),
        new("Duration", row => DurationText.Of(TimeSpan.FromMilliseconds(row.DurationMs)), row => row.DurationMs.ToString(CultureInfo.InvariantCulture), RightAligned: true),
        new("User", row => row.User),
        new("Message", row => row.Message ?? ""),
    ];
}
