using AiShell.Engines;
using AiShell.Repository;

namespace AiShell.Restore;

/// <summary>Ends the history of a database that a restored copy is about to replace, and begins the next: what follows is no continuation of what was there.</summary>
internal sealed class TimelineJob(BackupRepository repository, TimeProvider time)
{
    /// <summary>
    /// Promotes the copy, and begins the next history for each name under which backups of the target are filed. That comes right before: killed in between, the next increment is a full
    /// backup without need; the other way round it would follow a history that was replaced.
    /// </summary>
    public async Task PromoteAsync(RestoreRequest request, BackupChain chain, Func<Task> promote, CancellationToken cancellationToken)
    {
        List<(DatabaseLog Log, int Timeline)> begun = request.Engine.Log is null ? [] : await BeginAsync(request, chain, cancellationToken);
        try
        {
            await promote();
        }
        catch (AiShellException refused) when (refused.Kind is ErrorKind.Busy or ErrorKind.Refused)
        {
            // Nothing was replaced: the history goes on.
            foreach ((DatabaseLog log, int timeline) in begun)
            {
                await log.TakeBackTimelineAsync(timeline, CancellationToken.None);
            }

            throw;
        }
    }

    private async Task<List<(DatabaseLog Log, int Timeline)>> BeginAsync(RestoreRequest request, BackupChain chain, CancellationToken cancellationToken)
    {
        IEnumerable<string> names = (await repository.ListAsync(database: null, cancellationToken))
            .Where(entry => entry.Manifest is { } manifest && (manifest.Database == request.TargetName || manifest.Source == request.Target.Display))
            .Select(entry => entry.Database)
            .Distinct();
        List<(DatabaseLog, int)> begun = [];
        foreach (DatabaseLog log in names.Select(repository.LogOf))
        {
            begun.Add((log, await BeginAsync(log, request, chain, cancellationToken)));
        }

        return begun;
    }

    private async Task<int> BeginAsync(DatabaseLog log, RestoreRequest request, BackupChain chain, CancellationToken cancellationToken)
    {
        // Two restores over one database: the later one begins the later history.
        while (true)
        {
            int next = ((await log.FindCurrentAsync(cancellationToken))?.Number ?? 1) + 1;
            LogPosition reached = request.Recovery?.Reached ?? chain.End.Require().Position.End;
            if (await log.TryBeginTimelineAsync(new TimelineStart(next, time.GetUtcNow(), chain.LastBackup.Id, reached), cancellationToken))
            {
                return next;
            }
        }
    }
}
