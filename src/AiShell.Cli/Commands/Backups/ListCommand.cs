using System.CommandLine;
using System.Globalization;
using AiShell.Cli.Output;
using AiShell.Cli.Output.Json;
using AiShell.Cli.Sessions;
using AiShell.Configuration;
using AiShell.State;

namespace AiShell.Cli.Commands.Backups;

internal sealed class ListCommand : SessionCommand
{
    private readonly Option<string> _database = CommonOptions.Database("Only backups of this database");
    private readonly Option<string> _after = new("--after") { Description = "Made at or after this time: 2026-11-23, '2026-11-23 14:30', or an age: 7d", HelpName = "time" };
    private readonly Option<string> _before = new("--before") { Description = "Made before this time", HelpName = "time" };
    private readonly Option<string> _kind = new("--kind") { Description = "Only this kind: full", HelpName = "kind" };
    private readonly Option<string> _backupFormat = new("--backup-format") { Description = "Only backups of this format", HelpName = "sql|json|csv|native" };
    private readonly Option<string> _limit = new("--limit") { Description = "At most so many", HelpName = "n" };
    private readonly Option<string> _sort = new("--sort") { Description = "time (newest first), size (largest first) or database", HelpName = "time|size|database" };

    public ListCommand()
        : base("list", "List backups, newest first")
    {
        _kind.AcceptOnlyFromAmong("full");
        _backupFormat.AcceptOnlyFromAmong("sql", "json", "csv", "native");
        _sort.AcceptOnlyFromAmong("time", "size", "database");
        foreach (Option option in (Option[])[_database, _after, _before, _kind, _backupFormat, _limit, _sort])
        {
            Add(option);
        }

        AddListFormat();
    }

    public override IReadOnlyList<string> Examples =>
    [
        "ai-shell backup list",
        "ai-shell backup list -d shop --after 7d --limit 10",
        "ai-shell backup list --json | jq -r '.[0].id'",
    ];

    public override async Task<int> RunAsync(Session session, ParseResult parse, CancellationToken cancellationToken)
    {
        DateTimeOffset? after = TimeText.Parse(parse.GetValue(_after), "--after", session.Clock);
        DateTimeOffset? before = TimeText.Parse(parse.GetValue(_before), "--before", session.Clock);
        int limit = LimitOf(parse.GetValue(_limit));
        string? database = parse.GetValue(_database) is { } given ? session.Databases.NameOf(given) : null;
        session.SubjectDatabase = database;

        var backups = new List<BackupDocument>();
        if (await session.FindShownRepositoryAsync(cancellationToken) is { } repository)
        {
            ILookup<string, VerificationResult> checks = session.State.Verifications(Session.ChecksKey(repository));
            backups.AddRange((await repository.ListAsync(database, cancellationToken)).Select(entry => BackupDescription.Describe(repository, entry, checks[entry.Id])));
        }

        string? kind = parse.GetValue(_kind);
        string? format = parse.GetValue(_backupFormat);
        IEnumerable<BackupDocument> chosen = backups.Where(backup =>
            (after is null || backup.CreatedAt >= after)
            && (before is null || backup.CreatedAt < before)
            && (kind is null || backup.Kind == kind)
            && (format is null || backup.Format == format));
        chosen = parse.GetValue(_sort) switch
        {
            "size" => chosen.OrderByDescending(backup => backup.PlainBytes),
            "database" => chosen.OrderBy(backup => backup.Database, StringComparer.Ordinal),
            _ => chosen,
        };
        string empty = backups.Count > 0 ? $"None of the {backups.Count} backups fits."
            : database is not null ? $"No backups of '{database}' in {session.Settings.Repository}."
            : $"No backups in {session.Settings.Repository}. Make one with: ai-shell backup create --database <db>";
        session.Output.List(new Listing<BackupDocument>([.. chosen.Take(limit)], Documents.Default.IReadOnlyListBackupDocument, Columns, empty));
        return 0;
    }

    internal static int LimitOf(string? text) =>
        text is null ? int.MaxValue
        : SettingText.IsWhole(text, 1, int.MaxValue) ? SettingText.Whole(text)
        : throw new AiShellException(ErrorKind.Usage, $"'{text}' from --limit is not a number above 0.", "Write it like --limit 10.");

    private static readonly Column<BackupDocument>[] Columns =
    [
        new("ID", backup => backup.Id),
        new("Name", backup => backup.Name ?? ""),
        new("Database", backup => backup.Database),
        new("Kind", backup => backup.Kind ?? "?"),
        new("Format", backup => backup.Format is null ? "?" : backup.Compression == "none" ? backup.Format : $"{backup.Format}+{backup.Compression}"),
        new("Date", backup => BackupDescription.When(backup.CreatedAt), backup => backup.CreatedAt is { } time ? UtcTimeConverter.Format(time) : ""),
        new("Size", backup => BackupDescription.Size(backup.PlainBytes), backup => Raw(backup.PlainBytes), RightAligned: true),
        new("Stored", backup => BackupDescription.Size(backup.StoredBytes), backup => Raw(backup.StoredBytes), RightAligned: true),
        new("Tables", backup => BackupDescription.Count(backup.Tables), backup => Raw(backup.Tables), RightAligned: true),
        new("Verified", BackupDescription.VerifiedText),
    ];

    private static string Raw(long? number) => number?.ToString(CultureInfo.InvariantCulture) ?? "";
}
