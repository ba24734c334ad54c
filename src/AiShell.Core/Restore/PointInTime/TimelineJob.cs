using AiShell.Engines;
using AiShell.Repository;

namespace AiShell.Restore;

/// <summary>Ends the history of a database that a restored copy is about to replace, and begins the next: what follows is no continuation of what was there.</summary>
internal sealed class TimelineJob(BackupRepository repository, TimeProvider time)
{
    /// <summary>
    /// For each name under which backups of the target are filed. To be called right before the promotion: where that fails the next increment is a full backup without need; the
    /// other way round it would follow a history that was replaced.
    /// </summary>
    public async Task BeginAsync(RestoreRequest request, BackupChain chain, CancellationToken cancellationToken)
    {
        if (request.Engine.Log is null)
        {
            return;
        }

        IEnumerable<string> names = (await repository.ListAsync(database: null, cancellationToken))
            .Where(entry => entry.Manifest is { } manifest && (manifest.Database == request.TargetName || manifest.Source == request.Target.Display))
            .Select(entry => entry.Database)
            .Distinct();
        foreach (string name in names)
        {
            await BeginAsync(repository.LogOf(name), request, chain, cancellationToken);
        }
    }

    private async Task BeginAsync(DatabaseLog log, RestoreRequest request, BackupChain chain, CancellationToken cancellationToken)
    {
        // Two restores over one database: the later one begins the later history.
        bool isBegun;
        do
        {
            int next = (await log.ReadAsync(cancellationToken)).CurrentTimeline + 1;
            LogPosition reached = request.Recovery?.Reached ?? chain.End.Require().Position.End;
            isBegun = await log.TryBeginTimelineAsync(new TimelineStart(next, time.GetUtcNow(), chain.LastBackup.Id, reached), cancellationToken);
        }
        while (!isBegun);
    }
}
