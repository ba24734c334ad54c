using AiShell.Engines;
using AiShell.Repository;
using AiShell.Verification;

namespace AiShell.Restore;

/// <summary>
/// Restores one backup, with those that it builds on: plan, verify, ask for consent, load into a new copy beside the target, count, promote in one
/// step. Until the promotion the target is untouched; on any failure it stays as it was.
/// </summary>
public sealed class RestoreJob(BackupRepository repository, TimeProvider time, IJobProgress progress)
{
    /// <summary>Does every check that a restore does before it changes something.</summary>
    public async Task<RestorePlan> DryRunAsync(RestoreRequest request, CancellationToken cancellationToken)
    {
        await using Lease reading = await repository.LockForReadingAsync(request.Entry, "backup restore --dry-run", cancellationToken);
        await using Lease? log = await LockLogAsync(request, cancellationToken);
        BackupChain chain = await FindChainAsync(request, cancellationToken);
        RequireKeepable(request, chain);
        (RestorePlan plan, _) = await PlanAsync(request, chain, cancellationToken);
        VerifyReport report = await VerifyAsync(request, deep: request.VerifyFirst, cancellationToken);
        return plan with { Problems = [.. plan.Problems, .. report.Problems] };
    }

    /// <param name="confirm">Asked only when something would be replaced and <see cref="RestoreRequest.Replace"/> was not given.</param>
    /// <exception cref="AiShellException">The restore failed or was refused; the target is as it was.</exception>
    public async Task<RestoreResult> RunAsync(RestoreRequest request, Func<RestorePlan, Task<bool>> confirm, CancellationToken cancellationToken)
    {
        await using Lease reading = await repository.LockForReadingAsync(request.Entry, "backup restore", cancellationToken);
        await using Lease? log = await LockLogAsync(request, cancellationToken);
        return await reading.GuardAsync(token => RestoreAsync(request, confirm, token), cancellationToken);
    }

    private async Task<RestoreResult> RestoreAsync(RestoreRequest request, Func<RestorePlan, Task<bool>> confirm, CancellationToken cancellationToken)
    {
        BackupChain chain = await FindChainAsync(request, cancellationToken);
        RequireKeepable(request, chain);
        (RestorePlan plan, TargetState state) = await PlanAsync(request, chain, cancellationToken);
        ThrowOnProblems(plan, state);
        foreach (string warning in plan.Warnings)
        {
            progress.Warn(warning);
        }

        bool replace = request.KeepStaging || await ConsentAsync(request, plan, confirm);
        if (request.VerifyFirst)
        {
            (await VerifyAsync(request, deep: true, cancellationToken)).ThrowIfBad();
        }

        long started = time.GetTimestamp();
        BackupContents contents = ContentsOf(request, chain);
        TargetOptions options = OptionsOf(request, plan.IntoExisting) with { Replace = replace };
        await using IRestoreTarget target = await request.Engine.OpenTargetAsync(request.Target, contents, options, cancellationToken);
        IReadOnlyList<TableDigest> restored = await RestoreLoading.LoadAsync(
            repository, chain, contents, request.Tables, target, fingerprints: request.VerifyFirst, progress, cancellationToken);

        foreach (string warning in target.Warnings)
        {
            progress.Warn(warning);
        }

        RestoreResult result = new(plan with { Warnings = [.. plan.Warnings, .. target.Warnings] }, restored.Count, restored.Sum(table => table.Fingerprint.Rows), request.VerifyFirst, time.GetElapsedTime(started));
        if (request.KeepStaging)
        {
            return result with { Staging = await target.KeepAsync(DescribeCopy(request, chain).ToText(), cancellationToken) };
        }

        progress.Begin("Promoting", totalBytes: null);
        await new TimelineJob(repository, time).PromoteAsync(request, chain, () => target.PromoteAsync(cancellationToken), cancellationToken);
        return result with { Duration = time.GetElapsedTime(started), KeptAs = target.KeptAs };
    }

    private KeptCopy DescribeCopy(RestoreRequest request, BackupChain chain) => new(
        request.Entry.Database,
        chain.End.Require().TimelineNumber,
        request.Recovery?.Reached ?? chain.End.Require().Position.End,
        request.Recovery?.CommittedAt,
        Toward: null,
        [.. chain.Entries.Select(entry => entry.Id)],
        time.GetUtcNow());

    /// <summary>Only what a log can go on from is worth keeping.</summary>
    private static void RequireKeepable(RestoreRequest request, BackupChain chain)
    {
        if (request.KeepStaging && request.WithGlobals)
        {
            throw new AiShellException(ErrorKind.Usage, "--globals does not go with --keep-staging: what a server has for all its databases is made when one of them is.", "Leave one of them out.");
        }

        Manifest full = chain.Base.Require();
        if (request.KeepStaging && (full.Format != request.Engine.Log?.BaseFormat || full.Scope != BackupScope.All || !request.Tables.TakesAll))
        {
            throw new AiShellException(
                ErrorKind.Usage,
                $"A copy of {full.Id}{(request.Tables.TakesAll ? "" : " with some of its tables")} is not one that a log could bring further.",
                $"--keep-staging is for whole databases from backups in the format {request.Engine.Log?.BaseFormat.ToString().ToLowerInvariant() ?? "of a log"}.");
        }
    }

    private async Task<Lease?> LockLogAsync(RestoreRequest request, CancellationToken cancellationToken) =>
        request.Recovery is null ? null : await repository.LogOf(request.Entry.Database).LockForReadingAsync("backup restore", cancellationToken);

    private async Task<BackupChain> FindChainAsync(RestoreRequest request, CancellationToken cancellationToken) =>
        request.Recovery?.Chain ?? await repository.FindChainAsync(request.Entry, cancellationToken);

    private static async Task<(RestorePlan Plan, TargetState State)> PlanAsync(RestoreRequest request, BackupChain chain, CancellationToken cancellationToken)
    {
        Manifest manifest = request.Entry.Require();
        BackupContents contents = ContentsOf(request, chain);
        TargetState state = await InspectAsync(intoExisting: false);
        bool intoExisting = RestorePlanner.GoesIntoExisting(manifest, request.Tables, state.Exists);
        if (intoExisting)
        {
            state = await InspectAsync(intoExisting);
        }

        return (RestorePlanner.Plan(request, chain, state, intoExisting), state);

        Task<TargetState> InspectAsync(bool intoExisting) =>
            request.Engine.InspectTargetAsync(request.Target, contents, OptionsOf(request, intoExisting), cancellationToken);
    }

    /// <exception cref="AiShellException"><see cref="ErrorKind.Usage"/>: the backup does not hold what is asked for.</exception>
    private static BackupContents ContentsOf(RestoreRequest request, BackupChain chain)
    {
        BackupContents contents = chain.Contents;
        return !request.WithGlobals ? contents.WithoutGlobals() : contents.HasGlobals ? contents : throw new AiShellException(
            ErrorKind.Usage,
            $"The backup {request.Entry.Id} holds nothing of its server besides the database, so there is nothing for --globals.",
            "Leave it out. 'ai-shell backup create --globals' keeps a PostgreSQL server's roles and tablespaces too.");
    }

    internal static TargetOptions OptionsOf(RestoreRequest request, bool intoExisting) => new(
        request.Tables, intoExisting, request.Replace, request.Workers, request.ScratchDirectory, request.LockWait)
    {
        KeepOwners = request.KeepOwners,
        KeepStaging = request.KeepStaging,
        KeepOld = request.KeepOld,
        IntoOlder = request.IntoOlder,
        WithoutBinaryLog = request.WithoutBinaryLog,
        Definer = request.Definer,
    };

    private Task<VerifyReport> VerifyAsync(RestoreRequest request, bool deep, CancellationToken cancellationToken) =>
        new VerifyJob(repository, progress).RunAsync(
            new VerifyRequest(request.Entry, request.Engine, deep, request.Workers, request.ScratchDirectory), cancellationToken);

    internal static void ThrowOnProblems(RestorePlan plan, TargetState state)
    {
        if (state.Obstacles is [var obstacle, ..])
        {
            throw obstacle;
        }

        if (plan.Problems.Count > 0)
        {
            throw new AiShellException(
                ErrorKind.Failed,
                $"The backup {plan.BackupId} cannot be restored to '{plan.Target}': {string.Join("; ", plan.Problems)}.",
                "'--dry-run' shows the whole plan. Nothing was changed.");
        }
    }

    internal static async Task<bool> ConsentAsync(RestoreRequest request, RestorePlan plan, Func<RestorePlan, Task<bool>> confirm)
    {
        if (plan.Replaces.Count == 0 || request.Replace)
        {
            return request.Replace;
        }

        return await confirm(plan) ? true : throw new AiShellException(
            ErrorKind.Refused,
            $"'{plan.Target}' is not empty: {string.Join(", ", plan.Replaces.Take(3))}{(plan.Replaces.Count > 3 ? ", …" : "")} would be replaced.",
            "Add --force to replace it, or restore to another database with -d.");
    }
}
