using AiShell.Connections;
using AiShell.Engines;
using AiShell.Repository;

namespace AiShell.Restore;

/// <summary>What <c>backup restore --continue</c> is asked for.</summary>
/// <param name="Moment">How far to bring the copy; null to take it as it stands.</param>
/// <param name="KeepStaging">Keep it again instead of promoting it.</param>
/// <param name="KnownBad">As <see cref="RecoveryPlanner.KnownBad"/>.</param>
public sealed record ContinueRequest(
    IDatabaseEngine Engine,
    DatabaseAddress Target,
    string? TargetName,
    RecoveryTarget? Moment,
    bool Replace,
    bool KeepStaging,
    int Workers,
    TimeSpan LockWait,
    string ScratchDirectory,
    IReadOnlySet<string> KnownBad)
{
    /// <summary>As <see cref="TargetOptions.KeepOwners"/>.</summary>
    public bool KeepOwners { get; init; } = true;

    /// <summary>As <see cref="TargetOptions.KeepOld"/>.</summary>
    public bool KeepOld { get; init; }

    /// <summary>As <see cref="TargetOptions.WithoutBinaryLog"/>.</summary>
    public bool WithoutBinaryLog { get; init; }

    /// <summary>As <see cref="TargetOptions.Definer"/>.</summary>
    public string? Definer { get; init; }
}

/// <summary>Brings a copy that an earlier restore kept to a later moment, with no more of the log than lies between, and promotes it.</summary>
public sealed class ContinueJob(BackupRepository repository, TimeProvider time, IJobProgress progress)
{
    public async Task<RestorePlan> DryRunAsync(ContinueRequest request, CancellationToken cancellationToken)
    {
        await using IKeptCopy copy = await OpenAsync(request, cancellationToken);
        var what = KeptCopy.Parse(copy.Note);
        await using Lease reading = await LockAsync(what, cancellationToken);
        return (await PlanAsync(request, what, cancellationToken)).Plan;
    }

    /// <param name="confirm">As with <see cref="RestoreJob.RunAsync"/>.</param>
    /// <exception cref="AiShellException">It failed or was refused: the target is as it was, and the copy can be gone on with.</exception>
    public async Task<RestoreResult> RunAsync(ContinueRequest request, Func<RestorePlan, Task<bool>> confirm, CancellationToken cancellationToken)
    {
        await using IKeptCopy copy = await OpenAsync(request, cancellationToken);
        var what = KeptCopy.Parse(copy.Note);
        await using Lease reading = await LockAsync(what, cancellationToken);
        return await reading.GuardAsync(token => RunAsync(request, copy, what, confirm, token), cancellationToken);
    }

    private async Task<RestoreResult> RunAsync(ContinueRequest request, IKeptCopy copy, KeptCopy what, Func<RestorePlan, Task<bool>> confirm, CancellationToken cancellationToken)
    {
        (RestoreRequest restore, RestorePlan plan, TargetState state, LogPiece piece) = await PlanAsync(request, what, cancellationToken);
        await using Lease? increments = piece.Segments.LastOrDefault(link => link.Require().Segment is null) is { } last ? await repository.LockForReadingAsync(last, "backup restore", cancellationToken) : null;
        RestoreJob.ThrowOnProblems(plan, state);
        bool replace = request.KeepStaging || await RestoreJob.ConsentAsync(restore, plan, confirm);
        long started = time.GetTimestamp();
        RecoveryPlan recovery = restore.Recovery!;
        KeptCopy next = what with { Chain = plan.Chain };
        progress.Begin("Taking up the kept copy", totalBytes: null);
        await using IRestoreTarget target = await copy.GoOnAsync(
            ContentsOf(recovery), RestoreJob.OptionsOf(restore, intoExisting: false) with { Replace = replace }, (next with { Toward = recovery.Reached }).ToText(), cancellationToken);
        progress.Begin("Restoring", piece.Segments.Sum(segment => segment.Require().PlainBytes));
        await RestoreLoading.ReplayAsync(repository, piece.Segments, piece.StartOffset, piece.StopOffset, target.ApplyAsync, progress, cancellationToken);
        progress.Begin("Completing the copy", totalBytes: null);
        IReadOnlyList<TableDigest> found = await target.CompleteAsync(fingerprints: false, cancellationToken);
        foreach (string warning in target.Warnings)
        {
            progress.Warn(warning);
        }

        RestoreResult result = new(plan with { Warnings = [.. plan.Warnings, .. target.Warnings] }, found.Count, found.Sum(table => table.Fingerprint.Rows), FingerprintsCompared: false, time.GetElapsedTime(started));
        if (request.KeepStaging)
        {
            next = next with { Position = recovery.Reached, CommittedAt = recovery.CommittedAt ?? what.CommittedAt, Toward = null, KeptAt = time.GetUtcNow() };
            return result with { Staging = await target.KeepAsync(next.ToText(), cancellationToken) };
        }

        progress.Begin("Promoting", totalBytes: null);
        await new TimelineJob(repository, time).PromoteAsync(restore, recovery.Chain, () => target.PromoteAsync(cancellationToken), cancellationToken);
        return result with { KeptAs = target.KeptAs };
    }

    private async Task<(RestoreRequest Request, RestorePlan Plan, TargetState State, LogPiece Piece)> PlanAsync(ContinueRequest request, KeptCopy what, CancellationToken cancellationToken)
    {
        RecoveryPlanner planner = await RecoveryPlanner.ReadAsync(repository, what.Database, request.KnownBad, onlyFrom: null, cancellationToken);
        RecoveryPlan recovery = await planner.PlanAsync(request.Moment ?? new RecoveryTarget.Position(what.Toward ?? what.Position), what.Timeline);
        LogPiece? piece = await planner.FindBetweenAsync(what.Position, recovery.Reached, what.Timeline);
        LogPiece? beyond = what.Toward is { } toward ? await planner.FindBetweenAsync(toward, recovery.Reached, what.Timeline) : LogPiece.Nothing;
        if (piece is null || beyond is null)
        {
            throw new AiShellException(
                ErrorKind.Refused, $"The kept copy stands at '{what.Position}', and no log goes on from there to '{recovery.Reached}' without a gap.", "Restore anew, without --continue.");
        }

        if (piece.IsBackwards || beyond.IsBackwards)
        {
            throw Behind(what, recovery);
        }

        RestoreRequest restore = new(
            recovery.Chain.LastBackup, request.Engine, request.Target, TableFilter.Everything, VerifyFirst: false, request.Replace, request.Workers, request.LockWait, request.ScratchDirectory)
        {
            Recovery = recovery,
            TargetName = request.TargetName,
            KeepStaging = request.KeepStaging,
            KeepOwners = request.KeepOwners,
            KeepOld = request.KeepOld,
            WithoutBinaryLog = request.WithoutBinaryLog,
            Definer = request.Definer,
        };
        TargetState state = await request.Engine.InspectTargetAsync(request.Target, ContentsOf(recovery), RestoreJob.OptionsOf(restore, intoExisting: false), cancellationToken);
        RestorePlan plan = RestorePlanner.Plan(restore, recovery.Chain, state, intoExisting: false);
        return (restore, plan with { Steps = [.. StepsOf(what, recovery, piece), plan.Steps[^1]], Chain = [.. what.Chain.Union(piece.Segments.Select(segment => segment.Id))] }, state, piece);
    }

    private static IEnumerable<string> StepsOf(KeptCopy what, RecoveryPlan recovery, LogPiece piece) =>
    [
        $"take the copy that was kept beside the target at '{what.Position}'",
        piece.Segments.Count == 0
            ? "replay nothing: it stands there"
            : $"replay the log on it, {RestorePlanner.Name(piece.Segments)}, up to '{recovery.Reached}'",
        "check the whole copy as the engine does",
    ];

    /// <summary>The base is in the copy; nothing but the log says what it becomes.</summary>
    private static BackupContents ContentsOf(RecoveryPlan recovery) =>
        recovery.Chain.Base.Require().ToContents() with { Parts = [], Tables = [], Image = null, HasLinks = true };

    private Task<Lease> LockAsync(KeptCopy what, CancellationToken cancellationToken) => repository.LogOf(what.Database).LockForReadingAsync("backup restore", cancellationToken);

    private static async Task<IKeptCopy> OpenAsync(ContinueRequest request, CancellationToken cancellationToken) =>
        await request.Engine.OpenKeptAsync(request.Target, cancellationToken) ?? throw new AiShellException(
            ErrorKind.NotFound, $"No copy is kept beside '{request.Target.Display}'.", "'ai-shell backup restore --point-in-time … --keep-staging' makes one.");

    private static AiShellException Behind(KeptCopy what, RecoveryPlan recovery) => new(
        ErrorKind.Refused,
        what.Toward is { } toward
            ? $"The kept copy was being brought to '{toward}' when that was interrupted; '{recovery.Reached}' lies before that."
            : $"The kept copy stands at '{what.Position}'{(what.CommittedAt is { } at ? $", committed by {RecoveryTarget.Show(at)}" : "")}; '{recovery.Reached}' lies before that.",
        "A copy can be brought forward only. Give a later moment, or restore anew, without --continue.");
}
