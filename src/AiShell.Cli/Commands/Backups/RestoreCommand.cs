using System.CommandLine;
using AiShell.Cli.Output;
using AiShell.Cli.Output.Json;
using AiShell.Cli.Output.Text;
using AiShell.Cli.Sessions;
using AiShell.Configuration;
using AiShell.Connections;
using AiShell.Engines;
using AiShell.Repository;
using AiShell.Restore;

namespace AiShell.Cli.Commands.Backups;

internal sealed class RestoreCommand : SessionCommand
{
    private readonly Argument<string?> _id = new("id") { Description = "A backup's id, a unique beginning of it, or 'latest'; may be left out with --point-in-time", Arity = ArgumentArity.ZeroOrOne };
    private readonly Option<string> _database = CommonOptions.Database("Where to restore to; without it, where the backup came from");
    private readonly Option<bool> _dryRun = new("--dry-run") { Description = "Do every check and show the plan; change nothing" };
    private readonly Option<bool> _verify = new("--verify") { Description = "Verify the backup deep before, compare every table's fingerprint after" };
    private readonly Option<string> _tables = CommonOptions.Tables();
    private readonly Option<string> _targetDir = new("--target-dir") { Description = "Restore into this directory, under the database's own file name", HelpName = "dir" };
    private readonly Option<bool> _force = new("--force") { Description = "Replace what stands at the target without asking" };
    private readonly Option<bool> _noOwner = new("--no-owner") { Description = "Leave out owners, grants and tablespaces: everything is the restoring user's" };
    private readonly Option<bool> _keepOld = new("--keep-old") { Description = "Keep the database that is replaced, under a name that is told" };
    private readonly Option<bool> _globals = new("--globals") { Description = "First make the roles and tablespaces that the server lacks, from a backup made with --globals; those it has stay as they are" };
    private readonly Option<bool> _noBinlog = new("--no-binlog") { Description = "Keep the restore out of the binary log, and so from replicas (MySQL, MariaDB)" };
    private readonly Option<string> _definer = new("--definer") { Description = "The account in whose name views, triggers and routines run, instead of the backup's (MySQL, MariaDB)", HelpName = "user@host" };
    private readonly Option<bool> _keepStaging = new("--keep-staging") { Description = "Leave the copy beside the target instead of putting it in its place, so that --continue can bring it further (SQLite, MySQL, MariaDB)" };
    private readonly Option<bool> _continue = new("--continue") { Description = "Go on with the copy that --keep-staging left: to a later moment, or as it stands; then put it in the target's place" };
    private readonly RecoveryOptions _recovery = new();
    private readonly Option<string> _jobs = CommonOptions.Jobs();
    private readonly Option<string> _lockWait = CommonOptions.LockWait();

    public RestoreCommand()
        : base("restore", "Restore a backup, all or nothing")
    {
        foreach (Symbol symbol in (Symbol[])[_id, _database, _dryRun, _verify, _tables, _targetDir, _force, _noOwner, _keepOld, _globals, _noBinlog, _definer, .. _recovery.All, _keepStaging, _continue, _jobs, _lockWait])
        {
            if (symbol is Argument argument)
            {
                Add(argument);
            }
            else
            {
                Add((Option)symbol);
            }
        }
    }

    public override string? Operation => "restore";

    public override IReadOnlyList<string> Examples =>
    [
        "ai-shell backup restore latest --database shop --dry-run",
        "ai-shell backup restore latest --database shop --force",
        "ai-shell backup restore backup-20261123 -d ./copy.db --verify",
        "ai-shell backup restore -d ./shop.db --point-in-time '2026-11-23 14:29:59' --dry-run",
        "ai-shell backup restore -d ./shop.db --point-in-time '2026-11-23 14:29:59' --keep-staging",
        "ai-shell backup restore -d ./shop.db --continue --point-in-time '2026-11-23 14:32:10' --force",
        "ai-shell backup restore latest -d shop --tables 'orders,order_*' --force",
    ];

    public override async Task<int> RunAsync(Session session, ParseResult parse, CancellationToken cancellationToken)
    {
        Settings settings = session.Settings
            .With(SettingKey.Jobs, parse.GetValue(_jobs), "--jobs")
            .With(SettingKey.LockWait, parse.GetValue(_lockWait), "--lock-wait");
        BackupRepository repository = await session.OpenRepositoryAsync(create: false, cancellationToken);
        if (parse.GetValue(_continue))
        {
            return await ContinueAsync(session, parse, settings, repository, cancellationToken);
        }

        (CatalogueEntry entry, RecoveryPlan? recovery) = await FindAsync(session, parse, repository, cancellationToken);
        ResolvedDatabase target = TargetOf(session, entry, parse.GetValue(_database), parse.GetValue(_targetDir));
        if (parse.GetValue(_targetDir) is not null && !parse.GetValue(_dryRun))
        {
            Directory.CreateDirectory(Path.GetDirectoryName(target.Address.Database)!);
        }

        session.SubjectDatabase = target.Name;
        IDatabaseEngine engine = session.EngineOf(target.Address);
        if (engine.Name != entry.Require().Engine)
        {
            throw new AiShellException(ErrorKind.Usage, $"{entry.Id} is a backup of {entry.Require().Engine}, and '{target.Address.Display}' is {engine.Name}.", "Restore it to a database of its own kind.");
        }

        var request = new RestoreRequest(
            entry,
            engine,
            target.Address,
            CommonOptions.FilterOf(parse.GetValue(_tables), null),
            parse.GetValue(_verify),
            parse.GetValue(_force) || session.Values.Yes,
            settings.Jobs,
            settings.LockWait,
            session.ScratchDirectory)
        {
            KeepOwners = !parse.GetValue(_noOwner),
            KeepStaging = parse.GetValue(_keepStaging),
            KeepOld = parse.GetValue(_keepOld),
            IntoOlder = parse.GetValue(_force),
            Recovery = recovery,
            TargetName = target.Name,
            WithGlobals = parse.GetValue(_globals),
            WithoutBinaryLog = parse.GetValue(_noBinlog),
            Definer = parse.GetValue(_definer),
        };
        EngineOption.Require(engine, target.Address, EngineOptions.NoBinaryLog, request.WithoutBinaryLog, "--no-binlog");
        EngineOption.Require(engine, target.Address, EngineOptions.Definer, request.Definer is not null, "--definer");
        EngineOption.Require(engine, target.Address, EngineOptions.KeepStaging, request.KeepStaging, "--keep-staging");
        var job = new RestoreJob(repository, session.Clock, session.Progress);
        return parse.GetValue(_dryRun)
            ? ShowPlan(session, await job.DryRunAsync(request, cancellationToken))
            : ShowResult(session, await job.RunAsync(request, plan => Task.FromResult(Ask(session, target, plan)), cancellationToken));
    }

    /// <summary>What the copy is made of stands beside it: nothing but the target and the moment is asked for.</summary>
    private async Task<int> ContinueAsync(Session session, ParseResult parse, Settings settings, BackupRepository repository, CancellationToken cancellationToken)
    {
        string given = parse.GetValue(_database) ?? throw new AiShellException(ErrorKind.Usage, "Go on with the copy of which target?", "Add --database <target>, as given to --keep-staging.");
        foreach (Option option in (Option[])[_verify, _tables, _targetDir, _globals, .. _recovery.All.Where(option => option.Name == "--timeline")])
        {
            if (parse.GetResult(option) is { Implicit: false })
            {
                throw new AiShellException(ErrorKind.Usage, $"{option.Name} does not go with --continue: the copy is what it is.", "Leave it out, or restore anew without --continue.");
            }
        }

        if (parse.GetValue(_id) is { } id)
        {
            throw new AiShellException(ErrorKind.Usage, $"Nothing of '{id}' is read again with --continue.", "Leave it out, or restore anew without --continue.");
        }

        ResolvedDatabase target = session.Databases.Resolve(given);
        session.SubjectDatabase = target.Name;
        IDatabaseEngine engine = session.EngineOf(target.Address);
        EngineOption.Require(engine, target.Address, EngineOptions.KeepStaging, given: true, "--continue");
        var request = new ContinueRequest(
            engine,
            target.Address,
            target.Name,
            _recovery.TargetOf(parse, session.Clock),
            parse.GetValue(_force) || session.Values.Yes,
            parse.GetValue(_keepStaging),
            settings.Jobs,
            settings.LockWait,
            session.ScratchDirectory,
            session.State.KnownBad(Session.ChecksKey(repository)))
        {
            KeepOwners = !parse.GetValue(_noOwner),
            KeepOld = parse.GetValue(_keepOld),
            WithoutBinaryLog = parse.GetValue(_noBinlog),
            Definer = parse.GetValue(_definer),
        };
        EngineOption.Require(engine, target.Address, EngineOptions.NoBinaryLog, request.WithoutBinaryLog, "--no-binlog");
        EngineOption.Require(engine, target.Address, EngineOptions.Definer, request.Definer is not null, "--definer");
        var job = new ContinueJob(repository, session.Clock, session.Progress);
        return parse.GetValue(_dryRun)
            ? ShowPlan(session, await job.DryRunAsync(request, cancellationToken))
            : ShowResult(session, await job.RunAsync(request, plan => Task.FromResult(Ask(session, target, plan)), cancellationToken));
    }

    /// <summary>The backup to restore and, with a moment, the way from it to there.</summary>
    private async Task<(CatalogueEntry Entry, RecoveryPlan? Recovery)> FindAsync(Session session, ParseResult parse, BackupRepository repository, CancellationToken cancellationToken)
    {
        string? id = parse.GetValue(_id);
        string? database = parse.GetValue(_database);
        RecoveryTarget? moment = _recovery.TargetOf(parse, session.Clock);
        if (id is null && (moment is null || database is null))
        {
            throw new AiShellException(ErrorKind.Usage, "Restore what?", "Give a backup's id or 'latest', or --database with --point-in-time.");
        }

        CatalogueEntry entry = await FindAsync(session, repository, id ?? BackupSelection.Latest, database, cancellationToken);
        if (moment is null)
        {
            return (entry, null);
        }

        RecoveryPlan recovery = await _recovery.PlanAsync(
            session, parse, repository, entry.Database, moment, id is null or BackupSelection.Latest ? null : entry.Id, cancellationToken);
        session.SubjectBackup = recovery.Chain.LastBackup.Id;
        return (recovery.Chain.LastBackup, recovery);
    }

    /// <summary><c>latest</c> is the newest of <c>--database</c> where that has backups; a target of another name has none.</summary>
    private static async Task<CatalogueEntry> FindAsync(Session session, BackupRepository repository, string id, string? database, CancellationToken cancellationToken)
    {
        if (id != BackupSelection.Latest || database is null)
        {
            return await BackupSelection.FindAsync(session, repository, id, database, cancellationToken);
        }

        string name = session.Databases.NameOf(database);
        if ((await repository.ListAsync(name, cancellationToken)).Count > 0)
        {
            return await BackupSelection.FindAsync(session, repository, id, database, cancellationToken);
        }

        // A target that cannot be is the clearer error, so it comes first.
        session.Databases.Resolve(database);
        CatalogueEntry entry;
        try
        {
            entry = await BackupSelection.FindAsync(session, repository, id, null, cancellationToken);
        }
        catch (AiShellException unclear) when (unclear.Kind == ErrorKind.Usage)
        {
            throw new AiShellException(
                ErrorKind.Usage, $"There is no backup of '{name}' itself. {unclear.Message}", "Give the backup's id; 'ai-shell backup list' shows them.", unclear);
        }

        session.Output.Say($"There is no backup of '{name}' itself: this is the latest of '{entry.Database}'.");
        return entry;
    }

    private static ResolvedDatabase TargetOf(Session session, CatalogueEntry entry, string? database, string? directory)
    {
        if (directory is not null)
        {
            string file = Path.GetFileName(database is null ? entry.Require().Source : session.Databases.Resolve(database).Address.Database);
            return new ResolvedDatabase(entry.Database, DatabaseAddress.OfFile(Path.Combine(session.Environment.ExpandTilde(directory), file)));
        }

        if (database is not null)
        {
            return session.Databases.Resolve(database);
        }

        // Where it came from: the connection of that name, else the file that the manifest remembers.
        Manifest manifest = entry.Require();
        return session.Connections.Find(manifest.Database) is not null
            ? session.Databases.Resolve(manifest.Database)
            : throw new AiShellException(
                ErrorKind.Usage,
                $"Restore {entry.Id} to where? There is no connection '{manifest.Database}'.",
                $"Add --database <target>. It was made from {manifest.Source}.");
    }

    private static bool Ask(Session session, ResolvedDatabase target, RestorePlan plan) => session.Confirm(
        $"This replaces {ListText.First(plan.Replaces)} in {target.Address.Display} by the backup of '{plan.Database}' made {BackupDescription.When(plan.CreatedAt)}.",
        target.Name);

    private static int ShowPlan(Session session, RestorePlan plan)
    {
        session.EndProgress();
        session.Output.Show(new Answer<RestoreDocument>(Describe(plan, dryRun: true, compared: false, null), Documents.Default.RestoreDocument, page =>
        {
            page.Line("Dry run: nothing was changed.");
            page.Facts(
                ("Backup", $"{plan.BackupId} of '{plan.Database}', made {BackupDescription.When(plan.CreatedAt)}"),
                ("Target", $"{plan.Target} ({(plan.TargetExists ? "exists" : "new")})"),
                ("Moment", plan.Recovery is null ? null : DescribeMoment(plan.Recovery)),
                ("Chain", IsChain(plan) ? string.Join(", ", plan.Chain) : null),
                ("Tables", IsChain(plan) ? null : $"{plan.Tables.Count} with {BackupDescription.Count(plan.Rows)} rows"),
                ("Needs", $"{ByteSize.Format(plan.NeededBytes)}{(plan.FreeBytes is { } free ? $", {ByteSize.Format(free)} free" : "")}"),
                ("Replaces", plan.Replaces.Count == 0 ? "nothing" : string.Join(", ", plan.Replaces)));
            page.Line("Steps:");
            foreach ((int number, string step) in plan.Steps.Index())
            {
                page.Line($"  {number + 1}. {step}");
            }

            foreach (string warning in plan.Warnings)
            {
                page.Line($"Note: {warning}");
            }

            foreach (string problem in plan.Problems)
            {
                page.Line($"Problem: {problem}");
            }
        }));
        if (plan.Problems.Count == 0)
        {
            return 0;
        }

        session.Output.Fail(
            "failed", $"This restore would fail: {string.Join("; ", plan.Problems.Select(problem => problem.TrimEnd('.')))}.", string.Join(' ', ["Nothing was changed.", .. plan.Hints]), (int)ErrorKind.Failed);
        return (int)ErrorKind.Failed;
    }

    private static int ShowResult(Session session, RestoreResult result)
    {
        session.EndProgress();
        session.Output.Show(new Answer<RestoreDocument>(
            Describe(result.Plan, dryRun: false, result.FingerprintsCompared, result.Duration) with { KeptAs = result.KeptAs, Staging = result.Staging },
            Documents.Default.RestoreDocument,
            page =>
            {
                page.Line(result.Staging is null ? $"Restored {result.Plan.BackupId} to {result.Plan.Target}." : $"Kept a copy of {result.Plan.BackupId} beside {result.Plan.Target}, which is as it was.");
                page.Facts(
                    ("Moment", result.Plan.Recovery is null ? null : DescribeMoment(result.Plan.Recovery)),
                    ("Tables", BackupDescription.Count(result.Tables)),
                    ("Rows", BackupDescription.Count(result.Rows)),
                    ("Compared", result.Plan.IsProvedByImage ? "every page, with the sum in the manifest" : IsChain(result.Plan) ? "the log's own sums; integrity and foreign keys" : result.FingerprintsCompared ? "every row, by fingerprint" : "every table's row count"),
                    ("Copy", result.Staging is null ? null : $"{result.Staging}; look at it, do not change it. '--continue' brings it further, or puts it in place as it is"),
                    ("Kept", result.KeptAs is null ? null : $"what was replaced, as '{result.KeptAs}'"),
                    ("Duration", DurationText.Of(result.Duration)));
            }));
        return 0;
    }

    private static bool IsChain(RestorePlan plan) => plan.Chain.Count > 1;

    private static string DescribeMoment(RecoveryPlan recovery) =>
        $"{recovery.Target}: '{recovery.Reached}'{(recovery.CommittedAt is { } at ? $", committed by {RecoveryTarget.Show(at)}" : "")}{(recovery.Timeline > 1 ? $" (timeline {recovery.Timeline})" : "")}";

    private static RestoreDocument Describe(RestorePlan plan, bool dryRun, bool compared, TimeSpan? duration) => new(
        plan.BackupId, plan.Database, plan.Target, dryRun, plan.TargetExists, plan.IntoExisting, plan.Replaces, plan.Tables, plan.Rows, plan.PlainBytes, plan.NeededBytes,
        plan.FreeBytes, plan.Steps, plan.Problems, compared, (long?)duration?.TotalMilliseconds)
    {
        Chain = plan.Chain,
        Warnings = plan.Warnings,
        PointInTime = plan.Recovery?.Target is RecoveryTarget.Instant instant ? instant.At : null,
        Position = plan.Recovery?.Reached.Value,
        CommittedAt = plan.Recovery?.CommittedAt,
        Timeline = plan.Recovery?.Timeline,
    };
}
