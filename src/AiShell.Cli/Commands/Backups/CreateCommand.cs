using System.CommandLine;
using AiShell.Backup;
using AiShell.Cli.Output;
using AiShell.Cli.Output.Json;
using AiShell.Cli.Output.Text;
using AiShell.Cli.Sessions;
using AiShell.Configuration;
using AiShell.Connections;
using AiShell.Engines;
using AiShell.Repository;
using AiShell.Repository.Codecs;
using AiShell.Retention;
using AiShell.State;

namespace AiShell.Cli.Commands.Backups;

internal sealed class CreateCommand : SessionCommand
{
    private readonly Option<string> _database = CommonOptions.Database();
    private readonly Option<string> _name = new("--name", "-n") { Description = "What to call this backup", HelpName = "name" };
    private readonly Option<string> _compression = CommonOptions.Compression();
    private readonly Option<string> _level = CommonOptions.Level();
    private readonly Option<string> _format = new("--format") { Description = "What the parts hold: sql, json, csv or native", HelpName = "sql|json|csv|native" };
    private readonly Option<bool> _verify = new("--verify") { Description = "Verify deep before the backup counts as done" };
    private readonly Option<string> _tables = CommonOptions.Tables();
    private readonly Option<string> _exclude = CommonOptions.ExcludeTables();
    private readonly Option<bool> _schemaOnly = new("--schema-only") { Description = "Tables, indexes and views without rows" };
    private readonly Option<bool> _dataOnly = new("--data-only") { Description = "Rows without their tables" };
    private readonly Option<bool> _globals = new("--globals") { Description = "Also the server's roles, memberships and tablespaces, as a script of their own (PostgreSQL; MySQL: users and their grants)" };
    private readonly Option<bool> _history = new("--history") { Description = "Also the earlier rows of system-versioned tables (MariaDB)" };
    private readonly Option<bool> _noLock = new("--no-lock") { Description = "Take no lock at all, and refuse tables that cannot be read consistently without one (MySQL, MariaDB)" };
    private readonly IncrementOptions _increments = new();
    private readonly Option<string> _jobs = CommonOptions.Jobs();
    private readonly Option<string[]> _tags = new("--tag") { Description = "A note to find it by; may be given several times", HelpName = "key=value" };
    private readonly Option<string> _rateLimit = new("--rate-limit") { Description = "Read no faster than this: 50MB/s", HelpName = "rate" };
    private readonly Option<string> _lockWait = CommonOptions.LockWait();
    private readonly Option<bool> _allowEmpty = new("--allow-empty") { Description = "Accept a database without tables where the last backup had some" };

    public CreateCommand()
        : base("create", "Back up a database")
    {
        _database.Required = true;
        foreach (Option option in (Option[])[_database, _name, _compression, _level, _format, _verify, _tables, _exclude, _schemaOnly, _dataOnly, _globals, _history, _noLock, .. _increments.All, _jobs, _tags, _rateLimit, _lockWait, _allowEmpty])
        {
            Add(option);
        }
    }

    public override string? Operation => "create";

    public override IReadOnlyList<string> Examples =>
    [
        "ai-shell backup create --database shop",
        "ai-shell backup create -d ./shop.db --format native --compression zstd --verify",
        "ai-shell backup create -d shop --name before-upgrade --tag release=42",
        "ai-shell backup create -d ./shop.db --incremental",
        "ai-shell backup create -d shop --globals",
        "ai-shell backup create -d shop --tables 'orders,order_*' --exclude-tables '*_log'",
    ];

    public override async Task<int> RunAsync(Session session, ParseResult parse, CancellationToken cancellationToken)
    {
        if (parse.GetValue(_schemaOnly) && parse.GetValue(_dataOnly))
        {
            throw new AiShellException(ErrorKind.Usage, "--schema-only and --data-only exclude each other.", "Leave both out for a whole backup.");
        }

        Settings settings = session.Settings
            .With(SettingKey.Compression, parse.GetValue(_compression), "--compression")
            .With(SettingKey.Level, parse.GetValue(_level), "--level")
            .With(SettingKey.Format, parse.GetValue(_format), "--format")
            .With(SettingKey.Jobs, parse.GetValue(_jobs), "--jobs")
            .With(SettingKey.LockWait, parse.GetValue(_lockWait), "--lock-wait");
        ResolvedDatabase database = session.Databases.Resolve(parse.GetRequiredValue(_database));
        session.SubjectDatabase = database.Name;
        BackupRequest request = RequestOf(session, parse, settings, database);
        request = _increments.Apply(request, parse, parse.GetValue(_format));
        RequireServed(request);
        // Read now: a value that makes no sense must not come to light when the backup is done.
        RetentionRules retention = PruneCommand.RulesOf(settings);

        // A database that is not there must not leave a repository behind; one that is there already is opened meanwhile.
        Task probe = Task.Run(() => request.Engine.ProbeAsync(database.Address, cancellationToken), cancellationToken);
        Task<BackupRepository?> standing = session.FindRepositoryAsync(cancellationToken);
        await Task.WhenAll(probe, standing);
        BackupRepository repository = await standing ?? await session.OpenRepositoryAsync(create: true, cancellationToken);
        await WarnOfNamesakeAsync(session, repository, database, parse.GetRequiredValue(_database), cancellationToken);
        request = request with { KnownBad = session.State.KnownBad(Session.ChecksKey(repository)) };
        BackupResult result = await new BackupJob(repository, session.Clock, session.Progress).RunAsync(request, cancellationToken);
        session.SubjectBackup = result.Manifest.Id;
        if (request.VerifyAfter)
        {
            session.State.Record(Session.ChecksKey(repository), result.Manifest.Id, new VerificationResult(session.Clock.GetUtcNow(), VerificationLevel.Deep, true, null));
        }

        IReadOnlyList<string> pruned = await PruneAsync(session, settings, retention, repository, database.Name, cancellationToken);
        session.EndProgress();
        Show(session, repository, result, pruned);
        return 0;
    }

    /// <summary>A file given by path is filed under its own name; another file of that name must not slip into the same row unnoticed.</summary>
    private static async Task WarnOfNamesakeAsync(Session session, BackupRepository repository, ResolvedDatabase database, string given, CancellationToken cancellationToken)
    {
        if (session.Connections.Find(given) is null
            && await repository.ListAsync(database.Name, cancellationToken) is [{ Manifest: { } previous }, ..]
            && previous.Source != database.Address.Display)
        {
            session.Output.Warn(
                $"The last backup of '{database.Name}' was made from {previous.Source}, this one is made from {database.Address.Display}: both have that name, and retention counts them together. "
                + "'ai-shell connect' gives a database a name of its own.");
        }
    }

    private BackupRequest RequestOf(Session session, ParseResult parse, Settings settings, ResolvedDatabase database) => new(
        session.EngineOf(database.Address),
        database.Address,
        database.Name,
        parse.GetValue(_name),
        Enum.Parse<BackupFormat>(settings.Format, ignoreCase: true),
        parse.GetValue(_schemaOnly) ? BackupScope.SchemaOnly : parse.GetValue(_dataOnly) ? BackupScope.DataOnly : BackupScope.All,
        CommonOptions.FilterOf(parse.GetValue(_tables), parse.GetValue(_exclude)),
        CodecRegistry.Settings(settings.Compression, settings.Level),
        settings.Jobs,
        RateOf(parse.GetValue(_rateLimit)),
        TagsOf(parse.GetValue(_tags) ?? []),
        settings.LockWait,
        parse.GetValue(_allowEmpty),
        parse.GetValue(_verify),
        session.ScratchDirectory)
    {
        WithGlobals = parse.GetValue(_globals),
        WithHistory = parse.GetValue(_history),
        WithoutLock = parse.GetValue(_noLock),
    };

    private static void RequireServed(BackupRequest request)
    {
        IReadOnlyList<BackupFormat> formats = request.Engine.Capabilities.Formats;
        if (!formats.Contains(request.Format))
        {
            throw new AiShellException(
                ErrorKind.Usage,
                $"A {request.Engine.Name} database has no backups in the format {request.Format.ToString().ToLowerInvariant()}.",
                $"Give --format one of: {string.Join(", ", formats).ToLowerInvariant()}.");
        }

        EngineOption.Require(request.Engine, request.Address, EngineOptions.Globals, request.WithGlobals, "--globals");
        EngineOption.Require(request.Engine, request.Address, EngineOptions.History, request.WithHistory, "--history");
        EngineOption.Require(request.Engine, request.Address, EngineOptions.NoLock, request.WithoutLock, "--no-lock");
    }

    /// <summary>Retention follows a good backup; that it cannot run now does not make the backup bad.</summary>
    internal static async Task<IReadOnlyList<string>> PruneAsync(
        Session session, Settings settings, RetentionRules retention, BackupRepository repository, string database, CancellationToken cancellationToken)
    {
        try
        {
            PruneResult result = await new PruneJob(repository, session.Clock).RunAsync(
                database, retention, session.State.KnownBad(Session.ChecksKey(repository)), settings.LockWait, dryRun: false, cancellationToken);
            foreach (string failure in result.Failures)
            {
                session.Output.Warn($"An old backup stays for now: {failure}");
            }

            string[] pruned = [.. result.Decisions.Where(decision => !decision.Keep).Select(decision => decision.Entry.Id)];
            foreach (string id in pruned)
            {
                session.Forget(repository, id);
            }

            return pruned;
        }
        catch (AiShellException failure)
        {
            session.Output.Warn($"The backup is done, but old ones were not removed: {failure.Message}");
            return [];
        }
    }

    private static void Show(Session session, BackupRepository repository, BackupResult result, IReadOnlyList<string> pruned)
    {
        BackupDocument document = BackupDescription.Describe(repository, result.Entry, session.State.Verifications(Session.ChecksKey(repository))[result.Manifest.Id])
            with
        { DurationMs = (long)result.Duration.TotalMilliseconds, SnapshotHeldMs = (long)result.SnapshotHeld.TotalMilliseconds, WhyFull = result.WhyFull };
        session.Output.Show(new Answer<BackupDocument>(document, Documents.Default.BackupDocument, page =>
        {
            page.Line($"Backed up '{document.Database}'.");
            BackupDescription.PrintFacts(page, document, result.Duration);
            page.Facts(("Snapshot", $"held for {DurationText.Of(result.SnapshotHeld)}"));
            if (pruned.Count > 0)
            {
                page.Line($"Retention removed {pruned.Count} old {(pruned.Count == 1 ? "backup" : "backups")}: {string.Join(", ", pruned)}");
            }
        }));
    }

    private static long? RateOf(string? text) =>
        text is null ? null
        : ByteSize.TryParse(text, out long rate) ? rate
        : throw new AiShellException(ErrorKind.Usage, $"'{text}' from --rate-limit is not a rate.", "Write it like 50MB/s.");

    private static Dictionary<string, string> TagsOf(string[] texts)
    {
        var tags = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string text in texts)
        {
            int equals = text.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0)
            {
                throw new AiShellException(ErrorKind.Usage, $"'{text}' from --tag is not a tag.", "Write it like --tag release=42.");
            }

            tags[text[..equals]] = text[(equals + 1)..];
        }

        return tags;
    }
}
