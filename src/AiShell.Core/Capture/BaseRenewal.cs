using AiShell.Backup;
using AiShell.Repository;
using AiShell.Restore;

namespace AiShell.Capture;

/// <summary>
/// Makes a full backup beside a capture, again and again, so that no restore has to replay more log than that and old log can go. It joins the log inside of it, where its
/// position is one that the capture has met.
/// </summary>
/// <param name="storingTakes">Until the log around a new backup is stored, it is not known whether that joins.</param>
internal sealed class BaseRenewal(BackupRepository repository, TimeProvider time, TimeSpan storingTakes, IJobProgress progress)
{
    private static readonly TimeSpan LongestLook = TimeSpan.FromMinutes(10);

    /// <summary>Until cancelled. A failure is told, and tried again.</summary>
    /// <param name="isOwn">The capture began with a backup of its own; else there may be one to make at once.</param>
    public async Task RunAsync(BackupRequest request, bool isOwn, Func<BackupResult, Task> made, CancellationToken cancellationToken)
    {
        TimeSpan pause = request.FullEvery < LongestLook ? request.FullEvery : LongestLook;
        for (bool isFirst = !isOwn; ; isFirst = false)
        {
            await (isFirst ? Task.CompletedTask : Task.Delay(pause, time, cancellationToken));
            try
            {
                if (await IsDueAsync(request, cancellationToken))
                {
                    await made(await new BackupJob(repository, time, progress).RunAsync(request with { Kind = BackupKind.Full }, cancellationToken));
                }
            }
            catch (Exception failure) when (failure is AiShellException or IOException)
            {
                progress.Warn($"No new full backup was made beside the log: {failure.Message.TrimEnd('.')}. It is tried again.");
            }
        }
    }

    /// <summary>The newest backup that leads into the newest log is too old: one made since that does not join it does not count.</summary>
    private async Task<bool> IsDueAsync(BackupRequest request, CancellationToken cancellationToken)
    {
        RecoveryPlanner planner = await RecoveryPlanner.ReadAsync(repository, request.Database, knownBad: new HashSet<string>(), onlyFrom: null, cancellationToken);
        IReadOnlyList<RecoverableWindow> windows = await planner.FindWindowsAsync();
        DateTimeOffset newest = windows is [.., var last] ? last.Anchors.Max(anchor => anchor.Chain.Base.Require().CreatedAt) : DateTimeOffset.MinValue;
        return time.GetUtcNow() - newest > request.FullEvery + storingTakes;
    }
}
