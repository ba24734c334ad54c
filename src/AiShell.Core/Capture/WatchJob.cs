using AiShell.Backup;
using AiShell.Engines;
using AiShell.Repository;
using AiShell.Restore;

namespace AiShell.Capture;

/// <summary>
/// Follows a database's log into the repository: a base or an increment at the moment from which it is followed, then segments, until cancelled. Where that was
/// interrupted it goes on at the exact position, if the database still has what follows; else it begins anew, with an increment that closes the hole: between the two ends of a hole there is
/// no instant to restore to.
/// </summary>
public sealed class WatchJob(BackupRepository repository, TimeProvider time, IJobProgress progress)
{
    /// <summary>Schema changes and locks of others pass, mostly; a user who has just started it wants to know where they do not.</summary>
    private const int MostBeginnings = 5;
    private static readonly TimeSpan ShortestPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    /// <summary>What was captured when it is cancelled is still stored.</summary>
    private static readonly TimeSpan LastStore = TimeSpan.FromSeconds(20);

    /// <param name="began">The log is followed, from a backup that was made or from where it was left; or a backup was made beside it.</param>
    /// <param name="report">How far it has got, again and again.</param>
    /// <exception cref="AiShellException">
    /// It could not begin at all, also not again where only others were in the way of its first backup. What interrupts it later is told as a warning, and it begins again.
    /// </exception>
    public async Task RunAsync(WatchRequest request, Func<WatchStart, Task> began, Action<WatchState> report, CancellationToken cancellationToken)
    {
        bool everBegan = false;
        int beginnings = 0;
        TimeSpan pause = ShortestPause;
        while (true)
        {
            try
            {
                await FollowAsync(
                    request,
                    () => beginnings++,
                    start =>
                    {
                        everBegan = true;
                        pause = ShortestPause;
                        return began(start);
                    },
                    report,
                    cancellationToken);
                return;
            }
            catch (Exception interruption) when (everBegan && !cancellationToken.IsCancellationRequested && IsPassing(interruption))
            {
                progress.Warn($"The log was interrupted: {interruption.Message.TrimEnd('.')}. Beginning again in {pause.TotalSeconds:0} s.");
            }
            catch (AiShellException inTheWay) when (inTheWay.Kind == ErrorKind.Busy && beginnings is > 0 and < MostBeginnings && !cancellationToken.IsCancellationRequested)
            {
                progress.Warn($"The first backup was not made: {inTheWay.Message.TrimEnd('.')}. Trying again in {pause.TotalSeconds:0} s.");
            }

            await Task.Delay(pause, time, cancellationToken);
            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
        }
    }

    private static bool IsPassing(Exception interruption) =>
        interruption is BrokenChainException or IOException or AiShellException { Kind: ErrorKind.Busy or ErrorKind.Unreachable or ErrorKind.Failed };

    /// <param name="locked">Nobody else follows this database.</param>
    private async Task FollowAsync(
        WatchRequest request, Action locked, Func<WatchStart, Task> began, Action<WatchState> report, CancellationToken cancellationToken)
    {
        DatabaseLog log = repository.LogOf(request.Backup.Database);
        await using Lease logLock = await log.LockAsync("backup watch", request.Backup.LockWait, cancellationToken);
        locked();
        await logLock.GuardAsync(
            async token =>
            {
                await FollowAsync(request, log, logLock, began, report, token);
                return true;
            },
            cancellationToken);
    }

    /// <summary>From one moment on, until cancelled or interrupted.</summary>
    private async Task FollowAsync(
        WatchRequest request, DatabaseLog log, Lease logLock, Func<WatchStart, Task> began, Action<WatchState> report, CancellationToken cancellationToken)
    {
        BackupRequest backup = request.Backup;
        RecoveryPlanner planner = await RecoveryPlanner.ReadAsync(repository, backup.Database, backup.KnownBad, onlyFrom: null, cancellationToken);
        LogHistory history = planner.Log;
        Resumption? left = await Resumption.FindAsync(planner, repository, cancellationToken);
        CaptureOptions options = new(request.LimitBytes, backup.Workers, backup.ScratchDirectory, backup.LockWait, time) { Resume = left?.At, Warn = progress.Warn };
        await using ILogCapture capture = await backup.Engine.Log!.OpenCaptureAsync(backup.Address, options, cancellationToken);
        left = GoesOn(left, capture) ? left : null;
        using SegmentSpool spool = new(backup.ScratchDirectory, capture.Start, capture.StartedAt, left?.Last, request.SegmentBytes);
        SegmentUploader uploader = new(log, logLock, request, capture, history.CurrentTimeline, history.Timelines is [.., var current] ? current.LastNumber : 0, left, time);
        using CancellationTokenSource stop = new();
        Task renewing = Task.CompletedTask;
        Task capturing = Task.Run(() => capture.RunAsync(spool, stop.Token), CancellationToken.None);
        try
        {
            await began(await StartAsync(backup, capture, left, history, cancellationToken));
            renewing = new BaseRenewal(repository, time, request.FlushEvery * 3, progress).RunAsync(
                backup, isOwn: left is null, result => began(new WatchStart(result.Manifest.Position.End, spool.Through, result)), stop.Token);
            await StoreUntilAsync(capturing, request, uploader, spool, report, cancellationToken);
        }
        finally
        {
            await stop.CancelAsync();
            await renewing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await capturing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        // What was captured until now counts, also when it was interrupted or is no longer wanted.
        spool.Close();
        using CancellationTokenSource last = new(LastStore, time);
        await uploader.StoreAsync(spool, last.Token);
        report(uploader.State(spool));
        if (capturing.IsFaulted)
        {
            await capturing;
        }
    }

    /// <summary>Returns when cancelled, or when nothing more comes.</summary>
    private async Task StoreUntilAsync(
        Task capturing, WatchRequest request, SegmentUploader uploader, SegmentSpool spool, Action<WatchState> report, CancellationToken cancellationToken)
    {
        bool isFailing = false;
        while (!capturing.IsCompleted && !cancellationToken.IsCancellationRequested)
        {
            try
            {
                await uploader.StoreAsync(spool, cancellationToken);
                isFailing = false;
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failure) when (failure is IOException || failure is AiShellException { Kind: ErrorKind.Unreachable or ErrorKind.Failed })
            {
                // It goes on; what waits is kept on this machine.
                if (!isFailing)
                {
                    progress.Warn($"The log cannot be stored now: {failure.Message.TrimEnd('.')}. It is kept here and tried again.");
                }

                isFailing = true;
            }

            report(uploader.State(spool));
            await Task.WhenAny(capturing, isFailing ? Task.Delay(ShortestPause, time, cancellationToken) : spool.WaitAsync(request.FlushEvery, cancellationToken));
        }
    }

    private bool GoesOn(Resumption? left, ILogCapture capture)
    {
        if (left is not null && capture.WhyAnew is { } why)
        {
            progress.Warn($"The log does not go on where it was left: {why}. What was committed since {RecoveryTarget.Show(left.At.Through)} can be restored only as a whole.");
        }

        return left is not null && capture.WhyAnew is null;
    }

    /// <summary>A backup from which the log goes on, unless it goes on where it was left.</summary>
    private async Task<WatchStart> StartAsync(BackupRequest backup, ILogCapture capture, Resumption? left, LogHistory history, CancellationToken cancellationToken)
    {
        BackupResult? result = left is not null ? null
            : await new BackupJob(repository, time, progress).RunAsync(backup with { Capture = capture, Kind = BackupKind.Incremental }, cancellationToken);
        int timeline = result?.Manifest.TimelineNumber ?? (await repository.LogOf(backup.Database).FindCurrentAsync(cancellationToken))?.Number ?? 1;
        if (timeline != history.CurrentTimeline)
        {
            throw new BrokenChainException("a backup was restored over the database");
        }

        LogPosition start = result?.Manifest.Position.End ?? left!.At.Position;
        return start == capture.Start
            ? new WatchStart(start, capture.StartedAt, result)
            : throw new InvalidOperationException($"The backup ends at '{start}', and the log begins at '{capture.Start}'.");
    }
}
