using System.CommandLine;
using AiShell.Cli.Sessions;
using AiShell.Engines;
using AiShell.Repository;
using AiShell.Restore;

namespace AiShell.Cli.Commands.Backups;

/// <summary>How far <c>backup restore</c> follows the log.</summary>
internal sealed class RecoveryOptions
{
    private readonly Option<string> _pointInTime = new("--point-in-time")
    {
        Description = "As it stood at this instant, from a backup and the log after it; local time without an offset, or 'latest'",
        HelpName = "time",
    };

    private readonly Option<string> _toPosition = new("--to-position") { Description = "As it stood right after the transaction that ends at this position of the engine's own", HelpName = "position" };
    private readonly Option<int?> _timeline = new("--timeline") { Description = "In this history of the database; the newest one that has the moment without it", HelpName = "number" };

    public IEnumerable<Option> All => [_pointInTime, _toPosition, _timeline];

    /// <exception cref="AiShellException"><see cref="ErrorKind.Usage"/>: the options do not go together, or are no moment.</exception>
    public RecoveryTarget? TargetOf(ParseResult parse, TimeProvider clock)
    {
        (string? time, string? position) = (parse.GetValue(_pointInTime), parse.GetValue(_toPosition));
        return (time, position) switch
        {
            (not null, not null) => throw new AiShellException(ErrorKind.Usage, "--point-in-time and --to-position exclude each other.", "Both say how far to restore."),
            (BackupSelection.Latest, null) => new RecoveryTarget.Latest(),
            (not null, null) => new RecoveryTarget.Instant(TimeText.Parse(time, "--point-in-time", clock)!.Value),
            (null, not null) => new RecoveryTarget.Position(new LogPosition(position)),
            _ when parse.GetValue(_timeline) is not null => throw new AiShellException(
                ErrorKind.Usage, "--timeline says in which history a moment is, and there is none.", "Add --point-in-time or --to-position, or leave it out."),
            _ => null,
        };
    }

    /// <param name="onlyFrom">The backup that was named; null for the best one.</param>
    /// <exception cref="AiShellException">As <see cref="RecoveryPlanner.PlanAsync"/>.</exception>
    public async Task<RecoveryPlan> PlanAsync(
        Session session, ParseResult parse, BackupRepository repository, string database, RecoveryTarget target, string? onlyFrom, CancellationToken cancellationToken) =>
        await (await PlannerAsync(session, repository, database, onlyFrom, cancellationToken)).PlanAsync(target, parse.GetValue(_timeline));

    public static Task<RecoveryPlanner> PlannerAsync(Session session, BackupRepository repository, string database, string? onlyFrom, CancellationToken cancellationToken) =>
        RecoveryPlanner.ReadAsync(repository, database, session.State.KnownBad(Session.ChecksKey(repository)), onlyFrom, cancellationToken);
}
